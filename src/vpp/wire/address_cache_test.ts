import assert from "node:assert/strict";
import fc from "fast-check";
import { bytesOf, ipFromBytes } from "../../base/address.ts";
import { addressAt } from "./address_cache.ts";

Deno.test("addressAt returns the address of the bytes, for repeated calls in any order", () => {
  // Few different bytes, so that addresses repeat and share places of the table.
  const address = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4, max: 3 }),
    fc.uint8Array({ minLength: 16, maxLength: 16, max: 2 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  fc.assert(fc.property(fc.array(address, { maxLength: 100 }), (list) => {
    const bytes = Uint8Array.from(list.flatMap((part) => [...part]));
    let at = 0;
    for (const part of list) {
      assert.deepEqual(addressAt(bytes, at, part.length), ipFromBytes(part));
      at += part.length;
    }
  }));
});

Deno.test("addressAt keeps no view of its argument", () => {
  const bytes = Uint8Array.of(203, 0, 113, 77);
  const before = addressAt(bytes, 0, 4);
  bytes[3] = 78;
  assert.equal(before.text, "203.0.113.77");
  assert.deepEqual([...bytesOf(before)], [203, 0, 113, 77]);
  assert.equal(addressAt(bytes, 0, 4).text, "203.0.113.78");
});

Deno.test("addressAt makes an address once while it keeps its place", () => {
  const bytes = Uint8Array.of(198, 51, 100, 9, 198, 51, 100, 9);
  assert.equal(addressAt(bytes, 0, 4), addressAt(bytes, 4, 4));
});

Deno.test("addressAt distinguishes an IPv4 address from an IPv6 one with the same start and place", () => {
  const bytes = new Uint8Array(16);
  bytes.set([203, 0, 113, 5]);
  for (let i = 0; i < 100_000; i++) {
    bytes.set([i >>> 16, i >>> 8, i], 4);
    addressAt(bytes, 0, 16);
    if (addressAt(bytes, 0, 4).family !== 4) assert.fail(`an IPv6 address at ${i}`);
  }
});
