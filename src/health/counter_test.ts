import assert from "node:assert/strict";
import fc from "fast-check";
import { counterMax, initialCounter, isUp, stepCounter } from "./counter.ts";
import type { HealthPolicy } from "./state.ts";

const policies = fc.record({
  rise: fc.integer({ min: 1, max: 12 }),
  fall: fc.integer({ min: 1, max: 12 }),
});
const results = fc.array(fc.boolean(), { maxLength: 80 });

/** Whether the server is up after each result. */
function sides(policy: HealthPolicy, from: number, passes: readonly boolean[]): boolean[] {
  let counter = from;
  return passes.map((ok) => isUp(counter = stepCounter(counter, ok, policy), policy));
}

Deno.test("counterMax and initialCounter follow from rise and fall", () => {
  const cases: [rise: number, fall: number, max: number, initial: number][] = [
    [1, 1, 1, 0],
    [2, 3, 4, 1],
    [1, 5, 5, 0],
    [5, 1, 5, 4],
  ];
  for (const [rise, fall, max, initial] of cases) {
    assert.equal(counterMax({ rise, fall }), max, `max of ${rise}/${fall}`);
    assert.equal(initialCounter({ rise, fall }), initial, `initial of ${rise}/${fall}`);
  }
});

Deno.test("stepCounter: a pass of an up server restores the maximum, crossing rise jumps to an end", () => {
  const policy = { rise: 3, fall: 3 };
  const after = (ok: boolean) => [0, 1, 2, 3, 4, 5].map((at) => stepCounter(at, ok, policy));
  assert.deepEqual(after(true), [1, 2, 5, 5, 5, 5]);
  assert.deepEqual(after(false), [0, 0, 0, 0, 3, 4]);
});

Deno.test("isUp is true from rise on", () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((counter) => isUp(counter, { rise: 2, fall: 3 })),
    [false, false, true, true, true],
  );
});

Deno.test("the first result decides an unknown server, either way", () => {
  fc.assert(fc.property(policies, (policy) => {
    const initial = initialCounter(policy);
    assert.equal(stepCounter(initial, true, policy), counterMax(policy));
    assert.equal(stepCounter(initial, false, policy), 0);
  }));
});

Deno.test("a server that passes every second check changes sides at most once", () => {
  const twoOrMore = fc.record({
    rise: fc.integer({ min: 2, max: 12 }),
    fall: fc.integer({ min: 2, max: 12 }),
  });
  fc.assert(fc.property(twoOrMore, fc.nat(), fc.boolean(), (policy, seed, first) => {
    const from = seed % (counterMax(policy) + 1);
    const alternating = Array.from({ length: 60 }, (_, i) => (i % 2 === 0) === first);
    const seen = [isUp(from, policy), ...sides(policy, from, alternating)];
    const changes = seen.filter((side, i) => i > 0 && side !== seen[i - 1]).length;
    assert.ok(changes <= 1, `${changes} changes from counter ${from}`);
  }));
});

Deno.test("with fall 1 every failure takes a server down, as in HAProxy", () => {
  assert.deepEqual(
    sides({ rise: 1, fall: 1 }, 1, [false, true, false, true]),
    [false, true, false, true],
  );
});

/**
 * HAProxy's description of its options, without a counter: "a server will be considered dead after
 * <fall> consecutive unsuccessful health checks", and "operational after <rise> consecutive
 * successful health checks".
 */
function describedSides(
  policy: HealthPolicy,
  from: boolean,
  passes: readonly boolean[],
): boolean[] {
  let up = from;
  let contrary = 0;
  return passes.map((ok) => {
    contrary = ok === up ? 0 : contrary + 1;
    if (contrary >= (up ? policy.fall : policy.rise)) {
      up = !up;
      contrary = 0;
    }
    return up;
  });
}

Deno.test("stepCounter: any sequence of results gives the sides of HAProxy's description", () => {
  fc.assert(
    fc.property(policies, fc.boolean(), results, (policy, up, passes) => {
      const from = up ? counterMax(policy) : 0;
      assert.deepEqual(sides(policy, from, passes), describedSides(policy, up, passes));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("stepCounter stays in bounds; every pass while up is the maximum, every failure while down 0", () => {
  fc.assert(fc.property(policies, results, (policy, passes) => {
    let counter = initialCounter(policy);
    for (const ok of passes) {
      counter = stepCounter(counter, ok, policy);
      assert.ok(counter >= 0 && counter <= counterMax(policy), `${counter}`);
      if (ok && isUp(counter, policy)) assert.equal(counter, counterMax(policy));
      if (!ok && !isUp(counter, policy)) assert.equal(counter, 0);
    }
  }));
});
