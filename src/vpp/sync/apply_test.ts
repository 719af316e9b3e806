import assert from "node:assert/strict";
import { settle } from "../../../tests/support/fakes/fake_clock.ts";
import { PluginLb } from "../../../tests/support/worlds/plugin_lb.ts";
import { RecordingLogger } from "../../../tests/support/fakes/recording_logger.ts";
import { CONF, World } from "../../../tests/support/worlds/reconcile_world.ts";
import { wantedVips } from "./desired_vips.ts";
import { desired } from "../../../tests/support/fakes/vips.ts";
import type { ErrorCode } from "../../base/errors.ts";
import { MaglevError } from "../../base/errors.ts";
import { Applier } from "./apply.ts";
import type { Outcome } from "./apply.ts";

const VIP = desired("192.0.2.1", "10.0.0.1=100 10.0.0.2=100");

async function outcomeOf(code: ErrorCode): Promise<{ kind: Outcome["kind"]; errors: number }> {
  const lb = new PluginLb();
  lb.hold();
  const logger = new RecordingLogger({ debug: true });
  const kinds: Outcome["kind"][] = [];
  new Applier(lb, logger).apply([{ kind: "vip-add", vip: VIP }], (_, { kind }) => kinds.push(kind));
  lb.fail(new MaglevError(code, "it went wrong"));
  await settle();
  assert.equal(kinds.length, 1);
  return { kind: kinds[0]!, errors: logger.of("vpp-lbsync-error").length };
}

Deno.test("Applier: errors that end the connection are no failure of the operation, others are", async () => {
  assert.deepEqual(await outcomeOf("unavailable"), { kind: "lost", errors: 0 });
  assert.deepEqual(await outcomeOf("deadline-exceeded"), { kind: "lost", errors: 0 });
  assert.deepEqual(await outcomeOf("resource-exhausted"), { kind: "unanswered", errors: 1 });
  assert.deepEqual(await outcomeOf("internal"), { kind: "unanswered", errors: 1 });
});

Deno.test("lb_conf without an answer is no error of its own: the connection ends", async () => {
  const world = await new World({ web: VIP }).start();
  world.lb.hold();
  world.source.conf = { ...CONF, flowTimeoutS: 60 };
  world.reconciler.transition(wantedVips(world.source, ["web"]));
  world.lb.fail(new MaglevError("deadline-exceeded", "VPP gave no answer"));
  await world.calm();
  assert.deepEqual(world.logger.of("vpp-lbsync-error"), []);
  await world.reconciler.stop();
});

Deno.test("an operation for which the queue was full is tried again", async () => {
  const world = await new World({ web: VIP }).start();
  world.lb.hold();
  world.transition("web", desired("192.0.2.1", "10.0.0.1=100 10.0.0.2=7"));
  world.lb.fail(new MaglevError("resource-exhausted", "cannot send: too many wait"));
  world.lb.release();
  await world.pass(0);
  assert.deepEqual(world.inVpp(), world.wanted());
  assert.equal(world.logger.of("vpp-lbsync-done").at(-1)!.trigger, "reread");
  await world.reconciler.stop();
});

Deno.test("a server's removal is logged with the weight it had, whatever removes it", async () => {
  const other = desired("192.0.2.2", "10.0.0.3=3");
  const world = await new World({ web: VIP, dns: other }).start();
  world.transition("web", desired("192.0.2.1", "10.0.0.1=100 10.0.0.2=70"));
  await world.calm();
  world.transition("web", desired("192.0.2.1", "10.0.0.1=100"));
  await world.calm();
  world.source.vips.delete("dns");
  world.reconciler.reload();
  await world.calm();
  const common = { protocol: "tcp", port: 80, flush: true };
  assert.deepEqual(world.logger.of("vpp-lbsync-as-del"), [
    { ...common, vip: "192.0.2.1/32", address: "10.0.0.2", weight: 70 },
    { ...common, vip: "192.0.2.2/32", address: "10.0.0.3", weight: 3 },
  ]);
  await world.reconciler.stop();
});
