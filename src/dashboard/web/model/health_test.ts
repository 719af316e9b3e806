/// <reference lib="deno.ns" />
import assert from "node:assert/strict";
import type { Backend, Frontend, LbVip } from "../../protocol.ts";
import { heldWord, risingWords, SETTLE_MS, summarize, type SummaryContext } from "./health.ts";
import { backend, entry, NOW_MS, vip, WANTED, web } from "./test_lb.ts";

interface World extends Partial<SummaryContext> {
  readonly backends?: readonly Backend[];
  readonly actual?: LbVip | undefined;
}

function judge(frontend: Frontend, world: World = {}) {
  const { backends = [backend("w1"), backend("w2"), backend("w3")] } = world;
  const actual = "actual" in world ? world.actual : vip(WANTED);
  return summarize(frontend, {
    backend: (name) => backends.find((backend) => backend.name === name),
    vip: () => actual,
    lbReadMs: NOW_MS,
    changedMs: NOW_MS - 60_000,
    vpp: { state: "connected", weights: true },
    status: {},
    ...world,
  });
}

Deno.test("a frontend with all servers up, and VPP as wanted, is well", () => {
  const { health, up, total, failing, held, differences } = judge(web());
  assert.deepEqual({ health, up, total }, { health: "well", up: 2, total: 2 });
  assert.deepEqual([failing, held, differences], [[], [], []]);
});

Deno.test("a backend that is down degrades, also one that stands by, and is named first", () => {
  const backends = [backend("w1", "unknown"), backend("w2"), backend("w3", "down")];
  const { health, up, failing } = judge(web(), { backends });
  assert.equal(health, "degraded");
  assert.equal(up, 1);
  assert.deepEqual(failing.map(({ name }) => name), ["w3", "w1"]);
});

Deno.test("a backend that damping holds is a failure, in words of its own", () => {
  const damped = backend("w1", "down", { damped_until_ms: NOW_MS + 60_000 });
  const { failing } = judge(web(), { backends: [damped, backend("w2"), backend("w3")] });
  assert.deepEqual(failing, [{ name: "w1", state: "down", word: "down (damped)" }]);
  assert.equal(heldWord("down", { held: true, damped: true }), "down (held, damped)");
});

Deno.test("a backend that an operator holds is not a failure, but is listed", () => {
  const intent = { kind: "weight" as const, since_ms: 0, file_weight: 100 };
  const frontend = web({
    pools: [{ name: "primary", backends: [entry("w1"), { ...entry("w2", 100), intent }] }],
  });
  const { health, held } = judge(frontend, {
    backends: [backend("w1", "paused"), backend("w2")],
    actual: vip({ "10.0.0.1": 100, "10.0.0.2": 100 }),
  });
  assert.equal(health, "well");
  assert.deepEqual(held, [{ name: "w1", word: "paused" }, { name: "w2", word: "weight set" }]);
});

Deno.test("served by another pool than the first is a state of its own, worse than degraded", () => {
  const frontend = web({
    active_pool: "standby",
    pools: [
      { name: "primary", backends: [entry("w1", 100, 0), entry("w2", 100, 0)] },
      { name: "standby", backends: [entry("w3")] },
    ],
  });
  const { health, up, total } = judge(frontend, {
    backends: [backend("w1", "down"), backend("w2", "down"), backend("w3")],
    actual: vip({ "10.0.0.1": 0, "10.0.0.2": 0, "10.0.0.3": 100 }),
  });
  assert.deepEqual({ health, up, total }, { health: "fallback", up: 1, total: 1 });
});

Deno.test("down and unknown come from the frontend's own state", () => {
  assert.equal(judge(web({ state: "down", active_pool: "" })).health, "down");
  assert.equal(judge(web({ state: "unknown", active_pool: "" })).health, "unknown");
});

Deno.test("VPP disagrees by weight, by a server that is missing or left over, or without the VIP", () => {
  const differences = (actual: LbVip | undefined) => judge(web(), { actual }).differences;
  assert.deepEqual(differences(vip({ ...WANTED, "10.0.0.2": 50 })), [
    { address: "10.0.0.2", wanted: "weight 100", actual: "weight 50" },
  ]);
  assert.deepEqual(differences(vip({ "10.0.0.1": 100 })), [
    { address: "10.0.0.2", wanted: "weight 100", actual: "missing" },
  ]);
  assert.deepEqual(differences(vip({ ...WANTED, "10.9.9.9": 10 })), [
    { address: "10.9.9.9", wanted: "weight 0", actual: "weight 10" },
  ]);
  assert.deepEqual(differences(undefined).map(({ actual }) => actual), ["no such VIP"]);
  assert.equal(judge(web(), { actual: undefined }).health, "disagrees");
});

Deno.test("a reading from before the change, or right after it, is not judged", () => {
  const actual = vip({ ...WANTED, "10.0.0.2": 50 });
  const health = (lbReadMs: number | undefined) =>
    judge(web(), { actual, lbReadMs, changedMs: NOW_MS }).health;
  assert.equal(health(undefined), "well");
  assert.equal(health(NOW_MS - 1), "well");
  assert.equal(health(NOW_MS + SETTLE_MS - 1), "well");
  assert.equal(health(NOW_MS + SETTLE_MS), "disagrees");
});

Deno.test("VPP is not judged while it is away, during warm-up, or for a blind prober", () => {
  const actual = vip({ ...WANTED, "10.0.0.2": 50 });
  assert.equal(judge(web(), { actual, vpp: { state: "connecting" } }).health, "well");
  assert.equal(judge(web(), { actual, status: { warmup: "waiting" } }).health, "well");
  assert.equal(judge(web(), { actual, status: { warmup: "done" } }).health, "disagrees");
  const blind = [backend("w1", "up", { blind: "netns is gone" }), backend("w2"), backend("w3")];
  assert.equal(judge(web(), { actual, backends: blind }).health, "well");
});

Deno.test("a VPP without weights is judged by use alone", () => {
  const vpp = { state: "connected", weights: false } as const;
  assert.equal(judge(web(), { vpp, actual: vip({ "10.0.0.1": 1, "10.0.0.2": 1 }) }).health, "well");
  const { differences } = judge(web(), { vpp, actual: vip({ "10.0.0.1": 1 }) });
  assert.deepEqual(differences, [{ address: "10.0.0.2", wanted: "in use", actual: "missing" }]);
});

Deno.test("what a policy or a drain does has words of its own, and a withdrawn VIP is not well", () => {
  const pools = [
    { name: "primary", backends: [{ ...entry("w1"), held: true as const }, entry("w2", 0)] },
  ];
  const drain = { kind: "drain", since_ms: 0, until_ms: 1, then: "disable" } as const;
  const { failing, held } = judge(web({ pools }), {
    backends: [backend("w1", "down"), backend("w2", "up", { intent: drain })],
  });
  assert.deepEqual(failing, [{ name: "w1", state: "down", word: "down (held)" }]);
  assert.deepEqual(held, [{ name: "w2", word: "draining" }]);
  assert.equal(judge(web({ announced: "withdrawn" })).health, "degraded");
  assert.equal(judge(web({ announced: "announced" })).health, "well");
});

Deno.test("a server that rises by slow-start has its share in words, and its frontend is well", () => {
  const rising = { ...entry("w2", 50, 17), rising: true as const };
  assert.equal(risingWords(rising), "slow start, 34 % of 50");
  const pools = [{ name: "primary", backends: [entry("w1"), rising] }];
  const actual = vip({ "10.0.0.1": 100, "10.0.0.2": 17 });
  assert.equal(judge(web({ pools }), { actual }).health, "well");
});
