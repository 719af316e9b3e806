/** An operator's sync, of everything or of one frontend. */
import assert from "node:assert/strict";
import { executeOn } from "../../../tests/support/worlds/plugin_lb.ts";
import { A, B, twoVips, UP, World } from "../../../tests/support/worlds/reconcile_world.ts";
import { actual, desired, ip } from "../../../tests/support/fakes/vips.ts";

Deno.test("sync() of everything reports its operations", async () => {
  const world = await twoVips().start();
  executeOn(world.lb.plugin, {
    kind: "as-del",
    vip: actual(A),
    address: ip("10.0.0.1"),
    weight: 100,
    flush: false,
  });
  const report = world.reconciler.sync();
  await world.calm();
  const { durationMs: _, ...rest } = await report;
  assert.deepEqual(rest, {
    scope: "all",
    trigger: "operator",
    counts: { vip_added: 0, vip_removed: 0, as_added: 1, as_removed: 0, as_weight_updated: 0 },
    failed: 0,
    deferred: 0,
  });
  await world.reconciler.stop();
});

Deno.test("sync() of one frontend corrects that one only and removes no VIP", async () => {
  const world = await twoVips().start();
  executeOn(world.lb.plugin, { kind: "vip-add", vip: desired("192.0.2.3") });
  for (const vip of [actual(A), actual(B, "", { protocol: 17, port: 53 })]) {
    executeOn(world.lb.plugin, {
      kind: "as-del",
      vip,
      address: ip("10.0.0.1"),
      weight: 100,
      flush: false,
    });
  }
  world.takeWrites();
  const report = world.reconciler.sync("web");
  await world.calm();
  assert.equal((await report).scope, "vip");
  assert.deepEqual(world.takeWrites(), [`as-add ${A}/32 6 80 10.0.0.1 100`]);
  await world.reconciler.stop();
});

Deno.test("sync() does not delete a VIP that VPP would refuse to add again", async () => {
  const world = await new World({
    web: desired(A, UP),
    tls: desired(A, UP, { port: 443 }),
  }).start();
  world.takeWrites();
  world.source.vips.set("web", desired(A, "fd00::1=100"));
  world.source.vips.set("tls", desired(A, "fd00::1=100", { port: 443 }));
  const report = world.reconciler.sync("web");
  await world.calm();
  assert.equal((await report).failed, 1);
  assert.deepEqual(world.takeWrites(), []);
  assert.match(`${world.logger.of("vpp-lbsync-error")[0]!.err}`, /cannot share a prefix with/);
  world.reconciler.reload();
  await world.calm();
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
});

Deno.test("sync() rejects for an unknown frontend, no VPP, and a lost VPP", async () => {
  const world = twoVips();
  world.reconciler.start();
  await assert.rejects(world.reconciler.sync("wbe"), {
    code: "not-found",
    message: 'no frontend "wbe"; did you mean "web"?',
  });
  await assert.rejects(world.reconciler.sync(), { code: "unavailable" });
  await world.start();
  world.lb.hold();
  const report = world.reconciler.sync();
  world.die();
  await assert.rejects(report, { code: "unavailable" });
  await world.reconciler.stop();
});

Deno.test("triggers during a run make one more run", async () => {
  const world = twoVips();
  world.lb.hold();
  await world.start();
  for (let i = 0; i < 5; i++) world.reconciler.reload();
  const one = world.reconciler.sync();
  const other = world.reconciler.sync();
  world.lb.release();
  await world.calm();
  assert.equal(await one, await other);
  assert.equal(world.lb.calls.filter((call) => call === "dump-vips").length, 2);
  await world.reconciler.stop();
});
