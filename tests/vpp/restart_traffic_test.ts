/**
 * A restart of maglevd while a real VPP carries traffic: thousands of packets of flows that VPP has
 * in its table and of flows that it has forgotten. For VIPs whose servers did not change, no bucket
 * moves, every packet goes to the flow's first server, none is lost, and the counters continue.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { BucketWatch } from "./bucket_watch.ts";
import { API_KINDS, type RunningVpp } from "./support.ts";
import {
  B,
  CHANGED,
  D,
  FLOWS,
  FRONTENDS,
  judgeUnchanged,
  LULL_MS,
  restarted,
  sending,
  UNCHANGED,
  world,
} from "./traffic_world.ts";
import { type FlowReport, NO_WIRE } from "./wire.ts";

/** VPP's totals for all its VIPs, as its CLI prints them. */
async function counted(vpp: RunningVpp): Promise<{ packets: number; noServer: number }> {
  const text = await vpp.cli("show lb vips verbose");
  const sum = (pattern: RegExp) =>
    [...text.matchAll(pattern)].reduce((total, [, count]) => total + Number(count), 0);
  return {
    packets: sum(/^ {4}\D+: (\d+)\s*$/gm),
    noServer: sum(/^ {4}no server configured: (\d+)\s*$/gm),
  };
}

/** Flows of the living server stay where they are, and no other server has any. */
function judgeChanged(before: FlowReport, after: FlowReport): void {
  let moved = 0;
  for (const [flow, servers] of Object.entries(before.flows)) {
    if (!flow.startsWith(`${CHANGED} `)) continue;
    const [was] = Object.keys(servers);
    assert.deepEqual(Object.keys(after.flows[flow] ?? {}), [B], flow);
    if (was === D) moved++;
  }
  assert.ok(moved > 10, `${moved} flows were D's`);
}

for (const kind of API_KINDS) {
  Deno.test({
    name: `real VPP: restarts of maglevd under traffic move nothing (${kind})${NO_WIRE}`,
    ignore: NO_WIRE !== "",
    fn: () =>
      world(kind, async (world) => {
        const { vpp, wire, servers } = world;
        await servers[2]!.close();
        const first = world.start();
        await first.seen((line) => line.msg === "vpp-warmup-done");
        await first.seen((line) => line.msg === "vpp-counters" && line.vips === 4);
        const targets = Object.values(FRONTENDS).map(({ address }) => ({ address, ...FLOWS }));
        const before = await sending(await wire.flows(targets));

        const flows = await wire.flows(targets.filter(({ address }) => address !== CHANGED));
        await sleep(LULL_MS);
        await using watch = await BucketWatch.start(vpp);
        const buckets = watch.seen[0]!;
        let daemon = await restarted(world, first, { signal: "SIGTERM" });
        daemon = await restarted(world, daemon, { signal: "SIGKILL" });
        assert.deepEqual(watch.seen, [buckets], "no bucket moved");
        daemon = await restarted(world, daemon, {
          signal: "SIGKILL",
          meanwhile: () => servers[3]!.close(),
        });
        for (const vip of UNCHANGED) {
          const key = `${vip}/32 6 80`;
          assert.deepEqual(watch.valuesOf(key), [buckets[key]], vip);
        }
        assert.deepEqual(watch.valuesOf(`${CHANGED}/32 6 80`).slice(1), [
          `${B} weight 50 buckets 1024, ${D} weight 0 buckets 0`,
        ]);
        assert.ok(watch.reads > 500, `${watch.reads} readings`);
        judgeUnchanged(await flows.stop());
        judgeChanged(before, await sending(await wire.flows(targets)));

        const { packets, noServer } = await counted(vpp);
        assert.ok(packets > 20_000, `${packets} packets`);
        assert.equal(noServer, 0, "packets that met an empty table");
        const mark = daemon.mark;
        const last = await daemon.seen((line) => line.msg === "vpp-counters", { from: mark });
        assert.equal(last.packets, packets);
        assert.deepEqual(daemon.lines.filter(({ level }) => level === "ERROR"), []);
      }),
  });
}
