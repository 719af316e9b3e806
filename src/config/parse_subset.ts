/**
 * Parses a configuration in the common subset of YAML, and has the stages after the YAML for all
 * configurations. A program that starts with such a file never loads the YAML library (parse.ts).
 */
import { type CaReader, readCaFiles } from "./ca_files.ts";
import { type PairReader, readClientCertificates, UNREAD_PAIR } from "./client_certificates.ts";
import type { WallMs } from "../base/instant.ts";
import { buildConfig, buildVips } from "./build.ts";
import { check } from "./check/check.ts";
import { decode } from "./decode.ts";
import { checkIgnored, mayHaveOwnKeys } from "./ignored_keys.ts";
import { type Issue, IssueList } from "./issue.ts";
import type { Config } from "./model.ts";
import { readSubset } from "./yaml/subset.ts";
import { MAX_LEXEMES, readableText } from "./yaml/text.ts";
import type { TreeNode } from "./yaml/tree.ts";

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
  /** Reads a `client-cert` with its key; without it all count as read, and as empty. */
  readonly readPair?: PairReader;
  /** Judges the validity of client certificates; absent: it is not judged. */
  readonly nowMs?: WallMs;
  /** VPP is programmed, so that `vpp.lb` is needed; default false. */
  readonly vpp?: boolean;
  /**
   * `vips`: only frontends and backends are to be used, by a program on another host than the
   * daemon's. Semantic errors elsewhere become warnings. A healthcheck with one is left out, but
   * for a missing `ca-file` or `client-cert`; so are all other sections. Default: the whole file.
   */
  readonly scope?: "vips";
}

/**
 * Reads a configuration; undefined when its text is outside the common subset of YAML, or is not
 * YAML: parseConfig() of parse.ts then reads it, or reports what is wrong.
 */
export function parseSubset(text: string, options: ParseOptions): LoadResult | undefined {
  const issues = new IssueList(options.file);
  const body = readableText(text, issues);
  const tree = body === undefined ? undefined : readSubset(body, MAX_LEXEMES);
  if (tree === undefined) return undefined;
  return parseTree(tree, issues, { ...options, noOwnKeys: !mayHaveOwnKeys(body!) });
}

/** Runs the stages after the YAML; a tree that is undefined has errors in `issues`. */
export function parseTree(
  tree: TreeNode | undefined,
  issues: IssueList,
  options: ParseOptions & {
    /** True: no key begins with `x-`. Default: some may. */
    readonly noOwnKeys?: boolean;
  },
): LoadResult {
  const draft = tree === undefined ? undefined : decode(tree, issues);
  if (tree !== undefined && options.noOwnKeys !== true) checkIgnored(tree, issues);
  if (draft !== undefined) check(draft, issues, { vpp: options.vpp ?? false });
  const read = options.readCa ?? (() => ({ kind: "ok", pem: "" }) as const);
  const caFiles = draft === undefined ? new Map() : readCaFiles(draft, { issues, read });
  const readPair = options.readPair ??
    (() => ({ kind: "ok", pair: UNREAD_PAIR }) as const);
  const pairs = draft === undefined
    ? new Map()
    : readClientCertificates(draft, { issues, read: readPair, nowMs: options.nowMs });
  const files = { caFiles, pairs };
  if (options.scope === "vips" && draft !== undefined && !issues.hasParseErrors) {
    const errors = issues.errors();
    const elsewhere = errors.filter(({ path }) => !VIP_SECTIONS.test(path));
    if (elsewhere.length === errors.length) {
      // A healthcheck without its certificates still describes its servers.
      const holes = elsewhere.filter(({ rule }) =>
        rule !== "bad-ca-file" && rule !== "bad-client-cert"
      );
      const faulty = (path: string) =>
        holes.some((issue) => issue.path === path || issue.path.startsWith(`${path}.`));
      const config = buildVips(draft, { files, faulty });
      return { kind: "ok", config, warnings: [...elsewhere, ...issues.warnings()] };
    }
  }
  if (draft !== undefined && !issues.hasErrors) {
    return { kind: "ok", config: buildConfig(draft, files), warnings: issues.warnings() };
  }
  const errors = issues.errors();
  if (issues.hasParseErrors) return { kind: "parse-error", issues: errors };
  return { kind: "semantic-error", issues: errors, warnings: issues.warnings() };
}

/** The sections that are judged in any scope; an issue without a path is about the file. */
const VIP_SECTIONS = /^(?:$|maglev$|maglev\.(?:frontends|backends)(?:$|\.|\[))/;

/** Exit status of `--check`: 0 valid, 1 parse error, 2 semantic error. */
export function exitStatus(result: LoadResult): 0 | 1 | 2 {
  return result.kind === "ok" ? 0 : result.kind === "parse-error" ? 1 : 2;
}
