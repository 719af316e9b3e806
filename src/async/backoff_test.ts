import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { Backoff, backoffDelayMs, BackoffDelays } from "./backoff.ts";

Deno.test("backoffDelayMs() doubles from the first delay to the maximum", () => {
  const options = { firstMs: 100, maxMs: 10_000 };
  assert.deepEqual(
    [1, 2, 3, 7, 8, 9, 5000].map((failures) => backoffDelayMs(failures, options)),
    [100, 200, 400, 6400, 10_000, 10_000, 10_000],
  );
});

Deno.test("BackoffDelays begins again after a reset", () => {
  const delays = new BackoffDelays({ firstMs: 3, maxMs: 10 });
  assert.deepEqual([delays.next(), delays.next(), delays.next()], [3, 6, 10]);
  delays.reset();
  assert.equal(delays.next(), 3);
});

Deno.test("Backoff keeps one pending attempt after repeated requests", () => {
  const clock = new FakeClock();
  const backoff = new Backoff(clock);
  let calls = 0;
  for (let i = 0; i < 5; i++) backoff.schedule(() => calls++);
  assert.equal(clock.timers, 1);
  clock.advance(0);
  assert.equal(calls, 1);
  // Five requests were one attempt: the next one is the second.
  for (let i = 0; i < 5; i++) backoff.schedule(() => calls++);
  clock.advance(99);
  assert.equal(calls, 1);
  clock.advance(1);
  assert.equal(calls, 2);
  backoff.reset();
  backoff.schedule(() => calls++);
  clock.advance(0);
  assert.equal(calls, 3);
  backoff.schedule(() => calls++);
  backoff.cancel();
  assert.equal(clock.timers, 0);
});
