/** Limits on how often VPP is read and VIPs are recreated. */
import assert from "node:assert/strict";
import { A, UP, World } from "../../../tests/support/worlds/reconcile_world.ts";
import { actual, desired } from "../../../tests/support/fakes/vips.ts";
import { executeOn } from "../../../tests/support/worlds/plugin_lb.ts";
import { withheldText } from "./guard/withheld.ts";

function reads(world: World): number {
  return world.lb.calls.filter((call) => call === "cli show lb vips verbose").length;
}

function pacedWorld(): Promise<World> {
  return new World({ web: desired(A, UP) }, {}, { weights: true }, "real").start();
}

Deno.test("VPP is read at most once a second over all triggers", async () => {
  const world = await pacedWorld();
  assert.equal(reads(world), 1);
  // A reload uses the last reading, and is programmed immediately.
  world.source.vips.set("web", desired(A, "10.0.0.1=100 10.0.0.2=50"));
  world.reconciler.reload();
  await world.calm();
  assert.deepEqual([reads(world), world.inVpp()], [1, world.wanted()]);
  // Changes by other programs are found after the second.
  await world.pass(1000);
  assert.equal(reads(world), 2);
  // An operator's sync waits for its turn, and others with it.
  const ended: string[] = [];
  void world.reconciler.sync().then(() => ended.push("sync"));
  void world.reconciler.counted()!.learnIndices().then(() => ended.push("indices"));
  await world.pass(999);
  assert.deepEqual([reads(world), ended], [2, []]);
  await world.pass(1);
  assert.equal(reads(world), 3);
  await world.pass(1000);
  assert.deepEqual([reads(world), ended.sort()], [4, ["indices", "sync"]]);
  await world.reconciler.stop();
  assert.equal(world.clock.timers, 0);
});

Deno.test("a sync that waits for its turn ends with the connection", async () => {
  const world = await pacedWorld();
  const sync = assert.rejects(world.reconciler.sync(), { code: "unavailable" });
  await world.calm();
  world.die();
  await world.calm();
  await sync;
  await world.reconciler.stop();
  assert.equal(world.clock.timers, 0);
});

Deno.test("a VIP that another program keeps changing is recreated once a minute, and reported", async () => {
  const world = await pacedWorld();
  const other = { ...desired(A, UP, { srcIpSticky: true }) };
  const remake = () => {
    executeOn(world.lb.plugin, { kind: "vip-del", vip: actual(A) });
    executeOn(world.lb.plugin, { kind: "vip-add", vip: other });
  };
  const recreations = () => world.logger.of("vpp-lbsync-vip-recreate").length;
  remake();
  await world.pass(30_000);
  assert.deepEqual([recreations(), world.inVpp()], [1, world.wanted()]);
  remake();
  await world.pass(30_000);
  assert.equal(recreations(), 1);
  assert.match(
    world.reconciler.withheld().map(withheldText)[0]!,
    /192\.0\.2\.1\/32 tcp 80: cannot recreate it \(src-ip-sticky true to false\): it was recreated/,
  );
  assert.equal(world.logger.of("vpp-withheld").length, 1);
  assert.equal(world.reconciler.withheld()[0]!.kind, "recreate");
  // After the minute it is recreated, without waiting for the next run.
  await world.pass(30_000);
  assert.deepEqual([recreations(), world.inVpp()], [2, world.wanted()]);
  assert.deepEqual(world.reconciler.withheld(), []);
  await world.reconciler.stop();
});

Deno.test("each waiting VIP is recreated after its own minute", async () => {
  const B = "192.0.2.2";
  const world = new World(
    { a: desired(A, UP), b: desired(B, UP) },
    { syncIntervalMs: 600_000 },
    undefined,
    "real",
  );
  await world.start();
  const flip = async (frontend: string, address: string, srcIpSticky: boolean) => {
    world.source.vips.set(frontend, desired(address, UP, { srcIpSticky }));
    world.reconciler.reload();
    await world.pass(5000);
  };
  await flip("a", A, true);
  await flip("b", B, true);
  await flip("a", A, false);
  await flip("b", B, false);
  assert.equal(world.reconciler.withheld().length, 2);
  await world.pass(40_000);
  assert.deepEqual(world.reconciler.withheld().map(({ of }) => of), [`${B}/32 tcp 80`]);
  await world.pass(5000);
  assert.deepEqual(world.reconciler.withheld(), []);
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
  assert.equal(world.clock.timers, 0);
});
