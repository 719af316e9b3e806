/**
 * Upgrades and downgrades between builds while a real VPP carries traffic, also to an older commit:
 * no bucket moves, every packet goes to the flow's first server, none is lost. Method: packages that
 * apt puts in each other's place on a machine with a real systemd, which reaches VPP's socket.
 * VPP's shared memory does not cross to a machine, so there the launchers of two builds take turns,
 * without packages and units.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { type RunningVpp, SKIP_REASON, startVpp } from "../vpp/support.ts";
import { BucketWatch } from "../vpp/bucket_watch.ts";
import {
  A,
  B,
  C,
  CHANGED,
  D,
  FLOWS,
  FRONTENDS,
  judgeUnchanged,
  LULL_MS,
  restarted,
  SERVERS_NET,
  world,
} from "../vpp/traffic_world.ts";
import { type Flows, NO_WIRE, Wire } from "../vpp/wire.ts";
import { configText } from "../support/worlds/stage.ts";
import { Machine, MACHINE_NEEDS } from "./machine.ts";
import { copied, install, ready, status } from "./story.ts";
import {
  type Build,
  launcherOf,
  packagingTest,
  versionOf,
  whyNoOlder,
  withPlace,
} from "./support.ts";

/** Flows of all VIPs whose servers stay the same. */
function startFlows(wire: Wire): Promise<Flows> {
  return wire.flows(
    Object.values(FRONTENDS).map(({ address }) => ({ address, ...FLOWS }))
      .filter(({ address }) => address !== CHANGED),
  );
}

async function overSharedMemory(): Promise<void> {
  await world("shared memory", async (world) => {
    const { vpp, wire, servers } = world;
    await servers[2]!.close();
    const first = world.start(launcherOf("first"));
    await first.seen((line) => line.msg === "vpp-warmup-done");
    await first.seen((line) => line.msg === "vpp-counters" && line.vips === 4);
    const flows = await startFlows(wire);
    await sleep(LULL_MS);
    await using watch = await BucketWatch.start(vpp);
    const buckets = watch.seen[0]!;
    let daemon = first;
    for (const build of ["second", "first"] as const) {
      const launcher = launcherOf(build);
      daemon = await restarted(world, daemon, { signal: "SIGTERM", launcher });
      assert.equal(daemon.lines[0]?.version, versionOf(build));
      assert.deepEqual(watch.seen, [buckets], "no bucket moved");
    }
    assert.ok(watch.reads > 100, `${watch.reads} readings`);
    judgeUnchanged(await flows.stop());
    assert.deepEqual(daemon.lines.filter(({ level }) => level === "ERROR"), []);
  });
}

/** Of the units. Their statistics are VPP's, too. */
const ENVIRONMENT = `MAGLEV_VPP_API_ADDR=/srv/shared/api.sock
MAGLEV_VPP_STATS_ADDR=/srv/shared/stats.sock
`;

/** Servers are addresses of the machine's loopback device, which answer pings; C does not. */
function machineConfig(): string {
  const servers = [A, B, C, D].map((address) => ({ address, port: 80 }));
  const text = configText(servers, FRONTENDS, { countersInterval: "100ms" });
  const replaced = text
    .replace("type: http\n      port: 80\n", "type: icmp\n")
    .replace("      params: { path: /healthz }\n", "")
    .replace("startup-min-delay: 0s", "startup-min-delay: 500ms")
    .replace("startup-max-delay: 0s", "startup-max-delay: 10s");
  assert.equal(replaced.split("\n").length, text.split("\n").length - 2);
  return replaced;
}

/** Waits until the maglevd that runs has ended its warm-up, and has read VPP's counters. */
async function atHome(machine: Machine): Promise<void> {
  await ready(machine);
  const pid = await status(machine, "MainPID");
  await machine.until(
    `journalctl --no-pager -o cat _PID=${pid}`,
    ({ stdout }) => stdout.includes('"vpp-warmup-done"'),
  );
}

async function byPackages(builds: readonly Build[]): Promise<void> {
  await withPlace(async (place) => {
    await using wire = await new Wire().make();
    await using vpp = await startVpp({ netns: wire.inside });
    await wire.plug(vpp);
    await wire.leadOut(vpp, SERVERS_NET);
    await openSockets(vpp);
    await using machine = await Machine.boot(place, vpp.dir);
    await machine.sh(`ip route add table local unreachable ${C}/32`);
    await install(machine, await copied(machine, "first"));
    await machine.write("/etc/vpp-maglev/maglev.yaml", machineConfig());
    await machine.write("/etc/default/vpp-maglev", ENVIRONMENT);
    await machine.sh("systemctl start vpp-maglev");
    await atHome(machine);
    const backends = await machine.sh("maglevc show backends");
    for (const [name, state] of Object.entries({ b0: "up", b1: "up", b2: "down", b3: "up" })) {
      assert.match(backends, new RegExp(`^ *${name} .*\\b${state}\\b`, "m"));
    }
    const flows = await startFlows(wire);
    await sleep(LULL_MS);
    await using watch = await BucketWatch.start(vpp);
    const buckets = watch.seen[0]!;
    for (const build of builds) {
      const pid = await status(machine, "MainPID");
      await install(machine, await copied(machine, build));
      assert.notEqual(await status(machine, "MainPID"), pid);
      await atHome(machine);
      const version = await machine.sh("maglevc show version");
      assert.equal(version.split(`${versionOf(build)} `).length, 3, version);
      await sleep(LULL_MS);
      assert.deepEqual(watch.seen, [buckets], `no bucket moved: ${build}`);
    }
    assert.ok(watch.reads > 100, `${watch.reads} readings`);
    judgeUnchanged(await flows.stop());
    const log = await machine.sh("journalctl --no-pager -o cat -u vpp-maglev");
    assert.doesNotMatch(log, /"level":"ERROR"/);
  });
}

/** The machine's maglevd is not root. */
async function openSockets(vpp: RunningVpp): Promise<void> {
  await Deno.chmod(vpp.dir, 0o755);
  for (const path of [vpp.apiSocket, vpp.statsSocket]) await Deno.chmod(path, 0o666);
}

if (SKIP_REASON !== "" || NO_WIRE !== "") {
  Deno.test({
    name: `real VPP: an upgrade under traffic${SKIP_REASON || NO_WIRE}`,
    ignore: true,
    fn: () => {},
  });
} else {
  const noOlder = whyNoOlder();
  packagingTest(
    "real VPP: packages in each other's place under traffic move nothing, over its socket" +
      (noOlder === undefined ? "" : ` (without an older commit: ${noOlder})`),
    ["ip", ...MACHINE_NEEDS],
    () =>
      byPackages(["second", "first", ...noOlder === undefined ? ["older", "first"] as const : []]),
  );
  packagingTest(
    "real VPP: launchers of two builds in turn under traffic move nothing, over shared memory",
    ["ip"],
    overSharedMemory,
  );
}
