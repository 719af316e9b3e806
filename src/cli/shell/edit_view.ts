/**
 * PURE. Draws an edited line on a terminal: computes the output that turns one frame into the next.
 *
 * Long lines use the terminal's own wrapping. So a copied line is one line, and a terminal that
 * changes its width wraps it as this module does.
 */
import { lettersOf } from "./edit_text.ts";
import type { Size } from "../../terminal/size.ts";
import { visibleWidth } from "../../terminal/text.ts";

export interface Look {
  /** Text before the line, without colour. */
  readonly prompt: string;
  readonly text: string;
  /** Position in `text`, in UTF-16 units. */
  readonly cursor: number;
  /** SGR parameters of the prompt, for example `1;34`; empty: none. */
  readonly promptStyle: string;
}

/** Rows as they appear on the screen. */
export interface Layout {
  /** `wraps`: continues in the next row without a line break. */
  readonly rows: readonly { readonly text: string; readonly wraps: boolean }[];
  readonly row: number;
  readonly column: number;
}

/** The current screen content, from which the next drawing starts. */
export interface Frame {
  /** The whole shown text, and the cursor's offset in it. */
  readonly text: string;
  readonly cursor: number;
}

export interface Drawn {
  readonly output: string;
  readonly frame: Frame;
}

/**
 * Rows of `text` at `columns`, and the position of the cursor, which follows a full row below it.
 */
export function layout(text: string, cursor: number, columns: number): Layout {
  const rows: { text: string; wraps: boolean }[] = [];
  const width = Math.max(2, columns);
  let [start, at, column] = [0, 0, 0];
  let place: { row: number; column: number } | undefined;
  const endRow = (wraps: boolean) => {
    rows.push({ text: text.slice(start, at), wraps });
    start = at;
    column = 0;
  };
  for (const letter of lettersOf(text)) {
    const cells = letter === "\n" ? 0 : visibleWidth(letter);
    if (column + cells > width) endRow(true);
    if (at >= cursor) place ??= { row: rows.length, column };
    at += letter.length;
    column += cells;
    if (letter === "\n") {
      rows.push({ text: text.slice(start, at - 1), wraps: false });
      start = at;
      column = 0;
    } else if (column >= width) {
      endRow(true);
    }
  }
  rows.push({ text: text.slice(start), wraps: false });
  return { rows, ...place ?? { row: rows.length - 1, column } };
}

/** Output that replaces `before` (undefined: starts here) by `look`. */
export function draw(before: Frame | undefined, look: Look, size: Size): Drawn {
  const whole = layout(look.prompt + look.text, look.prompt.length + look.cursor, size.columns);
  const { first, rows } = windowOf(whole, size.rows);
  const output: string[] = [before === undefined ? "" : home(before, size.columns)];
  for (const [index, row] of rows.entries()) {
    const styled = first + index === 0 ? promptStyled(row.text, look) : row.text;
    output.push(styled);
    if (index === rows.length - 1) break;
    if (!row.wraps) output.push("\r\n");
    // The terminal wraps when a character follows; without one it must be made to wrap.
    else if (rows[index + 1]!.text === "") output.push(" \r\x1b[K");
  }
  output.push(moved(rows.length - 1 - (whole.row - first), whole.column));
  return { output: output.join(""), frame: frameOf(rows, whole.row - first, whole.column) };
}

/** Output that moves below the line. */
export function leave(frame: Frame, columns: number): string {
  const { rows, row } = layout(frame.text, frame.cursor, columns);
  const down = rows.length - 1 - row;
  return `${down > 0 ? `\x1b[${down}B` : ""}\r\n`;
}

/** The rows around the cursor that fit the screen. */
function windowOf({ rows, row }: Layout, height: number) {
  const room = Math.max(1, height);
  const first = rows.length <= room ? 0 : Math.min(Math.max(0, row - room + 1), rows.length - room);
  const shown = rows.slice(first, first + room);
  return { first, rows: shown.map((each, i) => i < room - 1 ? each : { ...each, wraps: false }) };
}

function promptStyled(text: string, { prompt, promptStyle }: Look): string {
  if (promptStyle === "" || !text.startsWith(prompt)) return text;
  return `\x1b[${promptStyle}m${prompt}\x1b[0m${text.slice(prompt.length)}`;
}

/** Moves to the start of the frame, and clears the screen from there. */
function home(frame: Frame, columns: number): string {
  const { row } = layout(frame.text, frame.cursor, columns);
  return `${row > 0 ? `\x1b[${row}A` : ""}\r\x1b[J`;
}

/** From the end of the last row. */
function moved(up: number, column: number): string {
  return (up > 0 ? `\x1b[${up}A` : "") + "\r" + (column > 0 ? `\x1b[${column}C` : "");
}

function frameOf(rows: Layout["rows"], cursorRow: number, column: number): Frame {
  let text = "";
  let cursor = 0;
  for (const [index, row] of rows.entries()) {
    if (index === cursorRow) cursor = text.length + offsetOf(row.text, column);
    text += row.text + (row.wraps || index === rows.length - 1 ? "" : "\n");
  }
  return { text, cursor };
}

/** Offset in `text` of the cell of `column`. */
function offsetOf(text: string, column: number): number {
  let [offset, cells] = [0, 0];
  for (const letter of lettersOf(text)) {
    if (cells >= column) break;
    offset += letter.length;
    cells += visibleWidth(letter);
  }
  return offset;
}
