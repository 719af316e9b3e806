/**
 * PURE. What an HTTP answer must be like: its status within the accepted set, its body matching
 * the regular expression, if there is one.
 */
import { failed, type Verdict } from "./outcome.ts";

/** Accepted status codes as closed ranges, sorted and disjoint. */
export type StatusRanges = readonly (readonly [from: number, to: number])[];

/** True when one of the ranges holds `status`. */
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

/** The verdict on a status outside the set. */
export function wrongStatus(status: number, ranges: StatusRanges): Verdict {
  return failed("L7STS", `status ${status}, expected ${formatStatusRanges(ranges)}`);
}

/**
 * True when `body` matches. The bytes are read as UTF-8, with a replacement character for what is
 * none, which also covers a character cut in two by the limit on the body.
 */
export function bodyMatches(body: Uint8Array, regexp: RegExp): boolean {
  return regexp.test(new TextDecoder().decode(body));
}

/** The verdict on a body that does not match. */
export function wrongBody(status: number, bodyBytes: number): Verdict {
  return failed(
    "L7STS",
    `status ${status}, but the first ${bodyBytes} bytes of the body do not match response-regexp`,
  );
}
