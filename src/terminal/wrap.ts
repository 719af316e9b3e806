/** PURE. Breaks text over lines; only the blanks at which it breaks are left out. */
import { characterWidth, visibleWidth } from "./text.ts";

/** A long word without blanks is broken after one of these. */
const JOINTS = new Set("-_./:,;=@→");

/** `text`, which is printable(), in lines of at most `width` columns (at least 2). */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  for (;;) {
    const end = lineEnd(rest, width);
    if (end === rest.length) break;
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  if (rest === "" && lines.length > 0) return lines;
  // A blank at the end may stand beyond the edge.
  return [...lines, visibleWidth(rest) > width ? rest.trimEnd() : rest];
}

/** Index at which the first line of `text` ends; looks no further than that. */
function lineEnd(text: string, width: number): number {
  let used = 0;
  let index = 0;
  let blank = 0;
  let joint = 0;
  for (const character of text) {
    used += characterWidth(character);
    if (used > width) {
      // The blank itself may stand beyond the edge.
      if (character === " ") return index + 1;
      if (blank > 0) return blank;
      // A line of less than half the width would be worse than a broken word.
      return joint > index / 2 ? joint : Math.max(index, 1);
    }
    index += character.length;
    if (character === " ") blank = index;
    else if (JOINTS.has(character)) joint = index;
  }
  return text.length;
}
