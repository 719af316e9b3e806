/**
 * PURE. Matches a body against the expressions of a check. Each expression is compiled once,
 * because the matcher caches states and ten thousand backends may share one healthcheck.
 */
import { compileRegexp, type TextMatcher } from "../../config/schema/regexp.ts";
import { bodyText, wholeCharacters } from "./body_text.ts";

/** Maximum of cached matchers; those of further expressions are compiled for each target. */
const MAX_KEPT = 256;

const matchers = new Map<string, TextMatcher>();

/** The compiled expression. */
export function matcherOf(source: string): TextMatcher {
  const known = matchers.get(source);
  if (known !== undefined) return known;
  const made = compileRegexp(source);
  if (matchers.size >= MAX_KEPT) matchers.delete(matchers.keys().next().value!);
  matchers.set(source, made);
  return made;
}

/** `missing`: response-regexp does not match. `unwanted`: response-regexp-not matches. */
export type BodyVerdict = "fine" | "missing" | "unwanted";

/** The expressions of one check. */
export interface BodyRules {
  readonly wanted: TextMatcher | undefined;
  readonly unwanted: TextMatcher | undefined;
  /** True when a match within the beginning of a body decides for the whole. */
  readonly early: boolean;
}

export interface BodySources {
  readonly responseRegexp: string;
  readonly responseRegexpNot: string;
}

/** The rules of a check; undefined when it does not match the body. */
export function bodyRulesOf(sources: BodySources): BodyRules | undefined {
  const { responseRegexp: wanted, responseRegexpNot: unwanted } = sources;
  if (wanted === "" && unwanted === "") return undefined;
  return {
    wanted: wanted === "" ? undefined : matcherOf(wanted),
    unwanted: unwanted === "" ? undefined : matcherOf(unwanted),
    early: unwanted === "" && !looksAtEnd(wanted),
  };
}

/** Matches a whole body against the rules. */
export function judgeBody(body: Uint8Array, { wanted, unwanted }: BodyRules): BodyVerdict {
  const text = bodyText(body);
  if (unwanted?.test(text) === true) return "unwanted";
  return wanted === undefined || wanted.test(text) ? "fine" : "missing";
}

/** True when the beginning of a body is enough for a pass, with any continuation. */
export function passesEarly(beginning: Uint8Array, { wanted, early }: BodyRules): boolean {
  return early && wanted?.test(bodyText(wholeCharacters(beginning))) === true;
}

/**
 * True when `source` may hold `$`, `\z`, `\b` or `\B`, which depend on what follows: `^ok$` matches
 * the beginning of `okay`. A literal dollar counts too; then the body is read to its end.
 */
function looksAtEnd(source: string): boolean {
  return /\$|\\[zbB]/.test(source);
}
