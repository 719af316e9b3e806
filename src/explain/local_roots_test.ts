/** The kept sums over all VIPs equal those that are made from nothing, and are kept indeed. */
import assert from "node:assert/strict";
import { FAIL, PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { mulberry32 } from "../../tests/support/fakes/mulberry32.ts";
import { type SmallConfig, smallConfig } from "../../tests/support/fakes/small_config.ts";
import { setUp, WHO } from "../../tests/support/worlds/checker_fixture.ts";
import { FleetLb } from "../../tests/support/worlds/fleet_world.ts";
import { executeOn, readPlugin } from "../../tests/support/worlds/plugin_lb.ts";
import { vipKeyText } from "../vpp/lb/model.ts";
import { LocalRoots } from "./local_roots.ts";

const CONFIG: SmallConfig = {
  backends: { a: {}, b: {}, c: {} },
  frontends: { web: { pools: "a b | c" }, api: { pools: "b" }, mail: { pools: "c:50 a:20" } },
};

Deno.test("LocalRoots after each change is equal to sums that are made from nothing", () => {
  const random = mulberry32(7);
  const roots = new LocalRoots();
  const { plugin, can } = new FleetLb("lb1", { config: CONFIG });
  const { checker, engine } = setUp(smallConfig({ newFlowsTableLength: 1024, ...CONFIG }));
  checker.start();
  const report = (name: string, result: typeof PASS) => {
    if (engine.running.has(name)) engine.report({ [name]: result });
  };
  const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)]!;
  const seen = new Set<string>();
  for (let step = 0; step < 400; step++) {
    const name = pick(["a", "b", "c"]);
    const vip = pick(readPlugin(plugin));
    const server = pick(vip.servers);
    const weight = Math.floor(random() * 101);
    pick([
      () => report(name, PASS),
      () => report(name, FAIL),
      () => checker.pauseBackend(name, WHO),
      () => checker.resumeBackend(name, WHO),
      () =>
        executeOn(plugin, {
          kind: "as-weight",
          vip,
          address: server.address,
          weight,
          previousWeight: 0,
          flush: false,
        }),
    ])();
    const vips = new Map(readPlugin(plugin).map((each) => [vipKeyText(each), each]));
    const vpp = random() < 0.1
      ? undefined
      : { can, vip: (key: Parameters<typeof vipKeyText>[0]) => vips.get(vipKeyText(key)) };
    const snapshot = checker.snapshot();
    const sums = roots.of(snapshot, vpp);
    assert.deepEqual(sums, new LocalRoots().of(snapshot, vpp), `step ${step}`);
    seen.add(`${sums.inputs} ${sums.wanted} ${sums.actual}`);
  }
  assert.ok(seen.size > 100, "the steps change something");
});

Deno.test("LocalRoots makes fingerprints of what changed alone, also after VPP was read again", () => {
  const lb = new FleetLb("lb1", { config: CONFIG });
  const roots = new LocalRoots();
  let made = 0;
  const counted = new Map(lb.snapshot.config.frontends);
  counted.get = (name) => {
    made++;
    return lb.snapshot.config.frontends.get(name);
  };
  const config = { ...lb.snapshot.config, frontends: counted };
  const snapshot = { ...lb.snapshot, config };
  const first = roots.of(snapshot, lb.vpp);
  assert.equal(made, 3);
  // A new reading has new values of equal VIPs.
  assert.deepEqual(roots.of(snapshot, lb.vpp), first);
  assert.equal(made, 3);
  const web = { ...snapshot.frontends.get("web")! };
  const changed = { ...snapshot, frontends: new Map([...snapshot.frontends, ["web", web]]) };
  assert.deepEqual(roots.of(changed, lb.vpp), first);
  assert.equal(made, 4);
});
