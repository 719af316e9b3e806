/**
 * Makes untrusted text safe for our messages: bounded, one line, without characters that move a
 * terminal's cursor.
 */

/** Longest word that a message repeats. */
const MAX_WORD = 128;
/** Longest message of a library, the system or a server that is included. */
const MAX_FOREIGN_TEXT = 300;

/** Untrusted text for a message: in quotes, control characters escaped, cut when long. */
export function quote(text: string): string {
  return escapeUnsafe(JSON.stringify(cut(text, MAX_WORD)));
}

/** Untrusted text as part of a one-line message. */
export function oneLine(text: string): string {
  return escapeUnsafe(cut(text, MAX_FOREIGN_TEXT));
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/**
 * Characters that move a terminal's cursor, hide, or turn the order of writing around: controls
 * (C0, DEL, C1), line and paragraph separators, halves of surrogate pairs, and format characters
 * (bidi overrides and isolates, joiners, tags).
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** `text` with each unsafe character replaced; line feeds stay when `lines` is set. */
export function replaceUnsafe(
  text: string,
  replacement: (character: string) => string,
  { lines = false }: { readonly lines?: boolean } = {},
): string {
  return text.replace(
    UNSAFE,
    (character) => lines && character === "\n" ? character : replacement(character),
  );
}

/** True when `text` has an unsafe character; line feeds count. */
export function hasUnsafe(text: string): boolean {
  return text.search(UNSAFE) >= 0;
}

/** Characters that an operator's line of text must not have; joiners are allowed. */
const NOT_PLAIN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** True for one line without control characters: an operator's reason, a name from a certificate. */
export function isPlainLine(text: string): boolean {
  return text.search(NOT_PLAIN) < 0;
}

/** `text` as a plain line: characters that it must not have become U+FFFD. */
export function toPlainLine(text: string): string {
  return text.replace(NOT_PLAIN, "\uFFFD");
}

/** True for a text that can be typed as one word, without hidden characters; also for the empty one. */
export function isWord(text: string): boolean {
  return !/[\s\p{Cc}\p{Cf}\p{Cs}]/u.test(text);
}

function escapeUnsafe(text: string): string {
  return replaceUnsafe(text, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** `a, b or c`. */
export function listWords(words: readonly string[], conjunction = "or"): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} ${conjunction} ${words.at(-1)}`;
}
