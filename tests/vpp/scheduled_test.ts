/**
 * A scheduled maintenance window on a real VPP that carries traffic, over a restart of maglevd before
 * its beginning and a restart of VPP during it. Goal: flows that began before the window leave the
 * server once, flows that begin during it stay elsewhere also after its end, and flows that begin
 * afterwards use the server again. Skipped without MAGLEV_VPP_PREFIX.
 */
import assert from "node:assert/strict";
import {
  GrpcClient,
  type Json,
  missingForGrpcClient,
  part,
} from "../support/judges/grpc_client.ts";
import { readUntil } from "../support/judges/until.ts";
import type { Daemon } from "../support/servers/daemon.ts";
import { grpcAddress } from "../support/worlds/grpc_stage.ts";
import type { RunningVpp } from "./support.ts";
import { A, B, sending, SERVERS_NET, world } from "./traffic_world.ts";
import { view } from "./view.ts";
import { type FlowReport, NO_WIRE } from "./wire.ts";

const VIP = "192.0.2.1";
const KEY = `${VIP}/32 6 80`;
const FRONTENDS = { web: { address: VIP, pools: { main: { b0: 100, b1: 100 } } } };
const BEGIN_MS = 8000;
const LENGTH_MS = 20_000;
/** Flows that never pause: one that rests for longer than the flow timeout is a new one. */
const FLOWS = { address: VIP, port: 80, steady: 60, resting: 0 };

const missing = NO_WIRE === "" ? missingForGrpcClient() : undefined;
const skipped = missing === undefined ? NO_WIRE : ` (skipped: ${missing})`;

async function vppHas(vpp: RunningVpp, servers: readonly string[]): Promise<void> {
  const wanted = JSON.stringify(servers);
  await readUntil(
    async () => JSON.stringify((await view(vpp))[KEY]),
    (text) => text === wanted,
    { what: `VPP has ${wanted}`, deadlineMs: BEGIN_MS + LENGTH_MS },
  );
}

async function call(daemon: Daemon, method: string, request: Json = {}): Promise<Json> {
  await using client = await GrpcClient.start({ target: await grpcAddress(daemon) });
  const { code, details, message = {} } = await client.call(method, request);
  assert.equal(code, "OK", details);
  return message;
}

/** How many flows have the same servers in turn. */
function paths(report: FlowReport): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const path of Object.values(report.paths)) {
    const text = path.join(" ");
    counts[text] = (counts[text] ?? 0) + 1;
  }
  return counts;
}

Deno.test({
  name: `real VPP: a maintenance window under traffic, over restarts of maglevd and VPP${skipped}`,
  ignore: skipped !== "",
  fn: () =>
    world(
      "socket",
      async ({ vpp, wire, servers, start }) => {
        await Promise.all([servers[2]!.close(), servers[3]!.close()]);
        const first = start();
        await vppHas(vpp, [`${A} 100`, `${B} 100`]);
        const before = await wire.flows([FLOWS]);
        const ns = (ms: number) => String(ms * 1_000_000);
        const window = { inNs: ns(BEGIN_MS), forNs: ns(LENGTH_MS), reason: "new disk" };
        const answer = await call(first, "DisableBackend", { name: "b0", ...window });
        assert.deepEqual(
          [part(answer, "state"), part(answer, "scheduled", 0, "kind")],
          ["up", "disable"],
        );
        await vppHas(vpp, [`${A} 100`, `${B} 100`]);
        first.process.signal("SIGKILL");
        await first.process.ended;
        const second = start();
        // On a busy machine the window has begun before maglevd has started.
        const begun = await second.seen(({ msg }) =>
          msg === "operator-intent-begun" || msg === "operator-intent-restored"
        );
        assert.deepEqual([begun.backend, begun.reason], ["b0", "new disk"]);
        await vppHas(vpp, [`${A} 0`, `${B} 100`]);
        const during = await wire.flows([{ ...FLOWS, first: 20_000 }]);
        await vpp.kill("SIGKILL");
        await vpp.restart();
        await wire.plug(vpp);
        await wire.leadOut(vpp, SERVERS_NET);
        await vppHas(vpp, [`${A} 0`, `${B} 100`]);
        const restarted = paths(await sending(await wire.flows([{ ...FLOWS, first: 30_000 }])));
        assert.deepEqual(restarted, { [B]: FLOWS.steady }, "the restarted VPP sends");
        await second.seen((line) => line.msg === "operator-intent-expired", {
          deadlineMs: LENGTH_MS + 5000,
        });
        await vppHas(vpp, [`${A} 100`, `${B} 100`]);
        const after = paths(await sending(await wire.flows([{ ...FLOWS, first: 40_000 }])));
        assert.deepEqual(Object.keys(after).sort(), [A, B], "each flow has one server");

        assert.deepEqual(paths(await during.stop()), { [B]: FLOWS.steady }, "they stay");
        const { [B]: unmoved = 0, [`${A} ${B}`]: moved = 0, ...others } = paths(
          await before.stop(),
        );
        assert.deepEqual(others, {}, "none goes back");
        assert.equal(unmoved + moved, FLOWS.steady);
        assert.ok(unmoved > 10 && moved > 10, `${unmoved} stayed, ${moved} moved`);

        const end = second.lines.findIndex(({ msg }) => msg === "operator-intent-expired");
        const writes = second.lines.slice(0, end).filter(({ msg, address, weight }) =>
          String(msg).startsWith("vpp-lbsync-as-") && address === A && weight !== 0
        );
        assert.deepEqual(writes, [], "the restarted VPP never had it in service");
        assert.deepEqual(part(await call(second, "ListIntents"), "intents"), []);
      },
      FRONTENDS,
      { operated: true, flowTimeout: "40s" },
    ),
});
