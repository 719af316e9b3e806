/**
 * Parses the text of a configuration file into a configuration or issues. Runs the stages in order.
 */
import { type CaReader, readCaFiles } from "./ca_files.ts";
import { buildConfig } from "./build.ts";
import { check } from "./check/check.ts";
import { decode } from "./decode.ts";
import { readDocument } from "./document.ts";
import { checkIgnored } from "./ignored_keys.ts";
import { type Issue, IssueList } from "./issue.ts";
import type { Config } from "./model.ts";

/** The result of parsing a file. */
export type LoadResult =
  | { readonly kind: "ok"; readonly config: Config; readonly warnings: readonly Issue[] }
  /** The file cannot be decoded; semantic errors that were found as well come last. */
  | { readonly kind: "parse-error"; readonly issues: readonly Issue[] }
  /** All issues have the stage `semantic`. */
  | {
    readonly kind: "semantic-error";
    readonly issues: readonly Issue[];
    readonly warnings: readonly Issue[];
  };

export interface ParseOptions {
  /** For the messages. */
  readonly file: string;
  /** Reads a `ca-file`; without it all count as read, and as empty. */
  readonly readCa?: CaReader;
  /** VPP is programmed, so that `vpp.lb` is needed; default false. */
  readonly vpp?: boolean;
}

/** Reads a configuration; never throws, for any `text`. */
export function parseConfig(text: string, options: ParseOptions): LoadResult {
  const issues = new IssueList(options.file);
  const tree = readDocument(text, issues);
  const draft = tree === undefined ? undefined : decode(tree, issues);
  if (tree !== undefined) checkIgnored(tree, issues);
  if (draft !== undefined) check(draft, issues, { vpp: options.vpp ?? false });
  const read = options.readCa ?? (() => ({ kind: "ok", pem: "" }) as const);
  const caFiles = draft === undefined ? new Map() : readCaFiles(draft, { issues, read });
  if (draft !== undefined && !issues.hasErrors) {
    return { kind: "ok", config: buildConfig(draft, caFiles), warnings: issues.warnings() };
  }
  const errors = issues.errors();
  if (issues.hasParseErrors) return { kind: "parse-error", issues: errors };
  return { kind: "semantic-error", issues: errors, warnings: issues.warnings() };
}

/** Exit status of `--check`: 0 valid, 1 parse error, 2 semantic error. */
export function exitStatus(result: LoadResult): 0 | 1 | 2 {
  return result.kind === "ok" ? 0 : result.kind === "parse-error" ? 1 : 2;
}
