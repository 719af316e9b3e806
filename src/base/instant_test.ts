import { equal, ok } from "node:assert/strict";
import {
  earliest,
  EPOCH_MS,
  FAR_PAST_MS,
  type Instant,
  later,
  latest,
  LATEST_MS,
  type MonotonicMs,
  NEVER_MS,
  TOO_FAR_AWAY,
  type WallMs,
  wallMsOf,
  wholeMs,
} from "./instant.ts";
import type { Clock } from "./ports.ts";

Deno.test("LATEST_MS is the last millisecond whose nanoseconds fit into an int64", () => {
  ok(BigInt(LATEST_MS) * 1_000_000n < 2n ** 63n);
  ok(BigInt(LATEST_MS + 1) * 1_000_000n >= 2n ** 63n);
  ok(TOO_FAR_AWAY.endsWith(new Date(LATEST_MS).toISOString().slice(0, 10)));
  equal(new Date(LATEST_MS).toISOString(), "2262-04-11T23:47:16.854Z");
});

Deno.test("instants are shifted, compared and rounded down as the numbers they are", () => {
  const noon = wallMsOf(new Date("2026-03-01T12:00:00Z"));
  equal(noon, Date.UTC(2026, 2, 1, 12));
  equal(later(noon, 250.5) - noon, 250.5);
  equal(later(noon, -1) - noon, -1);
  equal(earliest(noon, later(noon, 1)), noon);
  equal(latest(noon, later(noon, -1)), noon);
  equal(wholeMs(later(noon, 0.9)), noon);
  equal(later(EPOCH_MS, 5), 5);
  ok(Number.isNaN(wallMsOf(new Date("noon"))));
});

Deno.test("NEVER_MS and FAR_PAST_MS stay where they are when they are shifted", () => {
  equal(later(NEVER_MS, -1000), NEVER_MS);
  equal(later(FAR_PAST_MS, 1000), FAR_PAST_MS);
  equal(earliest(NEVER_MS, FAR_PAST_MS), FAR_PAST_MS);
  equal(latest(NEVER_MS, FAR_PAST_MS), NEVER_MS);
});

/** Checked by the compiler: each directive is an error where its line is accepted. */
Deno.test("an instant of another clock and a plain number are type errors", () => {
  const clock: Clock = {
    monotonicMs: () => FAR_PAST_MS,
    wallMs: () => EPOCH_MS,
    after: () => ({ cancel: () => {} }),
  };
  const takesMonotonic = (_: MonotonicMs) => {};
  const takesWall = (_: WallMs) => {};
  const takesDuration = (_: number) => {};

  takesMonotonic(clock.monotonicMs());
  // @ts-expect-error Unix time is not monotonic time.
  takesMonotonic(clock.wallMs());
  // @ts-expect-error A plain number is not an instant.
  takesMonotonic(1000);
  // @ts-expect-error A difference is a duration.
  takesMonotonic(clock.monotonicMs() - clock.monotonicMs());
  // @ts-expect-error A sum is a plain number: later() keeps the clock.
  takesMonotonic(clock.monotonicMs() + 1000);
  takesMonotonic(later(clock.monotonicMs(), 1000));

  takesWall(clock.wallMs());
  // @ts-expect-error Monotonic time is not Unix time.
  takesWall(clock.monotonicMs());
  // @ts-expect-error A plain number is not an instant.
  takesWall(1000);
  // @ts-expect-error The runtime's own clock gives plain numbers.
  takesWall(Date.now());
  takesWall(later(clock.wallMs(), 1000));
  takesDuration(clock.wallMs() - clock.wallMs());

  // @ts-expect-error Instants of two clocks are not in an order.
  earliest(clock.monotonicMs(), clock.wallMs());
  // @ts-expect-error Nor the other way round.
  latest(clock.wallMs(), clock.monotonicMs());
  // @ts-expect-error A third clock is neither.
  takesMonotonic(1000 as Instant<"kernel">);
  // @ts-expect-error A clock whose two times are swapped.
  const swapped: Clock = { ...clock, monotonicMs: clock.wallMs, wallMs: clock.monotonicMs };
  ok(swapped.after(0, () => {}));
});
