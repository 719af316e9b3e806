/**
 * Reads all of YAML, with every error of the text: lexer → parser → composer → tree. Nesting is
 * bounded while parsing.
 */
import { oneLine } from "../../base/text.ts";
import { Composer, type Document, Lexer, Parser, type YAMLError } from "yaml";
import { type IssueList, WHOLE } from "../issue.ts";
import { buildTree } from "./full_tree.ts";
import type { Positions } from "./positions.ts";
import type { TreeNode } from "./tree.ts";

/** Maximum depth of nested collections; the deepest of the table is 8. */
const MAX_DEPTH = 64;

export interface FullOptions {
  readonly positions: Positions;
  readonly issues: IssueList;
  /** Maximum of words, signs, spaces and line breaks. */
  readonly maxLexemes: number;
}

/** The tree of `text`, or undefined when it has issues, which are then in the options' list. */
export function readFull(text: string, options: FullOptions): TreeNode | undefined {
  const { positions, issues } = options;
  const document = compose(text, options);
  if (document === undefined) return undefined;
  return buildTree(document.contents, { markAt: (offset) => positions.markAt(offset), issues });
}

function compose(text: string, options: FullOptions): Document | undefined {
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
function reportErrors(errors: readonly YAMLError[], text: string, options: FullOptions): void {
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
