import assert from "node:assert/strict";
import { FakeClock, settle } from "../../../../tests/support/fakes/fake_clock.ts";
import { Throttle } from "./throttle.ts";

function world(options: { everyMs?: () => number; rest?: number; tookMs?: number } = {}) {
  const clock = new FakeClock();
  const starts: number[] = [];
  const throttle = new Throttle({
    clock,
    everyMs: options.everyMs ?? (() => 100),
    ...(options.rest === undefined ? {} : { rest: options.rest }),
    work: () => {
      starts.push(clock.monotonicMs());
      const { tookMs = 0 } = options;
      if (tookMs === 0) return Promise.resolve();
      return new Promise((resolve) => clock.after(tookMs, resolve));
    },
  });
  return { clock, starts, throttle };
}

Deno.test("Throttle runs immediately, then once for all requests within the time", async () => {
  const { clock, starts, throttle } = world();
  for (let i = 0; i < 25; i++) {
    throttle.want();
    await clock.advanceAsync(10);
  }
  await clock.advanceAsync(1000);
  assert.deepEqual(starts, [0, 100, 200, 300]);
  throttle.want();
  await settle();
  assert.deepEqual(starts.at(-1), 1250);
  await throttle.stop();
  assert.equal(clock.timers, 0);
});

Deno.test("Throttle runs one at a time, and rests in proportion to what a run took", async () => {
  const { clock, starts, throttle } = world({ tookMs: 300, rest: 2 });
  throttle.want();
  await clock.advanceAsync(50);
  throttle.want();
  await clock.advanceAsync(800);
  assert.deepEqual(starts, [0]);
  await clock.advanceAsync(100);
  assert.deepEqual(starts, [0, 900]);
  const stopping = throttle.stop();
  throttle.want();
  await clock.advanceAsync(2000);
  await stopping;
  assert.deepEqual(starts, [0, 900]);
});

Deno.test("Throttle applies a shorter time at the next request", async () => {
  let everyMs = 5000;
  const { clock, starts, throttle } = world({ everyMs: () => everyMs });
  throttle.want();
  await clock.advanceAsync(1000);
  throttle.want();
  await clock.advanceAsync(1000);
  everyMs = 100;
  throttle.want();
  await settle();
  assert.deepEqual(starts, [0, 2000]);
  await throttle.stop();
});
