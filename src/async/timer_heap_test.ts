import assert from "node:assert/strict";
import fc from "fast-check";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { TimerHeap } from "./timer_heap.ts";

/** Fires of timers after these delays, as their lateness; and how often the clock's timer fired. */
function run(delays: readonly number[], tickMs: number) {
  const clock = new FakeClock();
  let rounds = 0;
  const heap = new TimerHeap({
    monotonicMs: () => clock.monotonicMs(),
    after: (delayMs, fn) =>
      clock.after(delayMs, () => {
        rounds++;
        fn();
      }),
  }, { tickMs });
  const late: number[] = [];
  for (const delayMs of delays) {
    heap.after(delayMs, () => late.push(clock.monotonicMs() - delayMs));
  }
  clock.advance(1000 + tickMs);
  assert.equal(clock.timers, 0, "no timer is left");
  return { late, rounds };
}

Deno.test("every timer fires once, never early, and late by at most a tick", () => {
  const delays = fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { maxLength: 100 });
  fc.assert(fc.property(delays, fc.integer({ min: 1, max: 10 }), (list, tickMs) => {
    const { late, rounds } = run(list, tickMs);
    assert.equal(late.length, list.length);
    assert.ok(late.every((ms) => ms >= 0 && ms <= tickMs + 1e-9), `${late}`);
    assert.ok(rounds <= Math.min(list.length, 1000 / tickMs + 2), `${rounds}`);
  }));
});

Deno.test("timers that are due within a tick fire together", () => {
  assert.equal(run([10, 11, 11.5, 12], 2).rounds, 2);
});

Deno.test("a timer that is sooner than all others is not late", () => {
  const clock = new FakeClock();
  const heap = new TimerHeap(clock, { tickMs: 2 });
  const fired: string[] = [];
  heap.after(100, () => fired.push(`late ${clock.monotonicMs()}`));
  clock.advance(10);
  heap.after(5, () => {
    fired.push(`soon ${clock.monotonicMs()}`);
    heap.after(20, () => fired.push(`next ${clock.monotonicMs()}`));
  });
  clock.advance(200);
  assert.deepEqual(fired, ["soon 15", "next 35", "late 100"]);
});

Deno.test("a cancelled timer does not fire, and the last one leaves nothing behind", () => {
  const clock = new FakeClock();
  const heap = new TimerHeap(clock, { tickMs: 2 });
  let fired = 0;
  const timers = [5, 5, 10].map((delayMs) => heap.after(delayMs, () => fired++));
  timers[0]!.cancel();
  clock.advance(7);
  assert.equal(fired, 1);
  timers[2]!.cancel();
  timers[2]!.cancel();
  assert.equal(clock.timers, 0);
  clock.advance(20);
  assert.equal(fired, 1);
});

Deno.test("timers go on after one whose function throws", () => {
  const clock = new FakeClock();
  const heap = new TimerHeap(clock, { tickMs: 2 });
  let fired = 0;
  heap.after(5, () => {
    throw new Error("x");
  });
  heap.after(6, () => fired++);
  assert.throws(() => clock.advance(20), /x/);
  clock.advance(20);
  assert.equal(fired, 1);
});
