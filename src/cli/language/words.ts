/**
 * PURE. A line of the interactive shell as words, with quotes as in sh: `'as it is'`,
 * `"with \" and \\"`, and a backslash before a single character. Nothing else is special: no
 * variables, no patterns, no comments. Positions are kept, so that TAB can replace a word.
 */

/** Longest line, in UTF-16 units. */
export const MAX_LINE_LENGTH = 8192;

export interface Word {
  /** Without its quotes. */
  readonly text: string;
  /** Its place in the line, quotes included; UTF-16 units, `end` is exclusive. */
  readonly start: number;
  readonly end: number;
}

/** The word at the end of the line, which may go on: empty after a blank. */
export interface PartialWord extends Word {
  /** The quote that is still open, a backslash that waits for its character, or none. */
  readonly open: "" | "'" | '"' | "\\";
}

export type SplitLine =
  | {
    readonly kind: "words";
    /** All words that a blank ends. */
    readonly words: readonly Word[];
    readonly partial: PartialWord;
  }
  | { readonly kind: "error"; readonly message: string };

/** The words of `line`; the last may be unfinished, and an open quote is not an error. */
export function splitWords(line: string): SplitLine {
  if (line.length > MAX_LINE_LENGTH) {
    return {
      kind: "error",
      message: `the line is too long: need at most ${MAX_LINE_LENGTH} letters`,
    };
  }
  const words: Word[] = [];
  const blank = /\s*/y;
  let at = 0;
  while (true) {
    blank.lastIndex = at;
    blank.exec(line);
    const word = readWord(line, blank.lastIndex);
    if (word.end === line.length) return { kind: "words", words, partial: word };
    const { text, start, end } = word;
    words.push({ text, start, end });
    at = word.end;
  }
}

/** The words of a line that is to be run. */
export function lineWords(
  line: string,
): { readonly kind: "words"; readonly words: readonly string[] } | {
  readonly kind: "error";
  readonly message: string;
} {
  const split = splitWords(line);
  if (split.kind === "error") return split;
  const { words, partial } = split;
  if (partial.open === "\\") {
    return { kind: "error", message: "a backslash at the end of the line stands before nothing" };
  }
  if (partial.open !== "") {
    return { kind: "error", message: `the quote ${partial.open} is not closed` };
  }
  const last = partial.end > partial.start ? [partial] : [];
  return { kind: "words", words: [...words, ...last].map(({ text }) => text) };
}

/** How `text` is written in a line, so that it is read back as one word. */
export function quoteWord(text: string): string {
  if (text !== "" && !/[\s'"\\]/.test(text)) return text;
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** The word that begins at `start`, up to a blank or the end of the line. */
function readWord(line: string, start: number): PartialWord {
  let text = "";
  let open: PartialWord["open"] = "";
  let at = start;
  for (; at < line.length; at++) {
    const character = line.charAt(at);
    if (open === "'") {
      if (character === "'") open = "";
      else text += character;
    } else if (character === "\\" && (open === "" || /["\\]/.test(line.charAt(at + 1)))) {
      at++;
      if (at === line.length) return { text, start, end: at, open: "\\" };
      text += line.charAt(at);
    } else if (open === '"') {
      if (character === '"') open = "";
      else text += character;
    } else if (character === "'" || character === '"') {
      open = character;
    } else if (/\s/.test(character)) {
      break;
    } else {
      text += character;
    }
  }
  return { text, start, end: at, open };
}
