import assert from "node:assert/strict";
import { FleetLb } from "../../tests/support/worlds/fleet_world.ts";
import type { SmallConfig } from "../../tests/support/fakes/small_config.ts";
import { ip } from "../../tests/support/fakes/vips.ts";
import { LocalRoots } from "../explain/local_roots.ts";
import type { VppInfo } from "../vpp/ports.ts";
import { fleetRows } from "./collect_fleet.ts";
import { Page } from "./text.ts";
import type { MetricsView } from "./view.ts";

const CONFIG: SmallConfig = {
  backends: { a: {}, b: {} },
  frontends: { web: { pools: "a b" }, api: { pools: "b" } },
};

/** Values by the label `of`. */
function valuesOf(lb: FleetLb, change: Partial<MetricsView> = {}): ReadonlyMap<string, number> {
  const view = {
    snapshot: lb.snapshot,
    vpp: { kind: "connected", info: { weights: lb.can.weights } as VppInfo },
    vppRead: true,
    vipOf: (key) => lb.vpp.vip(key),
    ...change,
  } as MetricsView;
  const page = new Page();
  fleetRows.maglev_fleet_fingerprint(view, page);
  const text = new TextDecoder().decode(page.take());
  const lines = [...text.matchAll(/^maglev_fleet_fingerprint\{of="(\w+)"\} (\d+)$/gm)];
  assert.equal(lines.length, text.split("\n").length - 1, text);
  return new Map(lines.map(([, of, value]) => [of!, Number(value)]));
}

Deno.test("the fingerprint's gauge is equal on load balancers that agree, and a whole number", () => {
  const reversed = {
    backends: Object.fromEntries(Object.entries(CONFIG.backends).toReversed()),
    frontends: {
      api: { pools: "b", address: "192.0.2.2" },
      web: { pools: "b a", address: "192.0.2.1" },
    },
  };
  const addresses = { a: { address: "10.0.0.1" }, b: { address: "10.0.0.2" } };
  const one = valuesOf(new FleetLb("lb1", { config: { ...CONFIG, backends: addresses } }));
  const other = valuesOf(new FleetLb("lb2", { config: { ...reversed, backends: addresses } }));
  assert.deepEqual(one, other);
  assert.deepEqual([...one.keys()], ["inputs", "wanted", "actual"]);
  assert.equal(one.get("wanted"), one.get("actual"));
  for (const value of one.values()) assert.ok(Number.isSafeInteger(value) && value < 2 ** 48);
});

Deno.test("the fingerprint's gauge follows each change, also of a cached view", () => {
  const roots = new LocalRoots();
  const lb = new FleetLb("lb1", { config: CONFIG });
  const before = valuesOf(lb, { roots });
  assert.deepEqual(valuesOf(lb, { roots }), before);
  const down = valuesOf(new FleetLb("lb1", { config: CONFIG, states: { a: "down" } }), { roots });
  assert.equal(down.get("inputs"), before.get("inputs"));
  assert.notEqual(down.get("wanted"), before.get("wanted"));
  lb.plugin.setWeight(
    { pfx: { address: ip("192.0.2.1"), len: 32 }, protocol: 6, port: 80 },
    { address: ip("10.0.0.1"), weight: 9, flush: false },
  );
  const drift = valuesOf(lb, { roots });
  assert.equal(drift.get("wanted"), before.get("wanted"));
  assert.notEqual(drift.get("actual"), before.get("actual"));
});

Deno.test("the fingerprint's gauge has no actual tables while VPP is not connected or was not read", () => {
  const lb = new FleetLb("lb1", { config: CONFIG });
  for (
    const change of [
      { vppRead: false },
      { vpp: undefined },
      { vpp: { kind: "disconnected", reason: "gone" } },
    ] as const
  ) assert.deepEqual([...valuesOf(lb, change).keys()], ["inputs", "wanted"]);
});
