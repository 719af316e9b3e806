/**
 * PURE. Makes untrusted text safe for a terminal, and measures its width there.
 *
 * Characters that move a cursor, hide, or reverse the order of writing are shown as escapes. So are
 * joiners and other invisible characters: two names that look alike should be alike, and terminals
 * do not agree on how wide joined characters are.
 */
import { eastAsianWidth } from "get-east-asian-width";
import { replaceUnsafe } from "../base/text.ts";

const PLAIN = /^[ -~]*$/;

/** Format characters that terminals draw: signs that stand before Arabic and Syriac numbers. */
const DRAWN = /^[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2]$/;

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** `text` in one line, with every character that could do harm shown as an escape: `\x1b`. */
export function printable(text: string): string {
  return PLAIN.test(text) ? text : replaceUnsafe(text, escapeOf);
}

function escapeOf(character: string): string {
  if (DRAWN.test(character)) return character;
  const short = SHORT[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\u{${hex}}`;
}

/** Columns that a terminal gives to a text; the text is printable(). */
export function visibleWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** Columns of one character (code point): 0, 1 or 2. */
export function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (MARK.test(character) || (code >= 0x1160 && code <= 0x11ff)) return 0;
  // The two regional indicators of a flag have one column each.
  return eastAsianWidth(code);
}

/** Combining marks stand over or under the character before them. */
const MARK = /^[\p{Mn}\p{Me}]$/u;
