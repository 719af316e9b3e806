import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { later, NEVER_MS } from "../base/instant.ts";
import { WakeTimer } from "./wake_timer.ts";

Deno.test("WakeTimer fires once at the newest time, and can be armed again from its call", () => {
  const clock = new FakeClock();
  const startMs = clock.monotonicMs();
  const fired: number[] = [];
  const timer = new WakeTimer(clock, (nowMs) => {
    fired.push(nowMs - startMs);
    if (fired.length === 1) timer.arm(later(startMs, 300));
  });
  timer.arm(later(startMs, 500));
  timer.arm(later(startMs, 200));
  timer.arm(later(startMs, 200));
  clock.advance(199);
  assert.deepEqual(fired, []);
  clock.advance(1000);
  assert.deepEqual(fired, [200, 300]);
  timer.arm(later(startMs, 5000));
  timer.arm(NEVER_MS);
  clock.advance(10_000);
  assert.equal(fired.length, 2);
});
