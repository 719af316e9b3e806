import assert from "node:assert/strict";
import type { Clock } from "../base/ports.ts";
import { TURN_MS, Turns } from "./time_slices.ts";

/** A clock whose hand a task moves, and whose timers fire when the test says so. */
function handClock() {
  const now = { ms: 0 };
  const due = new Set<() => void>();
  const clock: Clock = {
    monotonicMs: () => now.ms,
    wallMs: () => now.ms,
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

Deno.test("Turns: what comes together is done for TURN_MS in a row, the rest later, in order", () => {
  const { clock, now, due, fire } = handClock();
  const turns = new Turns(clock);
  const said: string[] = [];
  const names = Array.from({ length: 10 }, (_, i) => `${i}`);
  for (const name of names) {
    turns.run(() => {
      now.ms += TURN_MS / 4;
      said.push(name);
    });
  }
  for (const done of [4, 8, 10]) {
    assert.deepEqual(said, names.slice(0, done));
    assert.equal(due.size, 1);
    fire();
  }
  assert.equal(due.size, 0, "nothing waits");
  turns.run(() => said.push("alone"));
  assert.equal(said.at(-1), "alone", "who comes alone does not wait");
  turns.stop();
  assert.equal(due.size, 0);
});

Deno.test("Turns: a stop runs nothing that waits, and leaves no timer", () => {
  const { clock, now, due, fire } = handClock();
  const turns = new Turns(clock);
  let ran = 0;
  for (let i = 0; i < 3; i++) {
    turns.run(() => {
      now.ms += TURN_MS;
      ran++;
    });
  }
  turns.stop();
  turns.stop();
  fire();
  assert.deepEqual([ran, due.size], [1, 0]);
});
