/**
 * A slow start on a real VPP that carries traffic: the buckets at each step, also over a restart of
 * maglevd, and established flows that stay. Skipped without MAGLEV_VPP_PREFIX.
 */
import assert from "node:assert/strict";
import { parseIp } from "../../src/base/address.ts";
import { newFlowTable } from "../../src/vpp/lb/new_flow_table.ts";
import { readUntil } from "../support/judges/until.ts";
import { BucketWatch } from "./bucket_watch.ts";
import { A, B, C, LULL_MS, world } from "./traffic_world.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { NO_WIRE } from "./wire.ts";

const VIP = "192.0.2.1";
const KEY = `${VIP}/32 6 80`;

/** The VIP as a BucketWatch shows it, with the plugin's own table for these weights. */
function tableText(weights: Readonly<Record<string, number>>): string {
  const servers = Object.entries(weights).map(([text, weight]) => ({
    text,
    address: parseIp(text)!,
    weight,
  }));
  const { buckets } = newFlowTable(servers, 1024);
  return servers.map(({ text, weight }, i) => `${text} weight ${weight} buckets ${buckets[i]}`)
    .sort().join(", ");
}

Deno.test({
  name: `real VPP: a server rises in three steps, over a restart of maglevd${NO_WIRE}`,
  ignore: NO_WIRE !== "",
  fn: () =>
    world("socket", async ({ vpp, wire, servers, start }) => {
      await servers[2]!.close();
      let daemon = start();
      await daemon.seen((line) => line.msg === "vpp-warmup-done");
      await using watch = await BucketWatch.start(vpp);
      const sees = async (step: string) => {
        const read = () => Promise.resolve(watch.seen.at(-1)![KEY]);
        await readUntil(read, (text) => text === step, { what: `VPP has ${step}` });
      };
      const steps = [0, 34, 67, 100].map((weight) =>
        tableText({ [A]: 100, [B]: 100, [C]: weight })
      );
      await sees(steps[0]!);
      const flows = await wire.flows([{ address: VIP, port: 80, steady: 100, resting: 0 }]);
      await sleep(LULL_MS);

      const mark = daemon.mark;
      servers[2]!.open();
      const begun = await daemon.seen((line) => line.msg === "slow-start-begin", { from: mark });
      assert.deepEqual([begun.level, begun.frontend, begun.backend], ["INFO", "web", "b2"]);
      await sees(steps[1]!);
      // A ramp that began again would go back from here.
      await sees(steps[2]!);
      daemon.process.signal("SIGKILL");
      await daemon.process.ended;
      daemon = start();
      await daemon.seen((line) => line.msg === "slow-start-begin");
      await daemon.seen((line) => line.msg === "slow-start-end");
      await sees(steps[3]!);
      assert.deepEqual(watch.valuesOf(KEY), steps, "each step once, and none back");

      for (const [flow, used] of Object.entries((await flows.stop()).flows)) {
        assert.equal(Object.keys(used).length, 1, `${flow}: ${JSON.stringify(used)}`);
        assert.ok(!(C in used), "established flows stay where they are");
      }
    }, {
      web: {
        address: VIP,
        pools: { main: { b0: 100, b1: 100, b2: 100 } },
        extra: "slow-start: { duration: 12s, steps: 3 }",
      },
    }, { flowTimeout: "40s" }),
});
