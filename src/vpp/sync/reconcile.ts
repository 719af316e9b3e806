/**
 * Keeps VPP in the desired state. This file decides when to synchronize: by triggers, warm-up, and
 * changes of the connection. session.ts does it, with one session per connection: the known
 * state of a VPP, and the flushes made there, are forgotten with the connection.
 *
 *     trigger                       action
 *     connect, interval, reload     reads, compares and corrects everything
 *     transition, weight            immediately corrects these frontends, by the known state
 *     an operator's sync            reads and corrects everything, or one frontend
 *     warm-up                       immediately programs a released frontend; everything at its end
 */
import { settledWithin } from "../../async/deadline.ts";
import { MaglevError } from "../../base/errors.ts";
import { FAR_PAST_MS, type MonotonicMs } from "../../base/instant.ts";
import { nearest } from "../../base/nearest.ts";
import type { Clock, Logger, Timer } from "../../base/ports.ts";
import type { Config } from "../../config/model.ts";
import { RecreateLimit } from "../lb/guard/recreate_limit.ts";
import {
  endWarmupNow,
  isReleased,
  nextWarmupStepMs,
  releaseFrontends,
  startWarmup,
  stepWarmup,
} from "../lb/warmup.ts";
import type { ActualVip, LbConf, VipKey } from "../lb/model.ts";
import { desiredConf, type ServedFrontend, vipsOf, vppLbOf } from "../lb/desired.ts";
import type { WantedVip } from "../lb/plan.ts";
import { type WarmupStatus, warmupStatus } from "../lb/warmup_status.ts";
import type { Warmup } from "../lb/warmup.ts";
import type { StatsNeeds, StatsRoom, StatsUse } from "../lb/guard/stats_budget.ts";
import type {
  ConnectionState,
  CountedVips,
  DesiredSource,
  LbApi,
  VppConnection,
} from "../ports.ts";
import type { SyncReport, SyncTrigger } from "./report.ts";
import type { RecentDrift } from "./past/recent_drifts.ts";
import type { ReconcilerSettings } from "./settings.ts";
import { SentWeights } from "./sent_weights.ts";
import { SyncSession } from "./session.ts";
import type { LbState } from "./known_state.ts";
import { wantedVips } from "./desired_vips.ts";
import { connectionEnded } from "./run_queue.ts";
import type { Withheld } from "./guard/withheld.ts";
import type { PastTable } from "./past/table_past.ts";
import type { WeightTime } from "./past/weight_times.ts";

export interface ReconcilerOptions {
  readonly connection: VppConnection;
  readonly source: DesiredSource;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lbConfig: () => ReconcilerSettings;
  /** For tests; default: the constants of read_gate.ts and recreate_limit.ts. */
  readonly pace?: { readonly readEveryMs: number; readonly recreateEveryMs: number };
  /** The weights sent to VPP; default: new. */
  readonly sent?: SentWeights;
  /** Called with every finished synchronisation, for example to count it in metrics. */
  readonly onStats?: (report: SyncReport) => void;
}

/** Frontends whose health or weights changed. */
export interface FrontendsChange {
  readonly frontends: readonly ServedFrontend[];
  /** The configuration in force. */
  readonly config: Pick<Config, "vppLb">;
  readonly trigger: "transition" | "weight";
}

/** The trigger of a change, and the plugin's settings wanted at that moment. */
export interface ProgramOptions {
  readonly trigger: FrontendsChange["trigger"];
  readonly conf: LbConf;
}

/** Maximum time that a reload's run waits for the file of announced prefixes. */
export const WITHDRAWAL_MS = 1000;

/** Maximum time that stop() waits for replies. */
const STOP_DEADLINE_MS = 500;

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #recreations: RecreateLimit;
  readonly #sent: SentWeights;
  #warmup: Warmup;
  #warmupStartMs = FAR_PAST_MS;
  #warmupTimer: Timer | undefined;
  #intervalTimer: Timer | undefined;
  #session: SyncSession | undefined;
  /** The API of #session. */
  #lb: LbApi | undefined;
  /** The withdrawal that removals of VIPs wait for, or the end of its time. */
  #withdrawal: Promise<void> | undefined;
  #started = false;
  #stopped = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#recreations = new RecreateLimit(options.clock, options.pace?.recreateEveryMs);
    this.#sent = options.sent ?? new SentWeights();
    this.#warmup = startWarmup(FAR_PAST_MS, { minMs: 0, maxMs: 0 });
  }

  /** False while warm-up holds frontends back. */
  get warmedUp(): boolean {
    return this.#warmup.over;
  }

  /** Progress of warm-up. */
  get warmup(): WarmupStatus {
    const { clock, source } = this.#options;
    return warmupStatus(this.#warmup, {
      startMs: this.#warmupStartMs,
      nowMs: clock.monotonicMs(),
      frontends: source.frontends(),
    });
  }

  /** Begins warm-up and follows the connection. It does not start the connection. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#startWarmup();
    this.#armInterval();
    const { connection } = this.#options;
    connection.subscribe((state) => this.#connectionChanged(state));
    this.#connectionChanged(connection.state);
  }

  /** Leaves VPP exactly as it is; waits up to STOP_DEADLINE_MS for outstanding replies. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#warmupTimer?.cancel();
    this.#intervalTimer?.cancel();
    const session = this.#session;
    this.#session = undefined;
    if (session === undefined) return;
    const { clock } = this.#options;
    await settledWithin(session.close(), { clock, deadlineMs: STOP_DEADLINE_MS });
  }

  /**
   * Programs frontends of the checker. Must be called on every change of a backend's state, even
   * without a change of weight: warm-up learns from it that a frontend is known.
   */
  transition({ frontends, config, trigger }: FrontendsChange): void {
    const lb = vppLbOf(config);
    this.program(vipsOf(frontends, lb), { trigger, conf: desiredConf(lb) });
  }

  /**
   * Sends what VPP lacks of these VIPs before it returns. The exceptions are frontends that warm-up
   * holds back, or whose earlier change is still unanswered.
   */
  program(wanted: readonly WantedVip[], options: ProgramOptions): void {
    if (this.#stopped || !this.#started) return;
    const free = wanted.filter(({ frontend }) => isReleased(this.#warmup, frontend));
    if (free.length > 0) this.#session?.program(free, options);
    if (!this.#warmup.over) this.#stepWarmup(wanted.map(({ frontend }) => frontend));
  }

  /**
   * A new configuration is in force. VPP is compared with it after `withdrawn`, or after
   * WITHDRAWAL_MS: routers must not send packets for VIPs that are removed.
   */
  reload(withdrawn?: Promise<void>): void {
    if (this.#stopped || !this.#started) return;
    const { source, clock } = this.#options;
    this.#withdrawal = withdrawn &&
      settledWithin(withdrawn, { clock, deadlineMs: WITHDRAWAL_MS });
    this.#sent.retain(wantedVips(source, source.frontends()).map(({ vip }) => vip));
    this.#session?.reloaded();
    if (this.#withdrawal === undefined) this.#runAll("reload");
    else void this.#runAfter(this.#withdrawal);
    this.#stepWarmup();
    this.#armInterval();
  }

  /**
   * An operator's explicit sync, of everything or of one frontend. It also releases the frontends
   * from warm-up, so that they are programmed now. Rejects with `not-found`, or with `unavailable`
   * when VPP is not connected or the connection ends.
   */
  async sync(frontend?: string): Promise<SyncReport> {
    const { source } = this.#options;
    if (frontend !== undefined && source.desired(frontend) === undefined) {
      const near = nearest(frontend, source.frontends());
      const hint = near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`;
      throw new MaglevError("not-found", `no frontend ${JSON.stringify(frontend)}${hint}`);
    }
    // The run of a reload comes first.
    if (this.#withdrawal !== undefined) await this.#withdrawal;
    const session = this.#session;
    if (session === undefined) {
      throw connectionEnded();
    }
    this.#releaseForOperator(frontend);
    return await session.sync(
      frontend === undefined
        ? { scope: "all", trigger: "operator" }
        : { scope: "vip", trigger: "operator", frontends: [frontend] },
    );
  }

  /** Requests a reading of VIPs (vipKeyText), soon; nothing while VPP is not connected. */
  reread(keys: readonly string[]): void {
    // The session logs failures and retries.
    this.#session?.run({ scope: "vip", trigger: "reread", keys }).catch(() => {});
  }

  /** The known state of VPP; undefined while it is not connected or not read yet. */
  lbState(): LbState | undefined {
    return this.#session?.state();
  }

  /** The known state of one VIP; undefined like lbState(), and for a VIP that VPP lacks. */
  vip(key: VipKey): ActualVip | undefined {
    return this.#session?.known()?.get(key);
  }

  /** Since when a server has its weight in VPP; undefined for one that is not known there. */
  weightTime(vip: VipKey, address: string): WeightTime | undefined {
    return this.#session?.known()?.weightTime(vip, address);
  }

  /** The tables that VPP had on this connection, oldest first; see TablePast. */
  tables(vip: VipKey): readonly PastTable[] {
    return this.#session?.known()?.tables(vip) ?? [];
  }

  /** Number of weights that were set or found so far on this connection; see WeightTime.change. */
  get weightChanges(): number {
    return this.#session?.known()?.weightChanges ?? 0;
  }

  /** Drifts of the last minute, the newest first. */
  recentDrifts(): readonly RecentDrift[] {
    return this.#session?.known()?.recentDrifts() ?? [];
  }

  /** False while warm-up holds the frontend back. */
  released(frontend: string): boolean {
    return isReleased(this.#warmup, frontend);
  }

  /** Operations not sent because VPP would not survive them; empty while not connected. */
  withheld(): readonly Withheld[] {
    return this.#session?.withheld() ?? [];
  }

  /** True when this VIP (vipKeyText) was recreated less than a minute ago. */
  wasRecreated(key: string): boolean {
    return this.#recreations.waitMs(key) > 0;
  }

  /** The room that VIPs and their addresses need in VPP's stats segment; undefined: not known. */
  statsUse(wanted: StatsNeeds): StatsUse | undefined {
    return this.#session?.statsUse(wanted);
  }

  /** The indices of this connection's counters; undefined like lbState(). */
  counted(): CountedVips | undefined {
    return this.#session?.counted();
  }

  async #runAfter(withdrawn: Promise<void>): Promise<void> {
    await withdrawn;
    if (this.#withdrawal !== withdrawn || this.#stopped) return;
    this.#withdrawal = undefined;
    this.#runAll("reload");
  }

  #releaseForOperator(frontend: string | undefined): void {
    if (this.#warmup.over) return;
    const { logger } = this.#options;
    if (frontend === undefined) {
      this.#warmup = endWarmupNow(this.#warmup);
      logger.info("vpp-warmup-done", { trigger: "operator" });
    } else {
      this.#warmup = releaseFrontends(this.#warmup, [frontend]);
      logger.info("vpp-warmup-release", { frontend, trigger: "operator" });
    }
    if (this.#warmup.over) this.#warmupTimer?.cancel();
  }

  #connectionChanged(state: ConnectionState): void {
    if (this.#stopped) return;
    const lb = state.kind === "connected" ? state.lb : undefined;
    if (lb === this.#lb) return;
    this.#lb = lb;
    void this.#session?.close();
    this.#session = undefined;
    if (lb === undefined) return;
    const { source, clock, logger, onStats } = this.#options;
    this.#session = new SyncSession({
      lb,
      source,
      clock,
      logger,
      onStats: onStats ?? (() => {}),
      released: (frontend) => isReleased(this.#warmup, frontend),
      mayRemove: () => this.#warmup.over && this.#withdrawal === undefined,
      statsRoom: () => this.#statsRoom(),
      recreations: this.#recreations,
      sent: this.#sent,
      readEveryMs: this.#options.pace?.readEveryMs,
    });
    this.#runAll("connect");
  }

  #statsRoom(): StatsRoom | undefined {
    const { state } = this.#options.connection;
    return state.kind === "connected" ? state.stats?.room?.() : undefined;
  }

  #runAll(trigger: SyncTrigger): void {
    // The session logs failures and retries.
    this.#session?.run({ scope: "all", trigger }).catch(() => {});
  }

  #armInterval(): void {
    this.#intervalTimer?.cancel();
    this.#intervalTimer = this.#options.clock.after(this.#options.lbConfig().syncIntervalMs, () => {
      this.#runAll("interval");
      this.#armInterval();
    });
  }

  #startWarmup(): void {
    const { clock, lbConfig, logger } = this.#options;
    const { startupMinDelayMs: minMs, startupMaxDelayMs: maxMs } = lbConfig();
    this.#warmupStartMs = clock.monotonicMs();
    this.#warmup = startWarmup(this.#warmupStartMs, { minMs, maxMs });
    if (this.#warmup.over) return;
    logger.info("vpp-warmup-start", { "min-ms": minMs, "max-ms": maxMs });
    this.#stepWarmup();
  }

  /** `nowMs` is the time of the last step: by a later one the next step could be in the past. */
  #armWarmup(nowMs: MonotonicMs): void {
    const { clock } = this.#options;
    this.#warmupTimer?.cancel();
    const nextMs = nextWarmupStepMs(this.#warmup, nowMs);
    if (nextMs === undefined) return;
    this.#warmupTimer = clock.after(nextMs - nowMs, () => this.#stepWarmup());
  }

  /** Releases the frontends that are known now: among `asked`, whose backends changed, or all. */
  #stepWarmup(asked?: readonly string[]): void {
    if (this.#warmup.over) return;
    const { clock, source, logger } = this.#options;
    const nowMs = clock.monotonicMs();
    const { late } = this.#warmup;
    const concerned = (frontend: string) => asked === undefined || asked.includes(frontend);
    const step = stepWarmup(this.#warmup, nowMs, {
      frontends: source.frontends(),
      known: (frontend) => concerned(frontend) && source.known(frontend),
      // At max all frontends are checked; after that, only those whose backends changed.
      blind: (frontend) => (late && !concerned(frontend)) || source.blind(frontend),
    });
    this.#warmup = step.warmup;
    for (const frontend of step.released) {
      const reason = source.known(frontend) ? "known" : "max";
      logger.info("vpp-warmup-release", { frontend, trigger: reason });
    }
    if (step.blind !== undefined) logBlind(logger, step.blind);
    for (const frontend of asked ?? []) {
      if (!isReleased(this.#warmup, frontend)) logger.debug("vpp-warmup-hold", { frontend });
    }
    if (step.released.length > 0) {
      const wanted = wantedVips(source, step.released);
      this.#session?.program(wanted, { trigger: "warm-up", conf: source.lbConf() });
    }
    if (step.ended !== undefined) logger.info("vpp-warmup-done", { trigger: step.ended });
    if (step.ended !== undefined || step.blind !== undefined) this.#runAll("warm-up");
    this.#armWarmup(nowMs);
  }
}

/** Frontends that one log record names; the others are counted. */
const NAMED = 5;

function logBlind(logger: Logger, frontends: readonly string[]): void {
  const more = frontends.length - NAMED;
  logger.warn("vpp-warmup-hold", {
    frontends: frontends.length,
    names: frontends.slice(0, NAMED).join(", ") + (more > 0 ? ` and ${more} more` : ""),
    message:
      "all their probes were void, because the prober itself failed; VPP keeps its present state " +
      "until the first valid result",
  });
}
