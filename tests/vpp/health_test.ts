/**
 * The state of a real VPP while servers falter and checks are edited: every read of its buckets
 * over a connection of the test's own. MAGLEV_FUZZ=20 watches the faltering server for a minute.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { Daemon, withFolder } from "../support/servers/daemon.ts";
import { rounds } from "../support/fakes/fuzz.ts";
import { configText, type FrontendText } from "../support/worlds/stage.ts";
import { WebServer } from "../support/servers/web_server.ts";
import { BucketWatch } from "./bucket_watch.ts";
import { type RunningVpp, SKIP_REASON, startVpp } from "./support.ts";
import { type Flows, NO_WIRE, Wire } from "./wire.ts";

const ADDRESSES = ["127.0.47.1", "127.0.47.2", "127.0.47.3"];
const VIP = "192.0.2.1/32 6 80";
/** How long the faltering server is watched. */
const FALTER_MS = rounds(3000);

interface World {
  readonly vpp: RunningVpp;
  readonly servers: readonly WebServer[];
  readonly daemon: Daemon;
  /** Writes the configuration with `edit` done to it, and reloads; the record of the reload. */
  reload(edit: (text: string) => string): Promise<Readonly<Record<string, unknown>>>;
}

async function onVpp(
  frontends: Readonly<Record<string, FrontendText>>,
  options: { readonly wire?: Wire; readonly prepare?: (servers: readonly WebServer[]) => void },
  fn: (world: World) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const { wire, prepare } = options;
    await using vpp = await startVpp(wire === undefined ? {} : { netns: wire.inside });
    await wire?.plug(vpp);
    await wire?.leadOut(vpp, "127.0.47.0/24");
    const servers = WebServer.group(ADDRESSES);
    prepare?.(servers);
    const config = `${folder}/maglev.yaml`;
    const text = configText(servers, frontends).replace("interval: 200ms", "interval: 50ms")
      // A busy machine answers late, and no server may go down for it.
      .replace("timeout: 200ms", "timeout: 5s")
      .replace("startup-max-delay: 0s", "startup-max-delay: 10s");
    await Deno.writeTextFile(config, text);
    const daemon = new Daemon({
      config,
      vppApiAddr: vpp.apiSocket,
      vppStatsAddr: vpp.statsSocket,
    });
    try {
      await daemon.seen(({ msg }) => msg === "vpp-warmup-done");
      await programmed(vpp);
      await fn({
        vpp,
        servers,
        daemon,
        async reload(edit) {
          const { mark } = daemon;
          await Deno.writeTextFile(config, edit(text));
          daemon.process.signal("SIGHUP");
          return await daemon.seen(({ msg }) => msg === "config-reload", { from: mark });
        },
      });
    } finally {
      await daemon.stop();
      await Promise.all(servers.map((server) => server.close()));
    }
  });
}

/** Waits until VPP has a server with buckets. */
async function programmed(vpp: RunningVpp): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (/buckets:[1-9]/.test(await vpp.cli("show lb vips verbose"))) return;
    await sleep(50);
  }
  assert.fail("VPP was not programmed within 10 s");
}

Deno.test({
  name: `real VPP: a server that passes every second check moves no bucket${SKIP_REASON}`,
  ignore: SKIP_REASON !== "",
  fn: () => {
    const pools = { main: { b0: 100, b1: 100, b2: 100 } };
    const prepare = (servers: readonly WebServer[]) => {
      servers[1]!.statusOf = (request) => request % 2 === 1 ? 200 : 503;
    };
    return onVpp({ web: { address: "192.0.2.1", pools } }, { prepare }, async (world) => {
      const { vpp, servers, daemon } = world;
      await using watch = await BucketWatch.start(vpp);
      const before = servers[1]!.requests;
      await sleep(FALTER_MS);
      const checks = servers[1]!.requests - before;
      assert.ok(checks >= FALTER_MS / 200, `${checks} checks`);
      const transitions = daemon.lines.filter(({ msg, backend }) =>
        msg === "backend-transition" && backend === "b1"
      );
      assert.ok(transitions.length <= 1, JSON.stringify(transitions));
      assert.equal(watch.valuesOf(VIP).length, 1, watch.valuesOf(VIP).join("\n"));
      console.log(`${checks} checks, ${transitions.length} transitions, ${watch.reads} readings`);
    });
  },
});

/** Every flow went to one server, and none was lost but what an overloaded veth drops. */
async function judgeFlows(flows: Flows): Promise<void> {
  const report = await flows.stop();
  const seen = Object.entries(report.flows);
  assert.ok(seen.length > 100, `${seen.length} flows`);
  for (const [flow, servers] of seen) {
    assert.equal(Object.keys(servers).length, 1, `${flow}: ${JSON.stringify(servers)}`);
  }
}

Deno.test({
  name: `real VPP: a check that is edited under traffic moves no bucket and no flow${NO_WIRE}`,
  ignore: NO_WIRE !== "",
  fn: async () => {
    await using wire = await new Wire().make();
    const pools = { main: { b0: 100, b1: 30 }, standby: { b2: 100 } };
    await onVpp({ web: { address: "192.0.2.1", pools } }, { wire }, async (world) => {
      const { vpp, servers, daemon, reload } = world;
      const target = { address: "192.0.2.1", port: 80, steady: 50, resting: 100 };
      const flows = await wire.flows([target]);
      await sleep(500);
      await using watch = await BucketWatch.start(vpp);
      const edits: [what: string, edit: (text: string) => string][] = [
        ["interval", (text) => text.replace("interval: 50ms", "interval: 300ms")],
        ["timeout", (text) => text.replace("timeout: 5s", "timeout: 4s")],
        [
          "rise and fall",
          (text) => text.replace("type: http", "rise: 5\n      fall: 4\n      type: http"),
        ],
      ];
      for (const [what, edit] of edits) {
        const { mark } = daemon;
        const record = await reload(edit);
        assert.deepEqual(
          ["restarted", "carried", "moved-at-once", "moved-vips"].map((key) => record[key]),
          [3, 3, 0, 0],
          what,
        );
        for (const backend of ["b0", "b1", "b2"]) await daemon.transition(backend, "up", mark);
        await sleep(300);
      }
      assert.equal(watch.seen.length, 1, JSON.stringify(watch.seen));
      assert.ok(watch.reads > 100, `${watch.reads} readings`);
      await judgeFlows(flows);

      // The edited check fails: the standby pool takes over, as for any server that goes down.
      for (const server of servers.slice(0, 2)) server.status = 503;
      const { mark } = daemon;
      await reload((text) => text.replace("path: /healthz", "path: /other"));
      for (const backend of ["b0", "b1"]) {
        await daemon.transition(backend, "down", mark);
      }
      await sleep(200);
      assert.match(watch.valuesOf(VIP).at(-1)!, /127\.0\.47\.3 weight 100 buckets 1024/);
    });
  },
});
