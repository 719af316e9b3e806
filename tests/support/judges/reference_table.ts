/**
 * A second implementation of VPP's new-flow table, in BigInt and as simple as possible, to test the
 * fast one against.
 */
import { Buffer } from "node:buffer";
import { bytesOf } from "../../../src/base/address.ts";
import type { TableServer } from "../../../src/vpp/lb/new_flow_table.ts";

/** The plugin's algorithm as its C source reads, in BigInt, with the sort it does. */
export function referenceTable(list: readonly TableServer[], length: number): Int32Array {
  const table = new Int32Array(length).fill(-1);
  const keys = list.map(({ address }) => {
    const key = new Uint8Array(16);
    key.set(bytesOf(address), 16 - address.packed.length);
    return key;
  });
  const entries = list.flatMap(({ weight }, index) =>
    Array.from({ length: weight }, (_, replica) => ({ index, replica, last: 0, skip: 0 }))
  );
  entries.sort((a, b) =>
    a.replica - b.replica || Buffer.from(keys[a.index]!).compare(Buffer.from(keys[b.index]!))
  );
  if (entries.length === 0) return table;
  for (const entry of entries) {
    const view = new DataView(keys[entry.index]!.buffer);
    const value = view.getBigUint64(0, true) ^ view.getBigUint64(8, true) ^ BigInt(entry.replica);
    const seed = referenceHash(value);
    entry.skip = Number(((seed & 0xffffffffn) | 1n) & BigInt(length - 1));
    entry.last = Number((seed >> 32n) & BigInt(length - 1));
  }
  for (let done = 0;;) {
    for (const entry of entries) {
      for (;;) {
        const last = entry.last;
        entry.last = (entry.last + entry.skip) % length;
        if (table[last] === -1) {
          table[last] = entry.index;
          break;
        }
      }
      if (++done === length) return table;
    }
  }
}

/** XXH64 of one 8-byte value with VPP's seed. */
export function referenceHash(value: bigint): bigint {
  const u64 = (n: bigint) => BigInt.asUintN(64, n);
  const rotl = (n: bigint, by: bigint) => u64((n << by) | (n >> (64n - by)));
  const p1 = 11400714785074694791n;
  const p2 = 14029467366897019727n;
  let h = u64(0x9e3779b97f4a7c13n + 2870177450012600261n + 8n);
  h ^= u64(rotl(u64(value * p2), 31n) * p1);
  h = u64(rotl(h, 27n) * p1 + 9650029242287828579n);
  h ^= h >> 33n;
  h = u64(h * p2);
  h ^= h >> 29n;
  h = u64(h * 1609587929392839161n);
  return h ^ (h >> 32n);
}
