/** Refused operations and readings without an answer are logged and tried again. */
import assert from "node:assert/strict";
import { executeOn } from "../../../tests/support/worlds/plugin_lb.ts";
import { A, B, ONE_DOWN, twoVips } from "../../../tests/support/worlds/reconcile_world.ts";
import { actual, desired, ip } from "../../../tests/support/fakes/vips.ts";
import { MaglevError } from "../../base/errors.ts";

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
