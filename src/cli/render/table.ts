/**
 * A table as lines. Columns are aligned by what a terminal shows, not by characters.
 *
 * Nothing is ever cut off. A table that is too wide for the terminal gets narrower columns, whose
 * cells go on in the next line, in the same column; addresses, states, times and numbers stay in
 * one piece. When even that is too wide each row becomes a list of its cells. Without a width (a
 * pipe, a file) a row is a line.
 */
import type { Column, Style, TableBlock } from "../view.ts";
import { paint } from "./color.ts";
import { shareOut } from "./columns.ts";
import { fieldLines } from "./fields.ts";
import { printable, visibleWidth } from "./text.ts";
import { wrap } from "./wrap.ts";

/** Between columns. */
const GAP = "  ";
/** What a column of text can be narrowed to. */
const LEAST = 8;

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

interface Grid {
  readonly columns: readonly Column[];
  readonly header: readonly Piece[];
  readonly rows: readonly (readonly Piece[])[];
}

/** Header and rows, or the sentence for "none"; the title is the caller's. */
export function tableLines(block: TableBlock, options: RenderOptions): string[] {
  if (block.rows.length === 0) {
    const text = printable(block.empty);
    return [options.color ? paint(text, "muted") : text];
  }
  const grid = gridOf(block);
  const natural = naturalWidths(grid);
  const room = options.width - GAP.length * (natural.length - 1);
  const needs = natural.map((width, at) => ({
    natural: width,
    least: Math.min(width, leastOf(grid, { at, natural: width })),
  }));
  const widths = room === Infinity ? natural : shareOut(needs, room);
  if (widths === undefined) return recordLines(grid, options);
  const rows = [grid.header, ...grid.rows];
  if (widths.every((width, at) => width === natural[at])) {
    return rows.map((row) => lineOf(row, { grid, widths, color: options.color }));
  }
  return rows.flatMap((row) =>
    foldedRows(row, widths).map((part) => lineOf(part, { grid, widths, color: options.color }))
  );
}

function gridOf({ columns, rows }: TableBlock): Grid {
  const shown = [...columns.keys()].filter((at) =>
    columns[at]!.optional !== true || rows.some(({ cells }) => (cells[at]?.text ?? "") !== "")
  );
  return {
    columns: shown.map((at) => columns[at]!),
    header: shown.map((at) => pieceOf(columns[at]!.header.toUpperCase(), "heading")),
    rows: rows.map(({ cells }) =>
      shown.map((at) => pieceOf(cells[at]?.text ?? "", cells[at]?.style ?? "plain"))
    ),
  };
}

function pieceOf(raw: string, style: Style): Piece {
  const text = printable(raw);
  return { text, width: visibleWidth(text), style };
}

function naturalWidths({ header, rows }: Grid): number[] {
  const widths = header.map(({ width }) => width);
  for (const row of rows) {
    for (let at = 0; at < widths.length; at++) {
      if (row[at]!.width > widths[at]!) widths[at] = row[at]!.width;
    }
  }
  return widths;
}

function leastOf(
  { columns, header }: Grid,
  { at, natural }: { readonly at: number; readonly natural: number },
): number {
  const { align, whole } = columns[at]!;
  if (align === "right" || whole === true) return natural;
  return Math.max(LEAST, ...header[at]!.text.split(" ").map((word) => word.length));
}

/** One row over as many lines as its highest cell needs. */
function foldedRows(row: readonly Piece[], widths: readonly number[]): Piece[][] {
  const folded = row.map(({ text, width, style }, at) =>
    width <= widths[at]!
      ? [{ text, width, style }]
      : wrap(text, widths[at]!).map((part) => pieceOf(part, style))
  );
  const height = Math.max(...folded.map((parts) => parts.length));
  return Array.from(
    { length: height },
    (_, line) => folded.map((parts) => parts[line] ?? { text: "", width: 0, style: "plain" }),
  );
}

function lineOf(
  row: readonly Piece[],
  { grid: { columns }, widths, color }: {
    readonly grid: Grid;
    readonly widths: readonly number[];
    readonly color: boolean;
  },
): string {
  let line = "";
  // Blanks are written when something follows them: no line ends with one.
  let owed = 0;
  for (let at = 0; at < row.length; at++) {
    const { text, width, style } = row[at]!;
    const free = widths[at]! - width;
    const before = columns[at]!.align === "right" ? free : 0;
    if (text === "") {
      owed += widths[at]! + GAP.length;
      continue;
    }
    line += " ".repeat(owed + before) + (color ? paint(text, style) : text);
    owed = free - before + GAP.length;
  }
  return line;
}

/** Each row as a list of its cells, empty ones left out. */
function recordLines({ header, rows }: Grid, options: RenderOptions): string[] {
  return rows.flatMap((row, index) => [
    ...(index === 0 ? [] : [""]),
    ...fieldLines(
      row.flatMap((value, at) => value.text === "" ? [] : [{ label: header[at]!.text, value }]),
      options,
    ),
  ]);
}
