/**
 * Parses YAML into a tree of maps, lists and scalars with line and column (tree.ts).
 *
 * YAML 1.2 core schema: `yes` is a text, `0x50` is 80. Merge keys (`<<`) are not part of it, but
 * writers of such files expect them, so they work.
 */
import type { IssueList } from "../issue.ts";
import { readFull } from "./full.ts";
import { Positions } from "./positions.ts";
import { readSubset } from "./subset.ts";
import { MAX_LEXEMES, readableText } from "./text.ts";
import type { TreeNode } from "./tree.ts";

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
  const body = readableText(text, issues);
  if (body === undefined) return undefined;
  const maxLexemes = options.maxLexemes ?? MAX_LEXEMES;
  return readSubset(body, maxLexemes) ??
    readFull(body, { positions: new Positions(body), issues, maxLexemes });
}
