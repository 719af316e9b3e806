/**
 * A maglevd that is killed while the store is away. Goal: what was in force stays in force in VPP, and
 * its restart moves nothing. Judge: the simulated VPP's requests, weights and buckets.
 */
import assert from "node:assert/strict";
import { MaglevClient } from "../../src/grpc/client/client.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import type { Simulator } from "../../src/sim/api_server.ts";
import { formatAddress46 } from "../../src/sim/plugin/address46.ts";
import { lbView, vppHas } from "../support/judges/lb_view.ts";
import { EtcdCluster, etcdTest } from "../support/servers/etcd.ts";
import { grpcAddress } from "../support/worlds/grpc_stage.ts";
import { onStage } from "../support/worlds/stage.ts";

const [A, B, C] = ["127.0.47.11", "127.0.47.12", "127.0.47.13"] as const;
const VIP = "192.0.2.1/32 6 80";
const WEB = { web: { address: "192.0.2.1", pools: { main: { b0: 100, b1: 100, b2: 100 } } } };
const PATIENT = { deadlineMs: 60_000 };

/** Buckets of each server, and the number of requests that add or remove VIPs and servers. */
function tableOf({ plugin, requests }: Simulator) {
  const buckets = [...plugin.vips()].filter(({ used }) => used).map((vip) =>
    [...plugin.serversOf(vip)].filter(({ used }) => used).map((server) =>
      `${formatAddress46(server.address)} ${plugin.bucketsOf(vip, server)}`
    )
  );
  const changes = [...requests].filter(([name]) => /^lb_add_del/.test(name));
  return { buckets, changes: changes.sort() };
}

etcdTest("kill -9 without the store: VPP's weights stay, and no bucket moves", async () => {
  await using cluster = await EtcdCluster.start(1);
  await onStage([A, B, C], async ({ configPath, configure, simulator, start }) => {
    await configure(WEB);
    const startOne = () =>
      start({
        grpcAddr: "127.0.0.1:0",
        stateDir: `${configPath.replace(/[^/]*$/, "")}lb1`,
        flags: [
          `--fleet-store=etcd:${cluster.servers.join(",")}`,
          "--fleet=edge",
          "--fleet-lb=lb1",
        ],
      });
    const first = startOne();
    const isUp = (backend: string) => (line: { msg: string; backend?: unknown; to?: unknown }) =>
      line.msg === "backend-transition" && line.backend === backend && line.to === "up";
    const isStore = (state: string) => (line: { msg: string; state?: unknown }) =>
      line.msg === "fleet-store" && line.state === state;
    for (const name of ["b0", "b1", "b2"]) await first.seen(isUp(name), PATIENT);
    await first.seen(isStore("ok"), PATIENT);
    const client = new MaglevClient({
      address: await grpcAddress(first),
      clock: new SystemClock(),
      deadlineMs: 60_000,
    });
    const fleet = { scope: "fleet", reason: "drill" };
    await client.call("DisableBackend", { name: "b0", ...fleet });
    await client.call("SetFrontendPoolBackendWeight", {
      frontend: "web",
      pool: "main",
      backend: "b1",
      weight: 20,
      ...fleet,
    });
    client.close();
    const view = { [VIP]: [`${A} 0`, `${B} 20`, `${C} 100`] };
    await vppHas(simulator, view);
    // The answer waited for the disk.
    const book = `${configPath.replace(/[^/]*$/, "")}lb1/fleet.json`;
    const kept = async () => JSON.parse(await Deno.readTextFile(book)).content.obeyed.length;
    assert.equal(await kept(), 2);
    await cluster.kill(0);
    await first.seen(isStore("away"), PATIENT);
    const before = tableOf(simulator);
    first.process.signal("SIGKILL");
    await first.process.ended;

    const second = startOne();
    for (const name of ["b1", "b2"]) await second.seen(isUp(name), PATIENT);
    await second.seen(isStore("away"), PATIENT);
    await second.seen(({ msg }) => msg === "vpp-lbsync-done", PATIENT);
    assert.deepEqual(lbView(simulator), view);
    assert.deepEqual(tableOf(simulator), before);
    for (const line of second.lines.filter(({ msg }) => msg === "vpp-lbsync-as-weight")) {
      assert.equal(line.weight, line["previous-weight"], JSON.stringify(line));
    }
  });
});
