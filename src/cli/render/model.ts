/**
 * PURE. The output of a command before it becomes text, so that it can be rendered at any width,
 * with or without colour, and compared with another server's output.
 *
 * Texts are as the server sent them; the renderer escapes them.
 */
import type { Style } from "../../terminal/color.ts";

export interface Cell {
  readonly text: string;
  readonly style?: Style;
  /** Differs from moment to moment (durations, counters): never held against another server's. */
  readonly volatile?: boolean;
  /** Text to compare instead of `text`, when that holds more than what matters. */
  readonly comparisonKey?: string;
  /** The text without a terminal, when `text` is dressed for people: numbers without separators. */
  readonly plain?: string;
}

export interface Column {
  readonly header: string;
  /** Numbers are to the right. Default left. */
  readonly align?: "left" | "right";
  /** Broken over lines when nothing else helps: addresses, states, times. Numbers never are. */
  readonly whole?: boolean;
  /** Goes under its row when the table is too wide: notes. */
  readonly below?: boolean;
  /** Left out on a terminal when all its cells are empty. */
  readonly optional?: boolean;
}

/**
 * Where a block goes without a terminal. Default: with the others. `omitted`: nowhere. `aside`: to
 * standard error, because scripts read rows from standard output.
 */
export type OffTerminal = "omitted" | "aside";

export interface Field {
  readonly label: string;
  readonly value: Cell;
  /** Left out on a terminal when its value is empty. */
  readonly optional?: boolean;
}

export interface Row {
  /** Unique in its table: rows of several servers are matched by it. */
  readonly key: string;
  readonly cells: readonly Cell[];
}

/** Label and value, a line each. */
export interface FieldsBlock {
  readonly kind: "fields";
  /** Shown above; also what blocks of several servers are matched by. */
  readonly title?: string;
  readonly fields: readonly Field[];
  readonly offTerminal?: OffTerminal;
}

export interface TableBlock {
  readonly kind: "table";
  readonly title?: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Instead of a table without rows; empty: its header. */
  readonly empty: string;
  /** A history: what each server lived through, never held against another's. */
  readonly own?: boolean;
  readonly offTerminal?: OffTerminal;
}

/** Whole lines. */
export interface LinesBlock {
  readonly kind: "lines";
  readonly lines: readonly Cell[];
  readonly offTerminal?: OffTerminal;
}

export type Block = FieldsBlock | TableBlock | LinesBlock;

/** From top to bottom; blocks are parted by an empty line. */
export type View = readonly Block[];
