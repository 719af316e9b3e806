/** Stopping, idle or in the middle of work. */
import assert from "node:assert/strict";
import {
  A,
  B,
  bulkWorld,
  ONE_DOWN,
  twoVips,
  UP,
} from "../../../tests/support/worlds/reconcile_world.ts";
import { desired } from "../../../tests/support/fakes/vips.ts";

Deno.test("stop() leaves VPP as it is and sends nothing more", async () => {
  const world = await twoVips().start();
  world.lb.hold();
  world.transition("web", desired(A, ONE_DOWN));
  world.transition("web", desired(A, UP));
  const before = world.lb.calls.length;
  const stopped = world.reconciler.stop();
  world.lb.release();
  await stopped;
  world.transition("dns", desired(B, ONE_DOWN, { protocol: 17, port: 53 }));
  world.reconciler.reload();
  await world.pass(100_000);
  assert.equal(world.lb.calls.length, before);
  assert.equal(world.clock.timers, 0);
});

Deno.test("stop() during bulk work only completes VIPs that were begun", async () => {
  const world = await bulkWorld(100);
  const before = world.lb.writes.length;
  const stopped = world.reconciler.stop();
  world.lb.release();
  await world.calm();
  await stopped;
  // VIPs that have their servers by then are flushed.
  const after = world.lb.writes.filter((write) => !write.startsWith("vip-flush"));
  assert.equal(after.length, before);
});

Deno.test("stop() does not wait for a VPP that does not answer", async () => {
  const world = await twoVips().start();
  world.lb.hold();
  world.transition("web", desired(A, ONE_DOWN));
  let stopped = false;
  const end = world.reconciler.stop().then(() => stopped = true);
  await world.pass(499);
  assert.equal(stopped, false);
  await world.pass(1);
  await end;
  assert.equal(world.clock.timers, 0);
});
