/**
 * Regular expressions in Go's syntax (RE2), which the files of the Go program hold. The matcher is
 * RE2's too: its time is linear in the text, because a server's answer is hostile input.
 *
 * Rejected: expressions of ECMAScript. It accepts `\pL`, `\Q…\E` and `\x{6F}` with another meaning,
 * so that a healthy server went down.
 */
import { RE2JS, RE2JSSyntaxException } from "re2js";
import { oneLine, quote } from "../../base/text.ts";

/** Matches a text; shared by all probes of a thread, because it keeps no state between texts. */
export interface TextMatcher {
  /** True when it matches anywhere in `text`. */
  test(text: string): boolean;
}

/** @throws when `source` is not an expression; the configuration holds only those that are. */
export function compileRegexp(source: string): TextMatcher {
  return RE2JS.compile(source);
}

/** The same, where `^` and `$` are the ends of each line. */
export function compileLinesRegexp(source: string): TextMatcher {
  return RE2JS.compile(source, RE2JS.MULTILINE);
}

/** Matches bytes, which are read as UTF-8 in Go's way: an invalid one is U+FFFD. */
export interface BytesMatcher {
  /** Index after the first match in `bytes`; -1 without one. */
  endIn(bytes: Uint8Array): number;
}

/** @throws as compileRegexp(). */
export function compileBytesRegexp(source: string): BytesMatcher {
  const compiled = RE2JS.compile(source);
  return {
    endIn(bytes) {
      const matcher = compiled.matcher(bytes);
      return matcher.find() ? matcher.end() : -1;
    },
  };
}

/** The problem with `source`: where, what, and what would be right; undefined when it is good. */
export function regexpProblem(source: string): string | undefined {
  if (!source.isWellFormed()) return `${WHAT}: half a surrogate pair in it`;
  try {
    RE2JS.compile(source);
    return undefined;
  } catch (error) {
    return error instanceof RE2JSSyntaxException
      ? syntaxProblem(source, { reason: `${error.error}`, fragment: `${error.input ?? ""}` })
      : `${WHAT}: ${oneLine(error instanceof Error ? error.message : String(error))}`;
  }
}

const WHAT = "cannot be read as a regular expression (RE2, as in Go)";

interface SyntaxFault {
  /** In Go's words. */
  readonly reason: string;
  /** The part of the expression that Go's message quotes; may be all of it, or empty. */
  readonly fragment: string;
}

function syntaxProblem(source: string, { reason, fragment }: SyntaxFault): string {
  const at = faultIndex(source, { reason, fragment });
  const shown = fragment === "" || fragment === source ? source.slice(at) : fragment;
  const place = `at character ${[...source.slice(0, at)].length + 1}, ${quote(shown.slice(0, 40))}`;
  return `${WHAT}: ${reason} ${place}${hint(fragment)}`;
}

/** Index of the fault; parentheses are counted, because Go quotes the whole expression for them. */
function faultIndex(source: string, { reason, fragment }: SyntaxFault): number {
  if (/ [()]$/.test(reason)) return unpairedAt(source);
  if (fragment === "") return Math.max(0, source.length - 1);
  // A name that is given twice is wrong at its second place.
  return reason.startsWith("duplicate")
    ? source.lastIndexOf(`<${fragment}>`) + 1
    : Math.max(0, source.indexOf(fragment));
}

/** Index of the first `)` without partner, else of the last `(` without one. */
function unpairedAt(source: string): number {
  const open: number[] = [];
  // Quoted text, escapes and classes, in which a parenthesis is a character like others.
  const parts = /\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\[:\w*:\]|\\.|[^\]\\])*\]?|[()]/gsu;
  for (const { 0: part, index } of source.matchAll(parts)) {
    if (part === "(") open.push(index);
    else if (part === ")" && open.pop() === undefined) return index;
  }
  return open.at(-1) ?? 0;
}

/** Constructs of other dialects, by the fragment that is refused, and what to write instead. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /^\(\?[=!]|^\(\?<[=!]/,
    "RE2 has no look-around; for a text that must be absent use `response-regexp-not`",
  ],
  [/^\\[1-9k]|^\(\?P$/, "RE2 has no back-references"],
  [/^\\u/, "write a code point as \\x{…}"],
  [/^\\Z/, "write \\z"],
  [/^[*+?}][+]$/, "RE2 never backtracks, so it has no possessive repetition"],
];

function hint(fragment: string): string {
  const found = HINTS.find(([pattern]) => pattern.test(fragment));
  return found === undefined ? "" : `; ${found[1]}`;
}
