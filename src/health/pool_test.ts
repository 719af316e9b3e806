import assert from "node:assert/strict";
import { activePool, type Pool } from "./pool.ts";
import type { BackendState } from "./state.ts";

/** `"up:100 down:50 | up:0"` as pools, with each entry a backend of its own. */
function poolsOf(text: string): { pools: Pool[]; stateOf: (name: string) => BackendState } {
  const states = new Map<string, BackendState>();
  const pools = text.split("|").map((part, p) => ({
    backends: part.trim().split(" ").map((entry, b) => {
      const [state, weight] = entry.split(":");
      states.set(`${p}.${b}`, state as BackendState);
      return { name: `${p}.${b}`, weight: Number(weight) };
    }),
  }));
  return { pools, stateOf: (name) => states.get(name)! };
}

Deno.test("activePool: first with an up backend of weight > 0, then first with an up one, then 0", () => {
  const cases: [pools: string, active: number][] = [
    ["up:100 | up:100", 0],
    ["down:100 | up:100", 1],
    ["down:100 up:1 | up:100", 0],
    ["up:0 | up:100", 1],
    ["up:0 | down:100", 0],
    ["down:100 | up:0", 1],
    ["down:100 | up:0 | up:5", 2],
    ["down:100 | up:0 | up:0", 1],
    ["unknown:100 | up:1", 1],
    ["paused:100 | disabled:100 | up:100", 2],
    ["down:1 | down:1 | down:1", 0],
    ["unknown:1 | unknown:1", 0],
    ["paused:1 | removed:1", 0],
  ];
  for (const [text, active] of cases) {
    const { pools, stateOf } = poolsOf(text);
    assert.equal(activePool(pools, stateOf), active, text);
  }
});

Deno.test("activePool without pools is 0", () => {
  assert.equal(activePool([], () => "up"), 0);
});
