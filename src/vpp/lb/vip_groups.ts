/** Groups VIPs by prefix: VPP's rules tie the VIPs of one prefix together. */
import type { ActualVip, DesiredVip } from "./model.ts";
import { vipPrefix } from "./model.ts";
import { compareVipKeys } from "./order.ts";

/** The VIPs of one prefix. */
export interface VipGroup {
  /** `192.0.2.1/32`. */
  readonly prefix: string;
  /** Frontends whose VIPs are in `desired`, in the same order. */
  readonly frontends: readonly string[];
  /** In VIP order; empty for a prefix on which nothing is wanted. */
  readonly desired: readonly DesiredVip[];
}

/** A VIP wanted, and for whom. */
export interface WantedVip {
  readonly frontend: string;
  readonly vip: DesiredVip;
}

/** All prefixes on which something is wanted or there, in VIP order. */
export function groupsOf(
  wanted: readonly WantedVip[],
  there: readonly ActualVip[],
): readonly VipGroup[] {
  const groups = new Map<string, { wanted: WantedVip[]; first: DesiredVip | ActualVip }>();
  for (const one of wanted) {
    const prefix = vipPrefix(one.vip);
    const group = groups.get(prefix);
    if (group === undefined) groups.set(prefix, { wanted: [one], first: one.vip });
    else group.wanted.push(one);
  }
  for (const vip of there) {
    const prefix = vipPrefix(vip);
    if (!groups.has(prefix)) groups.set(prefix, { wanted: [], first: vip });
  }
  return [...groups]
    .sort(([, a], [, b]) => compareVipKeys(a.first, b.first))
    .map(([prefix, group]) => {
      group.wanted.sort((a, b) => compareVipKeys(a.vip, b.vip));
      return {
        prefix,
        frontends: group.wanted.map((one) => one.frontend),
        desired: group.wanted.map((one) => one.vip),
      };
    });
}
