/**
 * A namespace that vanishes while maglevd programs VPP. Goal: VPP keeps the weights of servers that
 * cannot be probed, even when VPP or maglevd restarts meanwhile, and follows the servers as soon as
 * the namespace is back. Method: a real maglevd and a simulated VPP, observed through maglevc.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { withFolder } from "../support/servers/daemon.ts";
import { grpcAddress } from "../support/worlds/grpc_stage.ts";
import { type LackStage, lackView, onLackStage } from "../support/worlds/lack_stage.ts";
import { lbView, vppHas } from "../support/judges/lb_view.ts";
import { maglevc } from "../support/terminals/maglevc.ts";
import { NET4, netnsTest } from "../support/servers/netns.ts";

const ALL = lackView(100, 100, 100, 100, 100);
const WITHOUT_FRAIL = lackView(100, 100, 100, 100, 0);

/** Longer than startup-max-delay of the stage, and ten intervals in which a server would go down. */
const LONG_MS = 2500;

async function showStatus({ daemon }: LackStage): Promise<string> {
  const address = await grpcAddress(daemon);
  return await withFolder(async (home) => {
    const { code, stdout, stderr } = await maglevc(["--server", address, "show", "status"], {
      home,
    });
    assert.equal(code, 0, stderr);
    return stdout;
  });
}

netnsTest(
  "VPP that restarts while the namespace is gone gets the weights from before",
  async () => {
    await onLackStage({ vpp: true }, async (stage) => {
      const { daemon, simulator, namespace: { name } } = stage;
      await vppHas(simulator, ALL);
      assert.match(await showStatus(stage), new RegExp(`^${name} +1 +5 +no +- +-$`, "m"));
      const from = daemon.mark;
      await stage.hide();
      await stage.blind("namespace");
      await stage.kill();
      await simulator.restart();
      await vppHas(simulator, ALL);
      await sleep(LONG_MS);
      assert.deepEqual(lbView(simulator), ALL);
      stage.assertNoServerBlamed();
      const blind = await showStatus(stage);
      const reason = `cannot enter network namespace ${name}: it does not exist; create it with `;
      assert.match(blind, new RegExp(`^ready +no: cannot probe 5 backends: ${reason}`, "m"));
      assert.match(blind, /^vpp +connected$/m);
      assert.match(blind, new RegExp(`^${name} +1 +5 +yes +\\S+ +${reason}`, "m"));
      await stage.unhide();
      await daemon.transition("frail", "down", from);
      await vppHas(simulator, WITHOUT_FRAIL);
      await stage.restored("namespace", from);
      assert.match(await showStatus(stage), /^ready +yes$/m);
      stage.assertNoServerBlamed();
    });
  },
);

netnsTest(
  "a maglevd restarted blind, whose namespace then vanishes, holds its VIPs until it returns",
  async () => {
    const source = `${NET4}2`;
    const address = (verb: string) => `address ${verb} ${source}/32 dev lo`;
    await onLackStage({ vpp: true, extra: `probe-ipv4-src: ${source}` }, async (stage) => {
      const { simulator, namespace } = stage;
      await vppHas(simulator, ALL);
      await stage.daemon.stop();
      await namespace.ip(address("del"));
      stage.launch();
      await stage.blind("source-address");
      await stage.hide();
      await stage.blind("namespace");
      await stage.kill();
      await sleep(LONG_MS);
      assert.deepEqual(lbView(simulator), ALL);
      const held = await showStatus(stage);
      assert.match(held, /^warm-up +releasing$/m);
      assert.match(held, /^warm-up-until +-$/m, "it lasts until probes count");
      assert.match(held, /^warm-up-holds +f$/m);
      assert.match(held, /^backends +5 unknown$/m);
      assert.match(held, /^ready +no: .*warm-up is not over/m);

      await stage.unhide();
      await namespace.ip(address("add"));
      await vppHas(simulator, WITHOUT_FRAIL);
      const free = await showStatus(stage);
      assert.match(free, /^warm-up +done$/m);
      stage.assertNoServerBlamed();
    });
  },
);

netnsTest(
  "VPP that restarts under a blind maglevd is programmed when the namespace returns",
  async () => {
    const source = `${NET4}2`;
    const address = (verb: string) => `address ${verb} ${source}/32 dev lo`;
    await onLackStage({ vpp: true, extra: `probe-ipv4-src: ${source}` }, async (stage) => {
      const { simulator, namespace } = stage;
      await stage.daemon.stop();
      await namespace.ip(address("del"));
      stage.launch();
      await stage.blind("source-address");
      await stage.hide();
      await stage.blind("namespace");
      await simulator.restart();
      await sleep(LONG_MS);
      assert.deepEqual(lbView(simulator), {}, "a VIP without servers would lose packets");
      const held = await showStatus(stage);
      assert.match(held, /^warm-up +releasing$/m);
      assert.match(held, /^warm-up-until +-$/m);
      await stage.unhide();
      await namespace.ip(address("add"));
      await vppHas(simulator, ALL);
      stage.assertNoServerBlamed();
    });
  },
);
