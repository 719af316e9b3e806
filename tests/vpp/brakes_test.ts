/**
 * The brakes on a real VPP that carries traffic: which flows move, and what VPP has, when the checks
 * of all servers fail. Skipped without MAGLEV_VPP_PREFIX.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { readUntil } from "../support/judges/until.ts";
import { BucketWatch } from "./bucket_watch.ts";
import { A, B, FLOWS, LULL_MS, sending, world } from "./traffic_world.ts";
import type { RunningVpp } from "./support.ts";
import { view } from "./view.ts";
import { type FlowReport, NO_WIRE } from "./wire.ts";

const VIP = "192.0.2.1";
const KEY = `${VIP}/32 6 80`;

async function vppHas(vpp: RunningVpp, servers: readonly string[]): Promise<void> {
  const wanted = JSON.stringify(servers);
  await readUntil(
    async () => JSON.stringify((await view(vpp))[KEY]),
    (text) => text === wanted,
    { what: `VPP has ${wanted}` },
  );
}

/** Every flow has one server, the given one. */
function judgeAllOn(server: string, { flows }: FlowReport): void {
  assert.equal(Object.keys(flows).length, FLOWS.steady + FLOWS.resting);
  for (const [flow, servers] of Object.entries(flows)) {
    assert.deepEqual(Object.keys(servers), [server], flow);
  }
}

Deno.test({
  name: `real VPP: last-good keeps the last server, over restarts of both${NO_WIRE}`,
  ignore: NO_WIRE !== "",
  fn: () =>
    world("socket", async ({ vpp, wire, servers, start }) => {
      await Promise.all([servers[2]!.close(), servers[3]!.close()]);
      let daemon = start();
      await daemon.seen((line) => line.msg === "vpp-warmup-done");
      await servers[1]!.close();
      await vppHas(vpp, [`${A} 100`, `${B} 0`]);
      const targets = [{ address: VIP, ...FLOWS }];
      const flows = await wire.flows(targets);
      await sleep(LULL_MS);

      const watch = await BucketWatch.start(vpp);
      const kept = watch.seen[0]![KEY]!;
      let mark = daemon.mark;
      const failedMs = performance.now();
      await servers[0]!.close();
      const held = await daemon.seen((line) => line.msg === "frontend-held", { from: mark });
      assert.ok(performance.now() - failedMs < 1000, "held within a second");
      assert.equal(held.frontend, "held");
      await sleep(LULL_MS);
      daemon.process.signal("SIGKILL");
      await daemon.process.ended;
      daemon = start();
      await daemon.seen((line) => line.msg === "frontend-held");
      await daemon.seen((line) => line.msg === "vpp-warmup-done");
      await sleep(LULL_MS);
      judgeAllOn(A, await flows.stop());
      assert.deepEqual(watch.valuesOf(KEY), [kept], "no weight and no bucket changed");
      await watch[Symbol.asyncDispose]();
      const written = daemon.lines.filter(({ msg }) => /^vpp-lbsync-(as|vip)/.test(String(msg)));
      assert.deepEqual(written, [], "the next maglevd writes nothing, and flushes nothing");

      await vpp.kill("SIGKILL");
      await daemon.seen((line) => line.msg === "vpp-disconnect");
      await vpp.restart();
      await wire.plug(vpp);
      await wire.leadOut(vpp, "127.0.45.0/24");
      await vppHas(vpp, [`${A} 100`, `${B} 0`]);
      judgeAllOn(A, await sending(await wire.flows(targets)));

      mark = daemon.mark;
      servers[1]!.open();
      await daemon.seen((line) => line.msg === "frontend-released", { from: mark });
      const cut = await daemon.seen(
        (line) => line.msg === "vpp-lbsync-as-weight" && line.address === A,
        { from: mark },
      );
      assert.deepEqual([cut.weight, cut.flush], [0, true], "with the flush that was owed");
      await vppHas(vpp, [`${A} 0`, `${B} 100`]);
      judgeAllOn(B, await sending(await wire.flows(targets)));
    }, {
      held: {
        address: VIP,
        pools: { main: { b0: 100, b1: 100 } },
        extra: "on-all-down: last-good",
      },
    }),
});
