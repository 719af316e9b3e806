/** PURE. Judges the answer to the question of a dns check. */
import type { DnsParams } from "../../config/model.ts";
import type { DnsRcode } from "../../config/schema/checks/datagram.ts";
import { compileLinesRegexp, type TextMatcher } from "../../config/schema/regexp.ts";
import { failed, type Verdict } from "../outcome.ts";
import type { DnsReading } from "./message.ts";

/** The requirements on an answer. */
export interface DnsWanted {
  readonly rcode: DnsRcode;
  /** Undefined: any records pass. */
  readonly matcher: TextMatcher | undefined;
}

/** The requirements of a check. */
export function dnsWantedOf({ rcode, answer }: DnsParams): DnsWanted {
  return { rcode, matcher: answer === "" ? undefined : compileLinesRegexp(answer) };
}

/** The verdict on a reading; `foreign` is the caller's. */
export function judgeDns(
  reading: Exclude<DnsReading, { kind: "foreign" }>,
  { rcode, matcher }: DnsWanted,
): Verdict {
  if (reading.kind === "broken") return failed("L7RSP", `malformed answer: ${reading.problem}`);
  if (reading.rcode !== rcode) {
    return failed("L7STS", `${reading.rcode}, expected ${rcode}`);
  }
  const { length } = reading.records;
  const count = `${length} ${length === 1 ? "record" : "records"}`;
  if (matcher !== undefined && !matcher.test(reading.records.join("\n"))) {
    return failed("L7STS", `${rcode}, but the answer (${count}) does not match`);
  }
  const detail = `${rcode}, ${count}`;
  return { ok: true, layer: "L7", code: "L7OK", detail, inconclusive: false };
}
