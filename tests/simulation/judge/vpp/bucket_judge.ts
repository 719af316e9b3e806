/**
 * Judges the buckets of VPP's tables by the weights that servers should have. The number of buckets
 * of a server needs no table: in each round every replica of each server takes one, and the last
 * round ends where the table is full. PURE.
 */
import { compareIp } from "../../../../src/base/address.ts";
import { formatAddress46 } from "../../../../src/sim/plugin/address46.ts";
import type { LbPlugin } from "../../../../src/sim/plugin/plugin.ts";
import type { Vip } from "../../../../src/sim/plugin/types.ts";
import { type ActualVip, vipKeyText } from "../../../../src/vpp/lb/model.ts";
import { ip } from "../../world/addresses.ts";
import type { WantedVip } from "../wanted.ts";

/** Weight of each server in a VPP without weights. */
const EQUAL = 100;

export interface BucketsFound {
  readonly plugin: LbPlugin;
  /** The VIPs of VPP by vipKeyText(). */
  readonly vips: ReadonlyMap<string, Vip>;
  /** True when VPP has weights. */
  readonly weights: boolean;
  /** VIPs as the daemon has read them. */
  readonly read: readonly ActualVip[];
  /** VIPs that may differ. */
  readonly withheld: ReadonlySet<string>;
}

/** The first server with other buckets than its weight gives; undefined: all have theirs. */
export function bucketDifference(
  wanted: ReadonlyMap<string, WantedVip>,
  { plugin, vips, weights, read, withheld }: BucketsFound,
): string | undefined {
  const readings = new Map(read.map((vip) => [vipKeyText(vip), vip]));
  for (const [key, { servers, isBlind }] of wanted) {
    const vip = vips.get(key);
    if (vip === undefined || isBlind || withheld.has(key)) continue;
    const own = new Map(
      [...servers].map(([address, { weight }]) =>
        [address, weights || weight === 0 ? weight : EQUAL] as const
      ),
    );
    const expected = bucketsOf(own, vip.tableLength);
    const found = new Map(
      [...plugin.serversOf(vip)].filter(({ used }) => used).map((server) =>
        [formatAddress46(server.address), plugin.bucketsOf(vip, server)] as const
      ),
    );
    const wrong = differing(expected, found);
    if (wrong !== undefined) return `VIP ${key}: ${wrong}`;
    const known = readBuckets(readings.get(key));
    const misread = known && differing(found, known);
    if (misread !== undefined) return `VIP ${key} is read wrongly: ${misread}`;
  }
  return undefined;
}

/** Buckets by address, of servers with these weights. */
export function bucketsOf(
  weights: ReadonlyMap<string, number>,
  length: number,
): ReadonlyMap<string, number> {
  const replicas = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  const rounds = replicas === 0 ? 0 : Math.floor(length / replicas);
  const buckets = new Map([...weights].map(([address, weight]) => [address, rounds * weight]));
  let left = replicas === 0 ? 0 : length - rounds * replicas;
  const inOrder = left === 0 ? [] : [...weights]
    .map(([address, weight]) => ({ address, weight, order: ip(address) }))
    .sort((a, b) => compareIp(a.order, b.order));
  for (let replica = 0; left > 0; replica++) {
    for (const { address, weight } of inOrder) {
      if (weight <= replica || left === 0) continue;
      buckets.set(address, buckets.get(address)! + 1);
      left--;
    }
  }
  return buckets;
}

/** Those of one reading; undefined when the daemon may have changed the VIP since. */
function readBuckets(vip: ActualVip | undefined): ReadonlyMap<string, number> | undefined {
  if (vip === undefined || vip.removed.length > 0) return undefined;
  const buckets = new Map<string, number>();
  for (const { address, buckets: own } of vip.servers) {
    if (own === undefined) return undefined;
    buckets.set(address.text, own);
  }
  return buckets;
}

function differing(
  expected: ReadonlyMap<string, number>,
  found: ReadonlyMap<string, number>,
): string | undefined {
  for (const [address, buckets] of expected) {
    const own = found.get(address) ?? 0;
    if (own !== buckets) return `${address} has ${own} buckets and should have ${buckets}`;
  }
  return undefined;
}
