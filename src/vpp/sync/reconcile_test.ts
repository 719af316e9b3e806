import assert from "node:assert/strict";
import { executeOn, PluginLb } from "../../../tests/support/worlds/plugin_lb.ts";
import { CONF, World } from "../../../tests/support/worlds/reconcile_world.ts";
import { smallConfig } from "../../../tests/support/fakes/small_config.ts";
import { actual, desired, ip } from "../../../tests/support/fakes/vips.ts";
import { MaglevError } from "../../base/errors.ts";

const A = "192.0.2.1";
const B = "192.0.2.2";
const UP = "10.0.0.1=100 10.0.0.2=100";
const ONE_DOWN = "10.0.0.1=100 10.0.0.2=0!";
const CUT = `as-weight ${A}/32 6 80 10.0.0.2 0 flush`;

function lbState(vips: number, servers: number) {
  return {
    vips,
    "application-servers": servers,
    "sticky-buckets-per-core": CONF.stickyBucketsPerCore,
    "flow-timeout": CONF.flowTimeoutS,
  };
}

function twoVips(): World {
  return new World({ web: desired(A, UP), dns: desired(B, UP, { protocol: 17, port: 53 }) });
}

Deno.test("Reconciler programs an empty VPP on connect, in order, and logs each operation", async () => {
  const world = await twoVips().start();
  assert.deepEqual(world.inVpp(), world.wanted());
  assert.deepEqual(world.takeWrites(), [
    `vip-add ${A}/32 6 80`,
    `as-add ${A}/32 6 80 10.0.0.1 100`,
    `as-add ${A}/32 6 80 10.0.0.2 100`,
    `vip-add ${B}/32 17 53`,
    `as-add ${B}/32 17 53 10.0.0.1 100`,
    `as-add ${B}/32 17 53 10.0.0.2 100`,
    `vip-flush ${A}/32 6 80`,
    `vip-flush ${B}/32 17 53`,
  ]);
  assert.deepEqual(world.logger.of("vpp-lb-state"), [lbState(0, 0)]);
  assert.equal(world.logger.of("vpp-lbsync-vip-add").length, 2);
  assert.deepEqual(world.logger.of("vpp-lbsync-as-add")[0], {
    vip: `${A}/32`,
    protocol: "tcp",
    port: 80,
    address: "10.0.0.1",
    weight: 100,
    flush: false,
  });
  assert.deepEqual(world.logger.of("vpp-lbsync-done"), [{
    scope: "all",
    trigger: "connect",
    "vip-added": 2,
    "vip-removed": 0,
    "as-added": 4,
    "as-removed": 0,
    "as-weight-updated": 0,
    failed: 0,
    "duration-ms": 0,
  }]);
  assert.deepEqual(world.stats.map((report) => report.counts.as_added), [4]);
  await world.reconciler.stop();
});

Deno.test("Reconciler writes nothing to a VPP in the desired state", async () => {
  const world = twoVips();
  for (const vip of world.source.vips.values()) {
    executeOn(world.lb.plugin, { kind: "vip-add", vip });
    for (const server of vip.servers) {
      executeOn(world.lb.plugin, { kind: "as-add", vip, ...server });
    }
  }
  await world.start();
  assert.deepEqual(world.takeWrites(), []);
  assert.deepEqual(world.logger.of("vpp-lb-state"), [lbState(2, 4)]);
  await world.reconciler.stop();
});

Deno.test("Reconciler removes VIPs that are not configured, servers with flush first", async () => {
  const world = new World({ web: desired(A, UP) });
  const stranger = desired(B, "10.0.0.9=100");
  executeOn(world.lb.plugin, { kind: "vip-add", vip: stranger });
  executeOn(world.lb.plugin, { kind: "as-add", vip: stranger, ...stranger.servers[0]! });
  await world.start();
  assert.deepEqual(world.inVpp(), world.wanted());
  assert.deepEqual(world.takeWrites().filter((write) => write.includes(B)), [
    `as-del ${B}/32 6 80 10.0.0.9 flush`,
    `vip-del ${B}/32 6 80`,
  ]);
  // Differences at connect are not drift, because no state was known.
  assert.deepEqual(world.logger.of("vpp-lbsync-drift"), []);
  await world.reconciler.stop();
});

Deno.test("Reconciler sends a differing lb_conf once, before the VIPs", async () => {
  const world = twoVips();
  world.source.conf = { ...CONF, flowTimeoutS: 60 };
  await world.start();
  assert.equal(world.takeWrites()[0], "set-conf");
  assert.deepEqual(world.logger.of("vpp-lb-conf-set"), [{
    "ipv4-src-address": "192.0.2.250",
    "ipv6-src-address": "2001:db8::250",
    "sticky-buckets-per-core": 65536,
    "flow-timeout": 60,
  }]);
  assert.equal(world.reconciler.lbState()!.conf?.flowTimeoutS, 60);
  world.reconciler.reload();
  await world.calm();
  assert.deepEqual(world.takeWrites(), []);
  world.source.conf = CONF;
  world.reconciler.reload();
  await world.calm();
  assert.deepEqual(world.takeWrites(), ["set-conf"]);
  await world.reconciler.stop();
});

Deno.test("Reconciler logs a refused lb_conf and retries it only with the next run", async () => {
  const world = twoVips();
  world.source.conf = { ...CONF, flowTimeoutS: 60 };
  world.lb.refuse = (text) => text === "set-conf" ? -70 : undefined;
  await world.start();
  const refused = { err: "INVALID_MEMORY_SIZE" };
  const said = () => world.logger.of("vpp-lb-conf-set-failed");
  assert.deepEqual(said(), [refused]);
  world.transition("web", desired(A, ONE_DOWN));
  await world.calm();
  assert.deepEqual(said(), [refused]);
  await world.pass(30_000);
  assert.deepEqual(said(), [refused, refused]);
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
  await world.pass(30_000);
  assert.equal(world.logger.of("vpp-lbsync-drift").length, 1);
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

Deno.test("a transition overtakes bulk work and is not undone by it", async () => {
  const vips = Object.fromEntries(
    Array.from({ length: 200 }, (_, i) => [`f${i}`, desired(`198.18.0.${i}`, UP)]),
  );
  const world = new World(vips);
  world.reconciler.start();
  world.connection.connect(world.lb);
  world.lb.hold();
  while (world.lb.writes.length < 100) {
    world.lb.release(1);
    await world.calm();
  }
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
  const vips = Object.fromEntries(
    Array.from({ length: 100 }, (_, i) => [`f${i}`, desired(`198.18.0.${i}`, UP)]),
  );
  const world = new World(vips);
  world.reconciler.start();
  world.connection.connect(world.lb);
  world.lb.hold();
  while (world.lb.writes.length < 100) {
    world.lb.release(1);
    await world.calm();
  }
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

Deno.test("a refused operation is logged, does not stop the others, and is retried", async () => {
  const world = twoVips();
  world.lb.refuse = (text) => text.startsWith(`as-add ${A}`) ? -99 : undefined;
  await world.start();
  assert.deepEqual(world.lb.writes.slice(6), [
    `vip-flush ${A}/32 6 80`,
    `vip-flush ${B}/32 17 53`,
  ]);
  assert.deepEqual(world.logger.of("vpp-lbsync-error")[0], {
    operation: "as-add",
    vip: `${A}/32`,
    protocol: "tcp",
    port: 80,
    address: "10.0.0.1",
    weight: 100,
    flush: false,
    err: "TABLE_TOO_BIG",
  });
  assert.equal(world.stats.at(-1)!.failed, 2);
  world.lb.refuse = () => undefined;
  world.takeWrites();
  await world.pass(0);
  assert.deepEqual(world.takeWrites(), [
    `as-add ${A}/32 6 80 10.0.0.1 100`,
    `as-add ${A}/32 6 80 10.0.0.2 100`,
    `vip-flush ${A}/32 6 80`,
  ]);
  assert.deepEqual(world.inVpp(), world.wanted());
  assert.deepEqual(world.logger.of("vpp-lbsync-drift"), []);
  await world.reconciler.stop();
});

Deno.test("a refusal makes the reconciler read the VIP again immediately", async () => {
  const world = await twoVips().start();
  executeOn(world.lb.plugin, { kind: "vip-del", vip: actual(A) });
  world.takeWrites();
  world.transition("web", desired(A, ONE_DOWN));
  await world.pass(0);
  assert.equal(world.logger.of("vpp-lbsync-error")[0]!.err, "NO_SUCH_ENTRY");
  assert.deepEqual(world.inVpp(), world.wanted());
  const triggers = world.logger.of("vpp-lbsync-done").map((fields) => fields.trigger);
  assert.deepEqual(triggers, ["connect", "transition", "reread"]);
  assert.deepEqual(world.logger.of("vpp-lbsync-drift")[0]!.found, ["no VIP"]);
  await world.reconciler.stop();
});

Deno.test("reading again corrects that VIP only, and never removes one", async () => {
  const world = await twoVips().start();
  const stranger = desired("192.0.2.3", "");
  executeOn(world.lb.plugin, { kind: "vip-add", vip: stranger });
  executeOn(world.lb.plugin, {
    kind: "as-del",
    vip: actual(A),
    address: ip("10.0.0.2"),
    weight: 100,
    flush: false,
  });
  world.takeWrites();
  world.transition("web", desired(A, ONE_DOWN));
  await world.pass(0);
  assert.equal(world.inVpp().length, 3);
  assert.deepEqual(world.logger.of("vpp-lbsync-drift").map((fields) => fields.vip), [`${A}/32`]);
  await world.pass(30_000);
  assert.deepEqual(world.inVpp(), world.wanted());
  assert.deepEqual(world.logger.of("vpp-lbsync-drift").map((fields) => fields.vip), [
    `${A}/32`,
    "192.0.2.3/32",
  ]);
  await world.reconciler.stop();
});

Deno.test("reading again is limited when VPP keeps refusing, for any retval", async () => {
  for (const retval of [-6, -99, -1, -12345]) {
    const world = await twoVips().start();
    world.lb.refuse = (text) => text.startsWith("as-weight") ? retval : undefined;
    world.takeWrites();
    world.transition("web", desired(A, ONE_DOWN));
    await world.pass(25_000);
    const attempts = world.takeWrites().length;
    // Immediately, then after 100, 200, … 6400, 10,000 ms.
    assert.equal(attempts, 10);
    assert.equal(world.logger.of("vpp-lbsync-error").length, attempts);
    world.lb.refuse = () => undefined;
    await world.pass(10_000);
    assert.deepEqual(world.inVpp(), world.wanted());
    await world.reconciler.stop();
  }
});

Deno.test("a removal that VPP keeps refusing is left to full runs", async () => {
  const world = await twoVips().start();
  world.lb.refuse = (text) => text.startsWith("vip-del") ? -12345 : undefined;
  world.source.vips.delete("dns");
  world.takeWrites();
  world.reconciler.reload();
  await world.pass(29_999);
  assert.equal(world.takeWrites().filter((call) => call.startsWith("vip-del")).length, 1);
  await world.pass(1);
  assert.equal(world.takeWrites().filter((call) => call.startsWith("vip-del")).length, 1);
  await world.reconciler.stop();
});

Deno.test("a lost connection does not count as a failed operation, and clears the known state", async () => {
  const world = await twoVips().start();
  world.lb.hold();
  world.transition("web", desired(A, ONE_DOWN));
  world.die();
  await world.calm();
  assert.deepEqual(world.logger.of("vpp-lbsync-error"), []);
  assert.equal(world.reconciler.lbState(), undefined);
  assert.equal(world.logger.of("vpp-lbsync-done").length, 1);
  world.transition("web", desired(A, UP));
  world.lb = new PluginLb();
  world.connection.connect(world.lb);
  await world.calm();
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
});

Deno.test("a connection lost in the middle of a reading or of bulk work is survived", async () => {
  for (const steps of [0, 1, 3, 4, 5, 8]) {
    const world = twoVips();
    world.lb.hold();
    await world.start();
    for (let i = 0; i < steps; i++) {
      world.lb.release(1);
      await world.calm();
    }
    world.die();
    await world.calm();
    world.lb = new PluginLb();
    world.connection.connect(world.lb);
    await world.calm();
    assert.deepEqual(world.inVpp(), world.wanted());
    assert.deepEqual(world.logger.of("vpp-lbsync-error"), []);
    await world.reconciler.stop();
  }
});

Deno.test("a reading without a reply is logged and retried", async () => {
  const world = twoVips();
  world.lb.hold();
  await world.start();
  world.lb.fail(new MaglevError("deadline-exceeded", "VPP gave no answer"));
  world.lb.release();
  await world.pass(0);
  assert.deepEqual(world.logger.of("vpp-lb-read-failed"), [{ err: "VPP gave no answer" }]);
  assert.deepEqual(world.inVpp(), world.wanted());
  assert.equal(world.logger.of("vpp-lbsync-done").at(-1)!.trigger, "retry");
  await world.reconciler.stop();
});

Deno.test("text that cannot be parsed is logged and recreates nothing", async () => {
  const world = new World({ web: desired(A, UP, { srcIpSticky: true }) });
  await world.start();
  const { plugin } = world.lb;
  world.die();
  world.lb = new PluginLb(plugin);
  world.lb.verboseText = "% unknown input\n";
  world.connection.connect(world.lb);
  await world.calm();
  assert.deepEqual(world.logger.of("vpp-lb-read-failed"), [{
    command: "show lb vips verbose",
    err: 'line 1: expected a VIP, found "% unknown input"',
  }]);
  assert.deepEqual(world.takeWrites(), []);
  world.transition("web", desired(A, ONE_DOWN, { srcIpSticky: true }));
  await world.calm();
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
});

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
  const vips = Object.fromEntries(
    Array.from({ length: 100 }, (_, i) => [`f${i}`, desired(`198.18.0.${i}`, UP)]),
  );
  const world = new World(vips);
  world.reconciler.start();
  world.connection.connect(world.lb);
  world.lb.hold();
  while (world.lb.writes.length < 100) {
    world.lb.release(1);
    await world.calm();
  }
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

Deno.test("lbState() returns the state of VPP", async () => {
  const world = twoVips();
  assert.equal(world.reconciler.lbState(), undefined);
  await world.start();
  world.transition("web", desired(A, ONE_DOWN));
  await world.calm();
  const state = world.reconciler.lbState()!;
  assert.deepEqual(state.conf, CONF);
  assert.deepEqual(state.vips.map((vip) => vip.servers.map((server) => server.weight)), [
    [100, 0],
    [100, 100],
  ]);
  await world.reconciler.stop();
});
