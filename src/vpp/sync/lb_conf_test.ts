import assert from "node:assert/strict";
import { CONF, World } from "../../../tests/support/worlds/reconcile_world.ts";
import { desired } from "../../../tests/support/fakes/vips.ts";

const A = "192.0.2.1";
const UP = "10.0.0.1=100";

/** Another program changes VPP's settings. */
function change(world: World, conf: Partial<typeof CONF>): void {
  const { flowTimeoutS: flowTimeout, ...rest } = { ...CONF, ...conf };
  world.lb.plugin.setConf({ ...rest, flowTimeout });
}

Deno.test("lb_conf that another program changed is logged with both values, and corrected", async () => {
  const world = await new World({ web: desired(A, UP) }).start();
  world.takeWrites();
  change(world, { flowTimeoutS: 7 });
  await world.pass(30_000);
  assert.deepEqual(world.logger.of("vpp-lbsync-drift"), [{
    setting: "lb_conf",
    found: ["flow-timeout 7"],
    expected: ["flow-timeout 40"],
  }]);
  assert.deepEqual(world.takeWrites(), ["set-conf"]);
  await world.reconciler.stop();
});

Deno.test("sticky-buckets-per-core that another program changed stays until an operator's sync", async () => {
  const world = await new World({ web: desired(A, UP) }).start();
  world.takeWrites();
  change(world, { stickyBucketsPerCore: 1024 });
  for (let i = 0; i < 3; i++) await world.pass(30_000);
  const [drift, ...more] = world.logger.of("vpp-lbsync-drift");
  assert.deepEqual([drift!.found, drift!.expected, more], [
    ["sticky-buckets-per-core 1024"],
    ["sticky-buckets-per-core 65536"],
    [],
  ]);
  assert.match(String(drift!.message), /all sticky flows of all VIPs are forgotten/);
  assert.deepEqual(world.takeWrites(), []);
  // Another setting that differs is corrected, together with VPP's present buckets.
  world.source.conf = { ...CONF, flowTimeoutS: 50 };
  world.reconciler.reload();
  await world.calm();
  assert.equal(world.lb.plugin.conf.flowTimeout, 50);
  assert.equal(world.lb.plugin.conf.stickyBucketsPerCore, 1024);
  void world.reconciler.sync();
  await world.calm();
  assert.equal(world.lb.plugin.conf.stickyBucketsPerCore, 65536);
  await world.reconciler.stop();
});

Deno.test("a changed sticky-buckets-per-core is corrected at connect", async () => {
  const world = await new World({ web: desired(A, UP) }).start();
  const { plugin } = world.lb;
  world.die();
  change(world, { stickyBucketsPerCore: 1024 });
  world.lb = world.vpp(plugin);
  world.connection.connect(world.lb);
  await world.calm();
  assert.equal(plugin.conf.stickyBucketsPerCore, 65536);
  await world.reconciler.stop();
});

Deno.test("a reload that changes sticky-buckets-per-core warns that all flows are forgotten", async () => {
  const world = await new World({ web: desired(A, UP) }).start();
  world.source.conf = { ...CONF, stickyBucketsPerCore: 131_072 };
  world.reconciler.reload();
  await world.calm();
  assert.deepEqual(world.logger.levels("vpp-lb-conf-set"), ["warn"]);
  const [record] = world.logger.of("vpp-lb-conf-set");
  assert.equal(record!.message, "all sticky flows of all VIPs are forgotten");
  // A change of another setting causes no warning.
  world.source.conf = { ...world.source.conf, flowTimeoutS: 41 };
  world.reconciler.reload();
  await world.calm();
  assert.deepEqual(world.logger.levels("vpp-lb-conf-set"), ["warn", "info"]);
  await world.reconciler.stop();
});

Deno.test("lb_conf that was sent while VPP was read is not drift", async () => {
  const world = await new World({ web: desired(A, UP) }).start();
  world.takeWrites();
  world.lb.hold();
  await world.pass(30_000);
  // A changed configuration is sent after VPP's reply with the previous settings.
  world.source.conf = { ...CONF, stickyBucketsPerCore: 131_072 };
  world.reconciler.reload();
  world.transition("web", desired(A, "10.0.0.1=50"));
  world.lb.release();
  await world.calm();
  assert.deepEqual(world.logger.of("vpp-lbsync-drift"), []);
  assert.deepEqual(world.takeWrites().filter((write) => write === "set-conf"), ["set-conf"]);
  await world.pass(30_000);
  assert.deepEqual(world.logger.of("vpp-lbsync-drift"), []);
  assert.equal(world.lb.plugin.conf.stickyBucketsPerCore, 131_072);
  assert.deepEqual(world.takeWrites(), []);
  await world.reconciler.stop();
});

Deno.test("an operator's sync that joins a waiting run reads VPP, and corrects its settings", async () => {
  const world = await new World({ web: desired(A, UP) }).start();
  change(world, { stickyBucketsPerCore: 1024 });
  await world.pass(30_000);
  assert.equal(world.lb.plugin.conf.stickyBucketsPerCore, 1024);
  world.lb.hold();
  await world.pass(30_000);
  // While one run reads, a reload waits, which the sync joins.
  world.reconciler.reload();
  const sync = world.reconciler.sync();
  world.lb.release();
  await world.calm();
  assert.equal((await sync).trigger, "operator");
  assert.equal(world.lb.plugin.conf.stickyBucketsPerCore, 65536);
  await world.reconciler.stop();
});

Deno.test("too many sticky buckets over all threads of VPP cause one warning with their cost", async () => {
  const world = new World({ web: desired(A, UP) });
  world.source.conf = { ...CONF, stickyBucketsPerCore: 2 ** 20 };
  const room = (threads: number) => ({
    prepare: () => ({ read: () => ({ kind: "busy" as const }) }),
    room: () => ({ sizeBytes: 32 << 20, threads, routes: 8 }),
  });
  world.reconciler.start();
  world.connection.connect(world.lb, room(4));
  await world.calm();
  assert.deepEqual(world.logger.of("vpp-platform"), []);
  world.die();
  world.lb = world.vpp(world.lb.plugin);
  world.connection.connect(world.lb, room(17));
  await world.calm();
  await world.pass(60_000);
  const [warning, ...more] = world.logger.of("vpp-platform");
  assert.deepEqual(more, []);
  assert.equal(warning!.threads, 17);
  assert.match(
    String(warning!.message),
    /1048576 takes 1088 MiB of VPP's memory on its 17 threads, and each flush .* for 48 ms; use at most/,
  );
  await world.reconciler.stop();
});
