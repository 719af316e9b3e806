/**
 * Reads single tokens of a text in YAML's common subset (subset.ts), from left to right, each
 * character a fixed number of times.
 */
import { unescaped } from "./scalar.ts";

/** Thrown where a text leaves the subset. */
export const OUTSIDE = Symbol("outside the subset");

export const CODE = {
  end: 0,
  lineFeed: 10,
  carriageReturn: 13,
  space: 32,
  doubleQuote: 34,
  hash: 35,
  ampersand: 38,
  quote: 39,
  star: 42,
  comma: 44,
  dash: 45,
  dot: 46,
  colon: 58,
  greater: 62,
  openList: 91,
  closeList: 93,
  openMap: 123,
  bar: 124,
  closeMap: 125,
} as const;

/** Characters with which no plain scalar begins; those for which it depends are below. */
const INDICATORS = new Set("!\"#%&'*,>?@[]`{|}\uFEFF".split("").map((text) => text.charCodeAt(0)));

/** Characters of a plain scalar for which no rule depends on what is next to them. */
const WORD = /[A-Za-z0-9_][A-Za-z0-9_./-]*/y;

/**
 * A whole line of a block that is `key:`, `key: value` or `key: {}`, and the indentation of the next
 * one. Most lines are of this form. A regular expression reads them in native code from the first
 * line on, long before the rest of this file is compiled.
 */
const ENTRY =
  /([A-Za-z0-9_][A-Za-z0-9_./-]{4,200}):(?: (?:([A-Za-z0-9_][A-Za-z0-9_./-]*)|(\{\})))?\n *(?=[A-Za-z0-9_])/y;

/** A `key: value` in braces that ends before a comma or the brace, both plain; for the same reason. */
const PAIR = /([A-Za-z0-9_][A-Za-z0-9_./-]{0,200}): ([A-Za-z0-9_][A-Za-z0-9_./-]*)(?= ?[,}])/y;

export class Scanner {
  /** The text, with U+0000 after its end. */
  readonly #text: string;
  readonly #maxLexemes: number;
  #at = 0;
  #line = 1;
  #lineStart = 0;
  /** Upper bound of the lexemes so far, as document.ts counts them. */
  #lexemes = 0;
  #indent = -1;

  /** `text` has no control characters but tabs and line breaks. */
  constructor(text: string, maxLexemes: number) {
    this.#text = `${text}\0`;
    this.#maxLexemes = maxLexemes;
  }

  /** Offset of the next character. */
  get at(): number {
    return this.#at;
  }

  /** Column of the content that begins a line, from 0; -1 at the end of the text. */
  get indent(): number {
    return this.#indent;
  }

  /** Code of the next character; CODE.end at the end of the text. */
  get code(): number {
    return this.#text.charCodeAt(this.#at);
  }

  /** Line of the next character, from 1. */
  get line(): number {
    return this.#line;
  }

  /** Column of the next character, from 1. */
  get column(): number {
    return this.#at - this.#lineStart + 1;
  }

  /** Number of characters before the next one in its line. */
  get before(): number {
    return this.#at - this.#lineStart;
  }

  outside(): never {
    throw OUTSIDE;
  }

  /** Skips an indicator. */
  skip(): void {
    this.#at++;
    this.#lexemes += 2;
  }

  /** Returns to an offset of the same line. */
  back(at: number): void {
    this.#at = at;
  }

  /** Skips a line feed. */
  skipBreak(): void {
    this.#newLine(this.#at + 1);
  }

  skipSpaces(): void {
    while (this.code === CODE.space) this.#at++;
  }

  /** True at the end of a line, or before its comment. */
  atLineEnd(): boolean {
    const { code } = this;
    return code === CODE.lineFeed || code === CODE.carriageReturn || code === CODE.end ||
      code === CODE.hash;
  }

  /** True before a `-` that begins an item of a list. */
  atDash(): boolean {
    return this.code === CODE.dash && isBlank(this.#text.charCodeAt(this.#at + 1));
  }

  /** True before a `:` that ends a key in a block. */
  atColon(): boolean {
    return this.code === CODE.colon && isBlank(this.#text.charCodeAt(this.#at + 1));
  }

  /** True before `---` in the first column. */
  atDocumentStart(): boolean {
    return this.#indent === 0 && this.#text.startsWith("---", this.#at) &&
      isBlank(this.#text.charCodeAt(this.#at + 3));
  }

  skipDocumentStart(): void {
    this.#at += 3;
    this.#lexemes += 4;
  }

  /** Skips spaces, comments and line breaks. Returns whether there was a line break. */
  skipBlank(): boolean {
    const line = this.#line;
    for (;;) {
      this.skipSpaces();
      let { code } = this;
      if (code === CODE.hash) {
        if (this.before > 0 && this.#text.charCodeAt(this.#at - 1) !== CODE.space) this.outside();
        const end = this.#text.indexOf("\n", this.#at);
        this.#at = end < 0 ? this.#text.length - 1 : end;
        code = this.code;
      }
      if (code === CODE.carriageReturn) this.#at++;
      else if (code !== CODE.lineFeed) break;
      this.#newLine(this.#at + 1);
    }
    return this.#line !== line;
  }

  /** Goes to the content of the next line that has any; this line must have ended. */
  nextLine(): void {
    const ended = this.skipBlank();
    if (this.code === CODE.end) {
      this.#indent = -1;
      return;
    }
    if (!ended) this.outside();
    this.#indent = this.before;
  }

  /** Goes to the first content of the text. */
  firstLine(): void {
    this.skipBlank();
    this.#indent = this.code === CODE.end ? -1 : this.before;
  }

  /** Makes the next character one that a block begins with, after a `-` in its line. */
  indentHere(): void {
    this.#indent = this.before;
  }

  /**
   * A whole line that is `key:`, `key: value` or `key: {}`, both plain, if a key or value follows in
   * the next: the key, the value and the braces at 1, 2 and 3. Skips it. The key is longer than any
   * word for null.
   */
  simpleEntry(): RegExpExecArray | null {
    ENTRY.lastIndex = this.#at;
    const match = ENTRY.exec(this.#text);
    if (match === null) return null;
    const at = ENTRY.lastIndex;
    const lineStart = this.#text.lastIndexOf("\n", at) + 1;
    this.#lexemes += 10;
    this.#newLine(lineStart);
    this.#at = at;
    this.#indent = at - lineStart;
    return match;
  }

  /** A `key: value` in braces, both plain words, at 1 and 2. Skips it. */
  simplePair(): RegExpExecArray | null {
    PAIR.lastIndex = this.#at;
    const match = PAIR.exec(this.#text);
    if (match === null) return null;
    this.#at = PAIR.lastIndex;
    this.#lexemes += 10;
    return match;
  }

  /** A plain scalar of one line, without the spaces around it. */
  plain(inFlow: boolean): string {
    const text = this.#text;
    const start = this.#at;
    if (!this.#startsPlain(inFlow)) this.outside();
    WORD.lastIndex = start;
    let at = WORD.test(text) ? WORD.lastIndex : start + 1;
    let code: number;
    for (;; at++) {
      code = text.charCodeAt(at);
      if (code <= CODE.space) {
        if (code === CODE.space) continue;
        if (code === CODE.lineFeed || code === CODE.carriageReturn || code === CODE.end) break;
        this.outside();
      } else if (code === CODE.colon) {
        const next = text.charCodeAt(at + 1);
        if (isBlank(next) || (inFlow && isFlowIndicator(next))) break;
      } else if (code === CODE.hash) {
        if (text.charCodeAt(at - 1) === CODE.space) break;
      } else if (inFlow && isFlowIndicator(code)) break;
    }
    this.#at = at;
    this.#lexemes += 4;
    while (text.charCodeAt(at - 1) === CODE.space) at--;
    return text.slice(start, at);
  }

  #startsPlain(inFlow: boolean): boolean {
    const { code } = this;
    if (code <= CODE.space || INDICATORS.has(code)) return false;
    const next = this.#text.charCodeAt(this.#at + 1);
    // More texts that begin with these are valid; they are rare.
    if (code === CODE.dash) return isAlphanumeric(next) || next === CODE.dot;
    if (code === CODE.colon) return !inFlow && !isBlank(next);
    return !(code === CODE.dot && this.#text.startsWith("...", this.#at));
  }

  /** A quoted scalar of one line. */
  quoted(): string {
    const text = this.#text;
    const start = this.#at + 1;
    const double = this.code === CODE.doubleQuote;
    const end = double ? this.#doubleQuoteEnd(start) : this.#quoteEnd(start);
    if (end < 0) this.outside();
    const source = text.slice(start, end);
    if (source.includes("\n")) this.outside();
    this.#at = end + 1;
    this.#lexemes += 4;
    if (!double) return source.includes("'") ? source.replaceAll("''", "'") : source;
    return source.includes("\\") ? unescaped(source) ?? this.outside() : source;
  }

  #quoteEnd(start: number): number {
    let end = this.#text.indexOf("'", start);
    while (end >= 0 && this.#text.charCodeAt(end + 1) === CODE.quote) {
      end = this.#text.indexOf("'", end + 2);
    }
    return end;
  }

  #doubleQuoteEnd(start: number): number {
    for (let at = start; at < this.#text.length; at++) {
      const character = this.#text.charAt(at);
      if (character === '"') return at;
      if (character === "\n") break;
      if (character === "\\") at++;
    }
    return -1;
  }

  /** The name after `&` or `*`. */
  name(): string {
    const start = ++this.#at;
    while (isNameCharacter(this.code)) this.#at++;
    if (this.#at === start) this.outside();
    this.#lexemes += 4;
    return this.#text.slice(start, this.#at);
  }

  /**
   * The lines of the block scalar that begins here, without their indentation, which is above
   * `indent`, and without empty ones at the end. A line of spaces, or one with more indentation
   * than the first, is outside the subset.
   */
  blockLines(indent: number): readonly string[] {
    const text = this.#text;
    const lines: string[] = [];
    let width = -1;
    for (;;) {
      const start = this.#at;
      this.skipSpaces();
      const { code } = this;
      const column = this.before;
      if (width < 0 && column > indent) width = column;
      if (width < 0) this.outside();
      if (column === 0 && code === CODE.lineFeed) {
        lines.push("");
        this.#newLine(this.#at + 1);
        continue;
      }
      if (column === 0 && code === CODE.end) break;
      if (code <= CODE.space) this.outside();
      if (column < width) {
        this.#at = start;
        break;
      }
      const end = text.indexOf("\n", start);
      const last = text.charCodeAt(end - 1);
      if (column !== width || end < 0 || last === CODE.carriageReturn) this.outside();
      lines.push(text.slice(this.#at, end));
      this.#newLine(end + 1);
    }
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  #newLine(at: number): void {
    this.#at = at;
    this.#line++;
    this.#lineStart = at;
    this.#lexemes += 4;
    if (this.#lexemes > this.#maxLexemes) this.outside();
  }
}

/** True for spaces, tabs, line breaks and the end. */
export function isBlank(code: number): boolean {
  return code <= CODE.space;
}

export function isFlowIndicator(code: number): boolean {
  return code === CODE.comma || code === CODE.openList || code === CODE.closeList ||
    code === CODE.openMap || code === CODE.closeMap;
}

function isAlphanumeric(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

function isNameCharacter(code: number): boolean {
  return isAlphanumeric(code) || code === CODE.dash || code === CODE.dot || code === 95;
}
