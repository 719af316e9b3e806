/** Grid, timeline, rules and lines. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { mulberry32 } from "../../tests/support/fakes/mulberry32.ts";
import type { MonotonicMs, WallMs } from "../base/instant.ts";
import { Grid } from "./grid.ts";
import { VipRecord } from "./record/vip_record.ts";
import { verdictLine } from "./report.ts";
import { brokenRules, type Rules } from "./rules.ts";
import { Timeline } from "./timeline.ts";

Deno.test("a grid keeps its period and phase whatever the time of sending is", () => {
  fc.assert(fc.property(fc.integer(), fc.array(fc.double({ min: 0, max: 500, noNaN: true })), (
    seed,
    delays,
  ) => {
    const grid = new Grid({ intervalMs: 100, startMs: 1000, prng: mulberry32(seed) });
    assert.ok(grid.periodMs >= 90 && grid.periodMs <= 110);
    const firstMs = grid.nextMs;
    assert.ok(firstMs >= 1000 && firstMs <= 1000 + grid.periodMs);
    let slots = 0;
    for (const delay of delays) {
      const nowMs = grid.nextMs + delay;
      const { dueMs, missed } = grid.take(nowMs);
      slots += missed?.count ?? 0;
      assert.ok(Math.abs(dueMs - (firstMs + slots * grid.periodMs)) < 1e-6);
      assert.ok(nowMs - dueMs < grid.periodMs + 1e-6, "later ones are missed");
      slots++;
    }
  }));
});

Deno.test("a grid that was paused goes on at its next place", () => {
  const grid = new Grid({ intervalMs: 100, startMs: 0, prng: () => 0.5 });
  assert.equal(grid.nextMs, 50);
  grid.skipTo(420);
  assert.equal(grid.nextMs, 450);
  grid.skipTo(100);
  assert.equal(grid.nextMs, 450);
});

Deno.test("the timeline counts the time in which the machine slept, and never goes back", () => {
  let [monotonic, wall] = [5000, 1_800_000_000_000];
  const timeline = new Timeline({
    monotonicMs: () => monotonic as MonotonicMs,
    wallMs: () => wall as WallMs,
  });
  assert.equal(timeline.nowMs(), 0);
  [monotonic, wall] = [monotonic + 100, wall + 100];
  assert.equal(timeline.nowMs(), 100);
  [monotonic, wall] = [monotonic + 10, wall + 60_010];
  assert.equal(timeline.nowMs(), 60_110);
  [monotonic, wall] = [monotonic + 10, wall - 90_000];
  assert.equal(timeline.nowMs(), 60_120, "a clock that is set back does not count");
  [monotonic, wall] = [monotonic + 10, wall + 500];
  assert.equal(timeline.nowMs(), 60_130, "nor does a small step");
  assert.equal(timeline.utc(1), "2027-01-15T08:00:00.001Z");
});

/** A record of probes each 100 ms, `.` and `x`. */
function recordOf(text: string): VipRecord {
  const record = new VipRecord({ outageAfter: 2, graceUntilMs: 0 });
  for (const [at, probe] of [...text].entries()) {
    const result = probe === "."
      ? { kind: "ok" as const, latencyMs: 5, status: 200, server: undefined }
      : { kind: "failed" as const, error: "timeout" as const, text: "none", status: 0 };
    record.result(record.send(at * 100), result, at * 100);
  }
  return record;
}

const NONE: Rules = { maxOutageMs: undefined, maxP99Ms: undefined, minOkPercent: undefined };
const brokenBy = (text: string, rules: Partial<Rules>) =>
  brokenRules([["web", recordOf(text)]], { ...NONE, ...rules })
    .map(({ rule, value }) => `${rule} ${value}`);

Deno.test("rules are broken above their limit, not at it", () => {
  assert.deepEqual(brokenBy("..xxx..", { maxOutageMs: 300 }), []);
  assert.deepEqual(brokenBy("..xxx..", { maxOutageMs: 299 }), ["max-outage 300"]);
  assert.deepEqual(brokenBy("....", { maxP99Ms: 5 }), []);
  assert.deepEqual(brokenBy("....", { maxP99Ms: 4.9 }), ["max-p99 5"]);
  assert.deepEqual(brokenBy("...x", { minOkPercent: 75 }), []);
  assert.deepEqual(brokenBy("...x", { minOkPercent: 75.1 }), ["min-ok 75"]);
  assert.deepEqual(brokenBy("xxxx", {}), []);
});

Deno.test("a VIP that never answered, or has no result, breaks the rules", () => {
  assert.deepEqual(brokenBy("x", { maxOutageMs: 10_000 }), ["max-outage 0"]);
  assert.deepEqual(brokenBy("xxx", { maxP99Ms: 10_000 }), ["max-p99 undefined"]);
  const rules = { maxOutageMs: 1, maxP99Ms: 1, minOkPercent: 1 };
  assert.equal(brokenBy("", rules).length, 3);
});

Deno.test("the verdict names the first rule and VIP, else the longest outage", () => {
  const named = (...texts: string[]) =>
    texts.map((text, at) => [{ name: `web${at}` }, recordOf(text)] as const);
  assert.equal(verdictLine([], named("..x..")), "passed: 1 VIP, no outage");
  assert.equal(
    verdictLine([], named("..xx..xxx..", "...", "")),
    "passed: 3 VIPs, 2 outages, the longest 300ms (web0); 1 VIP without a result",
  );
  const broken = [
    { rule: "max-outage", vip: "web", limit: 500, value: 730.123 },
    { rule: "min-ok", vip: "web", limit: 99, value: undefined },
  ];
  assert.equal(verdictLine(broken, []), "failed: max-outage 500ms: web: 730.12ms, and 1 more");
  assert.equal(
    verdictLine(broken.slice(1), []),
    "failed: min-ok 99%: web: no probe has a result",
  );
});
