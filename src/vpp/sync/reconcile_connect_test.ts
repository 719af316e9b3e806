/** Connecting to VPP, and losing it: what the first run reads, writes and logs. */
import assert from "node:assert/strict";
import { executeOn, PluginLb } from "../../../tests/support/worlds/plugin_lb.ts";
import {
  A,
  B,
  CONF,
  ONE_DOWN,
  twoVips,
  UP,
  World,
} from "../../../tests/support/worlds/reconcile_world.ts";
import { desired } from "../../../tests/support/fakes/vips.ts";

function lbState(vips: number, servers: number) {
  return {
    vips,
    "application-servers": servers,
    "sticky-buckets-per-core": CONF.stickyBucketsPerCore,
    "flow-timeout": CONF.flowTimeoutS,
  };
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
