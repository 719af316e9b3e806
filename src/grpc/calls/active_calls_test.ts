import assert from "node:assert/strict";
import { ActiveCalls, type Holder } from "./active_calls.ts";

const BUDGET = { perConnection: 10, total: 25, untrusted: 15 };

function holder(connection: string, trusted = true): Holder {
  return { connection, trusted };
}

Deno.test("ActiveCalls bounds unread answers of a connection, of untrusted callers, and of all callers", () => {
  const calls = new ActiveCalls(BUDGET);
  const [a, b, c] = [holder("a"), holder("b", false), holder("c", false)];
  assert.equal(calls.hold(a, 11), false, "more than a connection's");
  assert.equal(calls.hold(a, 6), true);
  assert.equal(calls.hold(a, 5), false);
  assert.equal(calls.hold(a, 4), true);
  assert.equal(calls.hold(b, 10), true);
  assert.equal(calls.hold(c, 6), false, "more than untrusted callers have");
  assert.equal(calls.hold(c, 5), true);
  assert.equal(calls.hold(holder("d"), 1), false, "more than everybody's");
  calls.release(b, 10);
  assert.equal(calls.hold(holder("d"), 10), true);
  calls.release(a, 10);
  assert.equal(calls.hold(c, 5), true, "the room of untrusted callers is free again");
  assert.equal(calls.hold(b, 6), false);
  assert.equal(calls.hold(b, 5), true);
});

Deno.test("ActiveCalls frees memory that is released, in parts or as a whole", () => {
  const calls = new ActiveCalls(BUDGET);
  for (let i = 0; i < 100; i++) {
    for (const trusted of [true, false]) {
      const one = holder(`${i}`, trusted);
      assert.equal(calls.hold(one, 7), true);
      calls.release(one, 3);
      assert.equal(calls.hold(one, 6), true);
      calls.release(one, 10);
    }
  }
});

Deno.test("ActiveCalls.stop() ends each call that was not removed, and `stopped` is true from then on", () => {
  const calls = new ActiveCalls(BUDGET);
  const ended: string[] = [];
  const [first, second] = ["first", "second"].map((name) => ({ stop: () => ended.push(name) }));
  calls.add(first!);
  calls.add(second!);
  calls.remove(first!);
  assert.deepEqual([calls.size, calls.stopped], [1, false]);
  calls.stop();
  assert.deepEqual([ended, calls.stopped], [["second"], true]);
});
