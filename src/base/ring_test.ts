import assert from "node:assert/strict";
import fc from "fast-check";
import { appendNewest } from "./ring.ts";

Deno.test("appendNewest keeps the newest, oldest first", () => {
  assert.deepEqual(appendNewest([], 1, 3), [1]);
  assert.deepEqual(appendNewest([1, 2], 3, 3), [1, 2, 3]);
  assert.deepEqual(appendNewest([1, 2, 3], 4, 3), [2, 3, 4]);
  assert.deepEqual(appendNewest([1, 2, 3, 4, 5], 6, 2), [5, 6]);
  assert.deepEqual(appendNewest([1, 2], 3, 1), [3]);
  assert.deepEqual(appendNewest([1, 2], 3, 0), [3]);
});

Deno.test("appendNewest is the tail of everything appended, and leaves the old array alone", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 9 }), (items, capacity) => {
      let ring: readonly number[] = [];
      items.forEach((item, i) => {
        const before = ring;
        const copy = [...before];
        ring = appendNewest(ring, item, capacity);
        assert.deepEqual(before, copy);
        assert.notEqual(ring, before);
        assert.deepEqual(ring, items.slice(Math.max(0, i + 1 - capacity), i + 1));
      });
    }),
  );
});
