/**
 * Parses the text of a configuration file into a configuration or issues. Runs the stages in order.
 */
import { IssueList } from "./issue.ts";
import { type LoadResult, type ParseOptions, parseTree } from "./parse_subset.ts";
import { readDocument } from "./yaml/document.ts";

export { exitStatus, type LoadResult, type ParseOptions } from "./parse_subset.ts";

/** Reads a configuration; never throws, for any `text`. */
export function parseConfig(text: string, options: ParseOptions): LoadResult {
  const issues = new IssueList(options.file);
  return parseTree(readDocument(text, issues), issues, options);
}
