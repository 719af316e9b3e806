import assert from "node:assert/strict";
import type { FleetRollout, FleetStore } from "../../../protocol.ts";
import { rolloutTilesOf, storeTilesOf } from "./stores.ts";

function store(lb: string, fields: Partial<FleetStore> = {}): FleetStore {
  return {
    lb,
    name: lb,
    fleet: "edge",
    site: "",
    state: "ok",
    reason: "",
    since_ms: 1000,
    applied: 7,
    members: 3,
    away: [],
    unobeyed: 0,
    ...fields,
  };
}

Deno.test("storeTilesOf(): a fleet that is well, and each way in which it is not", () => {
  assert.deepEqual(storeTilesOf({}), []);
  assert.deepEqual(storeTilesOf({ stores: [store("lb1"), store("lb2", { applied: 8 })] }), [{
    fleet: "edge",
    kind: "well",
    text: "store ok, revision 8, 3 load balancers",
    lines: [
      { name: "lb1", text: "applied 7", isBad: false },
      { name: "lb2", text: "applied 8", isBad: false },
    ],
  }]);
  const away = store("lb2", { state: "away", reason: "silent", since_ms: 5000 });
  const [some] = storeTilesOf({ stores: [store("lb1", { away: ["lb9"] }), away] });
  assert.equal(
    some!.text,
    "store not ok on some load balancers, revision 7, 3 load balancers, lb9 away",
  );
  assert.deepEqual([some!.kind, some!.lines[1]], [
    "differ",
    { name: "lb2", text: "away: silent", isBad: true, sinceMs: 5000 },
  ]);
  const [none] = storeTilesOf({ stores: [away] });
  assert.equal(none!.text, "store not ok on all load balancers");
  const [held] = storeTilesOf({ stores: [store("lb1", { unobeyed: 2 })] });
  assert.deepEqual([held!.kind, held!.lines[0]!.text], [
    "differ",
    "applied 7, 2 intents not obeyed",
  ]);
  const two = storeTilesOf({
    stores: [store("lb1", { fleet: "b" }), store("lb2", { fleet: "a" })],
  });
  assert.deepEqual(two.map(({ fleet }) => fleet), ["a", "b"]);
});

Deno.test("rolloutTilesOf(): each load balancer with its wave, a red gate, and an end that is past", () => {
  const rollout: FleetRollout = {
    fleet: "edge",
    id: "0123abcd",
    hash: "9f3c".repeat(16),
    state: "refused",
    step_ms: 1000,
    wave_count: 2,
    waves_open: 1,
    note: "lb1: its plan removes 1 VIP",
    lbs: [
      { name: "lb1", wave: 1, present: true, state: "refused", note: "a gate" },
      { name: "lb2", wave: 2, present: false, state: "closed", note: "" },
      { name: "lb3", wave: 0, present: true, state: "", note: "" },
    ],
  };
  const [tile] = rolloutTilesOf({ rollouts: [rollout] }, 2000);
  assert.equal(
    tile!.text,
    "rollout of 9f3c9f3c9f3c refused, wave 1 of 2, lb1: its plan removes 1 VIP",
  );
  assert.deepEqual([tile!.kind, tile!.sinceMs], ["differ", 1000]);
  assert.deepEqual(tile!.lines.map(({ name, text, isBad }) => [name, text, isBad]), [
    ["lb1", "wave 1: refused (a gate)", true],
    ["lb2", "wave 2: away", false],
    ["lb3", "in no wave: no answer", false],
  ]);
  const done = { ...rollout, state: "done", lbs: [], note: "" };
  const day = 24 * 3_600_000;
  assert.equal(rolloutTilesOf({ rollouts: [done] }, 1000 + day)[0]!.kind, "well");
  assert.deepEqual(rolloutTilesOf({ rollouts: [done] }, 1001 + day), []);
  assert.equal(rolloutTilesOf({ rollouts: [rollout] }, 1001 + day).length, 1);
});
