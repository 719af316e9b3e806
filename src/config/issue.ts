/**
 * An error or warning about a configuration file, as a value: position, rule, and a message with
 * the problem and the fix.
 *
 * There are three stages. A parse error means that the file cannot be decoded: invalid YAML, an
 * unknown key, a wrong type. A semantic error means that decoded values are not allowed or do not
 * fit: out of range, missing, an undefined name. A warning does not prevent use.
 */
import { nearest } from "../base/nearest.ts";
import { quote } from "../base/text.ts";
import type { Mark } from "./schema/types.ts";

export type Stage = "parse" | "semantic" | "warning";

/** Every rule with its stage. The names are stable: tests and tools may refer to them. */
export const RULES = {
  "unreadable": "parse",
  "too-large": "parse",
  "not-utf8": "parse",
  "control-character": "parse",
  "yaml-syntax": "parse",
  "several-documents": "parse",
  "nested-too-deeply": "parse",
  "bad-key": "parse",
  "duplicate-key": "parse",
  "bad-alias": "parse",
  "alias-expansion": "parse",
  "unknown-tag": "parse",
  "no-configuration": "parse",
  "unknown-key": "parse",
  "wrong-type": "parse",
  "missing-key": "semantic",
  "out-of-range": "semantic",
  "not-a-power-of-two": "semantic",
  "not-whole-seconds": "semantic",
  "wrong-family": "semantic",
  "not-unicast": "semantic",
  "address-form": "semantic",
  "link-local": "semantic",
  "bad-name": "semantic",
  "bad-text": "semantic",
  "bad-header": "semantic",
  "bad-response-code": "semantic",
  "bad-regexp": "semantic",
  "bad-step": "semantic",
  "bad-ca-file": "semantic",
  "bad-client-cert": "semantic",
  "scoped-backend": "semantic",
  "isolation-targets": "semantic",
  "damping-order": "semantic",
  "delay-order": "semantic",
  "no-pools": "semantic",
  "empty-pool": "semantic",
  "duplicate-pool": "semantic",
  "unknown-name": "semantic",
  "mixed-families": "semantic",
  "protocol-and-port": "semantic",
  "duplicate-frontend": "semantic",
  "all-ports-overlap": "semantic",
  "encap-conflict": "semantic",
  "vip-ring": "semantic",
  "vip-chain": "semantic",
  "vip-as-server": "semantic",
  "announce-without-file": "semantic",
  "min-up-unreachable": "semantic",
  "encap-check": "semantic",
  "too-many-errors": "semantic",
  "unused-backend": "warning",
  "unused-healthcheck": "warning",
  "timeout-above-interval": "warning",
  "weightless-pool": "warning",
  "shared-address": "warning",
  "loopback": "warning",
  "own-address": "warning",
  "large-sticky-table": "warning",
  "weights-above-table": "warning",
  "more-servers-than-buckets": "warning",
  "not-positive": "warning",
  "ignored-name": "warning",
  "no-effect": "warning",
  "never-passes": "warning",
  "expiring-client-cert": "warning",
  "no-final-newline": "warning",
} as const satisfies Record<string, Stage>;

export type Rule = keyof typeof RULES;

/** One finding. */
export interface Issue {
  readonly stage: Stage;
  readonly rule: Rule;
  /** The path passed to the loader. */
  readonly file: string;
  /** 1-based; both 0 when the issue is about the file as a whole. */
  readonly line: number;
  readonly column: number;
  /** `maglev.frontends.web.pools[0].backends.nginx9`; empty when no key is concerned. */
  readonly path: string;
  readonly message: string;
}

/** The position of an issue. */
export interface Place {
  readonly mark: Mark;
  readonly path: string;
}

/** Place of an issue with the file as a whole. */
export const WHOLE: Place = { mark: { line: 0, column: 0 }, path: "" };

/** Maximum of errors, and of warnings, that are kept; the rest is counted. */
export const MAX_LISTED = 1000;

/**
 * Maximum of name comparisons for "did you mean" in one file, so that refusing a file of ten
 * thousand mistyped names does not take minutes.
 */
const MAX_COMPARISONS = 200_000;

/** Longest word that is compared: the maximum length of a name. */
const MAX_WORD = 128;

/** Collects issues of one file, at most MAX_LISTED of each kind. */
export class IssueList {
  readonly file: string;
  #errors: Issue[] = [];
  #warnings: Issue[] = [];
  #errorsLeftOff = 0;
  #warningsLeftOff = 0;
  #comparisons = 0;
  #hasParseErrors = false;

  constructor(file: string) {
    this.file = file;
  }

  /** Adds an issue; `message` may be a function, which is not called when the list is full. */
  add(rule: Rule, place: Place, message: string | (() => string)): void {
    const stage = RULES[rule];
    if (stage === "parse") this.#hasParseErrors = true;
    const list = stage === "warning" ? this.#warnings : this.#errors;
    if (list.length >= MAX_LISTED) {
      if (stage === "warning") this.#warningsLeftOff++;
      else this.#errorsLeftOff++;
      return;
    }
    list.push({
      stage,
      rule,
      file: this.file,
      line: place.mark.line,
      column: place.mark.column,
      path: place.path,
      message: typeof message === "string" ? message : message(),
    });
  }

  /** `; did you mean "x"?` when a candidate is near, otherwise `otherwise`. */
  suggestion(word: string, candidates: readonly string[], otherwise = ""): string {
    this.#comparisons += candidates.length;
    if (word.length > MAX_WORD || this.#comparisons > MAX_COMPARISONS) return otherwise;
    const near = nearest(word, candidates.filter((candidate) => candidate.length <= MAX_WORD));
    return near === undefined ? otherwise : `; did you mean ${quote(near)}?`;
  }

  get hasErrors(): boolean {
    return this.#errors.length > 0;
  }

  /** Also when the parse error came too late to be listed. */
  get hasParseErrors(): boolean {
    return this.#hasParseErrors;
  }

  /** Parse errors before semantic ones, each in the order of the file; last, how many more. */
  errors(): readonly Issue[] {
    const sorted = this.#errors.toSorted(compareIssues);
    if (this.#errorsLeftOff === 0) return sorted;
    return [...sorted, this.#more(this.#errorsLeftOff, "errors")];
  }

  /** Warnings in the order of the file. */
  warnings(): readonly Issue[] {
    const sorted = this.#warnings.toSorted(compareIssues);
    if (this.#warningsLeftOff === 0) return sorted;
    const more = this.#more(this.#warningsLeftOff, "warnings");
    return [...sorted, { ...more, stage: "warning" }];
  }

  #more(count: number, what: string): Issue {
    return {
      stage: "semantic",
      rule: "too-many-errors",
      file: this.file,
      line: 0,
      column: 0,
      path: "",
      message: `and ${count} more ${what} that are not listed`,
    };
  }
}

const STAGE_ORDER: Readonly<Record<Stage, number>> = { parse: 0, semantic: 1, warning: 2 };

function compareIssues(a: Issue, b: Issue): number {
  return STAGE_ORDER[a.stage] - STAGE_ORDER[b.stage] || a.line - b.line || a.column - b.column;
}

const STAGE_WORDS: Readonly<Record<Stage, string>> = {
  parse: "parse error",
  semantic: "semantic error",
  warning: "warning",
};

/** `maglev.yaml:12:7: semantic error: maglev.backends.web: …`, in one line. */
export function formatIssue(issue: Issue): string {
  const position = issue.line === 0 ? "" : `:${issue.line}:${issue.column}`;
  const path = issue.path === "" ? "" : `${issue.path}: `;
  return `${issue.file}${position}: ${STAGE_WORDS[issue.stage]}: ${path}${issue.message}`;
}

/** The issue as plain data for JSON; keys in a fixed order. */
export function issueToJson(issue: Issue): Readonly<Record<string, string | number>> {
  const { stage, rule, file, line, column, path, message } = issue;
  return { stage, rule, file, line, column, path, message };
}

/** `base.key`, with a key that is not plain in quotes: `maglev.backends."nginx.lab"`. */
export function joinPath(base: string, key: string): string {
  const segment = /^[A-Za-z0-9_-]{1,128}$/.test(key) ? key : quote(key);
  return base === "" ? segment : `${base}.${segment}`;
}
