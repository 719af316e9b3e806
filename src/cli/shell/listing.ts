/** PURE. Formats candidates of TAB as lines. */
import type { Candidate } from "../language/complete.ts";
import { printable, visibleWidth } from "../../terminal/text.ts";

/** Largest number of candidates shown. */
const MAX_LISTED = 200;

/** Common prefix of `texts`, without partial letters. */
export function commonPrefix(texts: readonly string[]): string {
  let [prefix = ""] = texts;
  for (const text of texts) {
    while (!text.startsWith(prefix)) prefix = prefix.slice(0, -1);
  }
  return prefix.isWellFormed() ? prefix : prefix.slice(0, -1);
}

/** In columns, filled from top to bottom like those of `ls`. */
export function candidateLines(
  candidates: readonly Candidate[],
  columns: number,
): readonly string[] {
  const texts = candidates.slice(0, MAX_LISTED).map(({ text }) => printable(text));
  const width = Math.max(...texts.map(visibleWidth)) + 2;
  const across = Math.max(1, Math.floor((columns - 1) / width));
  const down = Math.ceil(texts.length / across);
  const lines = Array.from(
    { length: down },
    (_, row) =>
      texts.filter((_, index) => index % down === row)
        .map((text) => text + " ".repeat(width - visibleWidth(text)))
        .join("").trimEnd(),
  );
  const more = candidates.length - texts.length;
  return more > 0 ? [...lines, `… and ${more} more`] : lines;
}
