import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import fc from "fast-check";
import { bytesOf, ipFromBytes, parseIp } from "../../base/address.ts";
import { referenceHash, referenceTable } from "../../../tests/support/judges/reference_table.ts";
import { isTableLength, newFlowTable, type TableServer, xxh64 } from "./new_flow_table.ts";

function servers(entries: readonly (readonly [string, number])[]): TableServer[] {
  return entries.map(([text, weight]) => ({ address: parseIp(text)!, weight }));
}

Deno.test("newFlowTable: bucket counts are those measured on VPP", () => {
  const cases: [readonly number[], readonly number[]][] = [
    [[100, 100, 100, 100], [256, 256, 256, 256]],
    [[50, 100, 100, 100], [150, 292, 291, 291]],
    [[50, 0, 100, 100], [208, 0, 408, 408]],
    [[0, 0, 0, 0], [0, 0, 0, 0]],
    [[0, 1, 0, 0], [0, 1024, 0, 0]],
  ];
  for (const [weights, expected] of cases) {
    const list = servers(weights.map((weight, i) => [`10.0.0.${i + 1}`, weight]));
    assert.deepEqual(newFlowTable(list, 1024).buckets, expected, weights.join());
  }
});

Deno.test("newFlowTable: no servers gives a table of -1", () => {
  assert.deepEqual([...newFlowTable([], 4).table], [-1, -1, -1, -1]);
});

Deno.test("xxh64 agrees with the BigInt form for any value", () => {
  const out = new Int32Array(2);
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (value) => {
    xxh64(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)), out);
    const got = (BigInt(out[1]! >>> 0) << 32n) | BigInt(out[0]! >>> 0);
    assert.equal(got, referenceHash(value));
  }));
});

const address = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
).map(ipFromBytes);
const someServers = fc.uniqueArray(
  fc.record({ address, weight: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 })) }),
  {
    maxLength: 12,
    selector: ({ address }) => Buffer.from(bytesOf(address)).toString("hex").padStart(32, "0"),
  },
);
const someLength = fc.integer({ min: 0, max: 11 }).map((exponent) => 1 << exponent);

Deno.test("newFlowTable is the table of the C source for any servers and length", () => {
  fc.assert(fc.property(someServers, someLength, (list, length) => {
    const { table, buckets } = newFlowTable(list, length);
    assert.deepEqual(table, referenceTable(list, length));
    list.forEach((_, index) => {
      assert.equal(buckets[index], table.filter((owner) => owner === index).length);
    });
  }));
});

Deno.test("newFlowTable does not depend on the order of servers", () => {
  fc.assert(fc.property(someServers, fc.nat(), (list, rotate) => {
    const at = list.length === 0 ? 0 : rotate % list.length;
    const other = [...list.slice(at), ...list.slice(0, at)].reverse();
    const owners = (order: TableServer[]) =>
      [...newFlowTable(order, 256).table].map((index) => order[index]?.address.packed);
    assert.deepEqual(owners(other), owners(list));
  }));
});

Deno.test("isTableLength accepts powers of two only", () => {
  for (const good of [1, 2, 1024, 65536, 1 << 24]) assert.equal(isTableLength(good), true);
  for (const bad of [0, -1, 3, 1023, 1 << 25, 2 ** 32, 1.5]) {
    assert.equal(isTableLength(bad), false);
  }
});
