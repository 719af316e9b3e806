import assert from "node:assert/strict";
import { FakeClock, settle } from "../../tests/support/fakes/fake_clock.ts";
import { pause, Slice } from "./pause.ts";

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

Deno.test("Slice is over after 4 ms, and begins again after a rest or another wait", async () => {
  const clock = new FakeClock();
  const slice = new Slice(clock);
  clock.advance(3);
  assert.equal(slice.over, false);
  clock.advance(1);
  assert.equal(slice.over, true);
  slice.begin();
  assert.equal(slice.over, false);
  clock.advance(4);
  const rested = slice.rest();
  assert.equal(slice.over, true, "until others had their turn");
  clock.advance(1);
  await rested;
  assert.equal(slice.over, false);
  assert.equal(clock.timers, 0);
});

Deno.test("Slice.run() rests after 4 ms of steps, and returns their result", async () => {
  const clock = new FakeClock();
  let done = 0;
  function* steps(): Generator<undefined, string> {
    for (; done < 6; done++) {
      clock.advance(2);
      yield;
    }
    return "result";
  }
  const running = new Slice(clock).run(steps());
  assert.equal(done, 1, "others have their turn after the second step");
  for (let turn = 0; turn < 5; turn++) {
    await settle();
    clock.advance(0);
  }
  assert.equal(await running, "result");
  assert.equal(done, 6);
});
