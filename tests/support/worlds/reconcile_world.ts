/**
 * A reconciler with its environment in memory: a plugin that can be held, a connection that the
 * test opens and closes, a clock, desired servers, and a recorded log.
 */
import { EPOCH_MS } from "../../../src/base/instant.ts";
import { Emitter } from "../../../src/async/emitter.ts";
import { desiredServers } from "../../../src/vpp/lb/unweighted.ts";
import type { DesiredVip, LbCapabilities, LbConf } from "../../../src/vpp/lb/model.ts";
import { vipKeyText } from "../../../src/vpp/lb/model.ts";
import type {
  ConnectionState,
  DesiredSource,
  StatsReader,
  VppConnection,
} from "../../../src/vpp/ports.ts";
import { Reconciler } from "../../../src/vpp/sync/reconcile.ts";
import type { ProgramOptions, ReconcilerOptions } from "../../../src/vpp/sync/reconcile.ts";
import type { ReconcilerSettings } from "../../../src/vpp/sync/settings.ts";
import type { SyncReport } from "../../../src/vpp/sync/report.ts";
import { wantedVips } from "../../../src/vpp/sync/desired_vips.ts";
import type { LbPlugin } from "../../../src/sim/plugin/plugin.ts";
import { FakeClock, settle } from "../fakes/fake_clock.ts";
import { PluginLb, readPlugin } from "./plugin_lb.ts";
import { RecordingLogger } from "../fakes/recording_logger.ts";
import { desired, ip } from "../fakes/vips.ts";

export const CONF: LbConf = {
  ip4SrcAddress: ip("192.0.2.250"),
  ip6SrcAddress: ip("2001:db8::250"),
  stickyBucketsPerCore: 65536,
  flowTimeoutS: 40,
};

export class FakeConnection implements VppConnection {
  state: ConnectionState = { kind: "disconnected", reason: "not started" };
  readonly #changes = new Emitter<ConnectionState>((error) => {
    throw error;
  });

  subscribe(listener: (state: ConnectionState) => void): () => void {
    return this.#changes.subscribe(listener);
  }

  start(): void {}

  stop(): Promise<void> {
    return Promise.resolve();
  }

  connect(lb: PluginLb, stats?: StatsReader): void {
    const info = {
      version: "test",
      buildDate: "",
      buildDirectory: "",
      pid: 1,
      connectedAtMs: EPOCH_MS,
      bootAtMs: undefined,
      weights: lb.capabilities.weights,
    };
    this.state = { kind: "connected", info, lb, stats };
    this.#changes.emit([this.state]);
  }

  disconnect(): void {
    this.state = { kind: "disconnected", reason: "gone" };
    this.#changes.emit([this.state]);
  }
}

/** DesiredVips that a test changes at will. */
export class FakeSource implements DesiredSource {
  readonly vips = new Map<string, DesiredVip>();
  readonly unknown = new Set<string>();
  /** Frontends that the prober is blind to; those are unknown as well. */
  readonly blinded = new Set<string>();
  conf: LbConf = CONF;

  frontends(): readonly string[] {
    return [...this.vips.keys()];
  }

  desired(frontend: string): DesiredVip | undefined {
    return this.vips.get(frontend);
  }

  known(frontend: string): boolean {
    return !this.unknown.has(frontend);
  }

  blind(frontend: string): boolean {
    return this.blinded.has(frontend);
  }

  lbConf(): LbConf {
    return this.conf;
  }
}

export class World {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger({ debug: true });
  readonly connection = new FakeConnection();
  readonly source = new FakeSource();
  readonly stats: SyncReport[] = [];
  readonly settings: { -readonly [K in keyof ReconcilerSettings]: ReconcilerSettings[K] };
  readonly reconciler: Reconciler;
  readonly can: LbCapabilities;
  lb: PluginLb;

  constructor(
    wanted: Readonly<Record<string, DesiredVip>> = {},
    settings: Partial<ReconcilerSettings> = {},
    can: LbCapabilities = { weights: true },
    pace: ReconcilerOptions["pace"] | "real" = { readEveryMs: 0, recreateEveryMs: 0 },
  ) {
    this.can = can;
    this.lb = this.vpp();
    for (const [frontend, vip] of Object.entries(wanted)) this.source.vips.set(frontend, vip);
    this.settings = {
      syncIntervalMs: 30_000,
      startupMinDelayMs: 0,
      startupMaxDelayMs: 0,
      ...settings,
    };
    this.lb.plugin.setConf({ ...CONF, flowTimeout: CONF.flowTimeoutS });
    this.reconciler = new Reconciler({
      connection: this.connection,
      source: this.source,
      clock: this.clock,
      logger: this.logger,
      lbConfig: () => this.settings,
      ...(pace === "real" || pace === undefined ? {} : { pace }),
      onStats: (report) => this.stats.push(report),
    });
  }

  /** Starts, connects, and lets the first run end. */
  async start(): Promise<this> {
    this.reconciler.start();
    this.connection.connect(this.lb);
    await this.calm();
    return this;
  }

  /** Another VPP of the same sort; one that goes on when it is given what it has. */
  vpp(plugin?: LbPlugin): PluginLb {
    return new PluginLb(plugin, this.can);
  }

  /** Lets everything end that needs no time to pass. */
  async calm(): Promise<void> {
    do await settle(); while (this.lb.waiting > 0 && !this.lb.held);
  }

  /** Time passes. */
  async pass(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms);
    await this.calm();
  }

  /** VPP dies; what it had is gone unless the new one is given the old plugin. */
  die(): void {
    this.lb.lose();
    this.connection.disconnect();
  }

  /** Changes the desired state and reports it. */
  transition(frontend: string, vip: DesiredVip): void {
    this.source.vips.set(frontend, vip);
    this.program([frontend]);
  }

  /** Has the VIPs of these frontends programmed, as they are wanted now. */
  program(frontends: readonly string[], trigger: ProgramOptions["trigger"] = "transition"): void {
    const wanted = wantedVips(this.source, frontends);
    this.reconciler.program(wanted, { trigger, conf: this.source.conf });
  }

  /** Requests that changed something, since the last call. */
  takeWrites(): readonly string[] {
    const writes = this.lb.writes;
    this.lb.calls.length = 0;
    return writes;
  }

  /** `192.0.2.1/32 6 80: 10.0.0.1=100` for each VIP in VPP, in order. */
  inVpp(): string[] {
    return textOf(readPlugin(this.lb.plugin, this.can));
  }

  /** The same of what is wanted, as this VPP can have it. */
  wanted(): string[] {
    const vips = [...this.source.vips.values()];
    return textOf(vips.map((vip) => ({ ...vip, servers: desiredServers(vip, this.can).servers })));
  }
}

function textOf(vips: readonly (DesiredVip | ReturnType<typeof readPlugin>[number])[]): string[] {
  return vips.map((vip) => {
    const servers = vip.servers.map((server) => `${server.address.text}=${server.weight}`);
    const flags = `${vip.encap}${vip.srcIpSticky ? " sticky" : ""} ${vip.newFlowsTableLength}`;
    return `${vipKeyText(vip)} ${flags}: ${servers.join(" ")}`;
  }).sort();
}

export const A = "192.0.2.1";
export const B = "192.0.2.2";
export const UP = "10.0.0.1=100 10.0.0.2=100";
export const ONE_DOWN = "10.0.0.1=100 10.0.0.2=0!";
/** The operation that takes ONE_DOWN's second server of `A` out. */
export const CUT = `as-weight ${A}/32 6 80 10.0.0.2 0 flush`;

/** `web` on A, TCP port 80, and `dns` on B, UDP port 53, each with two servers. */
export function twoVips(): World {
  return new World({ web: desired(A, UP), dns: desired(B, UP, { protocol: 17, port: 53 }) });
}

/**
 * A world of `count` VIPs, `f0` on 198.18.0.0 and so on, whose first run is in the middle of
 * programming an empty VPP: VPP has received 100 writes and is held.
 */
export async function bulkWorld(count: number): Promise<World> {
  const vips = Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`f${i}`, desired(`198.18.0.${i}`, UP)]),
  );
  const world = new World(vips);
  world.reconciler.start();
  world.connection.connect(world.lb);
  world.lb.hold();
  while (world.lb.writes.length < 100) {
    world.lb.release(1);
    await world.calm();
  }
  return world;
}
