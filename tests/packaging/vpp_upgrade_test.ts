/**
 * Upgrades and downgrades between builds while a real VPP carries traffic, also to an older commit:
 * no bucket moves, every packet goes to the flow's first server, none is lost. Method: the launchers
 * and the code that the packages hold, started in the place of the other's. Neither dpkg nor a unit
 * takes part; machine_test.ts has these, with a simulated VPP.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { API_KINDS, SKIP_REASON } from "../vpp/support.ts";
import { BucketWatch } from "../vpp/bucket_watch.ts";
import {
  CHANGED,
  FLOWS,
  FRONTENDS,
  judgeUnchanged,
  LULL_MS,
  restarted,
  world,
} from "../vpp/traffic_world.ts";
import { NO_WIRE } from "../vpp/wire.ts";
import { type Build, launcherOf, packagingTest, versionOf, whyNoOlder } from "./support.ts";

if (SKIP_REASON !== "" || NO_WIRE !== "") {
  Deno.test({
    name: `real VPP: an upgrade under traffic${SKIP_REASON || NO_WIRE}`,
    ignore: true,
    fn: () => {},
  });
} else {
  const noOlder = whyNoOlder();
  for (const kind of API_KINDS) {
    packagingTest(
      `real VPP: upgrades and downgrades under traffic move nothing, over ${kind}` +
        (noOlder === undefined ? "" : ` (without an older commit: ${noOlder})`),
      ["ip"],
      () =>
        world(kind, async (world) => {
          const { vpp, wire, servers } = world;
          await servers[2]!.close();
          const first = world.start(launcherOf("first"));
          await first.seen((line) => line.msg === "vpp-warmup-done");
          await first.seen((line) => line.msg === "vpp-counters" && line.vips === 4);
          const targets = Object.values(FRONTENDS)
            .map(({ address }) => ({ address, ...FLOWS }))
            .filter(({ address }) => address !== CHANGED);
          const flows = await wire.flows(targets);
          await sleep(LULL_MS);
          await using watch = await BucketWatch.start(vpp);
          const buckets = watch.seen[0]!;
          let daemon = first;
          // The other way to VPP needs the two builds alone.
          const older: readonly Build[] = kind === "socket" && noOlder === undefined
            ? ["older", "first"]
            : [];
          for (const build of ["second", "first", ...older] as const) {
            daemon = await restarted(world, daemon, {
              signal: "SIGTERM",
              launcher: launcherOf(build),
            });
            assert.equal(daemon.lines[0]?.version, versionOf(build));
            assert.deepEqual(watch.seen, [buckets], "no bucket moved");
          }
          assert.ok(watch.reads > 100, `${watch.reads} readings`);
          judgeUnchanged(await flows.stop());
          assert.deepEqual(daemon.lines.filter(({ level }) => level === "ERROR"), []);
        }),
    );
  }
}
