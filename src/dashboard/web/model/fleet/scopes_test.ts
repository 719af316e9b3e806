import assert from "node:assert/strict";
import type { FleetStore } from "../../../protocol.ts";
import { scopeChoices } from "./scopes.ts";

function store(lb: string, fleet: string, site = "", state = "ok"): FleetStore {
  const counts = { applied: 1, members: 2, unobeyed: 0, since_ms: 0 };
  return { lb, name: lb, fleet, site, state, reason: "", away: [], ...counts };
}

Deno.test("scopeChoices(): the load balancer, its fleet and the sites of it", () => {
  const stores = [
    store("lb1", "edge", "fra"),
    store("lb2", "edge", "ams"),
    store("lb3", "edge"),
    store("lb4", "other", "nrt"),
  ];
  assert.deepEqual(scopeChoices({ stores }, "lb1"), [
    { scope: "", label: "lb1 alone" },
    { scope: "fleet", label: "all of fleet edge" },
    { scope: "site=ams", label: "site ams" },
    { scope: "site=fra", label: "site fra" },
  ]);
  const present = scopeChoices({ stores }, "lb4", "lb=x9").map(({ label }) => label);
  assert.deepEqual(present, ["lb4 alone", "all of fleet other", "site nrt", "x9 of fleet other"]);
});

Deno.test("scopeChoices(): none without a store that answers", () => {
  assert.deepEqual(scopeChoices(undefined, "lb1"), []);
  assert.deepEqual(scopeChoices({}, "lb1"), []);
  assert.deepEqual(scopeChoices({ stores: [store("lb1", "edge", "", "away")] }, "lb1"), []);
  assert.deepEqual(scopeChoices({ stores: [store("lb2", "edge")] }, "lb1"), []);
});
