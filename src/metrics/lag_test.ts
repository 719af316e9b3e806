import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import type { Clock } from "../base/ports.ts";
import { LagMeter } from "./lag.ts";

/** A clock whose timers fire late by an amount that the test sets. */
function lateClock() {
  const fake = new FakeClock();
  const late = { ms: 0, fake };
  const clock: Clock = {
    monotonicMs: () => fake.monotonicMs(),
    wallMs: () => fake.wallMs(),
    after: (delayMs, fn) => fake.after(delayMs + late.ms, fn),
  };
  return { late, fake, meter: new LagMeter(clock) };
}

Deno.test("LagMeter remembers the greatest lateness for 10 to 20 s", () => {
  const { late, fake, meter } = lateClock();
  meter.start();
  fake.advance(1000);
  assert.equal(meter.lagS, 0);
  late.ms = 250;
  fake.advance(100);
  fake.advance(350);
  late.ms = 0;
  fake.advance(250);
  assert.equal(meter.lagS, 0.25);
  fake.advance(9000);
  assert.equal(meter.lagS, 0.25);
  fake.advance(12_000);
  assert.equal(meter.lagS, 0);
  meter.stop();
  assert.equal(fake.timers, 0);
});
