/**
 * Defines the order in which VIPs and servers are planned, sent and shown: numeric by address, IPv4
 * before IPv6. No result of this folder depends on the order of a Map or of VPP's pools, so the
 * same set of servers always gives the same operations.
 */
import { compareIp } from "../../base/address.ts";
import type { IpAddress } from "../../base/address.ts";
import type { VipKey } from "./model.ts";

/** Order of VIPs: address, then prefix length, protocol, port. */
export function compareVipKeys(a: VipKey, b: VipKey): number {
  return compareIp(a.address, b.address) || a.prefixLength - b.prefixLength ||
    a.protocol - b.protocol || a.port - b.port;
}

/** Order of servers, and of anything else that has an address. */
export function compareByAddress(
  a: { readonly address: IpAddress },
  b: { readonly address: IpAddress },
): number {
  return compareIp(a.address, b.address);
}

/**
 * `items` in the order of `compare`. Usually they are in order already, which is cheap to check:
 * then the same array is returned, otherwise a sorted copy.
 */
export function inOrder<T>(items: readonly T[], compare: (a: T, b: T) => number): readonly T[] {
  for (let i = 1; i < items.length; i++) {
    if (compare(items[i - 1]!, items[i]!) > 0) return [...items].sort(compare);
  }
  return items;
}

/** One address that is on the left, on the right, or on both sides. */
export type Pair<L, R> =
  | { readonly left: L; readonly right: R }
  | { readonly left: L; readonly right: undefined }
  | { readonly left: undefined; readonly right: R };

/** Walks two lists, each in address order without repeats, side by side. */
export function pairByAddress<
  L extends { readonly address: IpAddress },
  R extends { readonly address: IpAddress },
>(left: readonly L[], right: readonly R[]): Pair<L, R>[] {
  const pairs: Pair<L, R>[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    const l = left[i];
    const r = right[j];
    const order = l === undefined ? 1 : r === undefined ? -1 : compareByAddress(l, r);
    if (order < 0) {
      pairs.push({ left: l!, right: undefined });
      i++;
    } else if (order > 0) {
      pairs.push({ left: undefined, right: r! });
      j++;
    } else {
      pairs.push({ left: l!, right: r! });
      i++;
      j++;
    }
  }
  return pairs;
}
