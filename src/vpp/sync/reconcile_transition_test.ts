/** A transition is sent immediately, flushes once per reason, and overtakes full runs. */
import assert from "node:assert/strict";
import type { DesiredVip } from "../lb/model.ts";
import { PluginLb } from "../../../tests/support/worlds/plugin_lb.ts";
import {
  A,
  B,
  bulkWorld,
  CUT,
  ONE_DOWN,
  twoVips,
  UP,
  World,
} from "../../../tests/support/worlds/reconcile_world.ts";
import { smallConfig } from "../../../tests/support/fakes/small_config.ts";
import { desired } from "../../../tests/support/fakes/vips.ts";

Deno.test("program() sends before it returns, and reads nothing", async () => {
  const world = await twoVips().start();
  world.takeWrites();
  world.lb.hold();
  world.transition("web", desired(A, ONE_DOWN));
  assert.deepEqual(world.lb.calls, [CUT]);
  world.lb.release();
  await world.calm();
  assert.deepEqual(world.inVpp(), world.wanted());
  assert.deepEqual(world.lb.calls, [CUT]);
  const done = world.logger.of("vpp-lbsync-done").at(-1)!;
  assert.deepEqual([done.scope, done.trigger, done["as-weight-updated"]], ["vip", "transition", 1]);
  assert.deepEqual(world.logger.of("vpp-lbsync-as-weight"), [{
    vip: `${A}/32`,
    protocol: "tcp",
    port: 80,
    address: "10.0.0.2",
    weight: 0,
    "previous-weight": 100,
    flush: true,
  }]);
  await world.reconciler.stop();
});

Deno.test("the tables that VPP had are known until it forgets the flows", async () => {
  const world = await twoVips().start();
  const key = desired(A, UP);
  const short = () =>
    world.reconciler.tables(key).map(({ addresses, weights }) =>
      addresses.map((address, at) => `${address}=${weights[at]}`).join(" ")
    );
  assert.deepEqual(short(), [UP]);
  await world.clock.advanceAsync(1000);
  world.transition("web", desired(A, ONE_DOWN));
  await world.calm();
  assert.deepEqual(short(), [UP, UP.replace("10.0.0.2=100", "10.0.0.2=0")]);
  const [first, second] = world.reconciler.tables(key);
  assert.equal(second!.sinceMs - first!.sinceMs, 1000);
  await world.reconciler.stop();
  assert.deepEqual(short(), []);
});

Deno.test("program() by a weight reports this trigger", async () => {
  const world = await twoVips().start();
  world.source.vips.set("web", desired(A, "10.0.0.1=100 10.0.0.2=30"));
  world.program(["web"], "weight");
  await world.calm();
  assert.deepEqual(world.inVpp(), world.wanted());
  assert.equal(world.logger.of("vpp-lbsync-done").at(-1)!.trigger, "weight");
  await world.reconciler.stop();
});

Deno.test("program() of hundreds of frontends at one instant is one batch", async () => {
  const vips = Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [`f${i}`, desired(`198.18.${i >> 8}.${i & 255}`, UP)]),
  );
  const world = await new World(vips).start();
  world.takeWrites();
  world.lb.hold();
  for (const [name, vip] of world.source.vips) {
    world.source.vips.set(name, { ...vip, servers: desired(A, ONE_DOWN).servers });
  }
  world.program(world.source.frontends());
  assert.equal(world.lb.calls.length, 300);
  world.lb.release();
  await world.calm();
  assert.deepEqual(world.inVpp(), world.wanted());
  assert.equal(world.logger.of("vpp-lbsync-done").at(-1)!["as-weight-updated"], 300);
  await world.reconciler.stop();
});

Deno.test("program() of a busy VIP is sent once it is idle, with the newest desired state", async () => {
  const world = await twoVips().start();
  world.takeWrites();
  world.lb.hold();
  world.transition("web", desired(A, ONE_DOWN));
  world.transition("web", desired(A, "10.0.0.1=0! 10.0.0.2=0!"));
  world.transition("web", desired(A, "10.0.0.1=50 10.0.0.2=0!"));
  assert.deepEqual(world.takeWrites(), [CUT]);
  // Another VIP does not wait.
  world.transition("dns", desired(B, ONE_DOWN, { protocol: 17, port: 53 }));
  assert.equal(world.takeWrites().length, 1);
  world.lb.release();
  await world.calm();
  assert.deepEqual(world.takeWrites(), [`as-weight ${A}/32 6 80 10.0.0.1 50`]);
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
});

Deno.test("a flush is sent once per reason, not on every run, and again after reconnecting", async () => {
  const world = await twoVips().start();
  const step = async (servers: string) => {
    world.takeWrites();
    world.transition("web", desired(A, servers));
    await world.calm();
    return world.takeWrites();
  };
  assert.deepEqual(await step(ONE_DOWN), [CUT]);
  await world.pass(30_000);
  assert.deepEqual(world.takeWrites(), []);
  // From down to unknown keeps weight 0; a second down is a new reason.
  assert.deepEqual(await step("10.0.0.1=100 10.0.0.2=0"), []);
  assert.deepEqual(await step(ONE_DOWN), [CUT]);
  assert.deepEqual(await step(UP), [`as-weight ${A}/32 6 80 10.0.0.2 100`]);
  assert.deepEqual(await step(ONE_DOWN), [CUT]);
  const { plugin } = world.lb;
  world.die();
  world.lb = new PluginLb(plugin);
  world.connection.connect(world.lb);
  await world.calm();
  assert.deepEqual(world.takeWrites(), [CUT]);
  await world.reconciler.stop();
});

Deno.test("a damped server that goes on failing is flushed once, until it has had weight", async () => {
  const world = await twoVips().start();
  const step = async (vip: DesiredVip) => {
    world.takeWrites();
    world.transition("web", vip);
    await world.calm();
    return world.takeWrites();
  };
  const [up, down] = [desired(A, UP), desired(A, ONE_DOWN)];
  const held = desired(A, "10.0.0.1=100 10.0.0.2=0");
  const [first, second] = held.servers;
  const damped: DesiredVip = { ...held, servers: [first!, { ...second!, spared: true }] };
  assert.deepEqual(await step(down), [CUT]);
  for (let flap = 0; flap < 3; flap++) {
    assert.deepEqual(await step(damped), []);
    await world.pass(30_000);
    assert.deepEqual(await step(down), []);
  }
  await step(up);
  assert.deepEqual(await step(down), [CUT]);
  await step(up);
  // Damping gave way: the server had weight, and its flows stay until it fails.
  await step(damped);
  assert.deepEqual(await step(down), [CUT]);
  await world.reconciler.stop();
});

Deno.test("a server added in a flushing state is not flushed", async () => {
  const world = await new World({ web: desired(A, ONE_DOWN) }).start();
  await world.pass(60_000);
  assert.deepEqual(world.takeWrites(), [
    `vip-add ${A}/32 6 80`,
    `as-add ${A}/32 6 80 10.0.0.1 100`,
    `as-add ${A}/32 6 80 10.0.0.2 0`,
    `vip-flush ${A}/32 6 80`,
  ]);
  await world.reconciler.stop();
});

Deno.test("a server added without weight is flushed when it then goes down", async () => {
  const world = await twoVips().start();
  world.takeWrites();
  world.lb.hold();
  world.transition("web", desired(A, `${UP} 10.0.0.3=0`));
  world.transition("web", desired(A, `${UP} 10.0.0.3=0!`));
  world.lb.release();
  await world.calm();
  assert.deepEqual(world.takeWrites(), [
    `as-add ${A}/32 6 80 10.0.0.3 0`,
    `as-weight ${A}/32 6 80 10.0.0.3 0 flush`,
  ]);
  await world.reconciler.stop();
});

Deno.test("a transition during a reading is sent immediately, and the reading does not count for it", async () => {
  const world = await twoVips().start();
  world.takeWrites();
  world.lb.hold();
  await world.pass(30_000);
  assert.deepEqual(world.lb.calls.map((call) => call.split(" ")[0]), [
    "get-conf",
    "dump-vips",
    "dump-servers",
    "cli",
  ]);
  // VPP's pending reply still has weight 100 for the server that is cut here.
  world.transition("web", desired(A, ONE_DOWN));
  assert.equal(world.lb.calls.length, 5);
  for (let i = 0; i < 4; i++) {
    world.lb.release(1);
    await world.calm();
  }
  assert.equal(world.lb.calls.length, 5);
  world.lb.release();
  await world.calm();
  assert.deepEqual(world.takeWrites(), [CUT]);
  assert.deepEqual(world.logger.of("vpp-lbsync-drift"), []);
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
});

Deno.test("a transition during a reading may be answered together with it", async () => {
  const world = await twoVips().start();
  world.takeWrites();
  world.lb.hold();
  await world.pass(30_000);
  world.transition("web", desired(A, ONE_DOWN));
  world.lb.release();
  await world.calm();
  assert.deepEqual(world.takeWrites(), [CUT]);
  assert.deepEqual(world.logger.of("vpp-lbsync-drift"), []);
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
});

Deno.test("a transition overtakes bulk work and is not undone by it", async () => {
  const world = await bulkWorld(200);
  assert.ok(world.lb.writes.length < 600, "the rest waits for room");
  const last = "198.18.0.199";
  const before = world.lb.writes.length;
  world.transition("f199", desired(last, ONE_DOWN));
  assert.deepEqual(world.lb.writes.slice(before), [
    `vip-add ${last}/32 6 80`,
    `as-add ${last}/32 6 80 10.0.0.1 100`,
    `as-add ${last}/32 6 80 10.0.0.2 0`,
  ]);
  world.lb.release();
  await world.calm();
  assert.deepEqual(world.inVpp(), world.wanted());
  assert.equal(world.lb.writes.length, 800);
  await world.reconciler.stop();
});

Deno.test("transition() makes VIPs of the checker's frontends, and sets the plugin first", async () => {
  const config = smallConfig({
    backends: { a: { address: "10.0.0.1" }, b: { address: "10.0.0.2" } },
    frontends: { web: { address: A, pools: "a:100 b:100" } },
    newFlowsTableLength: 1024,
  });
  const world = await new World({ web: desired(A, UP) }).start();
  world.takeWrites();
  const { servers } = desired(A, ONE_DOWN);
  world.reconciler.transition({
    frontends: [{ name: "web", config: config.frontends.get("web")!, servers }],
    config,
    trigger: "transition",
  });
  assert.deepEqual(world.takeWrites(), ["set-conf", CUT]);
  await world.calm();
  const { ip4SrcAddress, flowTimeout } = world.lb.plugin.conf;
  assert.deepEqual([ip4SrcAddress.text, flowTimeout], ["192.0.2.254", 40]);
  await world.reconciler.stop();
});
