/** What the styles look like on a terminal. Eight colours and weights only: every palette has them. */
import type { Style } from "./model.ts";

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
