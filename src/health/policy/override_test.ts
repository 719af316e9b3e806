import assert from "node:assert/strict";
import fc from "fast-check";
import { parseIp } from "../../base/address.ts";
import { FAR_PAST_MS } from "../../base/instant.ts";
import { frontendHealth, type FrontendShape } from "../frontend.ts";
import type { CountedState } from "../state.ts";
import { NO_MEMORY, type PolicyMemory } from "./memory.ts";

const addressOf = (name: string) => parseIp(`10.0.0.${name.charCodeAt(0) - 96}`)!;

function evaluate(
  states: Readonly<Record<string, CountedState>>,
  { past = NO_MEMORY, frontend = WEB, inVpp }: {
    past?: PolicyMemory;
    frontend?: FrontendShape;
    inVpp?: ReadonlyMap<string, number>;
  } = {},
) {
  const stateOf = (name: string) => states[name]!;
  const moment = { past, nowMs: FAR_PAST_MS };
  const lookup = { stateOf, addressOf, weightsBefore: () => inVpp };
  const health = frontendHealth(frontend, lookup, moment);
  const { effectiveWeights, memory, policyChanges = [] } = health;
  const events = policyChanges.map(({ event }) => event);
  return { health, weights: effectiveWeights.flat(), memory, events };
}

/** `a` is out, and `b` is held. */
const BRAKE = { out: ["a"], held: ["b"], addresses: new Map([["b", "10.0.0.2"]]) };

const WEB: FrontendShape = {
  name: "web",
  flushOnDown: true,
  pools: [
    { name: "p0", backends: [{ name: "a", weight: 100 }, { name: "b", weight: 50 }] },
    { name: "p1", backends: [{ name: "c", weight: 10 }] },
  ],
};

Deno.test("a damped server has no weight and is not flushed while another one serves", () => {
  const { weights, memory, events, health } = evaluate({ a: "damped", b: "up", c: "up" });
  assert.deepEqual(weights, [0, 50, 0]);
  assert.deepEqual([memory, events], [NO_MEMORY, []]);
  assert.ok(health.servers.every(({ flush }) => !flush));
  assert.deepEqual(health.servers.map(({ spared }) => spared), [true, undefined, undefined]);
  assert.deepEqual(evaluate({ a: "damped", b: "down", c: "up" }).weights, [0, 0, 10]);
});

Deno.test("damping gives way while no other server is up, with one event", () => {
  const first = evaluate({ a: "damped", b: "down", c: "down" });
  assert.deepEqual(first.weights, [100, 0, 0]);
  assert.deepEqual(first.events, ["damping-overridden"]);
  assert.match(first.health.policyChanges![0]!.message, /1 server that passes its checks counts/);
  const next = evaluate({ a: "damped", b: "damped", c: "down" }, { past: first.memory });
  assert.deepEqual([next.weights, next.events], [[100, 50, 0], []]);
  const over = evaluate({ a: "damped", b: "up", c: "down" }, { past: next.memory });
  assert.deepEqual([over.weights, over.memory], [[0, 50, 0], NO_MEMORY]);
});

Deno.test("damping goes on while VPP has weight for a server that the prober is blind to", () => {
  const has = (a: number, b: number, c = 0) =>
    new Map([["10.0.0.1", a], ["10.0.0.2", b], ["10.0.0.3", c]]);
  const serversOf = ({ health: { servers } }: ReturnType<typeof evaluate>) =>
    servers.map(({ address, flush, ...rest }) => [Number(address.text.slice(7)), rest, flush]);
  const states = { a: "damped", b: "blind", c: "down" } as const;
  const goesOn = evaluate(states, { inVpp: has(0, 50) });
  assert.deepEqual([goesOn.weights, goesOn.events], [[0, 0, 0], []]);
  assert.deepEqual(goesOn.memory, { blindWeights: new Map([["10.0.0.2", 50]]) });
  assert.deepEqual(serversOf(goesOn), [
    [1, { weight: 0, spared: true, reserve: 100 }, false],
    [2, { weight: 0, keep: true }, false],
    [3, { weight: 0 }, true],
  ]);
  // Also a server of another pool, before or after its own.
  const standby = evaluate({ a: "damped", b: "down", c: "blind" }, { inVpp: has(0, 0, 10) });
  assert.deepEqual([standby.weights, standby.events], [[0, 0, 0], []]);
  const first = evaluate({ a: "down", b: "blind", c: "damped" }, { inVpp: has(0, 50, 0) });
  assert.deepEqual([first.weights, first.events], [[0, 0, 0], []]);
  for (const inVpp of [has(0, 0), has(100, 0), undefined]) {
    const { weights, events } = evaluate(states, inVpp === undefined ? {} : { inVpp });
    assert.deepEqual([weights, events], [[100, 0, 0], ["damping-overridden"]]);
  }
  // A hold of last-good ends by a server that passes its checks.
  const past = { lastGood: { weights: new Map([["10.0.0.2", 50]]), announced: true } };
  const frontend = { ...WEB, onAllDown: "last-good" as const };
  const held = evaluate(states, { past, frontend, inVpp: has(0, 50) });
  assert.deepEqual(held.weights, [100, 0, 0]);
});

Deno.test("a server without weight does not make damping give way, nor is it given any", () => {
  const pools = [{ name: "p0", backends: [{ name: "a", weight: 0 }, { name: "b", weight: 5 }] }];
  const frontend = { ...WEB, pools };
  assert.deepEqual(evaluate({ a: "damped", b: "down" }, { frontend }).weights, [0, 0]);
  assert.deepEqual(evaluate({ a: "up", b: "damped" }, { frontend }).weights, [0, 5]);
});

Deno.test("damping gives way before last-good holds, and before max-down does", () => {
  const lastGood = { ...WEB, onAllDown: "last-good" as const };
  const { weights, health } = evaluate({ a: "damped", b: "down", c: "down" }, {
    frontend: lastGood,
  });
  assert.deepEqual([weights, health.held], [[100, 0, 0], undefined]);
  const frontend = {
    ...WEB,
    pools: [{ ...WEB.pools[0]!, maxDown: { count: 1 } }],
  };
  const past = { maxDown: new Map([["p0", BRAKE]]) };
  assert.deepEqual(evaluate({ a: "damped", b: "down" }, { frontend, past }).weights, [100, 0]);
});

Deno.test("a server that max-down holds keeps its weight when its checks pass again", () => {
  const pools = [{
    name: "p0",
    maxDown: { count: 1 },
    backends: [{ name: "a", weight: 1 }, { name: "b", weight: 2 }, { name: "c", weight: 3 }],
  }];
  const past = { maxDown: new Map([["p0", BRAKE]]) };
  const frontend = { ...WEB, pools };
  const inVpp = new Map([["10.0.0.1", 0], ["10.0.0.2", 2], ["10.0.0.3", 3]]);
  const { weights } = evaluate({ a: "down", b: "damped", c: "up" }, { frontend, past, inVpp });
  assert.deepEqual(weights, [0, 2, 3]);
});

Deno.test("property: no frontend is without weight while a server with weight passes its checks", () => {
  const state = fc.constantFrom<CountedState>(
    "up",
    "down",
    "damped",
    "unknown",
    "blind",
    "paused",
    "disabled",
  );
  const states = fc.record({ a: state, b: state, c: state });
  fc.assert(fc.property(states, (each) => {
    const { weights } = evaluate(each);
    const passes = Object.values(each).some((one) => one === "up" || one === "damped");
    assert.equal(weights.some((weight) => weight > 0), passes);
  }));
});
