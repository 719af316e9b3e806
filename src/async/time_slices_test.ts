import assert from "node:assert/strict";
import { monotonic, wall } from "../../tests/support/fakes/instants.ts";
import type { Clock } from "../base/ports.ts";
import { SLICE_MS, TimeSlices } from "./time_slices.ts";

/** A clock that tasks advance, and whose timers the test fires. */
function handClock() {
  const now = { ms: 0 };
  const due = new Set<() => void>();
  const clock: Clock = {
    monotonicMs: () => monotonic(now.ms),
    wallMs: () => wall(now.ms),
    after(_, fn) {
      due.add(fn);
      return { cancel: () => void due.delete(fn) };
    },
  };
  const fire = () => {
    const fns = [...due];
    due.clear();
    for (const fn of fns) fn();
  };
  return { clock, now, due, fire };
}

Deno.test("TimeSlices runs tasks for SLICE_MS in a row, and the rest later, in order", () => {
  const { clock, now, due, fire } = handClock();
  const slices = new TimeSlices(clock);
  const said: string[] = [];
  const names = Array.from({ length: 10 }, (_, i) => `${i}`);
  for (const name of names) {
    slices.run(() => {
      now.ms += SLICE_MS / 4;
      said.push(name);
    });
  }
  for (const done of [4, 8, 10]) {
    assert.deepEqual(said, names.slice(0, done));
    assert.equal(due.size, 1);
    fire();
  }
  assert.equal(due.size, 0, "nothing waits");
  slices.run(() => said.push("alone"));
  assert.equal(said.at(-1), "alone", "who comes alone does not wait");
  slices.stop();
  assert.equal(due.size, 0);
});

Deno.test("TimeSlices.stop() drops waiting tasks, and leaves no timer", () => {
  const { clock, now, due, fire } = handClock();
  const slices = new TimeSlices(clock);
  let ran = 0;
  for (let i = 0; i < 3; i++) {
    slices.run(() => {
      now.ms += SLICE_MS;
      ran++;
    });
  }
  slices.stop();
  slices.stop();
  fire();
  assert.deepEqual([ran, due.size], [1, 0]);
});

Deno.test("TimeSlices: a task never overtakes waiting ones", () => {
  const { clock, now, due, fire } = handClock();
  const slices = new TimeSlices(clock);
  const done: number[] = [];
  for (const i of [0, 1]) {
    slices.run(() => {
      now.ms += SLICE_MS;
      done.push(i);
    });
  }
  slices.run(() => done.push(2));
  assert.deepEqual(done, [0]);
  while (due.size > 0) fire();
  assert.deepEqual(done, [0, 1, 2]);
});

Deno.test("TimeSlices: tasks that take no time all run immediately, on one timer", () => {
  const { clock, due, fire } = handClock();
  const slices = new TimeSlices(clock);
  let count = 0;
  for (let i = 0; i < 1000; i++) slices.run(() => count++);
  assert.deepEqual([count, due.size], [1000, 1]);
  fire();
  assert.equal(due.size, 0);
});

Deno.test("TimeSlices runs what is left when `defer` calls it, without a timer", () => {
  const { clock, now, due } = handClock();
  const deferred: (() => void)[] = [];
  const slices = new TimeSlices(clock, (fn) => deferred.push(fn));
  let ran = 0;
  for (let i = 0; i < 3; i++) {
    slices.run(() => {
      now.ms += SLICE_MS;
      ran++;
    });
  }
  assert.deepEqual([ran, deferred.length, due.size], [1, 1, 0]);
  deferred.shift()!();
  assert.equal(ran, 2);
  slices.stop();
  deferred.shift()!();
  assert.deepEqual([ran, deferred.length], [2, 0], "stopped");
});
