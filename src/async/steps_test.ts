import assert from "node:assert/strict";
import { FakeClock, settle } from "../../tests/support/fakes/fake_clock.ts";
import { finish, inSlices } from "./steps.ts";

/** `count` steps of `stepMs` each; the result is their sum. */
function* steps(count: number, spend: () => void): Generator<undefined, number> {
  let sum = 0;
  for (let i = 1; i <= count; i++) {
    spend();
    sum += i;
    yield;
  }
  return sum;
}

Deno.test("finish runs to the end", () => {
  assert.equal(finish(steps(4, () => {})), 10);
});

Deno.test("inSlices yields to other work after each slice", async () => {
  const clock = new FakeClock();
  let done = 0;
  const seen: number[] = [];
  const result = inSlices(
    steps(10, () => {
      clock.advance(1);
      done++;
    }),
    { clock, sliceMs: 3 },
  );
  while (seen.at(-1) !== 10) {
    seen.push(done);
    clock.advance(0);
    await settle();
  }
  assert.deepEqual(seen, [3, 6, 9, 10]);
  assert.equal(await result, 55);
  assert.equal(clock.timers, 0);
});

Deno.test("inSlices ends when its signal aborts between two slices, or when a step throws", async () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  let done = 0;
  const count = () => {
    clock.advance(1);
    if (++done === 5) controller.abort(new Error("the client left"));
  };
  const result = assert.rejects(
    inSlices(steps(100, count), { clock, sliceMs: 2, signal: controller.signal }),
    /the client left/,
  );
  for (let turn = 0; turn < 10; turn++) {
    clock.advance(0);
    await settle();
  }
  await result;
  assert.equal(done, 6);
  const failing = steps(3, () => {
    throw new Error("no");
  });
  await assert.rejects(inSlices(failing, { clock, sliceMs: 2 }), /no/);
});
