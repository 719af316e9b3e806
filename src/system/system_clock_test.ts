/** Faults that tests/contract/clock_test.ts detects only sometimes, because the host's timers are often late. */
import assert from "node:assert/strict";
import { SystemClock } from "./system_clock.ts";

Deno.test("SystemClock.after() gives setTimeout whole milliseconds, rounded up, in 31 bits", () => {
  const real = globalThis.setTimeout;
  const delays: unknown[] = [];
  globalThis.setTimeout = Object.assign(
    (_fn: unknown, delayMs?: unknown) => Number(delays.push(delayMs)),
    real,
  ) as typeof setTimeout;
  try {
    const clock = new SystemClock();
    for (const delayMs of [-5, 0, 0.1, 1, 1.7, 2 ** 31, Infinity]) clock.after(delayMs, () => {});
  } finally {
    globalThis.setTimeout = real;
  }
  assert.deepEqual(delays, [0, 0, 1, 1, 2, 2 ** 31 - 1, 2 ** 31 - 1]);
});
