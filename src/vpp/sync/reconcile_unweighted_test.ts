/** The reconciler on a VPP without weights, which is read by its CLI only. */
import assert from "node:assert/strict";
import { executeOn } from "../../../tests/support/worlds/plugin_lb.ts";
import { World } from "../../../tests/support/worlds/reconcile_world.ts";
import { monotonic } from "../../../tests/support/fakes/instants.ts";
import { desired, ip } from "../../../tests/support/fakes/vips.ts";

const A = "192.0.2.1";
const WEB = `${A}/32 6 80`;
const UP = "10.0.0.1=100 10.0.0.2=30";

function world(servers = UP): Promise<World> {
  return new World({ web: desired(A, servers) }, {}, { weights: false }).start();
}

/** The writes that new desired servers of the VIP cause. */
async function step(world: World, servers: string): Promise<readonly string[]> {
  world.takeWrites();
  world.transition("web", desired(A, servers));
  await world.calm();
  return world.takeWrites();
}

Deno.test("without weights a server is added, deleted, and flushed when that is due, once", async () => {
  const vpp = await world();
  assert.deepEqual(vpp.takeWrites(), [
    "set-conf",
    `vip-add ${WEB}`,
    `as-add ${WEB} 10.0.0.1 100`,
    `as-add ${WEB} 10.0.0.2 100`,
    `vip-flush ${WEB}`,
  ]);
  assert.deepEqual(await step(vpp, "10.0.0.1=1 10.0.0.2=99"), []);
  assert.deepEqual(await step(vpp, "10.0.0.1=1 10.0.0.2=0"), [`as-del ${WEB} 10.0.0.2`]);
  assert.deepEqual(await step(vpp, "10.0.0.1=1 10.0.0.2=0!"), [`as-del ${WEB} 10.0.0.2 flush`]);
  await vpp.pass(60_000);
  assert.deepEqual(vpp.takeWrites(), []);
  // From down to unknown and down again is a new reason.
  assert.deepEqual(await step(vpp, "10.0.0.1=1 10.0.0.2=0"), []);
  assert.deepEqual(await step(vpp, "10.0.0.1=1 10.0.0.2=0!"), [`as-del ${WEB} 10.0.0.2 flush`]);
  assert.deepEqual(await step(vpp, "10.0.0.1=1 10.0.0.2=5"), [`as-add ${WEB} 10.0.0.2 100`]);
  assert.deepEqual(await step(vpp, "10.0.0.1=0! 10.0.0.2=5"), [`as-del ${WEB} 10.0.0.1 flush`]);
  assert.deepEqual(vpp.logger.of("vpp-lbsync-drift"), []);
  assert.deepEqual(vpp.logger.of("vpp-lbsync-error"), []);
  await vpp.reconciler.stop();
});

Deno.test("without weights a drained server that leaves the configuration is flushed", async () => {
  const vpp = await world("10.0.0.1=100 10.0.0.2=100");
  await step(vpp, "10.0.0.1=100 10.0.0.2=0");
  // A full run reads it as removed, and remembers that it was not flushed.
  await vpp.pass(30_000);
  assert.deepEqual(await step(vpp, "10.0.0.1=100"), [`as-del ${WEB} 10.0.0.2 flush`]);
  assert.deepEqual(vpp.logger.of("vpp-lbsync-as-flush"), [{
    vip: `${A}/32`,
    protocol: "tcp",
    port: 80,
    address: "10.0.0.2",
    flush: true,
  }]);
  await vpp.pass(30_000);
  assert.deepEqual(vpp.takeWrites(), []);
  await vpp.reconciler.stop();
});

Deno.test("without weights the flush of a server that VPP has collected does not count as a failure", async () => {
  const vpp = await world();
  await step(vpp, "10.0.0.1=1 10.0.0.2=0");
  vpp.lb.plugin.advance(monotonic(100_000));
  vpp.lb.plugin.collect();
  assert.deepEqual(await step(vpp, "10.0.0.1=1 10.0.0.2=0!"), [`as-del ${WEB} 10.0.0.2 flush`]);
  assert.deepEqual(vpp.logger.of("vpp-lbsync-error"), []);
  assert.equal(vpp.stats.at(-1)!.failed, 0);
  await vpp.pass(60_000);
  assert.deepEqual(vpp.takeWrites(), []);
  assert.deepEqual(vpp.logger.of("vpp-lbsync-drift"), []);
  await vpp.reconciler.stop();
});

Deno.test("without weights drift is logged and corrected", async () => {
  const vpp = await world();
  executeOn(vpp.lb.plugin, {
    kind: "as-del",
    vip: desired(A),
    address: ip("10.0.0.2"),
    weight: 100,
    flush: false,
  });
  await vpp.pass(30_000);
  assert.deepEqual(vpp.inVpp(), vpp.wanted());
  const [{ found, expected }] = vpp.logger.of("vpp-lbsync-drift") as [Record<string, unknown>];
  assert.deepEqual([found, expected], [["10.0.0.2 absent"], ["10.0.0.2 weight 100"]]);
  await vpp.reconciler.stop();
});

Deno.test("settings are sent to a VPP that does not report them once a connection, and on changes", async () => {
  const vpp = new World({ web: desired(A, UP) }, {}, { weights: false });
  vpp.lb.refuse = (text) => text === "set-conf" ? -70 : undefined;
  await vpp.start();
  assert.equal(vpp.reconciler.lbState()!.conf, undefined);
  assert.equal(vpp.logger.of("vpp-lb-conf-set-failed").length, 1);
  // Refused, they are sent again by the next full run. Accepted, they are not.
  vpp.lb.refuse = () => undefined;
  vpp.takeWrites();
  for (const writes of [["set-conf"], [], []]) {
    await vpp.pass(30_000);
    assert.deepEqual(vpp.takeWrites(), writes);
  }
  assert.equal(vpp.reconciler.lbState()!.conf!.flowTimeoutS, 40);
  vpp.source.conf = { ...vpp.source.conf, flowTimeoutS: 41 };
  vpp.reconciler.reload();
  await vpp.calm();
  assert.deepEqual(vpp.takeWrites(), ["set-conf"]);
  const { plugin } = vpp.lb;
  vpp.die();
  vpp.lb = vpp.vpp(plugin);
  vpp.connection.connect(vpp.lb);
  await vpp.calm();
  assert.deepEqual(vpp.takeWrites(), ["set-conf"]);
  await vpp.reconciler.stop();
});

Deno.test("text that cannot be parsed programs nothing, is logged, and read again", async () => {
  const vpp = new World({ web: desired(A, UP) }, {}, { weights: false });
  vpp.lb.verboseText = "% unknown input\n";
  await vpp.start();
  await vpp.pass(1000);
  assert.deepEqual(vpp.takeWrites(), []);
  assert.equal(
    vpp.logger.of("vpp-lb-read-failed")[0]!.err,
    'cannot read "show lb vips verbose": line 1: expected a VIP, found "% unknown input"',
  );
  vpp.lb.verboseText = undefined;
  await vpp.pass(10_000);
  assert.deepEqual(vpp.inVpp(), vpp.wanted());
  await vpp.reconciler.stop();
});
