/**
 * Finds VIPs that VPP refuses within one prefix (src/plugins/lb/lb.c, lb_vip_add): an all-ports VIP
 * with any other, and VIPs of different encapsulation. This is checked before a VIP is deleted,
 * because it could not be added again.
 */
import type { ActualVip, DesiredVip, VipKey } from "./model.ts";

/** The fields of a VIP that matter for conflicts. */
export type Placed = VipKey & { readonly encap: DesiredVip["encap"] | ActualVip["encap"] };

/**
 * The reason why VPP refuses to add `wanted` while it has `present`; undefined when it does not.
 * The same VIP is not a conflict here: the planner changes or recreates it.
 */
export function conflictBetween(wanted: Placed, present: Placed): string | undefined {
  if (!samePrefix(wanted, present)) return undefined;
  if (wanted.protocol === present.protocol && wanted.port === present.port) return undefined;
  if (wanted.port === 0 || present.port === 0) {
    return `an all-ports VIP cannot share a prefix with ${
      describe(wanted.port === 0 ? present : wanted)
    }`;
  }
  if (wanted.encap !== present.encap) {
    return `encap ${wanted.encap} cannot share a prefix with ${
      describe(present)
    } with ${present.encap}`;
  }
  return undefined;
}

/** True when both are on the same prefix, where VPP's rules for neighbours apply. */
export function samePrefix(a: VipKey, b: VipKey): boolean {
  return a.prefixLength === b.prefixLength && a.address.text === b.address.text;
}

function describe(vip: VipKey): string {
  return vip.port === 0 ? "an all-ports VIP" : `protocol ${vip.protocol} port ${vip.port}`;
}
