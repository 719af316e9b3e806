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
  /**
   * Varies from moment to moment (durations, counters), so it is never compared between servers.
   */
  readonly volatile?: boolean;
  /** Text to compare instead of `text`, when `text` contains more than what matters. */
  readonly comparisonKey?: string;
  /**
   * The text without a terminal, when `text` is formatted for people: numbers without separators.
   */
  readonly plain?: string;
}

export interface Column {
  readonly header: string;
  /** "right" for numbers. Default left. */
  readonly align?: "left" | "right";
  /**
   * Broken over lines only when nothing else helps: addresses, states, times. Numbers never are.
   */
  readonly whole?: boolean;
  /** Moves below its row when the table is too wide: notes. */
  readonly below?: boolean;
  /** Left out on a terminal when all its cells are empty. */
  readonly optional?: boolean;
}

/**
 * Place of a block without a terminal. Default: with the others. `omitted`: left out. `aside`:
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
  /** Unique in its table: identifies the row when several servers are compared. */
  readonly key: string;
  readonly cells: readonly Cell[];
}

/** Label and value, a line each. */
export interface FieldsBlock {
  readonly kind: "fields";
  /** Shown above; also identifies the block when several servers are compared. */
  readonly title?: string;
  readonly fields: readonly Field[];
  readonly offTerminal?: OffTerminal;
}

export interface TableBlock {
  readonly kind: "table";
  readonly title?: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Text for a table without rows; empty: its header is shown. */
  readonly empty: string;
  /** A history, which differs from server to server, so it is never compared. */
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

/** From top to bottom; an empty line separates blocks. */
export type View = readonly Block[];
