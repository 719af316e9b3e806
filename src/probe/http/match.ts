/**
 * PURE. Judges an HTTP answer: its status must be in the accepted set, and its body must fit the
 * regular expressions, if there are any.
 */
import type { HttpParams } from "../../config/model.ts";
import type { TextMatcher } from "../../config/schema/regexp.ts";
import { type BodyRules, judgeBody, matcherOf } from "./body_rules.ts";
import type { HttpResponse } from "./response.ts";
import { answered, failed, type Verdict } from "../outcome.ts";

/** Accepted status codes as closed ranges, sorted and disjoint. */
export type StatusRanges = readonly (readonly [from: number, to: number])[];

/** True when one of the ranges includes `status`. */
export function statusAccepted(status: number, ranges: StatusRanges): boolean {
  for (const [from, to] of ranges) {
    if (status >= from && status <= to) return true;
  }
  return false;
}

/** `200`, `200-299, 301`. */
export function formatStatusRanges(ranges: StatusRanges): string {
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
}

/** The part of an answer that is judged. */
export type Answer = Pick<
  HttpResponse,
  "problem" | "status" | "body" | "contentCoding" | "refusesPlainText" | "header"
>;

/** A header that an answer must have. */
export interface HeaderRule {
  /** In lower case. */
  readonly name: string;
  readonly matcher: TextMatcher;
}

/** The rule of a check; undefined when headers do not matter. */
export function headerRuleOf(
  { responseHeader: header }: Pick<HttpParams, "responseHeader">,
): HeaderRule | undefined {
  if (header === undefined) return undefined;
  return { name: header.name.toLowerCase(), matcher: matcherOf(header.regexp) };
}

/** The requirements on an answer. */
export interface Wanted {
  readonly params: Pick<HttpParams, "responseCodes">;
  readonly rules: BodyRules | undefined;
  /** Undefined: headers do not matter. */
  readonly header?: HeaderRule | undefined;
}

/** The verdict on an answer that was read as far as required. */
export function judgeAnswer(answer: Answer, { params, rules, header }: Wanted): Verdict {
  if (answer.problem !== "") return failed("L7RSP", answer.problem);
  const { status } = answer;
  if (!statusAccepted(status, params.responseCodes)) {
    if (answer.refusesPlainText) return expectsTls(status);
    return wrongStatus(status, params.responseCodes);
  }
  if (header !== undefined) {
    const value = answer.header(header.name);
    if (value === undefined || !header.matcher.test(value)) {
      const problem = value === undefined ? "is missing" : "does not match";
      return failed("L7STS", `status ${status}, but the header ${header.name} ${problem}`);
    }
  }
  if (rules === undefined) return answered(status);
  const { body } = answer;
  const found = judgeBody(body, rules);
  const coding = found === "unwanted" ? "" : codingOf(answer);
  // In a compressed body the unwanted text is not visible.
  if (found === "fine" && (coding === "" || rules.unwanted === undefined)) return answered(status);
  if (coding !== "") return compressed(status, coding);
  return found === "unwanted" ? unwantedBody(status) : wrongBody(status, body.length);
}

/** Name of the coding of a body, also by gzip's magic bytes; empty: uncompressed. */
function codingOf({ body, contentCoding }: Answer): string {
  if (contentCoding !== "" || body.length === 0) return body.length === 0 ? "" : contentCoding;
  return body[0] === 0x1f && body[1] === 0x8b ? "gzip" : "";
}

/** The verdict on a status outside the set. */
export function wrongStatus(status: number, ranges: StatusRanges): Verdict {
  return failed("L7STS", `status ${status}, expected ${formatStatusRanges(ranges)}`);
}

function expectsTls(status: number): Verdict {
  return failed("L7STS", `status ${status}: the server expects TLS; use \`type: https\``);
}

/** The verdict on a body that does not match. */
export function wrongBody(status: number, bodyBytes: number): Verdict {
  return failed(
    "L7STS",
    `status ${status}, but the first ${bodyBytes} bytes of the body do not match response-regexp`,
  );
}

function unwantedBody(status: number): Verdict {
  return failed("L7STS", `status ${status}, but the body matches response-regexp-not`);
}

function compressed(status: number, coding: string): Verdict {
  return failed(
    "L7STS",
    `status ${status}, but the body is compressed (${coding}) and expressions match plain text; ` +
      "have the server send it uncompressed",
  );
}
