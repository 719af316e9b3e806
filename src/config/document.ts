/**
 * Parses YAML into a tree of maps, lists and scalars with line and column (tree.ts).
 *
 * The tree is made in one pass: lexer → parser → composer → tree. Nesting is bounded while parsing.
 *
 * YAML 1.2 core schema: `yes` is a text, `0x50` is 80. Merge keys (`<<`) are not part of it, but
 * writers of such files expect them, so they work.
 */
import { oneLine } from "../base/text.ts";
import { Composer, type Document, Lexer, Parser, type YAMLError } from "yaml";
import type { IssueList } from "./issue.ts";
import type { Mark } from "./schema/types.ts";
import { buildTree, type TreeNode } from "./tree.ts";

/** Maximum of characters in a file. */
export const MAX_CHARACTERS = 16 * 1024 * 1024;

/**
 * Maximum of words, signs, spaces and line breaks: ten times what 10,000 backends need. It bounds
 * the time for a file that consists of line breaks.
 */
const MAX_LEXEMES = 4_000_000;

/** Maximum depth of nested collections; the deepest of the table is 8. */
const MAX_DEPTH = 64;

/** Bounds that tests lower. */
export interface ReadOptions {
  /** Default MAX_LEXEMES. */
  readonly maxLexemes?: number;
}

/** The tree of `text`, or undefined when it has issues, which are then in `issues`. */
export function readDocument(
  text: string,
  issues: IssueList,
  options: ReadOptions = {},
): TreeNode | undefined {
  const body = text.startsWith("\uFEFF") ? text.slice(1) : text;
  if (body.length > MAX_CHARACTERS) {
    issues.add("too-large", WHOLE, tooLargeMessage(`${body.length} characters`));
    return undefined;
  }
  const positions = new Positions(body);
  if (hasControlCharacters(body, positions, issues)) return undefined;
  const maxLexemes = options.maxLexemes ?? MAX_LEXEMES;
  const document = compose(body, { positions, issues, maxLexemes });
  if (document === undefined) return undefined;
  return buildTree(document.contents, { markAt: (offset) => positions.markAt(offset), issues });
}

/** The message for a file of more than MAX_CHARACTERS. */
export function tooLargeMessage(size: string): string {
  return `the file has ${size}; at most ${MAX_CHARACTERS} are read`;
}

/** Place of an issue with the file as a whole. */
export const WHOLE = { mark: { line: 0, column: 0 }, path: "" } as const;

/** Offsets → lines and columns. */
class Positions {
  readonly #text: string;
  readonly #lineStarts: number[] = [0];

  constructor(text: string) {
    this.#text = text;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
      this.#lineStarts.push(at + 1);
    }
  }

  markAt(offset: number): Mark {
    let low = 0;
    let high = this.#lineStarts.length;
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if (this.#lineStarts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - this.#lineStarts[low]! + 1 };
  }

  /** The text of a line, with its line break. */
  textOfLine(line: number): string {
    return this.#text.slice(this.#lineStarts[line - 1], this.#lineStarts[line]);
  }
}

/** YAML allows no control characters but tab and line breaks (YAML 1.2.2, 5.1). */
function hasControlCharacters(text: string, positions: Positions, issues: IssueList): boolean {
  const at = text.search(/[^\P{Cc}\t\n\r]|\r(?!\n)/u);
  if (at < 0) return false;
  const code = text.charCodeAt(at).toString(16).toUpperCase().padStart(4, "0");
  const what = code === "000D" ? "a carriage return without line feed" : `U+${code}`;
  issues.add(
    "control-character",
    { mark: positions.markAt(at), path: "" },
    `the file holds a control character (${what}); expected plain text in UTF-8`,
  );
  return true;
}

interface ComposeOptions {
  readonly positions: Positions;
  readonly issues: IssueList;
  readonly maxLexemes: number;
}

function compose(text: string, options: ComposeOptions): Document | undefined {
  const { positions, issues, maxLexemes } = options;
  const composer = new Composer({
    schema: "core",
    resolveKnownTags: false,
    // tree.ts reports duplicate keys with both positions, without comparing every pair of keys.
    uniqueKeys: false,
    prettyErrors: false,
  });
  const documents: Document[] = [];
  const errors: YAMLError[] = [];
  const parser = new Parser();
  const feed = (tokens: ReturnType<Parser["next"]>) => {
    for (const token of tokens) documents.push(...composer.next(token));
  };
  let lexemes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    feed(parser.next(lexeme));
    if (++lexemes > maxLexemes) {
      issues.add("too-large", WHOLE, `the file has more than ${maxLexemes} words and signs`);
      return undefined;
    }
    if (parser.stack.length > MAX_DEPTH) {
      issues.add(
        "nested-too-deeply",
        { mark: positions.markAt(parser.offset), path: "" },
        `maps and lists are nested more than ${MAX_DEPTH - 2} deep; no key needs that`,
      );
      return undefined;
    }
  }
  feed(parser.end());
  documents.push(...composer.end(true, text.length));
  for (const document of documents) {
    // Not spread into push(): there may be more than fit on the stack.
    for (const error of document.errors) errors.push(error);
    for (const warning of document.warnings) {
      if (warning.code === "TAG_RESOLVE_FAILED") errors.push(warning);
    }
  }
  if (documents.length > 1) {
    const second = documents[1]!;
    issues.add(
      "several-documents",
      { mark: positions.markAt(second.range?.[0] ?? 0), path: "" },
      "a second YAML document begins here; expected one; remove the `---` before it",
    );
  }
  reportErrors(errors, text, options);
  return issues.hasErrors ? undefined : documents[0];
}

/**
 * Reports one issue per line, because further ones on a line mostly follow from the first. Of tabs
 * in the indentation only the first is reported: later errors, and one that ends on the line
 * before, follow from it.
 */
function reportErrors(errors: readonly YAMLError[], text: string, options: ComposeOptions): void {
  const { positions, issues } = options;
  const placed = errors.map((error) => ({ error, mark: positions.markAt(error.pos[0]) }));
  const isTab = ({ error, mark }: (typeof placed)[number]) =>
    error.code === "TAB_AS_INDENT" ||
    (error.code === "BAD_INDENT" && TAB_INDENT.test(positions.textOfLine(mark.line)));
  const tabLine = placed.find(isTab)?.mark.line ?? Infinity;
  let lastLine = 0;
  for (const { error, mark } of placed) {
    if (mark.line === lastLine || mark.line >= tabLine - 1) continue;
    lastLine = mark.line;
    const rule = error.code === "TAG_RESOLVE_FAILED" ? "unknown-tag" : "yaml-syntax";
    issues.add(rule, { mark, path: "" }, syntaxMessage(error));
  }
  if (tabLine === Infinity) return;
  const others = text.split("\n").slice(tabLine).filter((line) => TAB_INDENT.test(line)).length;
  const which = others === 0 ? "this line is" : `this line and ${others} more are`;
  issues.add(
    "yaml-syntax",
    { mark: { line: tabLine, column: 1 }, path: "" },
    `${which} indented with a tab; YAML allows spaces only`,
  );
}

/** A line with content that has a tab before it. */
const TAB_INDENT = /^ *\t\s*\S/;

function syntaxMessage(error: YAMLError): string {
  switch (error.code) {
    case "BLOCK_AS_IMPLICIT_KEY":
      return "a second `key:` on this line; a value that holds `: ` or ends with `:` " +
        '(as in "2001:db8::") needs quotes';
    case "MULTILINE_IMPLICIT_KEY":
      return "expected `key: value`, with a space after the colon";
    case "TAG_RESOLVE_FAILED":
      return "tags (`!name`) have no meaning here; write the value without it";
    case "MISSING_CHAR":
      if (/^Missing closing ['"]quote$/.test(error.message)) {
        return "a quote is opened and not closed";
      }
      break;
  }
  return oneLine(
    `invalid YAML: ${error.message.charAt(0).toLowerCase()}${error.message.slice(1)}`,
  );
}
