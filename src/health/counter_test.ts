import assert from "node:assert/strict";
import fc from "fast-check";
import { counterMax, initialCounter, isUp, stepCounter } from "./counter.ts";

const policies = fc.record({
  rise: fc.integer({ min: 1, max: 12 }),
  fall: fc.integer({ min: 1, max: 12 }),
});

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

Deno.test("stepCounter adds, takes, stays in bounds, and drops to 0 on a failure in unknown", () => {
  const policy = { rise: 2, fall: 3 };
  const cases: [counter: number, ok: boolean, unknown: boolean, after: number][] = [
    [0, true, false, 1],
    [1, true, false, 2],
    [3, true, false, 4],
    [4, true, false, 4],
    [4, false, false, 3],
    [1, false, false, 0],
    [0, false, false, 0],
    [1, true, true, 2],
    [1, false, true, 0],
    [4, false, true, 0],
  ];
  for (const [counter, ok, unknown, after] of cases) {
    const name = `${counter} ${ok ? "pass" : "fail"}${unknown ? " in unknown" : ""}`;
    assert.equal(stepCounter(counter, ok, { policy, unknown }), after, name);
  }
});

Deno.test("isUp is true from rise on", () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((counter) => isUp(counter, { rise: 2, fall: 3 })),
    [false, false, true, true, true],
  );
});

Deno.test("stepCounter: from the top `fall` failures make it down, from the bottom `rise` passes up", () => {
  fc.assert(fc.property(policies, (policy) => {
    let counter = counterMax(policy);
    let failures = 0;
    for (; isUp(counter, policy); failures++) {
      counter = stepCounter(counter, false, { policy, unknown: false });
    }
    assert.equal(failures, policy.fall);
    counter = 0;
    let passes = 0;
    for (; !isUp(counter, policy); passes++) {
      counter = stepCounter(counter, true, { policy, unknown: false });
    }
    assert.equal(passes, policy.rise);
  }));
});

Deno.test("stepCounter: at counter = rise one failure makes it down, at rise - 1 one pass makes it up", () => {
  fc.assert(fc.property(policies, (policy) => {
    const options = { policy, unknown: false };
    assert.ok(!isUp(stepCounter(policy.rise, false, options), policy));
    assert.ok(isUp(stepCounter(policy.rise - 1, true, options), policy));
  }));
});
