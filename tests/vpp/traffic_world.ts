/**
 * A real VPP that carries traffic of thousands of flows to VIPs of a maglevd that is restarted, and
 * the judgement of what became of the flows.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { Daemon, withFolder } from "../support/servers/daemon.ts";
import { type ConfigOptions, configText, type FrontendText } from "../support/worlds/stage.ts";
import { WebServer } from "../support/servers/web_server.ts";
import { type ApiKind, type RunningVpp, startVpp } from "./support.ts";
import { type FlowReport, type Flows, Wire } from "./wire.ts";

export const [A, B, C, D] = ["127.0.45.1", "127.0.45.2", "127.0.45.3", "127.0.45.4"] as const;

/** The network of all servers. */
export const SERVERS_NET = "127.0.45.0/24";

export const FRONTENDS = {
  same: { address: "192.0.2.1", pools: { main: { b0: 100, b1: 30 } } },
  drained: { address: "192.0.2.2", pools: { main: { b0: 0, b1: 100, b2: 100 } } },
  fallback: { address: "192.0.2.4", pools: { main: { b2: 100 }, second: { b0: 1, b1: 1 } } },
  // D dies while no maglevd is there.
  changed: { address: "192.0.2.3", pools: { main: { b1: 50, b3: 50 } } },
};
export const UNCHANGED = ["192.0.2.1", "192.0.2.2", "192.0.2.4"];
export const CHANGED = "192.0.2.3";
/** Servers that may have traffic: those of the active pool that are up and have a weight. */
const TAKERS: Readonly<Record<string, readonly string[]>> = {
  "192.0.2.1": [A, B],
  "192.0.2.2": [B],
  "192.0.2.4": [A, B],
};
export const FLOWS = { port: 80, steady: 20, resting: 300 };
/** Time without any change, so that all flows are seen twice. */
export const LULL_MS = 3500;

export interface World {
  /** Ends with the test. */
  readonly folder: string;
  readonly vpp: RunningVpp;
  readonly wire: Wire;
  readonly servers: readonly WebServer[];
  /** Starts a maglevd by `launcher`; default: that of the checkout. */
  start(launcher?: readonly string[]): Daemon;
}

export async function world(
  kind: ApiKind,
  fn: (world: World) => Promise<void>,
  frontends: Readonly<Record<string, FrontendText>> = FRONTENDS,
  { operated = false, flowTimeout = "1s", extra }: {
    /** Each maglevd listens for operators, and keeps what they want. */
    readonly operated?: boolean;
    readonly flowTimeout?: string;
    /** More settings, for a folder that ends with the test. */
    readonly extra?: (folder: string) => ConfigOptions;
  } = {},
): Promise<void> {
  await withFolder(async (folder) => {
    await using wire = await new Wire().make();
    await using vpp = await startVpp({ netns: wire.inside });
    await wire.plug(vpp);
    await wire.leadOut(vpp, SERVERS_NET);
    const servers = WebServer.group([A, B, C, D]);
    const daemons: Daemon[] = [];
    const config = `${folder}/maglev.yaml`;
    // Not the values above: with those VPP would forget no flow, and the release would be immediate.
    const text = configText(servers, frontends, { countersInterval: "100ms", ...extra?.(folder) })
      .replace(
        "startup-min-delay: 0s",
        `startup-min-delay: 500ms\n      flow-timeout: ${flowTimeout}`,
      )
      .replace("startup-max-delay: 0s", "startup-max-delay: 10s")
      // A busy machine answers late, and no server may go down for it.
      .replace("timeout: 200ms", "timeout: 5s");
    await Deno.writeTextFile(config, text);
    try {
      await fn({
        folder,
        vpp,
        wire,
        servers,
        start(launcher) {
          const daemon = new Daemon({
            ...launcher === undefined ? {} : { launcher },
            ...operated ? { grpcAddr: "127.0.0.1:0", stateDir: `${folder}/state` } : {},
            config,
            vppApiAddr: vpp.apiAddress(kind),
            vppStatsAddr: vpp.statsSocket,
            logLevel: "debug",
          });
          daemons.push(daemon);
          return daemon;
        },
      });
    } finally {
      for (const daemon of daemons) daemon.process.signal("SIGKILL");
      await Promise.all(daemons.map((daemon) => daemon.process.ended));
      await Promise.all(servers.map((server) => server.close()));
    }
  });
}

/** The packet counts of a maglevd's snapshots, in order. */
function packetsShown(daemon: Daemon): number[] {
  return daemon.lines.filter(({ msg }) => msg === "vpp-counters")
    .map(({ packets }) => Number(packets));
}

/** Starts the next maglevd when `daemon` has ended by the signal, and waits until it is at home. */
export async function restarted(
  { start }: World,
  daemon: Daemon,
  options: {
    readonly signal: Deno.Signal;
    readonly meanwhile?: () => Promise<void>;
    /** Of the next maglevd. */
    readonly launcher?: readonly string[];
  },
): Promise<Daemon> {
  const before = packetsShown(daemon).at(-1)!;
  daemon.process.signal(options.signal);
  const code = await daemon.process.ended;
  assert.equal(code === 0, options.signal === "SIGTERM", `exit status ${code}`);
  await options.meanwhile?.();
  const next = start(options.launcher);
  await next.seen((line) => line.msg === "vpp-warmup-done");
  await next.seen((line) => line.msg === "vpp-counters" && line.vips === 4);
  await sleep(LULL_MS);
  const shown = packetsShown(next);
  assert.ok(shown.length > 10 && shown[0]! > before, `${before}, then ${shown.slice(0, 5)}`);
  assert.deepEqual(shown, [...shown].sort((a, b) => a - b), "no counter goes back");
  return next;
}

/** Invariants of every flow of a VIP whose servers did not change. */
export function judgeUnchanged({ flows, sent }: FlowReport): void {
  for (const vip of UNCHANGED) {
    const own = Object.entries(flows).filter(([flow]) => flow.startsWith(`${vip} `));
    assert.equal(own.length, FLOWS.steady + FLOWS.resting, vip);
    let arrived = 0;
    const used = new Set<string>();
    for (const [flow, servers] of own) {
      assert.equal(Object.keys(servers).length, 1, `${flow}: ${JSON.stringify(servers)}`);
      const [[server, packets]] = Object.entries(servers) as [[string, number]];
      arrived += packets;
      used.add(server);
    }
    assert.deepEqual([...used].sort(), TAKERS[vip], vip);
    // An overloaded machine's veth may drop some.
    const lost = sent[vip]! - arrived;
    assert.ok(lost >= 0 && lost <= sent[vip]! / 100, `${vip}: ${lost} of ${sent[vip]} are lost`);
  }
}

export async function sending(flows: Flows): Promise<FlowReport> {
  await sleep(LULL_MS);
  return await flows.stop();
}
