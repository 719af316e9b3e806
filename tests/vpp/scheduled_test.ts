/**
 * A scheduled maintenance window on a real VPP, over a restart of maglevd before its beginning and
 * a restart of VPP during it. Skipped without MAGLEV_VPP_PREFIX.
 */
import assert from "node:assert/strict";
import {
  GrpcClient,
  type Json,
  missingForGrpcClient,
  part,
} from "../support/judges/grpc_client.ts";
import { readUntil } from "../support/judges/until.ts";
import { Daemon, withFolder } from "../support/servers/daemon.ts";
import { WebServer } from "../support/servers/web_server.ts";
import { grpcAddress } from "../support/worlds/grpc_stage.ts";
import { configText } from "../support/worlds/stage.ts";
import { type RunningVpp, SKIP_REASON, startVpp } from "./support.ts";
import { view } from "./view.ts";

const [A, B] = ["127.0.46.1", "127.0.46.2"] as const;
const KEY = "192.0.2.1/32 6 80";
const FRONTENDS = { web: { address: "192.0.2.1", pools: { main: { b0: 100, b1: 100 } } } };
const BEGIN_MS = 5000;
const LENGTH_MS = 9000;

const missing = SKIP_REASON === "" ? missingForGrpcClient() : undefined;
const skipped = missing === undefined ? SKIP_REASON : ` (skipped: ${missing})`;

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

Deno.test({
  name: `real VPP: a maintenance window lasts over restarts of maglevd and VPP${skipped}`,
  ignore: skipped !== "",
  fn: () =>
    withFolder(async (folder) => {
      await using vpp = await startVpp();
      const servers = WebServer.group([A, B]);
      const config = `${folder}/maglev.yaml`;
      await Deno.writeTextFile(config, configText(servers, FRONTENDS));
      const daemons: Daemon[] = [];
      const start = () => {
        const stateDir = `${folder}/state`;
        const grpcAddr = "127.0.0.1:0";
        daemons.push(new Daemon({ config, vppApiAddr: vpp.apiSocket, grpcAddr, stateDir }));
        return daemons.at(-1)!;
      };
      try {
        const first = start();
        await vppHas(vpp, [`${A} 100`, `${B} 100`]);
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
        await vpp.kill("SIGKILL");
        await vpp.restart();
        await vppHas(vpp, [`${A} 0`, `${B} 100`]);
        await second.seen((line) => line.msg === "operator-intent-expired", {
          deadlineMs: LENGTH_MS + 5000,
        });
        await vppHas(vpp, [`${A} 100`, `${B} 100`]);
        const end = second.lines.findIndex(({ msg }) => msg === "operator-intent-expired");
        const writes = second.lines.slice(0, end).filter(({ msg, address, weight }) =>
          String(msg).startsWith("vpp-lbsync-as-") && address === A && weight !== 0
        );
        assert.deepEqual(writes, [], "the restarted VPP never had it in service");
        assert.deepEqual(part(await call(second, "ListIntents"), "intents"), []);
      } finally {
        for (const daemon of daemons) daemon.process.signal("SIGKILL");
        await Promise.all(daemons.map((daemon) => daemon.process.ended));
        await Promise.all(servers.map((server) => server.close()));
      }
    }),
});
