/// <reference lib="deno.ns" />
import assert from "node:assert/strict";
import { frontendVipKey, type History } from "../../protocol.ts";
import { advanceStrips, applyHistory, applyToLb, createLb, type Lb, type LbEvent } from "./lb.ts";
import { backend, entry, maglevd, NOW_MS, vip, WANTED, web } from "./test_lb.ts";

const KEY = frontendVipKey(web());

type Anonymous<E> = E extends unknown ? Omit<E, "maglevd"> : never;

/** Applies events; returns the parts that were touched. */
function apply(lb: Lb, ...events: readonly Anonymous<LbEvent>[]): Set<string> {
  const touched = new Set<string>();
  for (const event of events) {
    applyToLb(lb, { ...event, maglevd: lb.name } as LbEvent, (part) => touched.add(part));
  }
  return touched;
}

const failed = (t_ms: number) =>
  ({ type: "backend", t_ms, backend: backend("w1", "down") }) as const;
const reweighed = web({
  pools: [
    { name: "primary", backends: [entry("w1", 100, 0), entry("w2")] },
    { name: "standby", backends: [entry("w3", 100, 0)] },
  ],
});

Deno.test("a backend's event changes its row, its frontend and the counts, and nothing else", () => {
  const lb = createLb(maglevd());
  assert.equal(lb.summaries.get("web")!.health, "well");
  assert.deepEqual([...apply(lb, failed(NOW_MS))].sort(), ["b:w1", "counts", "f:web"]);
  assert.equal(lb.summaries.get("web")!.health, "degraded");
  assert.equal(lb.backends.get("w1")!.state, "down");
});

Deno.test("VPP disagrees only when it was read after the change and still differs", () => {
  const lb = createLb(maglevd());
  apply(lb, failed(NOW_MS), { type: "frontend", t_ms: NOW_MS, frontend: reweighed });
  assert.equal(lb.summaries.get("web")!.health, "degraded", "VPP was read before");
  const read = (read_ms: number, weights: Record<string, number>) =>
    apply(lb, { type: "lb-state", t_ms: read_ms, read_ms, vips: [vip(weights)], removed: [] });
  read(NOW_MS + 100, WANTED);
  assert.equal(lb.summaries.get("web")!.health, "degraded", "VPP was read while it changed");
  // The same state, read later: only VIPs that changed are sent, so the list is empty.
  apply(lb, { type: "lb-state", t_ms: 0, read_ms: NOW_MS + 5000, vips: [], removed: [] });
  assert.equal(lb.summaries.get("web")!.health, "disagrees");
  read(NOW_MS + 6000, { ...WANTED, "10.0.0.1": 0 });
  assert.equal(lb.summaries.get("web")!.health, "degraded");
});

Deno.test("a VIP that VPP lost, and one that it got back", () => {
  const lb = createLb(maglevd());
  const event = { type: "lb-state", t_ms: NOW_MS, read_ms: NOW_MS } as const;
  assert.ok(apply(lb, { ...event, vips: [], removed: [KEY] }).has("f:web"));
  assert.equal(lb.summaries.get("web")!.health, "disagrees");
  apply(lb, { ...event, vips: [vip(WANTED)], removed: [] });
  assert.equal(lb.summaries.get("web")!.health, "well");
});

Deno.test("the end of the warm-up judges all frontends again", () => {
  const { frontends: _f, backends: _b, healthchecks: _h, vpp: _v, lb: _l, ...status } = maglevd();
  const lb = createLb(maglevd({
    warmup: "waiting",
    lb: { read_ms: NOW_MS, vips: [] },
  }));
  assert.equal(lb.summaries.get("web")!.health, "well");
  apply(lb, { type: "maglevd-status", t_ms: NOW_MS, status: { ...status, warmup: "done" } });
  assert.equal(lb.summaries.get("web")!.health, "disagrees");
});

Deno.test("a whole state replaces the lists, and keeps what the page itself has seen", () => {
  const lb = createLb(maglevd());
  apply(lb, { type: "frontend", t_ms: NOW_MS, frontend: reweighed });
  const touched = apply(lb, {
    type: "maglevd-state",
    t_ms: NOW_MS,
    state: maglevd({ frontends: [reweighed], backends: [backend("w1"), backend("w2")] }),
  });
  assert.ok(touched.has("lists") && touched.has("b:w1") && !touched.has("b:w3"));
  assert.deepEqual([...lb.backends.keys()], ["w1", "w2"]);
  assert.equal(lb.changedMs.get("web"), NOW_MS, "the change is not forgotten");
});

Deno.test("events about what is not there are ignored", () => {
  const lb = createLb(maglevd());
  const stranger = { ...web(), name: "stranger" };
  assert.deepEqual([
    ...apply(
      lb,
      { type: "backend", t_ms: NOW_MS, backend: backend("x9") },
      { type: "frontend", t_ms: NOW_MS, frontend: stranger },
      { type: "probes", t_ms: NOW_MS, probes: { x9: ["L7OK", true, 4, 1] } },
    ),
  ], []);
  assert.deepEqual([...lb.frontends.keys()], ["web"]);
});

Deno.test("names that are also names of JavaScript's own properties are only names", () => {
  const names = ["__proto__", "constructor"];
  const lb = createLb(maglevd({
    backends: names.map((name) => backend(name)),
    frontends: [web({ pools: [{ name: "p", backends: names.map((name) => entry(name)) }] })],
  }));
  assert.equal(lb.summaries.get("web")!.up, 2);
  apply(lb, { type: "backend", t_ms: NOW_MS, backend: backend("constructor", "down") });
  assert.equal(lb.summaries.get("web")!.up, 1);
});

Deno.test("probes move the counter and the last result, and beat", () => {
  const lb = createLb(maglevd());
  const probes = (...result: readonly [string, boolean, number, number, number?]) =>
    apply(lb, { type: "probes", t_ms: NOW_MS, probes: { w1: result } });
  assert.deepEqual([...probes("L7OK", true, 4, 1)], ["beat:w1"], "nothing changed");
  assert.deepEqual([...probes("L4TOUT", false, 3, 1)], ["beat:w1", "b:w1"]);
  assert.deepEqual(lb.backends.get("w1")!.last_result, { ok: false, code: "L4TOUT" });
  probes("L7OK", true, 4, 1, 2.5);
  assert.deepEqual(lb.backends.get("w1")!.last_result, {
    ok: true,
    code: "L7OK",
    duration_ms: 2.5,
  });
});

Deno.test("rates keep ten minutes, and a point that is not newer is ignored", () => {
  const lb = createLb(maglevd());
  const point = (at_ms: number, value: [number, number, number] | null) =>
    apply(lb, { type: "rates", t_ms: at_ms, at_ms, vips: { [KEY]: value } });
  for (let i = 1; i <= 130; i++) point(i, [i, 2 * i, 0]);
  assert.equal(lb.rates.get(KEY)!.at_ms.length, 120);
  assert.equal(lb.rates.get(KEY)!.first[0], 11);
  assert.deepEqual([...point(130, [0, 0, 0])], []);
  point(131, null);
  assert.equal(lb.rates.get(KEY)!.next.at(-1), null, "a gap, not a zero");
});

Deno.test("strips: history, the worst of the newest slot, and slots that pass", () => {
  const lb = createLb(maglevd());
  const none = () => {};
  const history: History = {
    end_ms: NOW_MS,
    slot_ms: 10_000,
    backends: { w1: { strip: ".uuu", results: [] }, gone: { strip: "uuuu", results: [] } },
    vips: {},
  };
  applyHistory(lb, history, none);
  assert.deepEqual([...lb.strips], [["w1", ".uuu"]]);
  apply(lb, failed(NOW_MS), { type: "backend", t_ms: NOW_MS, backend: backend("w1") });
  assert.equal(lb.strips.get("w1"), ".uud", "it was down, if only for a moment");
  advanceStrips(lb, { nowMs: NOW_MS - 1, live: true, touch: none });
  assert.equal(lb.strips.get("w1"), ".uud");
  advanceStrips(lb, { nowMs: NOW_MS, live: true, touch: none });
  assert.equal(lb.strips.get("w1"), "uudu");
  advanceStrips(lb, { nowMs: NOW_MS + 25_000, live: false, touch: none });
  assert.equal(lb.strips.get("w1"), "du..", "nothing is known of a time without a stream");
  advanceStrips(lb, { nowMs: NOW_MS + 3_600_000, live: true, touch: none });
  assert.equal(lb.strips.get("w1"), "uuuu");
});
