import assert from "node:assert/strict";
import fc from "fast-check";
import { BACKEND_STATE_NUMBER, type BackendState } from "./state.ts";
import { clampWeight, effectiveWeight } from "./weight.ts";

const STATES = Object.keys(BACKEND_STATE_NUMBER) as BackendState[];

Deno.test("effectiveWeight: the whole truth table", () => {
  // state, in the active pool, flush-on-down, weight of a configured 70, flush
  const table: [BackendState, boolean, boolean, number, boolean][] = [
    ["up", true, true, 70, false],
    ["up", true, false, 70, false],
    ["up", false, true, 0, false],
    ["up", false, false, 0, false],
    ["unknown", true, true, 0, false],
    ["unknown", true, false, 0, false],
    ["unknown", false, true, 0, false],
    ["unknown", false, false, 0, false],
    ["paused", true, true, 0, false],
    ["paused", true, false, 0, false],
    ["paused", false, true, 0, false],
    ["paused", false, false, 0, false],
    ["down", true, true, 0, true],
    ["down", true, false, 0, false],
    ["down", false, true, 0, true],
    ["down", false, false, 0, false],
    ["disabled", true, true, 0, true],
    ["disabled", true, false, 0, true],
    ["disabled", false, true, 0, true],
    ["disabled", false, false, 0, true],
    ["removed", true, true, 0, true],
    ["removed", true, false, 0, true],
    ["removed", false, true, 0, true],
    ["removed", false, false, 0, true],
  ];
  assert.equal(table.length, STATES.length * 4);
  for (const [state, active, flushOnDown, weight, flush] of table) {
    assert.deepEqual(
      effectiveWeight(state, { active, flushOnDown, configured: 70 }),
      { weight, flush },
      `${state} active=${active} flush-on-down=${flushOnDown}`,
    );
  }
});

Deno.test("effectiveWeight: a configured weight of 0 is 0, never 1 and never a default", () => {
  for (const state of STATES) {
    const options = { active: true, flushOnDown: true, configured: 0 };
    assert.equal(effectiveWeight(state, options).weight, 0, state);
  }
});

Deno.test("effectiveWeight is within 0 to 100 for any configured weight; a server with weight never flushes", () => {
  fc.assert(fc.property(
    fc.constantFrom(...STATES),
    fc.boolean(),
    fc.boolean(),
    fc.integer({ min: -1000, max: 1000 }),
    (state, active, flushOnDown, configured) => {
      const { weight, flush } = effectiveWeight(state, { active, flushOnDown, configured });
      assert.ok(weight >= 0 && weight <= 100);
      assert.ok(weight === 0 || !flush);
    },
  ));
});

Deno.test("clampWeight cuts at 0 and 100", () => {
  assert.deepEqual([-1, 0, 1, 100, 101].map(clampWeight), [0, 0, 1, 100, 100]);
});
