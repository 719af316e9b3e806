/** PURE. The rules that a run must keep, and the VIPs that break them. */
import { lengthOf } from "./record/outages.ts";
import type { VipRecord } from "./record/vip_record.ts";

/** Undefined: the rule is not set. */
export interface Rules {
  readonly maxOutageMs: number | undefined;
  readonly maxP99Ms: number | undefined;
  /** Percent of all probes of a VIP. */
  readonly minOkPercent: number | undefined;
}

/** A rule that a VIP broke. */
export interface Broken {
  /** `max-outage`, `max-p99` or `min-ok`. */
  readonly rule: string;
  readonly vip: string;
  readonly limit: number;
  /** Milliseconds or percent; undefined: the VIP has no result that counts. */
  readonly value: number | undefined;
}

/**
 * The broken rules, in the order of the VIPs. A VIP without a result that counts breaks every rule,
 * because a run that could not look must not pass. An outage as long as the limit is allowed.
 */
export function brokenRules(
  vips: Iterable<readonly [name: string, record: VipRecord]>,
  { maxOutageMs, maxP99Ms, minOkPercent }: Rules,
): readonly Broken[] {
  const broken: Broken[] = [];
  for (const [vip, record] of vips) {
    const none = record.sent === 0;
    if (maxOutageMs !== undefined) {
      const { longest } = record.outages;
      const value = none ? undefined : longest === undefined ? 0 : lengthOf(longest);
      // A VIP that never answered breaks the rule, however short the run was.
      const never = longest?.neverUp === true && longest.open;
      if (value === undefined || value > maxOutageMs || never) {
        broken.push({ rule: "max-outage", vip, limit: maxOutageMs, value });
      }
    }
    if (maxP99Ms !== undefined) {
      const value = record.latencies.percentile(0.99);
      if (value === undefined || value > maxP99Ms) {
        broken.push({ rule: "max-p99", vip, limit: maxP99Ms, value });
      }
    }
    if (minOkPercent !== undefined) {
      const { okShare } = record;
      const value = okShare === undefined ? undefined : 100 * okShare;
      if (value === undefined || value < minOkPercent) {
        broken.push({ rule: "min-ok", vip, limit: minOkPercent, value });
      }
    }
  }
  return broken;
}
