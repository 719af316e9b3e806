/** PURE. Lines of a screen: pieces of text with a style each, cut by the columns they take. */
import { paint, type Style } from "../../terminal/color.ts";
import { characterWidth, visibleWidth } from "../../terminal/text.ts";

/** A text that is printable(), and its style. */
export interface Piece {
  readonly text: string;
  readonly style: Style;
}

export type Line = readonly Piece[];

export function piece(text: string, style: Style = "plain"): Piece {
  return { text, style };
}

/** Columns of a line. */
export function widthOf(line: Line): number {
  return line.reduce((sum, { text }) => sum + visibleWidth(text), 0);
}

/** The start of `text` that fits into `width` columns; a cut shows as `…`. */
export function cutText(text: string, width: number): string {
  if (visibleWidth(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const character of text) {
    const next = characterWidth(character);
    if (used + next > width - 1) break;
    kept += character;
    used += next;
  }
  return width > 0 ? `${kept}…` : "";
}

/** `text` in exactly `width` columns, its blanks at the end or, for numbers, at the start. */
export function fit(text: string, width: number, align: "left" | "right" = "left"): string {
  const cut = cutText(text, width);
  const blanks = " ".repeat(Math.max(0, width - visibleWidth(cut)));
  return align === "left" ? cut + blanks : blanks + cut;
}

/** The pieces that fit into `width` columns, the last one cut. */
export function cutLine(line: Line, width: number): Line {
  const kept: Piece[] = [];
  let left = width;
  for (const { text, style } of line) {
    if (left <= 0) break;
    const cut = cutText(text, left);
    kept.push({ text: cut, style });
    left -= visibleWidth(cut);
    if (cut !== text) break;
  }
  return kept;
}

/** The line as a terminal takes it, with blanks up to `width`. */
export function painted(
  line: Line,
  { width, color }: { readonly width: number; readonly color: boolean },
): string {
  const blanks = " ".repeat(Math.max(0, width - widthOf(line)));
  return line.map(({ text, style }) => color ? paint(text, style) : text).join("") + blanks;
}
