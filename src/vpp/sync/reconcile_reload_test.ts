/** A reload of the configuration becomes a full run. */
import assert from "node:assert/strict";
import { A, bulkWorld, twoVips, UP } from "../../../tests/support/worlds/reconcile_world.ts";
import { desired } from "../../../tests/support/fakes/vips.ts";

Deno.test("reload() adds, removes and recreates", async () => {
  const world = await twoVips().start();
  world.takeWrites();
  world.source.vips.clear();
  world.source.vips.set("web", desired(A, UP, { srcIpSticky: true }));
  world.source.vips.set("new", desired("192.0.2.3", "10.0.0.1=1"));
  world.reconciler.reload();
  await world.calm();
  assert.deepEqual(world.inVpp(), world.wanted());
  assert.deepEqual(world.logger.of("vpp-lbsync-vip-recreate"), [{
    vip: `${A}/32`,
    protocol: "tcp",
    port: 80,
    message: "src-ip-sticky false to true",
  }]);
  const { counts } = world.stats.at(-1)!;
  assert.deepEqual([counts.vip_added, counts.vip_removed], [2, 2]);
  await world.reconciler.stop();
});

Deno.test("reload() during bulk work restarts it and keeps newer changes", async () => {
  const world = await bulkWorld(100);
  // A transition adds a second port to an address that the run has not reached yet.
  world.source.vips.delete("f50");
  world.source.vips.set("tls", desired("198.18.0.99", UP, { port: 443 }));
  world.reconciler.reload();
  world.program(["tls"]);
  world.lb.release();
  await world.calm();
  assert.deepEqual(world.inVpp(), world.wanted());
  assert.ok(
    !world.lb.writes.some((call) => call.includes("198.18.0.99/32 6 443") && /del/.test(call)),
  );
  assert.ok(!world.lb.writes.some((call) => call.includes("198.18.0.50/32")));
  await world.reconciler.stop();
});

Deno.test("reload() takes a new interval", async () => {
  const world = await twoVips().start();
  world.settings.syncIntervalMs = 1000;
  world.reconciler.reload();
  await world.calm();
  world.lb.calls.length = 0;
  await world.pass(1000);
  assert.equal(world.lb.calls.length, 4);
  await world.reconciler.stop();
});
