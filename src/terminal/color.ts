/** PURE. Styles of text on a terminal: eight colours and weights only, because every palette has them. */

/** The meaning of a text, not its look. */
export type Style =
  | "plain"
  | "name"
  /** up */
  | "good"
  /** paused, unknown, draining */
  | "warn"
  /** down, refused */
  | "bad"
  /** disabled, not in use, notes */
  | "muted"
  | "heading";

/** Select Graphic Rendition; empty: as it is. */
const SGR: Readonly<Record<Style, string>> = {
  plain: "",
  name: "\x1b[1m",
  good: "\x1b[32m",
  warn: "\x1b[33m",
  bad: "\x1b[1;31m",
  muted: "\x1b[2m",
  heading: "\x1b[1;4m",
};

const RESET = "\x1b[0m";

/** `text`, which is printable(), in its style. */
export function paint(text: string, style: Style): string {
  const sgr = SGR[style];
  return sgr === "" || text === "" ? text : sgr + text + RESET;
}
