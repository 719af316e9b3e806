import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { TURN_MS, Turns } from "./turns.ts";

Deno.test("Turns: what fits into a turn runs at once, the rest in the next ones, in order", () => {
  // Time passes by itself only in tasks, so timers are fired by hand.
  let nowMs = 0;
  const due: (() => void)[] = [];
  const slow = new Turns({
    monotonicMs: () => nowMs,
    wallMs: () => nowMs,
    after: (_, fn) => {
      due.push(fn);
      return { cancel: () => {} };
    },
  });
  const done: number[] = [];
  for (let i = 0; i < 10; i++) {
    slow.run(() => {
      nowMs += TURN_MS / 2;
      done.push(i);
    });
  }
  assert.deepEqual(done, [0, 1], "a turn's worth");
  assert.equal(due.length, 1, "one timer for all that wait");
  due.shift()!();
  assert.deepEqual(done, [0, 1, 2, 3]);
  slow.run(() => done.push(10));
  assert.deepEqual(done, [0, 1, 2, 3], "nobody goes before those that wait");
  while (due.length > 0) due.shift()!();
  assert.deepEqual(done, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  slow.run(() => done.push(11));
  assert.equal(done.at(-1), 11, "a new turn, at once");
});

Deno.test("Turns: what costs nothing does not wait, and leaves no timer behind", () => {
  const clock = new FakeClock();
  const turns = new Turns(clock);
  let count = 0;
  for (let i = 0; i < 1000; i++) turns.run(() => count++);
  assert.equal(count, 1000);
  assert.equal(clock.timers, 1);
  clock.advance(1);
  assert.equal(clock.timers, 0);
});
