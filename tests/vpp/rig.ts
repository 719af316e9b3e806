/** A reconciler on a real VPP, for tests: takes the desired state, returns VPP's state. */
import assert from "node:assert/strict";
import { SystemClock } from "../../src/system/system_clock.ts";
import { createVppConnection, type VppConnectionOptions } from "../../src/vpp/api/connection.ts";
import { actualVips } from "../../src/vpp/lb/actual.ts";
import type { DesiredVip } from "../../src/vpp/lb/model.ts";
import { vipKeyText } from "../../src/vpp/lb/model.ts";
import { readLb } from "../../src/vpp/sync/read.ts";
import { Reconciler } from "../../src/vpp/sync/reconcile.ts";
import { openStatsSession } from "../../src/vpp/stats/session.ts";
import type { SyncReport } from "../../src/vpp/sync/report.ts";
import { FakeSource } from "../support/worlds/reconcile_world.ts";
import { RecordingLogger } from "../support/fakes/recording_logger.ts";
import type { ApiKind, RunningVpp } from "./support.ts";

export const CLOCK = new SystemClock();

/** How long it may take until a VPP that is there has been read. */
const START_MS = 20_000;

/** Options of a Rig. */
export interface RigOptions extends Pick<VppConnectionOptions, "connect"> {
  /** The way to VPP's API; default: its socket. */
  readonly kind?: ApiKind;
  /** True: as the daemon has it. Default: VPP is read, and VIPs are recreated, as often as asked. */
  readonly paced?: boolean;
  /** True: with VPP's stats segment. Default: without. */
  readonly stats?: boolean;
}

/** A reconciler on a VPP, connected and synced. */
export class Rig implements AsyncDisposable {
  readonly source = new FakeSource();
  readonly logger = new RecordingLogger();
  readonly connection;
  readonly reconciler: Reconciler;

  constructor(vpp: RunningVpp, options: RigOptions = {}) {
    const { kind = "socket", paced = false, stats = false, ...connection } = options;
    this.connection = createVppConnection({
      ...connection,
      apiAddress: vpp.apiAddress(kind),
      ...(stats ? { statsAddress: vpp.statsSocket, openStats: openStatsSession } : {}),
      clock: CLOCK,
      logger: this.logger,
      observer: { message: () => {} },
    });
    this.reconciler = new Reconciler({
      connection: this.connection,
      source: this.source,
      clock: CLOCK,
      logger: this.logger,
      lbConfig: () => ({ syncIntervalMs: 3_600_000, startupMinDelayMs: 0, startupMaxDelayMs: 0 }),
      ...(paced ? {} : { pace: { readEveryMs: 0, recreateEveryMs: 0 } }),
    });
  }

  async start(): Promise<this> {
    this.reconciler.start();
    this.connection.start();
    const endMs = CLOCK.monotonicMs() + START_MS;
    while (this.logger.of("vpp-lb-state").length === 0) {
      assert.ok(CLOCK.monotonicMs() < endMs, `VPP was not read within ${START_MS} ms`);
      await this.sleep(10);
    }
    return this;
  }

  async sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => void CLOCK.after(ms, resolve));
  }

  /** VPP's state, read without the reconciler; `address=weight/buckets`. */
  async inVpp(): Promise<string[]> {
    const { state } = this.connection;
    assert.ok(state.kind === "connected");
    const vips = actualVips((await readLb(state.lb, this.logger)).vips, () => false);
    return vips.map((vip) =>
      `${text(vip)} ` + vip.servers.map((s) => `${s.address.text}=${s.weight}/${s.buckets}`)
    ).sort();
  }

  wish(vips: readonly DesiredVip[]): Promise<SyncReport> {
    this.source.vips.clear();
    for (const vip of vips) this.source.vips.set(vipKeyText(vip), vip);
    return this.reconciler.sync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reconciler.stop();
    await this.connection.stop();
  }
}

/** `192.0.2.1/32 6 80 gre4 sticky`. */
function text(
  vip: Pick<DesiredVip, "srcIpSticky"> & { encap: string } & Parameters<typeof vipKeyText>[0],
) {
  return `${vipKeyText(vip)} ${vip.encap}${vip.srcIpSticky ? " sticky" : ""}`;
}

/** The result that Rig.inVpp() must have for these VIPs, without buckets. */
export function wantedOf(vips: readonly DesiredVip[]): string[] {
  return vips.map((vip) =>
    `${text(vip)} ` + vip.servers.map((s) => `${s.address.text}=${s.weight}`)
  ).sort();
}

/** `lines` of Rig.inVpp() without the buckets. */
export function withoutBuckets(lines: readonly string[]): string[] {
  return lines.map((line) => line.replaceAll(/\/\d+(?=,|$)/g, ""));
}
