import assert from "node:assert/strict";
import { FAIL, PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { wall } from "../../tests/support/fakes/instants.ts";
import { PROBE_DURATION_BUCKETS_S, Tally } from "./tally.ts";

Deno.test("Tally counts probes by type, result and code, transitions and voids, sorted", () => {
  const tally = new Tally();
  tally.countProbe("b", "tcp", PASS);
  tally.countProbe("b", "tcp", FAIL);
  tally.countProbe("b", "tcp", PASS);
  tally.countProbe("b", "tcp", { ...FAIL, code: "L4TOUT" });
  tally.countProbe("a", "http", { ...FAIL, layer: "L7", code: "L7STS" });
  assert.equal(tally.of("a")!.type, "http");
  assert.deepEqual(tally.of("a")!.probes, [{ result: "fail", code: "L7STS", count: 1 }]);
  assert.deepEqual(tally.of("b")!.probes, [
    { result: "pass", code: "L4OK", count: 2 },
    { result: "fail", code: "L4CON", count: 1 },
    { result: "fail", code: "L4TOUT", count: 1 },
  ]);
  tally.countTransition("a", { from: "up", to: "down", atMs: wall(2), result: FAIL });
  tally.countTransition("a", { from: "unknown", to: "up", atMs: wall(1), result: PASS });
  tally.countTransition("a", { from: "unknown", to: "up", atMs: wall(3), result: PASS });
  assert.deepEqual(tally.of("a")!.transitions, [
    { from: "unknown", to: "up", count: 2 },
    { from: "up", to: "down", count: 1 },
  ]);
  tally.countVoid("c");
  tally.countVoid("c");
  assert.equal(tally.of("c")!.voids, 2);
  assert.deepEqual([tally.of("c")!.type, tally.of("c")!.probes], [undefined, []]);
});

Deno.test("Tally puts a duration into the first class whose bound it does not exceed", () => {
  const tally = new Tally();
  const bounds = PROBE_DURATION_BUCKETS_S.map((bound) => 1000 * bound);
  const durations = [0, ...bounds, ...bounds.map((bound) => bound + 0.01)];
  for (const durationMs of durations) tally.countProbe("a", "tcp", { ...PASS, durationMs });
  const { classes, count, sumMs } = tally.of("a")!.durations;
  assert.deepEqual(Array.from(classes), [2, ...bounds.slice(1).map(() => 2), 1]);
  assert.equal(count, durations.length);
  assert.ok(Math.abs(sumMs - durations.reduce((sum, ms) => sum + ms, 0)) < 1e-6);
});

Deno.test("Tally: another type of probe starts at 0; a forgotten backend leaves nothing", () => {
  const tally = new Tally();
  tally.countProbe("a", "tcp", PASS);
  tally.countProbe("a", "http", PASS);
  tally.countTransition("a", { from: "unknown", to: "up", atMs: wall(1), result: PASS });
  tally.countVoid("a");
  const { type, durations, voids } = tally.of("a")!;
  assert.deepEqual([type, durations.count, voids], ["http", 1, 1]);
  tally.countTransition("a", { from: "up", to: "removed", atMs: wall(2), result: FAIL });
  assert.equal(tally.of("a")!.transitions.length, 1, "of the backend, whatever its probes");
  tally.forget("a");
  assert.equal(tally.of("a"), undefined);
});
