import assert from "node:assert/strict";
import fc from "fast-check";
import { parseIp } from "../base/address.ts";
import { frontendHealth, type FrontendShape } from "./frontend.ts";
import { NO_MEMORY } from "./policy/memory.ts";
import { activePool } from "./pool.ts";
import { BACKEND_STATE_NUMBER, type BackendState, type CountedState } from "./state.ts";
import { effectiveWeight } from "./weight.ts";

const STATES = Object.keys(BACKEND_STATE_NUMBER) as BackendState[];

/** `"a:100 b:50 | c:10"` as a frontend's pools. */
function frontendOf(text: string, flushOnDown = true): FrontendShape {
  return {
    flushOnDown,
    pools: text.split("|").map((part) => ({
      backends: part.trim().split(" ").map((entry) => {
        const [name, weight] = entry.split(":");
        return { name: name!, weight: Number(weight) };
      }),
    })),
  };
}

function statesOf(text: string): (name: string) => CountedState {
  const states = new Map(
    text.split(" ").map((entry) => entry.split("=") as [string, CountedState]),
  );
  return (name) => states.get(name)!;
}

Deno.test("frontendHealth: state, active pool and weights", () => {
  const cases: [
    pools: string,
    states: string,
    state: string,
    active: number,
    weights: number[][],
  ][] = [
    ["a:100 b:50 | c:10", "a=up b=up c=up", "up", 0, [[100, 50], [0]]],
    ["a:100 b:50 | c:10", "a=down b=up c=up", "up", 0, [[0, 50], [0]]],
    ["a:100 b:50 | c:10", "a=down b=down c=up", "up", 1, [[0, 0], [10]]],
    ["a:100 b:50 | c:10", "a=down b=down c=down", "down", 0, [[0, 0], [0]]],
    ["a:100 b:50 | c:10", "a=unknown b=unknown c=unknown", "unknown", 0, [[0, 0], [0]]],
    ["a:100 b:50 | c:10", "a=unknown b=unknown c=down", "unknown", 0, [[0, 0], [0]]],
    ["a:100 b:50 | c:10", "a=unknown b=unknown c=up", "up", 1, [[0, 0], [10]]],
    ["a:100 b:50 | c:10", "a=paused b=disabled c=unknown", "unknown", 0, [[0, 0], [0]]],
    ["a:100 b:50 | c:10", "a=paused b=disabled c=blind", "unknown", 0, [[0, 0], [0]]],
    ["a:100 b:50 | c:10", "a=paused b=disabled c=down", "down", 0, [[0, 0], [0]]],
    ["a:0 b:0 | c:0", "a=up b=up c=up", "down", 0, [[0, 0], [0]]],
    ["a:0 | c:10", "a=up c=up", "up", 1, [[0], [10]]],
    ["a:100 b:50 | a:7", "a=up b=down", "up", 0, [[100, 0], [0]]],
    ["b:50 | a:7 b:3", "a=up b=down", "up", 1, [[0], [7, 0]]],
    ["a:200", "a=up", "up", 0, [[100]]],
  ];
  for (const [pools, states, state, active, effectiveWeights] of cases) {
    const { servers: _, memory, ...health } = frontendHealth(frontendOf(pools), {
      stateOf: statesOf(states),
      addressOf: () => parseIp("10.0.0.1")!,
    });
    assert.equal(memory, NO_MEMORY, "without policies nothing is remembered");
    assert.deepEqual(
      health,
      { state, activePool: active, effectiveWeights },
      `${pools} with ${states}`,
    );
  }
});

Deno.test("frontendHealth: one merged server per address, in numeric order", () => {
  const addresses: Record<string, string> = {
    a: "10.0.0.10",
    b: "10.0.0.9",
    c: "10.0.0.100",
    a2: "10.0.0.10",
    v6: "2001:db8::1",
  };
  const cases: [pools: string, states: string, flushOnDown: boolean, servers: string[]][] = [
    ["a:1 b:2 | c:3", "a=up b=up c=up", true, ["10.0.0.9 2", "10.0.0.10 1", "10.0.0.100 0"]],
    // A backend in several pools: the entry of the active pool counts.
    ["a:100 | a:7 b:5", "a=up b=up", true, ["10.0.0.9 0", "10.0.0.10 100"]],
    ["c:100 | a:7 b:5", "a=up b=up c=down", true, [
      "10.0.0.9 5",
      "10.0.0.10 7",
      "10.0.0.100 0 flush",
    ]],
    // Two backends of one address: the greatest weight, in any order.
    ["a:10 a2:60", "a=up a2=up", true, ["10.0.0.10 60"]],
    ["a2:60 a:10", "a=up a2=up", true, ["10.0.0.10 60"]],
    // One of them down: no flush, because the flows are also the other's.
    ["a:10 a2:60", "a=up a2=down", true, ["10.0.0.10 10"]],
    ["a:0 a2:60", "a=up a2=down", true, ["10.0.0.10 0"]],
    ["a:10 a2:60", "a=disabled a2=paused", true, ["10.0.0.10 0"]],
    ["a:10 a2:60", "a=paused a2=disabled", true, ["10.0.0.10 0"]],
    ["a:10 a2:60", "a=disabled a2=down", true, ["10.0.0.10 0 flush"]],
    ["a:10 a2:60", "a=disabled a2=down", false, ["10.0.0.10 0"]],
    // A standby server is not flushed.
    ["b:1 | a:10", "b=up a=up", true, ["10.0.0.9 1", "10.0.0.10 0"]],
    ["b:1 | a:10", "b=up a=down", true, ["10.0.0.9 1", "10.0.0.10 0 flush"]],
    ["v6:1 a:1", "v6=up a=removed", true, ["10.0.0.10 0 flush", "2001:db8::1 1"]],
    // A blind server keeps VPP's weight unless another backend of the address decides.
    ["a:10 b:5", "a=blind b=up", true, ["10.0.0.9 5", "10.0.0.10 0 keep"]],
    ["a:10 a2:60", "a=blind a2=disabled", true, ["10.0.0.10 0 keep"]],
    ["a:10 a2:60", "a=blind a2=up", true, ["10.0.0.10 60"]],
    // A blind pool may be serving, so a later one does not take over from it.
    ["a:10 | b:5", "a=blind b=up", true, ["10.0.0.9 5 keep", "10.0.0.10 0 keep"]],
    ["a:10 | b:5", "a=blind b=down", true, ["10.0.0.9 0 flush", "10.0.0.10 0 keep"]],
    // A weight of 0 comes from an operator or the file, so it applies even when blind.
    ["a:0 | b:5", "a=blind b=up", true, ["10.0.0.9 5", "10.0.0.10 0"]],
    ["a:10 | b:0", "a=blind b=up", true, ["10.0.0.9 0", "10.0.0.10 0 keep"]],
    ["a:0 b:5", "a=blind b=blind", true, ["10.0.0.9 0 keep", "10.0.0.10 0"]],
    ["b:5 | a:10", "a=blind b=up", true, ["10.0.0.9 5", "10.0.0.10 0 keep"]],
  ];
  for (const [pools, states, flushOnDown, expected] of cases) {
    const { servers } = frontendHealth(frontendOf(pools, flushOnDown), {
      stateOf: statesOf(states),
      addressOf: (name) => parseIp(addresses[name]!)!,
    });
    const text = servers.map((s) =>
      `${s.address.text} ${s.weight}${s.flush ? " flush" : ""}${s.keep ? " keep" : ""}`
    );
    assert.deepEqual(text, expected, `${pools} with ${states}`);
  }
});

const shapes = fc.record({
  flushOnDown: fc.boolean(),
  pools: fc.array(
    fc.record({
      backends: fc.uniqueArray(
        fc.record({
          name: fc.constantFrom("a", "b", "c", "d", "e"),
          weight: fc.integer({ min: 0, max: 3 }),
        }),
        { selector: (entry) => entry.name, minLength: 1 },
      ),
    }),
    { minLength: 1, maxLength: 4 },
  ),
});
const stateTables = fc.record({
  a: fc.constantFrom(...STATES),
  b: fc.constantFrom(...STATES),
  c: fc.constantFrom(...STATES),
  d: fc.constantFrom(...STATES),
  e: fc.constantFrom(...STATES),
});
/** a and b, and c and d, share an address. */
const ADDRESS: Record<string, string> = {
  a: "::1",
  b: "::1",
  c: "10.0.0.2",
  d: "10.0.0.2",
  e: "10.0.0.1",
};

Deno.test("frontendHealth: weight only in the active pool and only of up backends; up exactly with weight", () => {
  fc.assert(fc.property(shapes, stateTables, (shape, states) => {
    const stateOf = (name: string) => states[name as keyof typeof states];
    const addressOf = (name: string) => parseIp(ADDRESS[name]!)!;
    const health = frontendHealth(shape, { stateOf, addressOf });
    let sum = 0;
    shape.pools.forEach((pool, i) => {
      pool.backends.forEach((entry, j) => {
        const weight = health.effectiveWeights[i]![j]!;
        sum += weight;
        const served = i === health.activePool && stateOf(entry.name) === "up";
        assert.equal(weight, served ? entry.weight : 0);
      });
    });
    assert.equal(health.state === "up", sum > 0);
    // If a pool could take traffic, some server takes traffic.
    const anyUsable = shape.pools.some((pool) =>
      pool.backends.some((entry) => entry.weight > 0 && stateOf(entry.name) === "up")
    );
    assert.equal(sum > 0, anyUsable);
  }));
});

Deno.test("frontendHealth merges servers like a brute-force merge, for any order of the entries", () => {
  fc.assert(fc.property(shapes, stateTables, (shape, states) => {
    const stateOf = (name: string) => states[name as keyof typeof states];
    const addressOf = (name: string) => parseIp(ADDRESS[name]!)!;
    const { servers } = frontendHealth(shape, { stateOf, addressOf });
    const active = activePool(shape.pools, stateOf);
    const texts = [...new Set(shape.pools.flatMap((p) => p.backends.map((b) => ADDRESS[b.name]!)))];
    assert.deepEqual(servers.map((s) => s.address.text).sort(), texts.sort());
    for (const server of servers) {
      const sharing = shape.pools.flatMap((pool, i) =>
        pool.backends.filter((entry) => ADDRESS[entry.name] === server.address.text)
          .map((entry) =>
            effectiveWeight(stateOf(entry.name), {
              active: i === active,
              configured: entry.weight,
              flushOnDown: shape.flushOnDown,
            })
          )
      );
      assert.equal(server.weight, Math.max(...sharing.map((e) => e.weight)));
      assert.equal(server.flush, server.weight === 0 && sharing.every((e) => e.flush));
    }
  }));
});
