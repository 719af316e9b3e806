/**
 * A table as lines. Columns are aligned by visible width, not by characters.
 *
 * Nothing is ever cut off. When a table is too wide for the terminal, first its notes move below
 * their rows. Then columns get narrower and cells continue in the next line of their column: first
 * texts, then addresses, never numbers; long names stand above their rows. When even that is too
 * wide, each row becomes a list of its cells. Without a width (a pipe, a file) a row is a line.
 */
import type { Style } from "../../terminal/color.ts";
import type { Column, TableBlock } from "./model.ts";
import { paint } from "../../terminal/color.ts";
import { shareOut } from "./columns.ts";
import { fieldLines } from "./fields.ts";
import { printable, visibleWidth } from "../../terminal/text.ts";
import { wrap } from "../../terminal/wrap.ts";

/** Between columns. */
const GAP = "  ";
/** Minimum width of a column of text. */
const LEAST = 8;
/** The same for columns that should stay whole: half an IPv6 address. */
const LEAST_WHOLE = 20;
/** Indents lines below their row. */
const INDENT = "  ";

export interface RenderOptions {
  /** Columns of the terminal; Infinity: none. */
  readonly width: number;
  readonly color: boolean;
}

/** A cell ready to be printed. */
interface Piece {
  readonly text: string;
  readonly width: number;
  readonly style: Style;
}

const NO_PIECE: Piece = { text: "", width: 0, style: "plain" };

interface Grid {
  readonly columns: readonly Column[];
  readonly header: readonly Piece[];
  readonly rows: readonly (readonly Piece[])[];
  /** Widths of the columns without narrowing. */
  readonly natural: readonly number[];
}

/** Header and rows, or the text for a table without rows; the caller adds the title. */
export function tableLines(block: TableBlock, options: RenderOptions): string[] {
  if (block.rows.length === 0 && block.empty !== "") {
    const text = printable(block.empty);
    return [options.color ? paint(text, "muted") : text];
  }
  const grid = gridOf(block);
  const all = [...grid.columns.keys()];
  if (fits(grid.natural, options.width)) {
    return lines(grid, { inline: all, below: [], widths: grid.natural }, options);
  }
  const below = all.filter((at) => grid.columns[at]!.below === true);
  const inline = all.filter((at) => grid.columns[at]!.below !== true);
  const widths = narrowed(grid, inline, options.width);
  return widths === undefined
    ? recordLines(grid, options)
    : lines(grid, { inline, below, widths }, options);
}

function fits(widths: readonly number[], width: number): boolean {
  return widths.reduce((sum, each) => sum + each + GAP.length, -GAP.length) <= width;
}

/** Widths with which these columns fit; undefined when they cannot. */
function narrowed(grid: Grid, inline: readonly number[], width: number): number[] | undefined {
  const room = width - GAP.length * (inline.length - 1);
  const needs = (breakWhole: boolean) =>
    inline.map((at) => ({
      natural: grid.natural[at]!,
      least: leastOf(grid, { at, breakWhole }),
    }));
  return shareOut(needs(false), room) ?? shareOut(needs(true), room);
}

/** The columns in the row with their widths, and those below it. */
interface Layout {
  readonly inline: readonly number[];
  readonly below: readonly number[];
  /** Widths of the inline columns. */
  readonly widths: readonly number[];
}

function lines(grid: Grid, layout: Layout, options: RenderOptions): string[] {
  const { inline, below, widths } = layout;
  const { color } = options;
  const rights = inline.map((at) => grid.columns[at]!.align === "right");
  const folds = inline.some((at, place) => widths[place]! < grid.natural[at]!);
  return [grid.header, ...grid.rows].flatMap((row, index) => {
    const pieces = inline.map((at) => row[at]!);
    const overhang = index > 0 && pieces[0]!.width > widths[0]! ? pieces[0]! : undefined;
    if (overhang !== undefined) pieces[0] = NO_PIECE;
    const parts = folds ? foldedRow(pieces, widths) : [pieces];
    const shown = parts.map((part) => lineOf(part, { rights, widths, color }));
    if (index === 0) return shown;
    // A broken name is hard to read, so it has a line of its own, above the rest of its row.
    if (overhang !== undefined) shown.unshift(...wrapped(overhang, { indent: "", options }));
    for (const at of below) shown.push(...wrapped(row[at]!, { indent: INDENT, options }));
    return shown;
  });
}

/** A cell on lines of its own. */
function wrapped(
  { text, style }: Piece,
  { indent, options: { width, color } }: {
    readonly indent: string;
    readonly options: RenderOptions;
  },
): string[] {
  if (text === "") return [];
  return wrap(text, width - indent.length)
    .map((part) => indent + (color ? paint(part, style) : part));
}

function gridOf({ columns, rows }: TableBlock): Grid {
  const shown = [...columns.keys()].filter((at) =>
    columns[at]!.optional !== true || rows.some(({ cells }) => (cells[at]?.text ?? "") !== "")
  );
  const header = shown.map((at) => pieceOf(columns[at]!.header.toUpperCase(), "heading"));
  const pieces = rows.map(({ cells }) =>
    shown.map((at) => pieceOf(cells[at]?.text ?? "", cells[at]?.style ?? "plain"))
  );
  return {
    columns: shown.map((at) => columns[at]!),
    header,
    rows: pieces,
    natural: naturalWidths(header, pieces),
  };
}

function pieceOf(raw: string, style: Style): Piece {
  const text = printable(raw).trimEnd();
  return { text, width: visibleWidth(text), style };
}

function naturalWidths(
  header: readonly Piece[],
  rows: readonly (readonly Piece[])[],
): number[] {
  const widths = header.map(({ width }) => width);
  for (const row of rows) {
    for (let at = 0; at < widths.length; at++) {
      if (row[at]!.width > widths[at]!) widths[at] = row[at]!.width;
    }
  }
  return widths;
}

/** Minimum width of a column, so that no word of its header is broken. */
function leastOf(
  { columns, header, natural }: Grid,
  { at, breakWhole }: { readonly at: number; readonly breakWhole: boolean },
): number {
  const { align, whole } = columns[at]!;
  if (align === "right" || (whole === true && !breakWhole)) return natural[at]!;
  const words = header[at]!.text.split(" ").map((word) => word.length);
  return Math.min(natural[at]!, Math.max(whole === true ? LEAST_WHOLE : LEAST, ...words));
}

/** One row on as many lines as its highest cell needs. */
function foldedRow(row: readonly Piece[], widths: readonly number[]): (readonly Piece[])[] {
  if (row.every(({ width }, at) => width <= widths[at]!)) return [row];
  const folded = row.map((piece, at) =>
    piece.width <= widths[at]!
      ? [piece]
      : wrap(piece.text, widths[at]!).map((part) => pieceOf(part, piece.style))
  );
  const height = Math.max(...folded.map((parts) => parts.length));
  return Array.from(
    { length: height },
    (_, line) => folded.map((parts) => parts[line] ?? NO_PIECE),
  );
}

function lineOf(
  row: readonly Piece[],
  { rights, widths, color }: {
    /** True for each column that is aligned to the right. */
    readonly rights: readonly boolean[];
    readonly widths: readonly number[];
    readonly color: boolean;
  },
): string {
  let line = "";
  // Blanks are written only when text follows, so that no line ends with one.
  let owed = 0;
  for (let at = 0; at < row.length; at++) {
    const { text, width, style } = row[at]!;
    const free = widths[at]! - width;
    if (text !== "") {
      const before = rights[at]! ? free : 0;
      line += " ".repeat(owed + before) + (color ? paint(text, style) : text);
      owed = free - before + GAP.length;
    } else owed += widths[at]! + GAP.length;
  }
  return line;
}

/** Each row as a list of its cells, empty ones left out. */
function recordLines({ header, rows }: Grid, options: RenderOptions): string[] {
  return rows.flatMap((row, index) => {
    const fields: { readonly label: string; readonly value: Piece }[] = [];
    // A column without a header, for example a mark, is joined to the next value.
    let mark = "";
    for (const [at, value] of row.entries()) {
      const label = header[at]!.text;
      if (value.text === "") continue;
      if (label === "") mark += `${value.text} `;
      else {
        fields.push({ label, value: { ...value, text: mark + value.text } });
        mark = "";
      }
    }
    return [...(index === 0 ? [] : [""]), ...fieldLines(fields, options)];
  });
}
