/**
 * PURE. Makes untrusted text safe for a terminal, and measures its width there.
 *
 * Characters that move a cursor, hide, or reverse the order of writing are shown as escapes. So are
 * joiners and other invisible characters: two names that look alike should be alike, and terminals
 * do not agree on how wide joined characters are.
 */

const PLAIN = /^[ -~]*$/;

/**
 * Controls (C0, DEL, C1), format characters (bidi overrides and isolates, joiners, tags) but for
 * the few that have a shape, line and paragraph separators, and halves of surrogate pairs.
 */
const HARMFUL =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]|(?![\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2])\p{Cf}/gu;

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** `text` in one line, with every character that could do harm shown as an escape: `\x1b`. */
export function printable(text: string): string {
  return PLAIN.test(text) ? text : text.replace(HARMFUL, escapeOf);
}

function escapeOf(character: string): string {
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
  return isWide(code) || (EMOJI.test(character) && !isRegional(code)) ? 2 : 1;
}

/** Combining marks stand over or under the character before them. */
const MARK = /^[\p{Mn}\p{Me}]$/u;
const EMOJI = /^\p{Emoji_Presentation}$/u;

/** Two of them make a flag of two columns. */
function isRegional(code: number): boolean {
  return code >= 0x1f1e6 && code <= 0x1f1ff;
}

/**
 * First and last code point of what is wide or full width and no emoji, in ascending order.
 *
 * @see https://www.unicode.org/Public/UCD/latest/ucd/EastAsianWidth.txt
 */
const WIDE: readonly (readonly [first: number, last: number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2630, 0x2637],
  [0x268a, 0x268f],
  [0x2e80, 0x303e],
  [0x3041, 0x3247],
  [0x3250, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18d08],
  [0x1aff0, 0x1b2fb],
  [0x1d300, 0x1d376],
  [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
];

function isWide(code: number): boolean {
  for (const [first, last] of WIDE) {
    if (code < first) return false;
    if (code <= last) return true;
  }
  return false;
}
