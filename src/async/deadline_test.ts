import assert from "node:assert/strict";
import { FakeClock, settle } from "../../tests/support/fakes/fake_clock.ts";
import { orLate, settledWithin, withDeadline } from "./deadline.ts";

Deno.test("orLate() returns the result of work that ends in time, and leaves no timer", async () => {
  const clock = new FakeClock();
  const options = { clock, deadlineMs: 10, late: () => "late" };
  assert.equal(await orLate(Promise.resolve("done"), options), "done");
  await assert.rejects(orLate(Promise.reject(new Error("broken")), options), /broken/);
  await settle();
  assert.equal(clock.timers, 0);
});

Deno.test("orLate() returns or throws the result of `late`, and ignores the work from then on", async () => {
  const clock = new FakeClock();
  const work = Promise.withResolvers<string>();
  const result = orLate(work.promise, { clock, deadlineMs: 10, late: (cause) => cause });
  const failing = orLate(work.promise, {
    clock,
    deadlineMs: 10,
    late: () => {
      throw new Error("too late");
    },
  });
  clock.advance(10);
  assert.equal(await result, "deadline");
  await assert.rejects(failing, /too late/);
  work.reject(new Error("ignored"));
  await settle();
});

Deno.test("orLate() does not count the time for which the process was stopped", async () => {
  const clock = new FakeClock();
  const work = Promise.withResolvers<string>();
  const result = orLate(work.promise, {
    clock,
    deadlineMs: 10,
    partMs: 2,
    late: (cause) => cause,
  });
  clock.advance(3);
  // It ends right after the deadline, or long after it.
  for (const stopMs of [8, 100]) {
    clock.stall(stopMs);
    clock.advance(0);
    assert.equal(clock.timers, 1);
  }
  clock.advance(7);
  assert.equal(clock.timers, 1);
  clock.advance(1);
  assert.equal(await result, "deadline");
  assert.equal(clock.timers, 0);
});

Deno.test("orLate() ends with its signal, even one that was aborted earlier", async () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const never = new Promise<string>(() => {});
  const options = {
    clock,
    deadlineMs: 10,
    signal: controller.signal,
    late: (cause: string) => cause,
  };
  const result = orLate(never, options);
  controller.abort();
  assert.equal(await result, "aborted");
  assert.equal(await orLate(never, options), "aborted");
  assert.equal(clock.timers, 0);
});

Deno.test("withDeadline() does not stop work that is done, when its signal aborts right after", async () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const work = Promise.withResolvers<string>();
  let abandoned = 0;
  const result = withDeadline(work.promise, {
    clock,
    deadlineMs: 10,
    action: "open it",
    signal: controller.signal,
    abandon: () => abandoned++,
  });
  work.resolve("opened");
  void work.promise.then(() => controller.abort());
  assert.equal(await result, "opened");
  await settle();
  assert.deepEqual([abandoned, clock.timers], [0, 0]);
});

Deno.test("settledWithin() waits for the work or the deadline, and rejects with the work", async () => {
  const clock = new FakeClock();
  await settledWithin(Promise.resolve(1), { clock, deadlineMs: 10 });
  const broken = Promise.reject(new Error("broken"));
  await assert.rejects(settledWithin(broken, { clock, deadlineMs: 10 }), /broken/);
  const result = settledWithin(new Promise(() => {}), { clock, deadlineMs: 10 });
  clock.advance(10);
  assert.equal(await result, undefined);
});

Deno.test("withDeadline() names the unfinished work, and stops it", async () => {
  const clock = new FakeClock();
  let abandoned = 0;
  const options = { clock, deadlineMs: 10, action: "open it", abandon: () => abandoned++ };
  const never = new Promise<string>(() => {});
  const result = assert.rejects(withDeadline(never, options), {
    code: "deadline-exceeded",
    message: "cannot open it within 10 ms",
  });
  clock.advance(10);
  await result;
  const signal = AbortSignal.abort();
  await assert.rejects(withDeadline(never, { ...options, signal }), {
    code: "aborted",
    message: "cannot open it: given up",
  });
  assert.equal(abandoned, 2);
});
