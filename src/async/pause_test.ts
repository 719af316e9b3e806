import assert from "node:assert/strict";
import { FakeClock, settle } from "../../tests/support/fakes/fake_clock.ts";
import { pause } from "./pause.ts";

Deno.test("pause() ends after its time, and leaves no timer", async () => {
  const clock = new FakeClock();
  let over = false;
  void pause(10, { clock }).then(() => over = true);
  clock.advance(9);
  await settle();
  assert.equal(over, false);
  clock.advance(1);
  await settle();
  assert.equal(over, true);
  assert.equal(clock.timers, 0);
});

Deno.test("pause() ends when its signal is aborted, during the pause or earlier", async () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = pause(10, { clock, signal });
  controller.abort();
  await waiting;
  await pause(10, { clock, signal });
  assert.equal(clock.timers, 0);
});
