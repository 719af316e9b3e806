/** Words of others in our messages: bounded, one line, nothing that would move a terminal's cursor. */

/** Longest word that is repeated in a message. */
const MAX_WORD = 128;
/** Longest message of a library, the system or a server that is passed on. */
const MAX_FOREIGN_TEXT = 300;

/** Text of somebody else for a message: in quotes, control characters escaped, cut when long. */
export function quote(text: string): string {
  return escapeInvisible(JSON.stringify(cut(text, MAX_WORD)));
}

/** Text that somebody else wrote, as part of a one-line message. */
export function oneLine(text: string): string {
  return escapeInvisible(cut(text, MAX_FOREIGN_TEXT));
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** What would move a terminal's cursor or hide on a screen, as `\u{…}`. */
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
