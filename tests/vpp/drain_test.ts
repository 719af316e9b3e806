/**
 * Drains on a real VPP that carries traffic: established flows stay until the end, new ones go
 * elsewhere, also over a restart of maglevd. A drain ends early when its flows have ended. Skipped without MAGLEV_VPP_PREFIX.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { QUIET_MARGIN_MS } from "../../src/vpp/drain/quiet.ts";
import {
  GrpcClient,
  type Json,
  missingForGrpcClient,
  part,
} from "../support/judges/grpc_client.ts";
import { readUntil } from "../support/judges/until.ts";
import type { Daemon } from "../support/servers/daemon.ts";
import { grpcAddress } from "../support/worlds/grpc_stage.ts";
import { A, B, LULL_MS, sending, type World, world } from "./traffic_world.ts";
import type { RunningVpp } from "./support.ts";
import { view } from "./view.ts";
import { type FlowReport, NO_WIRE } from "./wire.ts";

const VIP = "192.0.2.1";
const KEY = `${VIP}/32 6 80`;
/** Longer than a restart of maglevd on a busy machine. */
const DRAIN_MS = 60_000;
/** Flows that never pause, because a flow that rests longer than VPP's flow timeout is a new one. */
const FLOWS = { port: 80, steady: 60, resting: 0 };

const TARGETS = [{ address: VIP, ...FLOWS }];
/** On a busy machine a flow pauses for some seconds. */
const FLOW_TIMEOUT_MS = 10_000;
const QUIET_MS = FLOW_TIMEOUT_MS + QUIET_MARGIN_MS;

const missing = NO_WIRE === "" ? missingForGrpcClient() : undefined;
const skipped = missing === undefined ? NO_WIRE : ` (skipped: ${missing})`;

async function vppHas(vpp: RunningVpp, servers: readonly string[]): Promise<void> {
  const wanted = JSON.stringify(servers);
  await readUntil(
    async () => JSON.stringify((await view(vpp))[KEY]),
    (text) => text === wanted,
    { what: `VPP has ${wanted}` },
  );
}

/** The number of flows that used a server. */
function flowsOn(server: string, { flows }: FlowReport): number {
  return Object.values(flows).filter((servers) => server in servers).length;
}

/** The answer to an operator's call. */
async function call(daemon: Daemon, method: string, request: Json) {
  await using client = await GrpcClient.start({ target: await grpcAddress(daemon) });
  return await client.call(method, request);
}

/** Drains `b0` while it has flows, which then end: so does the drain. */
async function endsEarly(world: World, daemon: Daemon): Promise<void> {
  const { vpp, wire } = world;
  const flows = await wire.flows(TARGETS);
  await sleep(LULL_MS);
  const request = { name: "b0", forNs: "120000000000", then: "pause" };
  assert.equal((await call(daemon, "DrainBackend", request)).code, "OK");
  await vppHas(vpp, [`${A} 0`, `${B} 100`]);
  await sleep(QUIET_MS + 2000);
  assert.ok(!daemon.lines.some(isDone), "flows with packets keep it");
  const { message: shown } = await call(daemon, "GetBackend", { name: "b0" });
  assert.ok(Number(part(shown, "drain", "flows")) > 10, JSON.stringify(shown));
  assert.equal(part(shown, "drain", "unwatched"), "");
  const report = await flows.stop();
  const stoppedMs = performance.now();
  assert.ok(flowsOn(A, report) > 10);
  const { backend, message } = await daemon.seen(isDone, { deadlineMs: QUIET_MS + 8000 });
  assert.equal(backend, "b0");
  if (message === `VPP sent the server no packet for ${QUIET_MS / 1000} s`) {
    assert.ok(performance.now() - stoppedMs > QUIET_MS - 2000);
  } else assert.equal(message, "VPP counts no flow of the server");
  assert.equal((await call(daemon, "ResumeBackend", { name: "b0" })).code, "OK");
  await vppHas(vpp, [`${A} 100`, `${B} 100`]);
}

function isDone({ msg }: { readonly msg?: unknown }): boolean {
  return msg === "operator-drain-done";
}

Deno.test({
  name: `real VPP: a drain keeps its flows until its end, over a restart of maglevd${skipped}`,
  ignore: skipped !== "",
  fn: () =>
    world(
      "socket",
      async (world) => {
        const { vpp, wire, servers, start } = world;
        await Promise.all([servers[2]!.close(), servers[3]!.close()]);
        let daemon = start();
        await daemon.seen((line) => line.msg === "vpp-warmup-done");
        await vppHas(vpp, [`${A} 100`, `${B} 100`]);
        await endsEarly(world, daemon);
        const old = await wire.flows(TARGETS);
        await sleep(LULL_MS);
        const request = { name: "b0", forNs: String(DRAIN_MS * 1_000_000), then: "disable" };
        assert.equal((await call(daemon, "DrainBackend", request)).code, "OK");
        const last = await call(daemon, "DrainBackend", { name: "b1" });
        assert.equal(last.code, "FAILED_PRECONDITION");
        await vppHas(vpp, [`${A} 0`, `${B} 100`]);
        daemon.process.signal("SIGKILL");
        await daemon.process.ended;
        daemon = start();
        await daemon.seen((line) => line.msg === "vpp-warmup-done");
        await sleep(LULL_MS);
        // The same flows go on without a pause, so that the drain lasts until its deadline.
        const on = await wire.flows(TARGETS);
        // Every flow of before has kept its one server, also those of the drained one.
        const kept = await old.stop();
        for (const [flow, used] of Object.entries(kept.flows)) {
          assert.equal(Object.keys(used).length, 1, `${flow}: ${JSON.stringify(used)}`);
        }
        assert.ok(flowsOn(A, kept) > 10 && flowsOn(B, kept) > 10);
        const ended = await daemon.seen((line) => line.msg === "operator-intent-expired", {
          deadlineMs: DRAIN_MS + 30_000,
        });
        assert.deepEqual([ended.intent, ended.backend], ["drain", "b0"]);
        const cut = await daemon.seen(
          (line) =>
            line.msg === "vpp-lbsync-as-weight" && line.address === A && line.flush === true,
        );
        assert.equal(cut.weight, 0);
        const { message: after } = await call(daemon, "GetBackend", { name: "b0" });
        const ends = [part(after!, "state"), part(after!, "intent", "kind")];
        assert.deepEqual(ends, ["disabled", "disable"], "what follows survives the next restart");
        assert.equal(flowsOn(A, await on.stop()), flowsOn(A, kept), "they stayed");
        const later = await sending(await wire.flows(TARGETS));
        assert.equal(flowsOn(A, later), 0, "the disabled server gets nothing");
        assert.equal(flowsOn(B, later), FLOWS.steady + FLOWS.resting);
      },
      { web: { address: VIP, pools: { main: { b0: 100, b1: 100 } } } },
      { operated: true, flowTimeout: `${FLOW_TIMEOUT_MS}ms` },
    ),
});
