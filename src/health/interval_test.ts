import assert from "node:assert/strict";
import fc from "fast-check";
import { firstDelayMs, nextIntervalMs, plainIntervalMs, steadyJitter } from "./interval.ts";

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

Deno.test("plainIntervalMs: with rise = 1 the counter of unknown is 0, and yet the fast one applies", () => {
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

Deno.test("steadyJitter: any run of intervals deviates by no more than one interval may", () => {
  fc.assert(fc.property(fc.array(unit, { minLength: 2, maxLength: 40 }), (numbers) => {
    let at = 0;
    const prng = steadyJitter(() => numbers[at++ % numbers.length]!);
    let total = 0;
    for (let n = 1; n <= numbers.length * 2; n++) {
      const ms = nextIntervalMs(pace, 4, { unknown: false, prng });
      assert.ok(ms >= 4500 && ms <= 5500, `interval ${ms}`);
      total += ms;
      assert.ok(Math.abs(total - 5000 * n) <= 500 + 1e-6, `sum of ${n} is ${total}`);
    }
  }));
});

Deno.test("steadyJitter does jitter", () => {
  const numbers = [0, 0.999, 0.249];
  let at = 0;
  const prng = steadyJitter(() => numbers[at++]!);
  const first = prng();
  assert.ok(first > 0.99 && first < 1);
  assert.ok(Math.abs(prng() - 0.125) < 1e-9);
});

Deno.test("firstDelayMs spreads evenly: the first at once, equal steps, all within the interval", () => {
  assert.deepEqual(
    [0, 1, 2, 3].map((index) => firstDelayMs(index, 4, { intervalMs: 1000 })),
    [0, 250, 500, 750],
  );
  assert.equal(firstDelayMs(0, 1, { intervalMs: 1000 }), 0);
  assert.equal(firstDelayMs(0, 0, { intervalMs: 1000 }), 0);
  assert.equal(firstDelayMs(9999, 10_000, { intervalMs: 1000 }), 999.9);
});
