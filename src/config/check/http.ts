/**
 * PURE. The rules of http and https checks that look at more than one key: settings with which no
 * answer can pass, or which have no effect.
 */
import { formatRange, REDIRECTS } from "../schema/status_codes.ts";
import type { IssueList } from "../issue.ts";
import type { http } from "../schema/healthcheck.ts";
import type { CodeRanges, Slot, ValueOf } from "../schema/types.ts";

type HttpSlots = { readonly [P in keyof typeof http]: Slot<ValueOf<(typeof http)[P]>> };

/** Adds warnings about `keys` to the issues. */
export function checkHttp(keys: HttpSlots, issues: IssueList): void {
  checkCodes(keys["response-code"], issues);
  checkBody(keys, issues);
  checkRedirects(keys, issues);
  const { method, body } = keys;
  if (body.given && body.value !== undefined && method.value !== "POST") {
    issues.add("no-effect", body, "has no effect without `method: POST`");
  }
}

/**
 * Codes below 200 but for 101 are interim: the probe reads on to the final answer (RFC 9110, 15.2).
 */
function isInterim([from, to]: CodeRanges[number]): boolean {
  return to < 200 && !(from <= 101 && to >= 101);
}

/** A status that passes is not followed. */
function checkRedirects({ redirects, "response-code": codes }: HttpSlots, issues: IssueList): void {
  if (!redirects.given || redirects.value === undefined || codes.value === undefined) return;
  const passes = (status: number) =>
    codes.value?.some(([from, to]) => status >= from && status <= to);
  if (!REDIRECTS.every(passes)) return;
  const message = "has no effect, because all redirects pass by `response-code`; leave out 301-308";
  issues.add("no-effect", redirects, message);
}

function checkCodes(codes: Slot<CodeRanges>, issues: IssueList): void {
  const interim = codes.value?.filter(isInterim) ?? [];
  if (interim.length === 0) return;
  const list = interim.map(formatRange).join(", ");
  const all = interim.length === codes.value?.length;
  issues.add(
    all ? "never-passes" : "no-effect",
    codes,
    (all ? "no answer can pass: " : "") +
      `a probe reads past interim statuses (${list}) to the final one; name that, such as 200`,
  );
}

/** Status codes of answers without a body (RFC 9110, 6.4.1). */
function isBodiless([from, to]: CodeRanges[number]): boolean {
  return to < 200 || (from === to && (from === 204 || from === 304));
}

function checkBody(keys: HttpSlots, issues: IssueList): void {
  const { method, "response-code": codes } = keys;
  const { "response-regexp": wanted, "response-regexp-not": unwanted } = keys;
  const head = method.value === "HEAD";
  if (!head && codes.value?.every(isBodiless) !== true) return;
  const answer = head
    ? "an answer to HEAD has no body"
    : `an answer with status ${codes.value!.map(formatRange).join(", ")} has no body`;
  const cure = head ? "use `method: GET`" : "accept a status that has one, such as 200";
  if (wanted.given && wanted.value !== "") {
    const message = `${answer} to match: probes fail unless this matches an empty text; ${cure}`;
    issues.add("no-effect", wanted, message);
  }
  if (unwanted.given && unwanted.value !== "") {
    const message = `${answer}: this is held against an empty text only; ${cure}`;
    issues.add("no-effect", unwanted, message);
  }
}
