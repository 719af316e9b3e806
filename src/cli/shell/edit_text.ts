/** PURE. Positions in a line: grapheme clusters, words, and the characters a line may contain. */
import { replaceUnsafe } from "../../base/text.ts";

/** A text and where the cursor is in it, in UTF-16 units, between two letters. */
export interface Line {
  readonly text: string;
  readonly cursor: number;
}

/** Longest line, in UTF-16 units. */
export const MAX_LINE = 64 * 1024;

const SEGMENTER = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Splits text into grapheme clusters; a line break is one. */
export function lettersOf(text: string): readonly string[] {
  if (/^[\n\x20-\x7e]*$/.test(text)) return [...text];
  return Array.from(SEGMENTER.segment(text), ({ segment }) => segment);
}

/** Start of the letter before `at`. */
export function before(text: string, at: number): number {
  if (at <= 0) return 0;
  // A letter is rarely longer than 64 units; segmenting a long line for each key is too slow.
  const start = Math.max(0, at - 64);
  const letters = lettersOf(text.slice(start, at));
  return at - (letters.at(-1)?.length ?? 1);
}

/** End of the letter at `at`. */
export function after(text: string, at: number): number {
  if (at >= text.length) return text.length;
  return at + (lettersOf(text.slice(at, at + 64))[0]?.length ?? 1);
}

const WORD = /[\p{L}\p{N}\p{M}_]/u;

/** Start of the word before `at`, for Alt-B: letters and digits make a word. */
export function wordStart(text: string, at: number): number {
  return backWhile(text, backWhile(text, at, (c) => !WORD.test(c)), (c) => WORD.test(c));
}

/** End of the word after `at`, for Alt-F. */
export function wordEnd(text: string, at: number): number {
  return forthWhile(text, forthWhile(text, at, (c) => !WORD.test(c)), (c) => WORD.test(c));
}

/** Start of the word before `at`, for Ctrl-W: blanks separate words. */
export function blankWordStart(text: string, at: number): number {
  return backWhile(text, backWhile(text, at, (c) => /\s/.test(c)), (c) => !/\s/.test(c));
}

type Test = (character: string) => boolean;

function backWhile(text: string, at: number, test: Test): number {
  while (at > 0) {
    const low = text.charCodeAt(at - 1);
    const length = low >= 0xdc00 && low < 0xe000 && at > 1 ? 2 : 1;
    if (!test(text.slice(at - length, at))) break;
    at -= length;
  }
  return at;
}

function forthWhile(text: string, at: number, test: Test): number {
  while (at < text.length) {
    const character = String.fromCodePoint(text.codePointAt(at)!);
    if (!test(character)) break;
    at += character.length;
  }
  return at;
}

/**
 * Removes characters that a line must not contain: those that move a cursor, hide, join or change
 * the direction of writing (base/text.ts). Tabs become blanks, line breaks stay.
 */
export function insertable(text: string): string {
  const lines = text.replace(/\r\n?/g, "\n").replace(/\t/g, " ").toWellFormed();
  return replaceUnsafe(lines, () => "", { lines: true });
}

/** Inserts at the cursor; text beyond MAX_LINE is left out. */
export function insert({ text, cursor }: Line, inserted: string): Line {
  const room = Math.max(0, MAX_LINE - text.length);
  const fits = inserted.length <= room ? inserted : inserted.slice(0, room).toWellFormed();
  return {
    text: text.slice(0, cursor) + fits + text.slice(cursor),
    cursor: cursor + fits.length,
  };
}

/** Removes the text from `start` to `end`, and puts the cursor at `start`. */
export function cut({ text }: Line, start: number, end: number): Line {
  return { text: text.slice(0, start) + text.slice(end), cursor: start };
}

/** Of several lines, the one with the cursor, from its start to the cursor. */
export function lineToCursor({ text, cursor }: Line): { readonly start: number; text: string } {
  const start = text.lastIndexOf("\n", cursor - 1) + 1;
  return { start: cursor === 0 ? 0 : start, text: text.slice(cursor === 0 ? 0 : start, cursor) };
}
