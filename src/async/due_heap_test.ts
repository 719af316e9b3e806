import assert from "node:assert/strict";
import fc from "fast-check";
import { monotonic } from "../../tests/support/fakes/instants.ts";
import { type Due, DueHeap } from "./due_heap.ts";

function item(): Due {
  return { dueMs: monotonic(0), heapIndex: -1 };
}

Deno.test("DueHeap.peek() is the soonest after any sets, moves and removals", () => {
  const step = fc.record({
    which: fc.nat(15),
    dueMs: fc.option(fc.nat(50), { nil: undefined }),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const heap = new DueHeap<Due>();
    const items = Array.from({ length: 16 }, item);
    const model = new Map<number, number>();
    for (const { which, dueMs } of steps) {
      if (dueMs === undefined) {
        heap.remove(items[which]!);
        model.delete(which);
      } else {
        heap.set(items[which]!, monotonic(dueMs));
        model.set(which, dueMs);
      }
      assert.equal(heap.size, model.size);
      const soonest = model.size === 0 ? undefined : Math.min(...model.values());
      assert.equal(heap.peek()?.dueMs, soonest);
    }
    const drained: number[] = [];
    for (let head = heap.peek(); head !== undefined; head = heap.peek()) {
      drained.push(head.dueMs);
      heap.remove(head);
      assert.equal(head.heapIndex, -1);
    }
    assert.deepEqual(drained, [...model.values()].sort((a, b) => a - b));
  }));
});
