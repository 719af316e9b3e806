import assert from "node:assert/strict";
import fc from "fast-check";
import { BoundedQueue } from "./bounded_queue.ts";

Deno.test("BoundedQueue is first in, first out, drops the newest when full and counts it", () => {
  const queue = new BoundedQueue<number>(2);
  assert.equal(queue.shift(), undefined);
  assert.deepEqual([1, 2, 3, 4].map((n) => queue.push(n)), [true, true, false, false]);
  assert.equal(queue.size, 2);
  assert.equal(queue.takeDropped(), 2);
  assert.equal(queue.takeDropped(), 0);
  assert.equal(queue.shift(), 1);
  assert.ok(queue.push(5));
  assert.deepEqual([queue.shift(), queue.shift(), queue.shift()], [2, 5, undefined]);
});

Deno.test("BoundedQueue refuses an invalid capacity", () => {
  for (const capacity of [0, -1, NaN]) {
    assert.throws(() => new BoundedQueue(capacity), /need a capacity of at least 1/);
  }
});

Deno.test("BoundedQueue agrees with a plain array over any sequence", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 300 }),
    fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 200 })), { maxLength: 30 }),
    (capacity, runs) => {
      const queue = new BoundedQueue<number>(capacity);
      const model: number[] = [];
      let dropped = 0;
      let next = 0;
      for (const [pushing, times] of runs) {
        for (let i = 0; i < times; i++) {
          if (pushing) {
            const fits = model.length < capacity;
            if (fits) model.push(next);
            else dropped++;
            assert.equal(queue.push(next++), fits);
          } else assert.equal(queue.shift(), model.shift());
          assert.equal(queue.size, model.length);
        }
      }
      assert.equal(queue.takeDropped(), dropped);
    },
  ));
});
