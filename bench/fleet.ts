/**
 * The store of a fleet in a real etcd of three servers: how long a load balancer needs to leave a
 * frozen server, to report that the store is away, and to apply what changed after its return; what
 * the statuses of many load balancers cost the store; what maglevd pays while the store is away.
 *
 *   deno run --frozen -A bench/fleet.ts
 *
 * Options: --rounds 10 --writers 30 --seconds 120 (of flapping statuses) --away 60 (seconds of CPU)
 * --only absences,away (some of freezes, absences, flapping, away)
 */
import { parseArgs } from "node:util";
import { LAUNCHER_ENVIRONMENT, maglevdCommand } from "../src/demo/daemon_process.ts";
import { spawn } from "./support/checkers/checker.ts";
import { environment } from "./support/environment.ts";
import { memoryMiB } from "./support/child.ts";
import { treeCpu } from "./support/process_tree.ts";
import { EtcdCluster, fetchEtcd } from "../tests/support/servers/etcd.ts";
import { type EtcdMember, etcdMember } from "../tests/support/worlds/etcd_fleet.ts";
import { flapStatuses } from "../tests/support/worlds/flapping_statuses.ts";
import { inForce } from "../tests/support/worlds/member_world.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    rounds: { type: "string", default: "10" },
    writers: { type: "string", default: "30" },
    seconds: { type: "string", default: "120" },
    away: { type: "string", default: "60" },
    only: { type: "string", default: "freezes,absences,flapping,away" },
  },
});
const parameters = {
  rounds: Number(values.rounds),
  writers: Number(values.writers),
  seconds: Number(values.seconds),
  awayS: Number(values.away),
};

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Milliseconds until it holds. */
async function timeUntil(holds: () => boolean): Promise<number> {
  const beganMs = performance.now();
  while (!holds()) await pause(5);
  return Math.round(performance.now() - beganMs);
}

/** The smallest, the middle and the largest of some times, in milliseconds. */
function spread(times: readonly number[]) {
  const sorted = [...times].sort((a, b) => a - b);
  return { least: sorted[0], median: sorted[sorted.length >> 1], most: sorted.at(-1) };
}

const isOk = ({ member }: EtcdMember) => member.store.kind === "ok";

/** From the freeze of the server in use until the store is followed by another one. */
async function freezes(cluster: EtcdCluster): Promise<unknown> {
  await using one = etcdMember("lb1", cluster.servers);
  await one.is("ok");
  const times: number[] = [];
  let leaders = 0;
  for (let round = 0; round < parameters.rounds; round++) {
    await pause(1000);
    const at = cluster.servers.indexOf(one.store.server);
    if (await cluster.leader() === at) leaders++;
    cluster.freeze(at);
    const awayMs = await timeUntil(() => !isOk(one));
    times.push(awayMs + await timeUntil(() => isOk(one)));
    cluster.thaw(at);
    await cluster.healthy();
  }
  return { rounds: times.length, ofLeader: leaders, ms: spread(times) };
}

/** All servers are killed, and started again after a change of another load balancer. */
async function absences(cluster: EtcdCluster): Promise<unknown> {
  const [first, ...rest] = cluster.servers;
  await using one = etcdMember("lb1", [first!]);
  await using other = etcdMember("lb2", rest);
  await Promise.all([one.is("ok"), other.is("ok")]);
  const [away, applied]: [number[], number[]] = [[], []];
  for (let round = 0; round < parameters.rounds; round++) {
    cluster.freeze(0);
    away.push(await timeUntil(() => one.member.store.kind === "away"));
    await other.is("ok");
    const { id } = await other.putSoon("disable", "a");
    cluster.thaw(0);
    applied.push(await timeUntil(() => inForce(one.checker).includes("fleet disable a")));
    await other.end(id);
    await one.obeys();
  }
  return { rounds: away.length, awayMs: spread(away), appliedMs: spread(applied) };
}

/** Statuses that change ten times a second. */
function flapping(cluster: EtcdCluster): Promise<unknown> {
  return flapStatuses(cluster, parameters);
}

/** CPU and memory of maglevd, without a store and with one that is away for ever. */
async function away(): Promise<unknown> {
  const folder = await Deno.makeTempDir({ prefix: "maglev-bench-" });
  const config = `${folder}/maglev.yaml`;
  await Deno.writeTextFile(
    config,
    "maglev:\n  vpp: { lb: { ipv4-src-address: 192.0.2.1, ipv6-src-address: '2001:db8::1' } }\n" +
      "  backends: { a: { address: 192.0.2.7 } }\n" +
      "  frontends: { web: { address: 192.0.2.9, protocol: tcp, port: 80, " +
      "pools: [ { name: main, backends: { a: {} } } ] } }\n",
  );
  const store = ["--fleet-store=etcd:127.0.0.1:1,127.0.0.1:2,127.0.0.1:3", "--fleet-lb=lb1"];
  const cost = async (flags: readonly string[]) => {
    const command = maglevdCommand({ config, vppApiAddr: "", files: [], flags });
    const child = spawn(command, { cpu: undefined, env: LAUNCHER_ENVIRONMENT, onLine() {} });
    await pause(10_000);
    const from = treeCpu(child.pid);
    const rssFrom = memoryMiB(child.pid);
    await pause(parameters.awayS * 1000);
    const cpuMs = treeCpu(child.pid).ticksMs - from.ticksMs;
    const rss = memoryMiB(child.pid);
    await child.stop();
    return { cpuPercent: cpuMs / parameters.awayS / 10, rssMiB: rss, grewMiB: rss - rssFrom };
  };
  try {
    return { withoutStore: await cost([]), storeAway: await cost(store) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

await fetchEtcd();
const chosen = new Set(values.only.split(","));
const results: Record<string, unknown> = {};
for (
  const [name, run] of [["freezes", freezes], ["absences", absences], [
    "flapping",
    flapping,
  ]] as const
) {
  if (!chosen.has(name)) continue;
  await using cluster = await EtcdCluster.start(3);
  results[name] = await run(cluster);
  console.error(name, JSON.stringify(results[name]));
}
if (chosen.has("away")) results.away = await away();
console.log(JSON.stringify({ parameters, environment: environment(), figures: results }, null, 1));
