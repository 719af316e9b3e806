import assert from "node:assert/strict";
import { Tally } from "./tally.ts";
import type { Backend, ProbeResult } from "../health/state.ts";
import { ProbeActivity } from "./probe_activity.ts";

const OK: ProbeResult = { ok: true, layer: "L4", code: "L4OK", detail: "", durationMs: 1 };
const BAD: ProbeResult = { ok: false, layer: "L4", code: "L4CON", detail: "", durationMs: 1 };

function world() {
  const tally = new Tally();
  const backends = new Map<string, Backend>();
  const probe = (name: string, lastResult: ProbeResult, counter: number, type = "tcp") => {
    tally.countProbe(name, type as "tcp", lastResult);
    backends.set(name, { name, lastResult, counter } as Backend);
  };
  return { source: { current: { backends }, tally }, tally, backends, probe };
}

Deno.test("ProbeActivity sums up the probes since the last look, and nothing from before", () => {
  const { source, probe } = world();
  probe("a", OK, 2);
  const activity = new ProbeActivity(source, () => true);
  assert.deepEqual(activity.take(), []);
  probe("b", OK, 1);
  probe("a", OK, 3);
  probe("a", BAD, 2);
  assert.deepEqual(activity.take(), [
    { backend: "a", count: 2, result: BAD, counter: 2 },
    { backend: "b", count: 1, result: OK, counter: 1 },
  ]);
  assert.deepEqual(activity.take(), []);
});

Deno.test("ProbeActivity looks at what is wanted, and is not misled by totals that begin again", () => {
  const { source, tally, backends, probe } = world();
  const activity = new ProbeActivity(source, (name) => name !== "b");
  for (let i = 0; i < 5; i++) probe("a", OK, 3);
  probe("b", OK, 3);
  assert.deepEqual(activity.take().map(({ backend, count }) => [backend, count]), [["a", 5]]);
  probe("a", OK, 3, "http");
  assert.deepEqual(activity.take().map(({ count }) => count), [1]);
  // It goes, and comes again.
  tally.forget("a");
  backends.delete("a");
  assert.deepEqual(activity.take(), []);
  probe("a", BAD, 0);
  assert.deepEqual(activity.take().map(({ count }) => count), [1]);
  // Paused: its last result is forgotten.
  tally.countProbe("a", "tcp", OK);
  backends.set("a", { ...backends.get("a")!, lastResult: undefined });
  assert.deepEqual(activity.take(), []);
});
