import assert from "node:assert/strict";
import { executeOn, PluginLb } from "../../../tests/support/worlds/plugin_lb.ts";
import { A, B, CONF, UP, World } from "../../../tests/support/worlds/reconcile_world.ts";
import { monotonic } from "../../../tests/support/fakes/instants.ts";
import { desired } from "../../../tests/support/fakes/vips.ts";
import type { DesiredVip } from "../lb/model.ts";

const UNKNOWN = "10.0.0.1=0 10.0.0.2=0";

/** A restarted daemon without known backends, and a VPP with all VIPs and one more. */
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

Deno.test("warm-up: at min known frontends are released, after lb_conf; the others are not changed", async () => {
  const world = await restarted();
  know(world, "web", A, "10.0.0.1=100 10.0.0.2=0!");
  await world.pass(5000);
  assert.deepEqual(world.lb.writes, ["set-conf", `as-weight ${A}/32 6 80 10.0.0.2 0 flush`]);
  assert.deepEqual(world.logger.of("vpp-warmup-release"), [{ frontend: "web", trigger: "known" }]);
  // Periodic runs go on for released frontends.
  await world.pass(10_000);
  assert.equal(world.lb.writes.length, 2);
  assert.equal(world.inVpp().length, 3);
  await world.reconciler.stop();
});

Deno.test("warm-up: min that passes during a transition is not missed", async () => {
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

Deno.test("warm-up: over early when all are known, followed by a full sync", async () => {
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

Deno.test("warm-up: at max all others are released with a full sync; a reload does not restart it", async () => {
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

Deno.test("warm-up: goes on without VPP; a VPP that connects afterwards is programmed immediately", async () => {
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

Deno.test("warm-up: a VPP that connects during it gets released frontends, and keeps the rest", async () => {
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

Deno.test("warm-up: an operator's sync of one frontend programs and releases it", async () => {
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

Deno.test("warm-up: a reload that removes the last unknown frontend ends it", async () => {
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

/** The desired VIP while the prober is blind to both servers. */
function blindVip(address: string): DesiredVip {
  const vip = desired(address, UNKNOWN);
  return { ...vip, servers: vip.servers.map((server) => ({ ...server, keep: true })) };
}

Deno.test("warm-up: at max frontends that the prober is blind to keep VPP's state; others are released", async () => {
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
  assert.equal(world.inVpp().length, 3, "VIPs that are not desired stay until all are released");
  assert.deepEqual(world.logger.of("vpp-warmup-hold").at(-1)?.names, "web");
  assert.equal(world.reconciler.warmedUp, false);
  await world.reconciler.stop();
});

Deno.test("warm-up: after max a blind frontend is released by its first valid result", async () => {
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
