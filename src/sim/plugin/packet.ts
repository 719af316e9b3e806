/**
 * Finds the ways in which one packet to a VIP crashes VPP.
 *
 * VPP sends a packet that it has encapsulated through its own routes, so one whose server is an
 * address of another all-ports VIP is encapsulated again, in the same buffer, whose 128 bytes before
 * the packet are never checked. A VIP with a port drops what another VIP sends it.
 *
 * Source: VPP src/plugins/lb/node.c lb_node_fn(), lb_get_sticky_table(); lbhash.h lb_hash_alloc().
 * PURE.
 */
import type { Address46 } from "./address46.ts";
import type { LbPlugin } from "./plugin.ts";
import type { Vip } from "./types.ts";

/** Bytes before a packet in a buffer (VLIB_BUFFER_PRE_DATA_SIZE). */
const HEADROOM_BYTES = 128;
/** A 32-bit size of 64 bytes a bucket overflows above it. */
const MAX_STICKY_BUCKETS = 2 ** 25;
/** A packet that gains no bytes and finds no end goes round for ever. */
const MAX_HOPS = 64;

/** Why VPP dies of a packet to `vip`; undefined when it lives. */
export function deathByPacket(plugin: LbPlugin, vip: Vip): string | undefined {
  const { stickyBucketsPerCore } = plugin.conf;
  if (stickyBucketsPerCore === 0 || stickyBucketsPerCore > MAX_STICKY_BUCKETS) {
    return `SIGSEGV: a sticky table of ${stickyBucketsPerCore} buckets`;
  }
  return deathOnTheWay(plugin, { vip, bytes: 0, hops: 0 });
}

interface Hop {
  readonly vip: Vip;
  /** Added to the packet so far. */
  readonly bytes: number;
  readonly hops: number;
}

function deathOnTheWay(plugin: LbPlugin, { vip, bytes, hops }: Hop): string | undefined {
  const after = bytes + (vip.type.endsWith("gre6") ? 44 : vip.type.endsWith("gre4") ? 24 : 0);
  if (after > HEADROOM_BYTES) return `SIGSEGV: ${after} bytes before a packet`;
  if (hops > MAX_HOPS) return "a packet that goes round for ever";
  // Without a VIP of all ports no server is on the way to another one.
  if (!plugin.vips().some(({ used, port }) => used && port === 0)) return undefined;
  for (const server of plugin.serversOf(vip)) {
    if (!server.used || server.weight === 0) continue;
    const next = allPortsVipAt(plugin, server.address);
    const death = next && deathOnTheWay(plugin, { vip: next, bytes: after, hops: hops + 1 });
    if (death !== undefined) return death;
  }
  return undefined;
}

/** The all-ports VIP of the longest prefix that has the address in it. */
function allPortsVipAt(plugin: LbPlugin, address: Address46): Vip | undefined {
  let found: Vip | undefined;
  for (const vip of plugin.vips()) {
    if (!vip.used || !covers(vip, address)) continue;
    if (found === undefined || vip.length > found.length) found = vip;
  }
  return found?.port === 0 ? found : undefined;
}

function covers({ prefix, length }: Vip, address: Address46): boolean {
  return address.bytes.every((byte, at) => {
    const bits = Math.min(8, Math.max(0, length - 8 * at));
    const mask = (0xff << (8 - bits)) & 0xff;
    return (byte & mask) === (prefix.bytes[at]! & mask);
  });
}
