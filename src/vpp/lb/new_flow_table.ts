/**
 * Computes the lb plugin's new-flow table: the server for each hash of a new flow, and the number
 * of buckets that each server of a VIP gets by its weight.
 *
 * It is Maglev's table with two changes. The length is a power of two, so the step only has to be
 * odd. And a server of weight w takes part as w replicas, each with its own permutation. Replicas
 * take their next free bucket in turn, ordered by (replica, address). So the table depends on the
 * set of servers only, never on the order in which they were added.
 *
 * Most replicas of a VIP with many servers never get a turn (16 servers of weight 100 are 1,600
 * replicas for 1,024 buckets), so a replica is hashed when its first turn comes, and the list of
 * replicas is walked rather than built and sorted. 64-bit arithmetic is done on two 32-bit halves:
 * BigInt makes the same table ten times slower.
 *
 * Source: VPP src/plugins/lb/lb.c lb_vip_update_new_flow_table(), src/vppinfra/xxhash.h.
 * PURE.
 */
import { type IpAddress, writeBytes } from "../../base/address.ts";
import { invariant } from "../../base/assert.ts";

/** A server of the table; weight 0 takes no part. VPP's weight is a u8: 0 to 255. */
export interface TableServer {
  readonly address: Pick<IpAddress, "packed">;
  readonly weight: number;
}

/** A table, and the buckets of each server. */
export interface NewFlowTable {
  /** For each bucket the index of its server in the given list; -1 when no server has weight. */
  readonly table: Int32Array;
  /** Buckets of each server, in the given order; they add up to the length, or are all 0. */
  readonly buckets: readonly number[];
}

/** Longest table that this program computes (VPP itself is limited only by memory). */
export const MAX_TABLE_LENGTH = 1 << 24;

/**
 * The table VPP builds for `servers` (no address twice) with `length` buckets, a power of two up
 * to MAX_TABLE_LENGTH. A bucket without a server is -1 (VPP: 0, its placeholder server).
 */
export function newFlowTable(servers: readonly TableServer[], length: number): NewFlowTable {
  invariant(isTableLength(length), `new-flow table length ${length} is a power of two`);
  const table = new Int32Array(length).fill(-1);
  const buckets = new Array<number>(servers.length).fill(0);
  const order = inPlay(servers);
  if (order.length > 0) fill(table, { buckets, order });
  return { table, buckets };
}

/** True when `length` can be a table's: a power of two from 1 to MAX_TABLE_LENGTH. */
export function isTableLength(length: number): boolean {
  return Number.isInteger(length) && length >= 1 && length <= MAX_TABLE_LENGTH &&
    (length & (length - 1)) === 0;
}

/** A server that takes part: its place in the caller's list and the halves of its hash input. */
interface Contender {
  readonly index: number;
  readonly weight: number;
  /** The 16 bytes that VPP compares, IPv4 in the last four. */
  readonly key: Uint8Array;
  readonly low: number;
  readonly high: number;
}

function inPlay(servers: readonly TableServer[]): Contender[] {
  const result: Contender[] = [];
  for (const [index, { address, weight }] of servers.entries()) {
    if (weight <= 0) continue;
    const key = new Uint8Array(16);
    writeBytes(key, address.packed, 16 - address.packed.length);
    const view = new DataView(key.buffer);
    // Address halves as little-endian u64s, XORed: `low` holds the bits that the replica flips.
    const low = view.getUint32(0, true) ^ view.getUint32(8, true);
    const high = view.getUint32(4, true) ^ view.getUint32(12, true);
    result.push({ index, weight, key, low, high });
  }
  return result.sort((a, b) => compareKeys(a.key, b.key));
}

function compareKeys(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < 16; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Lets the replicas take buckets in turn until all are taken. Replica r of every server that has
 * one comes before replica r + 1 of any, which is the plugin's sort order without the sort.
 */
function fill(table: Int32Array, into: { buckets: number[]; order: readonly Contender[] }): void {
  const { buckets, order } = into;
  const mask = table.length - 1;
  const total = order.reduce((sum, server) => sum + server.weight, 0);
  const rounds = order.reduce((most, server) => Math.max(most, server.weight), 0);
  const replicas = Math.min(total, table.length);
  const next = new Int32Array(replicas);
  const step = new Int32Array(replicas);
  const hash = new Int32Array(2);
  // One bit for each taken bucket, so that all fit into the processor's nearest cache: a replica
  // tries eleven buckets on average before it finds a free one of 65,536.
  const marks = new Int32Array(Math.ceil(table.length / 32));
  let taken = 0;
  for (let first = true;; first = false) {
    let entry = 0;
    for (let replica = 0; replica < rounds; replica++) {
      for (const server of order) {
        if (server.weight <= replica) continue;
        if (first) {
          xxh64(server.low ^ replica, server.high, hash);
          step[entry] = (hash[0]! | 1) & mask;
          next[entry] = hash[1]! & mask;
        }
        const skip = step[entry]!;
        let bucket = next[entry]!;
        while ((marks[bucket >>> 5]! & (1 << bucket)) !== 0) bucket = (bucket + skip) & mask;
        marks[bucket >>> 5]! |= 1 << bucket;
        next[entry] = (bucket + skip) & mask;
        table[bucket] = server.index;
        buckets[server.index]!++;
        entry++;
        taken++;
        if (taken === table.length) return;
      }
    }
  }
}

// XXH64 of one 8-byte value. Each 64-bit constant is a pair of its high and low 32 bits.
const PRIME_1 = [0x9e3779b1, 0x85ebca87] as const;
const PRIME_2 = [0xc2b2ae3d, 0x27d4eb4f] as const;
const PRIME_3 = [0x165667b1, 0x9e3779f9] as const;
const PRIME_4 = [0x85ebca77, 0xc2b2ae63] as const;
/** seed 0x9e3779b97f4a7c13 + PRIME64_5 0x27d4eb2f165667c5 + 8, the state before any input. */
const START = [0xc60c64e8, 0x95a0e3e0] as const;

/**
 * XXH64 of the 8-byte little-endian value (high, low) with VPP's seed, into `out`: its low half
 * in out[0], its high half in out[1] (as signed 32-bit numbers: only their bits matter).
 */
export function xxh64(low: number, high: number, out: Int32Array): void {
  let l = low;
  let h = high;
  // k1 = rotl(value * P2, 31) * P1
  let ph = multiplyHigh(h, l, PRIME_2);
  let pl = Math.imul(l, PRIME_2[1]);
  h = (ph << 31) | (pl >>> 1);
  l = (pl << 31) | (ph >>> 1);
  ph = multiplyHigh(h, l, PRIME_1);
  pl = Math.imul(l, PRIME_1[1]);
  // hash = rotl(start ^ k1, 27) * P1 + P4
  h = START[0] ^ ph;
  l = START[1] ^ pl;
  ph = (h << 27) | (l >>> 5);
  pl = (l << 27) | (h >>> 5);
  h = multiplyHigh(ph, pl, PRIME_1);
  l = Math.imul(pl, PRIME_1[1]);
  const sum = (l >>> 0) + PRIME_4[1];
  h = (h + PRIME_4[0] + (sum > 0xffffffff ? 1 : 0)) | 0;
  l = sum | 0;
  // Avalanche.
  l ^= h >>> 1; // hash ^= hash >> 33
  ph = multiplyHigh(h, l, PRIME_2);
  pl = Math.imul(l, PRIME_2[1]);
  l = pl ^ ((ph << 3) | (pl >>> 29)); // hash ^= hash >> 29
  h = ph ^ (ph >>> 29);
  ph = multiplyHigh(h, l, PRIME_3);
  pl = Math.imul(l, PRIME_3[1]);
  out[0] = pl ^ ph; // hash ^= hash >> 32
  out[1] = ph;
}

/** High 32 bits of the low 64 bits of (high, low) * by. */
function multiplyHigh(high: number, low: number, by: readonly [number, number]): number {
  const a0 = low & 0xffff;
  const a1 = low >>> 16;
  const b0 = by[1] & 0xffff;
  const b1 = by[1] >>> 16;
  // Upper half of low * by.low, from 16-bit parts so that no sum exceeds 32 bits.
  const cross = a1 * b0 + ((a0 * b0) >>> 16);
  const carry = a0 * b1 + (cross & 0xffff);
  const upper = a1 * b1 + (cross >>> 16) + (carry >>> 16);
  return (upper + Math.imul(low, by[0]) + Math.imul(high, by[1])) | 0;
}
