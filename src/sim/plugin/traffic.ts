/**
 * Simulates traffic without packets, by raising the counters.
 * PURE.
 */
import type { IpAddress } from "../../base/address.ts";
import { address46, length46 } from "./address46.ts";
import { THREADS, VIP_COUNTERS } from "./counters.ts";
import { deathByPacket } from "./packet.ts";
import type { LbPlugin } from "./plugin.ts";
import type { Vip } from "./types.ts";

/** Outer headers of GRE over IPv4 and over IPv6. */
const GRE4_BYTES = 24;
const GRE6_BYTES = 44;

/** Index of the counter of a VIP that counts them. */
export const TRAFFIC_KINDS = ["next", "first", "untracked", "no-server"] as const;
export type TrafficKind = typeof TRAFFIC_KINDS[number];

/** Packets to a VIP. */
export interface Traffic extends VipTraffic {
  readonly address: IpAddress;
  readonly port: number;
}

/** Packets to one that is known. */
export interface VipTraffic {
  readonly packets: number;
  /** All of them together. */
  readonly bytes: number;
  readonly kind: TrafficKind;
}

/** Counts the packets of one VIP in use; false: no such VIP. VPP may die of them. */
export function countTraffic(plugin: LbPlugin, traffic: Traffic): boolean {
  const { address, port } = traffic;
  const prefix = address46(address);
  const length = length46(address, address.family === 4 ? 32 : 128);
  for (const vip of plugin.vips()) {
    const meant = vip.used && vip.port === port && vip.length === length &&
      vip.prefix.packed === prefix.packed;
    if (!meant) continue;
    countAt(plugin, vip, traffic);
    return true;
  }
  return false;
}

/** Counts the packets of a VIP in use and of its route, split over threads. VPP may die of them. */
export function countAt(plugin: LbPlugin, vip: Vip, traffic: VipTraffic): void {
  const { kind, packets, bytes } = traffic;
  const death = packets > 0 ? deathByPacket(plugin, vip) : undefined;
  if (death !== undefined) plugin.die(death);
  const counter = TRAFFIC_KINDS.indexOf(kind);
  const route = plugin.routes.exact(vip.prefix, vip.length);
  for (let thread = 0; thread < THREADS; thread++) {
    const [ours, theirs] = [share(packets, thread), share(bytes, thread)];
    const counts = VIP_COUNTERS.map((_, i) => (i === counter ? ours : 0));
    plugin.counters.add("vip", vip.index, { thread, counts });
    if (route !== undefined) {
      plugin.counters.add("route", route.index, { thread, counts: [ours, theirs] });
    }
  }
  if (kind !== "no-server") forward(plugin, vip, { packets, bytes });
}

/** Counts packets at the servers, in proportion to their buckets, with the outer headers. */
function forward(
  plugin: LbPlugin,
  vip: Vip,
  { packets, bytes }: Pick<Traffic, "packets" | "bytes">,
) {
  const overhead = vip.type.endsWith("gre6") ? GRE6_BYTES : GRE4_BYTES;
  const servers = [...plugin.serversOf(vip)].filter(({ used }) => used);
  let left = packets;
  let buckets = servers.reduce((sum, server) => sum + plugin.bucketsOf(vip, server), 0);
  for (const server of servers) {
    const ours = plugin.bucketsOf(vip, server);
    if (ours === 0) continue;
    const part = Math.round(left * ours / buckets);
    buckets -= ours;
    left -= part;
    const size = Math.round(bytes * part / packets);
    for (let thread = 0; thread < THREADS; thread++) {
      const count = share(part, thread);
      const counts = [count, share(size, thread) + overhead * count];
      plugin.counters.add("via", server.dpo, { thread, counts });
    }
  }
}

/** The main thread has a tenth of it, the worker the rest. */
function share(total: number, thread: number): number {
  const main = Math.floor(total / 10);
  return thread === 0 ? main : total - main;
}
