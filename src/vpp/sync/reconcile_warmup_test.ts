import assert from "node:assert/strict";
import { executeOn, PluginLb } from "../../../tests/support/worlds/plugin_lb.ts";
import { CONF, World } from "../../../tests/support/worlds/reconcile_world.ts";
import { monotonic } from "../../../tests/support/fakes/instants.ts";
import { desired } from "../../../tests/support/fakes/vips.ts";
import type { DesiredVip } from "../lb/model.ts";

const A = "192.0.2.1";
const B = "192.0.2.2";
const UP = "10.0.0.1=100 10.0.0.2=100";
const UNKNOWN = "10.0.0.1=0 10.0.0.2=0";

/** A restarted daemon that knows nothing yet, before a VPP that has everything and one VIP more. */
async function restarted(): Promise<World> {
  const world = new World(
    { web: desired(A, UNKNOWN), mail: desired(B, UNKNOWN) },
    { startupMinDelayMs: 5000, startupMaxDelayMs: 20_000, syncIntervalMs: 1000 },
  );
  world.source.unknown.add("web").add("mail");
  world.source.conf = { ...CONF, flowTimeoutS: 60 };
  for (const vip of [desired(A, UP), desired(B, UP), desired("192.0.2.3", "10.0.0.9=1")]) {
    put(world.lb, vip);
  }
  return await world.start();
}

function put(lb: PluginLb, vip: DesiredVip): void {
  executeOn(lb.plugin, { kind: "vip-add", vip });
  for (const server of vip.servers) executeOn(lb.plugin, { kind: "as-add", vip, ...server });
}

function know(world: World, frontend: string, address: string, servers: string): void {
  world.source.unknown.delete(frontend);
  world.transition(frontend, desired(address, servers));
}

Deno.test("warm-up: nothing touches VPP before min, reading is allowed", async () => {
  const world = await restarted();
  know(world, "web", A, UP);
  world.reconciler.reload();
  await world.pass(4999);
  assert.deepEqual(world.lb.writes, []);
  assert.ok(world.lb.calls.includes("dump-vips"));
  assert.deepEqual(world.logger.of("vpp-warmup-start"), [{ "min-ms": 5000, "max-ms": 20_000 }]);
  assert.deepEqual(world.logger.of("vpp-warmup-hold"), [{ frontend: "web" }]);
  assert.equal(world.reconciler.warmedUp, false);
  await world.reconciler.stop();
});

Deno.test("warm-up: at min what is known is released, with lb_conf before it; the rest is not touched", async () => {
  const world = await restarted();
  know(world, "web", A, "10.0.0.1=100 10.0.0.2=0!");
  await world.pass(5000);
  assert.deepEqual(world.lb.writes, ["set-conf", `as-weight ${A}/32 6 80 10.0.0.2 0 flush`]);
  assert.deepEqual(world.logger.of("vpp-warmup-release"), [{ frontend: "web", trigger: "known" }]);
  // Periodic runs go on, for what is released.
  await world.pass(10_000);
  assert.equal(world.lb.writes.length, 2);
  assert.equal(world.inVpp().length, 3);
  await world.reconciler.stop();
});

Deno.test("warm-up: min that passes while a change is looked at is not missed", async () => {
  const world = await restarted();
  await world.pass(4999);
  const readings = [4999.9, 5000.1];
  world.clock.monotonicMs = () => monotonic(readings.shift() ?? 5000.1);
  know(world, "web", A, "10.0.0.1=100 10.0.0.2=50");
  await world.pass(1);
  assert.deepEqual(world.logger.of("vpp-warmup-release"), [{ frontend: "web", trigger: "known" }]);
  assert.deepEqual(world.lb.writes, ["set-conf", `as-weight ${A}/32 6 80 10.0.0.2 50`]);
  await world.reconciler.stop();
});

Deno.test("warm-up: between min and max a frontend is released as soon as it is known", async () => {
  const world = await restarted();
  await world.pass(6000);
  assert.deepEqual(world.lb.writes, []);
  world.lb.hold();
  know(world, "mail", B, "10.0.0.1=100 10.0.0.2=50");
  assert.deepEqual(world.lb.writes, ["set-conf", `as-weight ${B}/32 6 80 10.0.0.2 50`]);
  world.lb.release();
  await world.calm();
  world.transition("mail", desired(B, UP));
  await world.calm();
  assert.equal(world.lb.writes.length, 3);
  assert.equal(world.reconciler.warmedUp, false);
  await world.reconciler.stop();
});

Deno.test("warm-up: over early when all are known, and then everything is synced", async () => {
  const world = await restarted();
  await world.pass(6000);
  know(world, "web", A, UP);
  know(world, "mail", B, UP);
  await world.calm();
  assert.equal(world.reconciler.warmedUp, true);
  assert.deepEqual(world.logger.of("vpp-warmup-done"), [{ trigger: "all-known" }]);
  assert.deepEqual(world.inVpp(), world.wanted());
  assert.deepEqual(world.lb.writes, [
    "set-conf",
    "as-del 192.0.2.3/32 6 80 10.0.0.9 flush",
    "vip-del 192.0.2.3/32 6 80",
  ]);
  await world.reconciler.stop();
});

Deno.test("warm-up: at max all the rest is released with a full sync, a reload does not restart it", async () => {
  const world = await restarted();
  await world.pass(19_000);
  world.reconciler.reload();
  await world.pass(999);
  assert.deepEqual(world.lb.writes, []);
  await world.pass(1);
  assert.deepEqual(world.logger.of("vpp-warmup-done"), [{ trigger: "max" }]);
  assert.deepEqual(world.inVpp(), world.wanted());
  const done = world.logger.of("vpp-lbsync-done").find((fields) => fields["vip-removed"] === 1);
  assert.equal(done?.trigger, "warm-up");
  await world.reconciler.stop();
});

Deno.test("warm-up: goes on without VPP; a VPP that comes when it is over is programmed at once", async () => {
  const world = await restarted();
  world.die();
  await world.pass(20_000);
  assert.equal(world.reconciler.warmedUp, true);
  world.lb = new PluginLb();
  world.connection.connect(world.lb);
  await world.calm();
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
});

Deno.test("warm-up: a VPP that comes in between gets what is released, and keeps what it has", async () => {
  const world = await restarted();
  world.die();
  know(world, "web", A, UP);
  await world.pass(6000);
  world.lb = new PluginLb();
  put(world.lb, desired(B, UP));
  world.connection.connect(world.lb);
  await world.calm();
  assert.deepEqual(world.inVpp().map((line) => line.split("=")[0]), [
    `${A}/32 6 80 gre4 1024: 10.0.0.1`,
    `${B}/32 6 80 gre4 1024: 10.0.0.1`,
  ]);
  assert.equal(world.inVpp()[1]!.includes("=0"), false);
  await world.reconciler.stop();
});

Deno.test("warm-up: a VIP held back survives its neighbour's sync", async () => {
  const world = new World(
    { web: desired(A, UP), tls: desired(A, UNKNOWN, { port: 443 }) },
    { startupMinDelayMs: 0, startupMaxDelayMs: 20_000 },
  );
  world.source.unknown.add("tls");
  put(world.lb, desired(A, UP, { port: 443 }));
  await world.start();
  assert.deepEqual(world.lb.writes, [
    "vip-add 192.0.2.1/32 6 80",
    `as-add ${A}/32 6 80 10.0.0.1 100`,
    `as-add ${A}/32 6 80 10.0.0.2 100`,
    `vip-flush ${A}/32 6 80`,
  ]);
  await world.reconciler.stop();
});

Deno.test("warm-up: an operator's sync of one frontend is obeyed, and releases it", async () => {
  const world = await restarted();
  const report = world.reconciler.sync("web");
  await world.calm();
  assert.equal((await report).counts.as_weight_updated, 2);
  assert.deepEqual(world.logger.of("vpp-warmup-release"), [{
    frontend: "web",
    trigger: "operator",
  }]);
  world.transition("web", desired(A, UP));
  world.transition("mail", desired(B, UNKNOWN));
  await world.calm();
  assert.deepEqual(world.lb.writes.slice(3), [
    `as-weight ${A}/32 6 80 10.0.0.1 100`,
    `as-weight ${A}/32 6 80 10.0.0.2 100`,
  ]);
  await world.reconciler.stop();
});

Deno.test("warm-up: an operator's sync of everything ends it", async () => {
  const world = await restarted();
  const report = world.reconciler.sync();
  await world.calm();
  await report;
  assert.deepEqual(world.inVpp(), world.wanted());
  assert.deepEqual(world.logger.of("vpp-warmup-done"), [{ trigger: "operator" }]);
  await world.reconciler.stop();
});

Deno.test("warm-up: a reload that takes the last unknown frontend away ends it", async () => {
  const world = await restarted();
  await world.pass(6000);
  know(world, "web", A, UP);
  world.source.vips.delete("mail");
  assert.equal(world.reconciler.warmedUp, false);
  world.reconciler.reload();
  assert.equal(world.reconciler.warmedUp, true);
  await world.calm();
  assert.deepEqual(world.inVpp(), world.wanted());
  assert.deepEqual(world.logger.of("vpp-warmup-done"), [{ trigger: "all-known" }]);
  await world.reconciler.stop();
});

/** UNKNOWN, as it is wanted while the prober is blind to both. */
function blindVip(address: string): DesiredVip {
  const vip = desired(address, UNKNOWN);
  return { ...vip, servers: vip.servers.map((server) => ({ ...server, keep: true })) };
}

Deno.test("warm-up: at max what the prober is blind to stays as VPP has it; the rest is released", async () => {
  const world = await restarted();
  world.source.blinded.add("web");
  world.source.vips.set("web", blindVip(A));
  const before = world.inVpp();
  await world.pass(30_000);
  assert.equal(world.inVpp()[0], before[0]);
  assert.deepEqual(world.lb.writes, [
    "set-conf",
    `as-weight ${B}/32 6 80 10.0.0.1 0`,
    `as-weight ${B}/32 6 80 10.0.0.2 0`,
  ]);
  assert.equal(world.inVpp().length, 3, "VIPs that are not wanted stay until all is released");
  assert.deepEqual(world.logger.of("vpp-warmup-hold").at(-1)?.names, "web");
  assert.equal(world.reconciler.warmedUp, false);
  await world.reconciler.stop();
});

Deno.test("warm-up: after max a blind frontend is released by its first result that counts", async () => {
  const world = await restarted();
  world.source.blinded.add("web");
  world.source.vips.set("web", blindVip(A));
  know(world, "mail", B, UP);
  await world.pass(30_000);
  world.source.blinded.delete("web");
  know(world, "web", A, "10.0.0.1=100 10.0.0.2=0!");
  await world.calm();
  assert.deepEqual(world.lb.writes.filter((line) => line.startsWith("as-weight")), [
    `as-weight ${A}/32 6 80 10.0.0.2 0 flush`,
  ]);
  assert.deepEqual(world.logger.of("vpp-warmup-done"), [{ trigger: "max" }]);
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
});

Deno.test("warm-up: after max an operator's disable reaches VPP, and the VIP's blind servers stay", async () => {
  const world = await restarted();
  world.source.blinded.add("web");
  world.source.vips.set("web", blindVip(A));
  await world.pass(30_000);
  world.source.blinded.delete("web");
  const [first, second] = blindVip(A).servers;
  const disabled = { address: first!.address, weight: 0, flush: true };
  world.transition("web", { ...blindVip(A), servers: [disabled, second!] });
  await world.calm();
  assert.deepEqual(world.lb.writes.filter((line) => line.includes(A)), [
    `as-weight ${A}/32 6 80 10.0.0.1 0 flush`,
  ]);
  assert.deepEqual(world.inVpp()[0]?.includes("10.0.0.2=100"), true);
  await world.reconciler.stop();
});
