import { later } from "../base/instant.ts";
import { monotonic } from "../../tests/support/fakes/instants.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { nextIntervalMs, phaseOf, plainIntervalMs } from "./interval.ts";

const pace = { intervalMs: 5000, fastIntervalMs: 500, downIntervalMs: 9000, rise: 2, fall: 3 };
const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

Deno.test("plainIntervalMs: interval at the top, down-interval at 0, fast-interval else", () => {
  const cases: [counter: number, unknown: boolean, ms: number][] = [
    [4, false, 5000],
    [3, false, 500],
    [2, false, 500],
    [1, false, 500],
    [0, false, 9000],
    [1, true, 500],
    [0, true, 500],
    [4, true, 500],
  ];
  for (const [counter, unknown, ms] of cases) {
    assert.equal(plainIntervalMs(pace, counter, unknown), ms, `${counter} ${unknown}`);
  }
});

Deno.test("plainIntervalMs: with rise = 1 the counter of unknown is 0, but the fast interval applies", () => {
  assert.equal(plainIntervalMs({ ...pace, rise: 1 }, 0, true), 500);
});

Deno.test("nextIntervalMs is jittered by 10 % either way, with the plain interval in the middle", () => {
  const at = (random: number) => nextIntervalMs(pace, 4, { unknown: false, prng: () => random });
  assert.equal(at(0), 4500);
  assert.equal(at(0.5), 5000);
  assert.ok(at(0.999999) < 5500 && at(0.999999) > 5499);
});

Deno.test("nextIntervalMs stays within 10 % for any counter, policy and random number", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 20 }),
    fc.boolean(),
    unit,
    (counter, unknown, random) => {
      const plain = plainIntervalMs(pace, counter, unknown);
      const ms = nextIntervalMs(pace, counter, { unknown, prng: () => random });
      assert.ok(Math.abs(ms - plain) <= plain * 0.1 + 1e-9, `${ms} of ${plain}`);
    },
  ));
});

/** Start times of `count` probes of a target that begins at `startMs`, on its grid. */
function starts(
  options: { startMs: number; phase: number; numbers: readonly number[]; count: number },
): number[] {
  let at = 0;
  let now = monotonic(options.startMs);
  const all = [now];
  while (all.length < options.count) {
    const grid = { startedMs: now, phase: options.phase, ahead: false };
    const prng = () => options.numbers[at++ % options.numbers.length]!;
    const ms = nextIntervalMs(pace, 4, { unknown: false, prng, grid });
    assert.ok(ms >= 4500 - 1e-6 && ms <= 5500 + 1e-6, `interval ${ms}`);
    now = later(now, ms);
    all.push(now);
  }
  return all;
}

Deno.test("nextIntervalMs on a grid: from any start, a target is near its points after six probes", () => {
  fc.assert(fc.property(
    fc.double({ min: 0, max: 1e9, noNaN: true }),
    unit,
    fc.array(unit, { minLength: 1, maxLength: 30 }),
    (startMs, phase, numbers) => {
      const all = starts({ startMs, phase, numbers, count: 30 });
      for (const start of all.slice(7)) {
        const share = start / 5000 - phase;
        assert.ok(Math.abs(share - Math.round(share)) <= 0.05 + 1e-6, `off by ${share}`);
      }
    },
  ));
});

Deno.test("nextIntervalMs on a grid: a series of intervals deviates no more than one interval may", () => {
  fc.assert(fc.property(unit, fc.array(unit, { minLength: 1, maxLength: 30 }), (phase, numbers) => {
    const all = starts({ startMs: phase * 5000, phase, numbers, count: 40 });
    all.forEach((from, i) => {
      all.slice(i).forEach((to, n) => {
        assert.ok(Math.abs(to - from - 5000 * n) <= 500 + 1e-6, `${n} intervals: ${to - from}`);
      });
    });
  }));
});

Deno.test("nextIntervalMs on a grid is jittered", () => {
  const grid = { startedMs: monotonic(1250), phase: 0.25, ahead: false };
  const at = (random: number) =>
    nextIntervalMs(pace, 4, { unknown: false, prng: () => random, grid });
  assert.deepEqual([0, 0.5, 0.999].map((random) => Math.round(at(random))), [4750, 5000, 5250]);
});

Deno.test("phaseOf: the first probe is on a point of its own grid", () => {
  fc.assert(fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (startMs) => {
    const startedMs = monotonic(startMs);
    const phase = phaseOf(startedMs, pace.fastIntervalMs);
    assert.ok(phase >= 0 && phase < 1);
    const grid = { startedMs, phase, ahead: false };
    const ms = nextIntervalMs(pace, 3, { unknown: false, prng: () => 0.5, grid });
    assert.ok(Math.abs(ms - 500) < 1e-3, `${ms}`);
  }));
});

Deno.test("nextIntervalMs after a probe ahead of its place leads to the grid, within 110 % of the interval", () => {
  fc.assert(fc.property(
    fc.double({ min: 0, max: 1e9, noNaN: true }),
    unit,
    unit,
    (startMs, phase, random) => {
      const startedMs = monotonic(startMs);
      const grid = { startedMs, phase, ahead: true };
      const ms = nextIntervalMs(pace, 4, { unknown: false, prng: () => random, grid });
      assert.ok(ms >= 250 - 1e-6 && ms <= 5500 + 1e-6, `interval ${ms}`);
      const share = (startMs + ms) / 5000 - phase;
      assert.ok(Math.abs(share - Math.round(share)) <= 0.05 + 1e-6, `off by ${share}`);
    },
  ));
});
