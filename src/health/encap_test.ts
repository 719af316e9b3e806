/** The check through VPP's tunnel: its counter, and what a failure makes of a backend's state. */
import assert from "node:assert/strict";
import { FAIL, PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import type { WallMs } from "../base/instant.ts";
import { isEncapFailed, newEncapCheck, stepEncap, tunneledState, tunneledStates } from "./encap.ts";
import { BACKEND_STATE_NUMBER, type CountedState } from "./state.ts";

const POLICY = { rise: 2, fall: 3 };

/** The check after results `+` and `-`, each a second after the last. */
function after(results: string, mode: "warn" | "on" = "on") {
  let check = newEncapCheck(mode, POLICY);
  for (const [i, result] of [...results].entries()) {
    check = stepEncap(check, result === "+" ? PASS : FAIL, 1000 * (i + 1) as WallMs);
  }
  return check;
}

Deno.test("it passes until `fall` failures in a row, and fails until `rise` passes in a row", () => {
  const failed = (results: string) => isEncapFailed(after(results));
  assert.deepEqual(["", "-", "--", "--+-", "--+--"].map(failed), [
    false,
    false,
    false,
    false,
    false,
  ]);
  assert.deepEqual(["---", "---+", "---+-", "---+-+"].map(failed), [true, true, true, true]);
  assert.deepEqual(["---++", "---++--", "---++---"].map(failed), [false, false, true]);
});

Deno.test("its time is that of the first result, or of the result that turned it", () => {
  const sinceOf = (results: string) => after(results).sinceMs;
  assert.deepEqual(["", "+", "+-+", "---", "----", "---++"].map(sinceOf), [
    undefined,
    1000,
    1000,
    3000,
    3000,
    5000,
  ]);
  assert.deepEqual([after("+").lastResult, after("+-").lastResult], [PASS, FAIL]);
});

Deno.test("a failure makes down what may serve, and nothing else; a warning changes nothing", () => {
  const states: readonly CountedState[] = [
    ...Object.keys(BACKEND_STATE_NUMBER) as (keyof typeof BACKEND_STATE_NUMBER)[],
    "blind",
    "damped",
  ];
  const lowered = states.filter((state) => tunneledState(state, after("---")) !== state);
  assert.deepEqual(lowered, ["up", "blind", "damped"]);
  for (const state of lowered) assert.equal(tunneledState(state, after("---")), "down");
  for (const check of [after("---", "warn"), after(""), undefined]) {
    assert.deepEqual(states.map((state) => tunneledState(state, check)), states);
  }
  const stateOf = () => "up" as const;
  assert.equal(tunneledStates(stateOf, undefined), stateOf);
  const checks = new Map([["a", after("---")]]);
  assert.deepEqual(["a", "b"].map(tunneledStates(stateOf, checks)), ["down", "up"]);
});
