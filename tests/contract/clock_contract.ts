/** The contract of every Clock, whether its time is the host's or a test's. */
import assert from "node:assert/strict";
import type { Clock } from "../../src/base/ports.ts";

/** One implementation. */
export interface ClockCase {
  readonly name: string;
  readonly open: () => ClockHarness;
}

/** A clock, and the way to let its time pass: at least `ms`, and every timer due by then fires. */
export interface ClockHarness {
  readonly clock: Clock;
  pass(ms: number): Promise<void>;
}

/** Registers the suite for one implementation. */
export function clockContract({ name, open }: ClockCase): void {
  function test(title: string, fn: (harness: ClockHarness) => Promise<void>): void {
    Deno.test(`${name}: ${title}`, () => fn(open()));
  }

  test("the monotonic clock advances with time and never goes back", async ({ clock, pass }) => {
    const readings = [clock.monotonicMs()];
    for (const ms of [0, 5, 20]) {
      await pass(ms);
      readings.push(clock.monotonicMs());
    }
    assert.deepEqual(readings, readings.toSorted((a, b) => a - b));
    assert.ok(readings.at(-1)! - readings[0]! >= 25, `${readings}`);
  });

  test("the wall clock is Unix time and keeps step with the monotonic one", async ({ clock, pass }) => {
    /** Read again when the thread was interrupted between the two clocks. */
    const offset = () => {
      while (true) {
        const monotonicMs = clock.monotonicMs();
        const wallMs = clock.wallMs();
        if (clock.monotonicMs() - monotonicMs < 5) return wallMs - monotonicMs;
      }
    };
    assert.ok(clock.wallMs() > Date.UTC(2020), "milliseconds, not seconds");
    const before = offset();
    await pass(60);
    assert.ok(Math.abs(offset() - before) < 40, `${offset() - before} ms apart`);
  });

  test("after() calls once, at the earliest when the delay is over", async ({ clock, pass }) => {
    const early: string[] = [];
    let calls = 0;
    // One after the other: a late timer hides that the next one would be early.
    const delays = [0, 0.9, 1, 1.95, 10, 12.3];
    for (const delayMs of delays) {
      const dueMs = clock.monotonicMs() + delayMs;
      clock.after(delayMs, () => {
        calls++;
        const late = clock.monotonicMs() - dueMs;
        if (late < 0) early.push(`${delayMs} ms: ${-late} ms early`);
      });
      await pass(delayMs);
    }
    assert.deepEqual([calls, early], [delays.length, []]);
  });

  test("after() does not call before it returns, and takes a delay below 0 as 0", async ({ clock, pass }) => {
    const called: number[] = [];
    for (const delayMs of [0, -5]) {
      clock.after(delayMs, () => called.push(delayMs));
      assert.ok(!called.includes(delayMs));
    }
    await pass(10);
    assert.deepEqual(called, [0, -5]);
  });

  test("timers fire in order of due time, then of creation", async ({ clock, pass }) => {
    const called: string[] = [];
    for (const [ms, title] of [[40, "d"], [20, "b"], [20, "c"], [5, "a"]] as const) {
      clock.after(ms, () => called.push(title));
    }
    await pass(80);
    assert.deepEqual(called, ["a", "b", "c", "d"]);
  });

  test("a timer set by a timer fires too", async ({ clock, pass }) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    clock.after(2, () => clock.after(2, resolve));
    await pass(50);
    await promise;
  });

  test("cancel() prevents the call, also from another timer, and may be repeated", async ({ clock, pass }) => {
    const called: string[] = [];
    const first = clock.after(5, () => called.push("cancelled before"));
    first.cancel();
    first.cancel();
    clock.after(5, () => other.cancel());
    const other = clock.after(20, () => called.push("cancelled by a timer"));
    const fired = clock.after(1, () => called.push("fired"));
    await pass(50);
    fired.cancel();
    assert.deepEqual(called, ["fired"]);
  });

  test("a delay beyond 31 bits does not fire immediately", async ({ clock, pass }) => {
    let calls = 0;
    const timer = clock.after(2 ** 32, () => calls++);
    await pass(20);
    assert.equal(calls, 0);
    timer.cancel();
  });
}
