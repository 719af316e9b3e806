import assert from "node:assert/strict";
import { FAIL, PASS } from "../../tests/support/fake_probe_engine.ts";
import { Tally } from "./tally.ts";

Deno.test("Tally counts probes by type, result and code, transitions and voids, sorted", () => {
  const tally = new Tally();
  tally.countProbe("b", "tcp", PASS);
  tally.countProbe("b", "tcp", PASS);
  tally.countProbe("b", "tcp", FAIL);
  tally.countProbe("a", "http", { ...FAIL, layer: "L7", code: "L7STS" });
  assert.deepEqual(tally.probeCounts(), [
    { backend: "a", type: "http", result: "fail", code: "L7STS", count: 1 },
    { backend: "b", type: "tcp", result: "pass", code: "L4OK", count: 2 },
    { backend: "b", type: "tcp", result: "fail", code: "L4CON", count: 1 },
  ]);
  tally.countTransition("a", { from: "unknown", to: "up", atMs: 1, result: PASS });
  tally.countTransition("a", { from: "up", to: "down", atMs: 2, result: FAIL });
  tally.countTransition("a", { from: "unknown", to: "up", atMs: 3, result: PASS });
  assert.deepEqual(tally.transitionCounts(), [
    { backend: "a", from: "unknown", to: "up", count: 2 },
    { backend: "a", from: "up", to: "down", count: 1 },
  ]);
  tally.countVoid("b");
  tally.countVoid("b");
  assert.deepEqual(tally.voidCounts(), [{ backend: "b", count: 2 }]);
});

Deno.test("Tally: another type of probe begins anew; a forgotten backend leaves nothing", () => {
  const tally = new Tally();
  tally.countProbe("a", "tcp", PASS);
  tally.countProbe("a", "http", PASS);
  tally.countTransition("a", { from: "unknown", to: "up", atMs: 1, result: PASS });
  tally.countVoid("a");
  assert.deepEqual(tally.probeCounts().map(({ type, count }) => [type, count]), [["http", 1]]);
  tally.forget("a");
  assert.deepEqual(
    [tally.probeCounts(), tally.transitionCounts(), tally.voidCounts()],
    [[], [], []],
  );
});
