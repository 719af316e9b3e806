/**
 * A real BIRD and a real VPP that carries traffic. Goal: the neighbour has the route while VPP can
 * serve, several flips within the hysteresis are one withdrawal, lameduck takes the route and moves
 * no flow, and the route stays while VPP is away. Skipped without MAGLEV_VPP_PREFIX or BIRD.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { VPP_AWAY_MS } from "../../src/announce/announcer.ts";
import { announceText } from "../../src/announce/file_text.ts";
import { fetchBird } from "../support/judges/bird.ts";
import { GrpcClient, type Json, missingForGrpcClient } from "../support/judges/grpc_client.ts";
import { readUntil } from "../support/judges/until.ts";
import { BirdPair } from "../support/servers/bird_pair.ts";
import type { Daemon } from "../support/servers/daemon.ts";
import { grpcAddress } from "../support/worlds/grpc_stage.ts";
import { BucketWatch } from "./bucket_watch.ts";
import { A, B, world } from "./traffic_world.ts";
import type { RunningVpp } from "./support.ts";
import { view } from "./view.ts";
import { NO_WIRE } from "./wire.ts";

const VIP = "192.0.2.1";
const ROUTE = `${VIP}/32`;
const KEY = `${ROUTE} 6 80`;
const FLOWS = { address: VIP, port: 80, steady: 40, resting: 0 };
const FLIPS = 4;
/** Far longer than the server is up between two flips. */
const HYSTERESIS_MS = 6000;

const missing = NO_WIRE === "" ? missingForGrpcClient() : undefined;
const bird = NO_WIRE === "" ? await fetchBird() : undefined;
const unable = bird === undefined ? "no BIRD; as root: apt-get install bird2" : missing;
const skipped = NO_WIRE !== "" || unable === undefined ? NO_WIRE : ` (skipped: ${unable})`;

async function vppHas(vpp: RunningVpp, servers: readonly string[]): Promise<void> {
  const wanted = JSON.stringify(servers);
  await readUntil(
    async () => JSON.stringify((await view(vpp))[KEY]),
    (text) => text === wanted,
    { what: `VPP has ${wanted}` },
  );
}

async function call(daemon: Daemon, method: string, request: Json): Promise<void> {
  await using client = await GrpcClient.start({ target: await grpcAddress(daemon) });
  const { code, details } = await client.call(method, request);
  assert.equal(code, "OK", details);
}

Deno.test({
  name: `real VPP: a real BIRD follows it, with hysteresis and lameduck${skipped}`,
  ignore: skipped !== "",
  fn: () =>
    world(
      "socket",
      async ({ folder, vpp, wire, servers, start }) => {
        await Promise.all([servers[2]!.close(), servers[3]!.close()]);
        // maglevd may write in its state directory alone.
        await Deno.mkdir(`${folder}/state`, { mode: 0o700 });
        const file = `${folder}/state/announce.conf`;
        await Deno.writeTextFile(file, announceText("bird", []));
        await using pair = await BirdPair.start(bird!, { folder, file, prefixes: [ROUTE] });
        const daemon = start();
        await pair.untilRoutes([ROUTE], { deadlineMs: HYSTERESIS_MS + 60_000 });
        assert.deepEqual((await view(vpp))[KEY], [`${A} 100`, `${B} 100`], "VPP can serve");
        assert.equal(pair.reads, 1);

        let mark = daemon.mark;
        for (let flip = 0; flip < FLIPS; flip++) {
          servers[1]!.status = 503;
          await daemon.transition("b1", "down", mark);
          mark = daemon.mark;
          await vppHas(vpp, [`${A} 100`, `${B} 0`]);
          await pair.untilRoutes([]);
          servers[1]!.status = 200;
          await daemon.transition("b1", "up", mark);
          mark = daemon.mark;
          await vppHas(vpp, [`${A} 100`, `${B} 100`]);
        }
        assert.equal(pair.reads, 2, `${FLIPS} flips are one withdrawal`);
        await pair.untilRoutes([ROUTE], { deadlineMs: HYSTERESIS_MS + 10_000 });
        assert.equal(pair.reads, 3);

        const flows = await wire.flows([FLOWS]);
        await using watch = await BucketWatch.start(vpp);
        await sleep(1000);
        await call(daemon, "SetLameduck", { on: true, reason: "new switch" });
        await pair.untilRoutes([]);
        await sleep(1000);
        assert.equal(watch.valuesOf(KEY).length, 1, "no weight and no bucket changed");
        await watch[Symbol.asyncDispose]();
        const { paths } = await flows.stop();
        assert.equal(Object.keys(paths).length, FLOWS.steady);
        for (const [flow, path] of Object.entries(paths)) assert.equal(path.length, 1, flow);
        await call(daemon, "SetLameduck", { on: false });
        await pair.untilRoutes([ROUTE], { deadlineMs: HYSTERESIS_MS + 10_000 });
        assert.equal(pair.reads, 5);

        await vpp.kill("SIGKILL");
        await daemon.seen(({ msg }) => msg === "vpp-disconnect");
        // Longer than `on-vpp-away: withdraw` waits.
        await sleep(VPP_AWAY_MS + 1000);
        assert.deepEqual(await pair.routes(), [ROUTE], "it stays while VPP is away");
        assert.equal(pair.reads, 5);
      },
      {
        web: {
          address: VIP,
          pools: { main: { b0: 100, b1: 100 } },
          extra: `announce: { min-up: 2, hysteresis: ${HYSTERESIS_MS}ms }`,
        },
      },
      {
        operated: true,
        flowTimeout: "40s",
        extra: (folder) => ({ announce: `{ file: ${folder}/state/announce.conf }` }),
      },
    ),
});
