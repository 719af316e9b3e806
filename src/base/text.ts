/** Makes untrusted text safe for our messages: bounded, one line, no control characters. */

/** Longest word that a message repeats. */
const MAX_WORD = 128;
/** Longest message of a library, the system or a server that is included. */
const MAX_FOREIGN_TEXT = 300;

/** Untrusted text for a message: in quotes, control characters escaped, cut when long. */
export function quote(text: string): string {
  return escapeInvisible(JSON.stringify(cut(text, MAX_WORD)));
}

/** Untrusted text as part of a one-line message. */
export function oneLine(text: string): string {
  return escapeInvisible(cut(text, MAX_FOREIGN_TEXT));
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** Escapes characters that move a terminal's cursor or are invisible, as `\u{…}`. */
function escapeInvisible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/** `a, b or c`. */
export function listWords(words: readonly string[], conjunction = "or"): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} ${conjunction} ${words.at(-1)}`;
}
