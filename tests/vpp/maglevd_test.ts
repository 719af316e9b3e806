/**
 * The main job against a real VPP, checked by VPP's own output. Skipped without MAGLEV_VPP_PREFIX.
 */
import assert from "node:assert/strict";
import { readUntil } from "../support/judges/until.ts";
import { Daemon, withFolder } from "../support/servers/daemon.ts";
import { configText, type FrontendText } from "../support/worlds/stage.ts";
import { WebServer } from "../support/servers/web_server.ts";
import { API_KINDS, type ApiKind, type RunningVpp, SKIP_REASON, startVpp } from "./support.ts";
import { view } from "./view.ts";

const ADDRESSES = ["127.0.42.1", "127.0.42.2", "127.0.42.3"];
const [A, B, C] = ADDRESSES as [string, string, string];

interface VppStage {
  readonly vpp: RunningVpp;
  readonly servers: readonly WebServer[];
  configure(frontends: Readonly<Record<string, FrontendText>>): Promise<void>;
  start(): Daemon;
}

async function onVppStage(
  kind: ApiKind,
  fn: (stage: VppStage) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    await using vpp = await startVpp();
    const servers = WebServer.group(ADDRESSES);
    const daemons: Daemon[] = [];
    const config = `${folder}/maglev.yaml`;
    try {
      await fn({
        vpp,
        servers,
        configure: (frontends) => Deno.writeTextFile(config, configText(servers, frontends)),
        start: () => {
          const daemon = new Daemon({
            config,
            vppApiAddr: vpp.apiAddress(kind),
            vppStatsAddr: vpp.statsSocket,
          });
          daemons.push(daemon);
          return daemon;
        },
      });
    } finally {
      await Promise.all(daemons.map((daemon) => daemon.stop()));
      await Promise.all(servers.map((server) => server.close()));
    }
  });
}

async function vppShows(
  vpp: RunningVpp,
  wanted: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  const sorted = (value: Readonly<Record<string, readonly string[]>>) =>
    JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  const text = sorted(wanted);
  const read = async () => sorted(await view(vpp));
  await readUntil(read, (actual) => actual === text, { what: `VPP shows ${text}` });
}

const VIP1 = "192.0.2.1/32 6 80";
const VIP2 = "192.0.2.2/32 6 80";
const VIP3 = "192.0.2.3/32 6 80";

for (const kind of API_KINDS) {
  Deno.test({
    name: `real VPP, ${kind}: drain, recovery, reload, restart of maglevd and of VPP${SKIP_REASON}`,
    ignore: SKIP_REASON !== "",
    fn: () => onVppStage(kind, mainJob),
  });
}

async function mainJob({ vpp, servers, configure, start }: VppStage): Promise<void> {
  const stay = { address: "192.0.2.1", pools: { main: { b0: 100, b1: 100 } } };
  await configure({ stay, go: { address: "192.0.2.2", pools: { main: { b2: 100 } } } });
  const daemon = start();
  await vppShows(vpp, { [VIP1]: [`${A} 100`, `${B} 100`], [VIP2]: [`${C} 100`] });
  assert.match(await vpp.cli("show lb"), /192\.0\.2\.254/, "lb_conf is pushed");

  await servers[1]!.close();
  await vppShows(vpp, { [VIP1]: [`${A} 100`, `${B} 0`], [VIP2]: [`${C} 100`] });
  const weight = await daemon.seen((line) =>
    line.msg === "vpp-lbsync-as-weight" && line.address === B && line.weight === 0 &&
    line.flush === true
  );
  assert.equal(weight.vip, "192.0.2.1/32");
  servers[1]!.open();
  await vppShows(vpp, { [VIP1]: [`${A} 100`, `${B} 100`], [VIP2]: [`${C} 100`] });

  await configure({
    stay,
    come: {
      address: "192.0.2.3",
      pools: { main: { b1: 10, b2: 90 } },
      extra: "src-ip-sticky: true",
    },
  });
  daemon.process.signal("SIGHUP");
  const wanted = { [VIP1]: [`${A} 100`, `${B} 100`], [VIP3]: [`${B} 10`, `${C} 90`] };
  await vppShows(vpp, wanted);
  assert.match(await vpp.cli("show lb vips verbose"), /192\.0\.2\.3\/32.*src_ip_sticky/s);

  // A change of a VIP's weights and of its sticky flag: the second one recreates it.
  await configure({
    stay,
    come: { address: "192.0.2.3", pools: { main: { b1: 20, b2: 80 } } },
  });
  daemon.process.signal("SIGHUP");
  const changed = { [VIP1]: [`${A} 100`, `${B} 100`], [VIP3]: [`${B} 20`, `${C} 80`] };
  await vppShows(vpp, changed);

  const mark = daemon.mark;
  await vpp.kill("SIGKILL");
  await daemon.seen((line) => line.msg === "vpp-disconnect", { from: mark, deadlineMs: 1000 });
  await vpp.restart();
  await vppShows(vpp, changed);

  const before = await vpp.cli("show lb vips verbose");
  assert.equal(await daemon.stop(), 0);
  assert.equal(await vpp.cli("show lb vips verbose"), before, "SIGTERM leaves VPP as it was");
}
