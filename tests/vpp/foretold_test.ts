/**
 * What a fleet's plan foretells, against two real VPPs: 25 random requests on each, with a real store
 * and unequal servers. Judge: the buckets that VPP's own CLI prints. Skipped without
 * MAGLEV_VPP_PREFIX, or without etcd.
 */
import assert from "node:assert/strict";
import { MaglevError } from "../../src/base/errors.ts";
import {
  MaglevClient,
  type messages,
  type RequestOf,
  type ResponseOf,
  type UnaryMethod,
} from "../../src/grpc/client/client.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import { mulberry32 } from "../support/fakes/mulberry32.ts";
import { readUntil } from "../support/judges/until.ts";
import { Daemon, withFolder } from "../support/servers/daemon.ts";
import { EtcdCluster, fetchEtcd, findEtcd } from "../support/servers/etcd.ts";
import { WebServer } from "../support/servers/web_server.ts";
import { configText } from "../support/worlds/stage.ts";
import { type RunningVpp, SKIP_REASON, startVpp } from "./support.ts";
import { viewedVips } from "./view.ts";

const ROUNDS = 25;
const ADDRESSES = ["127.0.79.1", "127.0.79.2", "127.0.79.3", "127.0.79.4", "127.0.79.5"];
const NAMES = ADDRESSES.map((_, at) => `b${at}`);
const FRONTENDS = {
  web: { address: "192.0.2.1", pools: { main: { b0: 100, b1: 100, b2: 60, b3: 30, b4: 100 } } },
  api: { address: "192.0.2.2", pools: { main: { b1: 100, b2: 100 }, standby: { b4: 50 } } },
};
const PATIENT = { deadlineMs: 120_000 };

type Buckets = Readonly<Record<string, readonly string[]>>;

/** By address of the VIP: its servers with their buckets. */
async function bucketsOf(vpp: RunningVpp): Promise<Buckets> {
  const vips = await viewedVips(vpp);
  return Object.fromEntries(vips.map(({ key, servers }) => [
    key.split("/")[0]!,
    servers.map(({ address, buckets }) => `${address} ${buckets}`).sort(),
  ]));
}

/** The same as foretold for right after the request; VIPs that do not change are those of `before`. */
function foretold({ plan }: messages.PlanBackendResponse, before: Buckets): Buckets {
  const changed = plan!.vips.map(({ prefix, servers }) => [
    prefix.split("/")[0]!,
    servers.flatMap(({ address, atOnce }) =>
      atOnce === undefined ? [] : [`${address} ${atOnce.buckets}`]
    )
      .sort(),
  ]);
  return { ...before, ...Object.fromEntries(changed) };
}

Deno.test({
  name: `real VPPs: 50 foretold requests give the buckets that were foretold${SKIP_REASON}`,
  ignore: SKIP_REASON !== "",
  fn: () =>
    withFolder(async (home) => {
      await fetchEtcd();
      if (findEtcd() === undefined) return console.error("skipped: etcd is not installed");
      const random = mulberry32(20);
      const servers = WebServer.group(ADDRESSES);
      const daemons: Daemon[] = [];
      const clients: MaglevClient[] = [];
      await using cluster = await EtcdCluster.start(1);
      await using first = await startVpp();
      await using second = await startVpp();
      try {
        const config = `${home}/maglev.yaml`;
        await Deno.writeTextFile(config, configText(servers, FRONTENDS));
        for (const [lb, vpp] of [["lb1", first], ["lb2", second]] as const) {
          const daemon = new Daemon({
            config,
            vppApiAddr: vpp.apiSocket,
            vppStatsAddr: vpp.statsSocket,
            grpcAddr: "127.0.0.1:0",
            stateDir: `${home}/${lb}`,
            flags: [
              `--fleet-store=etcd:${cluster.servers.join(",")}`,
              "--fleet=edge",
              `--fleet-lb=${lb}`,
            ],
          });
          daemons.push(daemon);
          const { address } = await daemon.seen(({ msg }) => msg === "grpc-listen", PATIENT);
          clients.push(
            new MaglevClient({
              address: String(address),
              clock: new SystemClock(),
              deadlineMs: 60_000,
            }),
          );
          for (const name of NAMES) await daemon.transition(name, "up");
          await daemon.seen(({ msg, state }) => msg === "fleet-store" && state === "ok", PATIENT);
        }
        const [one, two] = clients as [MaglevClient, MaglevClient];
        const call = async <M extends UnaryMethod>(
          client: MaglevClient,
          method: M,
          request: Partial<RequestOf<M>>,
        ): Promise<ResponseOf<M>> =>
          await client.call(method, request).catch((error) => {
            throw MaglevError.from(error);
          });
        // lb2 sees one server less.
        await call(two, "PauseBackend", { name: "b3", reason: "unequal" });
        const vpps = [first, second];
        const settled = async (wanted: readonly Buckets[], what: string) => {
          for (const [at, vpp] of vpps.entries()) {
            const text = JSON.stringify(wanted[at]);
            const read = async () => JSON.stringify(await bucketsOf(vpp));
            await readUntil(read, (have) => have === text, {
              ...PATIENT,
              what: `${what} lb${at + 1}: ${text}`,
              everyMs: 50,
            });
          }
        };
        const calm = async () => {
          const views = await Promise.all(vpps.map(bucketsOf));
          return views.every((view) => view["192.0.2.1"]?.length === 5);
        };
        await readUntil(calm, (is) => is, PATIENT);
        const idle = await call(two, "GetBackend", { name: "b3" });
        assert.equal(idle.state, "paused");
        await readUntil(
          async () => (await viewedVips(second))[0]!.servers[3]!.buckets,
          (buckets) => buckets === 0,
          PATIENT,
        );
        const base = await Promise.all(vpps.map(bucketsOf));
        assert.notDeepEqual(base[0], base[1]);
        let compared = 0;
        for (let round = 0; round < ROUNDS; round++) {
          const name = NAMES[Math.floor(random() * NAMES.length)]!;
          const action = ["pause", "disable", "drain", "weight"][Math.floor(random() * 4)]!;
          const place = { frontend: "web", pool: "main", weight: 1 + Math.floor(random() * 28) };
          const request = {
            name,
            action,
            scope: "fleet",
            ...(action === "weight" ? place : {}),
          };
          const answers = [
            await call(one, "PlanBackend", request),
            await call(two, "PlanBackend", request),
          ];
          const wanted = answers.map((answer, at) => foretold(answer, base[at]!));
          const plans = answers.flatMap(({ foretold }) => foretold ?? []);
          assert.deepEqual(plans.map(({ lb }) => lb), ["lb1", "lb2"]);
          const shared = { scope: "fleet", plans, reason: `round ${round}` };
          const what = `round ${round}: ${action} ${name}`;
          const answer = action === "pause"
            ? await call(one, "PauseBackend", { name, ...shared })
            : action === "disable"
            ? await call(one, "DisableBackend", { name, ...shared })
            : action === "drain"
            ? await call(one, "DrainBackend", { name, forNs: 600_000_000_000n, ...shared })
            : await call(one, "SetFrontendPoolBackendWeight", {
              ...place,
              backend: name,
              ...shared,
            });
          assert.doesNotMatch(answer.warning, /holds/, what);
          await settled(wanted, what);
          compared += wanted.length;
          if (action === "weight") {
            await call(one, "SetFrontendPoolBackendWeight", {
              ...place,
              backend: name,
              file: true,
              scope: "fleet",
            });
          } else {
            const end = action === "pause" ? "ResumeBackend" : "EnableBackend";
            await call(one, end, { name, scope: "fleet" });
          }
          await settled(base, `${what}, ended`);
        }
        assert.equal(compared, 2 * ROUNDS);
      } finally {
        for (const client of clients) client.close();
        await Promise.all(daemons.map((daemon) => daemon.stop()));
        await Promise.all(servers.map((server) => server.close()));
      }
    }),
});
