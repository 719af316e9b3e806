/** The interval's run finds and corrects what another program changed. */
import assert from "node:assert/strict";
import { later } from "../../base/instant.ts";
import { executeOn } from "../../../tests/support/worlds/plugin_lb.ts";
import { A, B, ONE_DOWN, twoVips } from "../../../tests/support/worlds/reconcile_world.ts";
import { actual, desired, ip } from "../../../tests/support/fakes/vips.ts";

Deno.test("the interval's run logs and corrects drift", async () => {
  const world = await twoVips().start();
  world.takeWrites();
  const vip = actual(A);
  world.lb.plugin.setWeight(
    { pfx: { address: ip(A), len: 32 }, protocol: 6, port: 80 },
    { address: ip("10.0.0.1"), weight: 7, flush: false },
  );
  executeOn(world.lb.plugin, {
    kind: "as-del",
    vip,
    address: ip("10.0.0.2"),
    weight: 100,
    flush: false,
  });
  await world.pass(29_999);
  assert.deepEqual(world.takeWrites(), []);
  await world.pass(1);
  assert.deepEqual(world.logger.of("vpp-lbsync-drift"), [{
    vip: `${A}/32`,
    protocol: "tcp",
    port: 80,
    found: ["10.0.0.1 weight 7", "10.0.0.2 absent"],
    expected: ["10.0.0.1 weight 100", "10.0.0.2 weight 100"],
  }]);
  assert.deepEqual(world.inVpp(), world.wanted());
  assert.equal(world.logger.of("vpp-lbsync-done").at(-1)!.trigger, "interval");
  // What VPP had when it was read first is not a drift.
  const recent = () => world.reconciler.recentDrifts().map(({ found }) => found);
  assert.deepEqual(recent(), [["10.0.0.1 weight 7", "10.0.0.2 absent"]]);
  await world.pass(30_000);
  assert.equal(world.logger.of("vpp-lbsync-drift").length, 1);
  await world.pass(30_001);
  assert.deepEqual(recent(), [], "a minute later");
  await world.reconciler.stop();
});

Deno.test("a transition while a reading is compared counts, and is not drift", async () => {
  const world = await twoVips().start();
  const weight = (vip: string) => world.reconciler.vip(actual(vip))?.servers[0]?.weight;
  world.lb.plugin.setWeight(
    { pfx: { address: ip(A), len: 32 }, protocol: 6, port: 80 },
    { address: ip("10.0.0.1"), weight: 7, flush: false },
  );
  world.takeWrites();
  world.lb.hold();
  await world.pass(30_000);
  // Each look at the clock takes longer than a slice, so the comparison rests after each VIP.
  const { clock } = world;
  let looks = 0;
  const nowMs = clock.monotonicMs.bind(clock);
  clock.monotonicMs = () => later(nowMs(), 10 * ++looks);
  const after = clock.after.bind(clock);
  let transitions = 0;
  clock.after = (delayMs, fn) => {
    if (transitions > 0 || weight(A) !== 7) return after(delayMs, fn);
    // The first VIP is compared. VPP acknowledges before the second one is.
    transitions++;
    world.transition("dns", desired(B, ONE_DOWN, { protocol: 17, port: 53 }));
    return after(1, fn);
  };
  world.lb.release();
  await world.calm();
  await world.pass(0);
  await world.pass(1);
  clock.monotonicMs = nowMs;
  clock.after = after;
  assert.equal(transitions, 1);
  // The reading, which is older, does not undo what is known of the second VIP.
  const cuts = world.takeWrites().filter((write) => write.includes(`${B}/32`));
  assert.deepEqual(cuts, [`as-weight ${B}/32 17 53 10.0.0.2 0 flush`]);
  assert.deepEqual(world.logger.of("vpp-lbsync-drift").map(({ vip }) => vip), [`${A}/32`]);
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
});

Deno.test("an operation sent before a reading is part of it and not drift", async () => {
  const world = await twoVips().start();
  world.lb.hold();
  world.transition("web", desired(A, ONE_DOWN));
  await world.pass(30_000);
  world.lb.release();
  await world.calm();
  assert.deepEqual(world.logger.of("vpp-lbsync-drift"), []);
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
});
