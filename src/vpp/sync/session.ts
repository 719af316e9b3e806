/**
 * Synchronizes VPP over one connection, and holds what is known of this VPP.
 *
 *     run      reads all of VPP, compares, plans, applies, reports; one at a time. For connect,
 *              interval, reload, an operator, and a VIP whose known state proved wrong.
 *     program  plans against the known state and sends in the same tick; for transitions.
 *
 * VPP executes requests in order, so a reading reflects exactly what was sent before it. A VIP
 * that is changed during a reading is not judged by it: its known state follows acknowledgements.
 */
import { MaglevError } from "../../base/errors.ts";
import type { Clock, Logger } from "../../base/ports.ts";
import { Applier, vipFields } from "./apply.ts";
import { GroupSender } from "./group_sender.ts";
import { Guards } from "./guard/guards.ts";
import { Backoff } from "../../async/backoff.ts";
import { KnownState, type LbState } from "./known_state.ts";
import { PrefixLocks } from "./prefix_locks.ts";
import { actualVips } from "../lb/actual.ts";
import type { ActualVip, DesiredVip, VipKey } from "../lb/model.ts";
import { vipKeyText, vipPrefix } from "../lb/model.ts";
import { recreateReason } from "../lb/plan.ts";
import type { RecreateLimit } from "../lb/guard/recreate_limit.ts";
import type { StatsNeeds, StatsRoom, StatsUse } from "../lb/guard/stats_budget.ts";
import { LB_CONF, LbConfKeeper } from "./lb_conf.ts";
import { OwnAddresses } from "./guard/own_addresses.ts";
import { PoolIndices } from "./pool_indices.ts";
import type { CountedVips, DesiredSource, LbApi } from "../ports.ts";
import { type ReadGate, readGateOf } from "./read_gate.ts";
import { type LbReading, readLb } from "./read.ts";
import { RunQueue, type RunRequest } from "./run_queue.ts";
import { logReport, SyncBatch, together } from "./report.ts";
import type { SyncReport, SyncScope, SyncTrigger } from "./report.ts";
import { groupsOf, type VipGroup, type WantedVip } from "../lb/plan.ts";
import { DesiredVips, wantedVips } from "./desired_vips.ts";
import { type Withheld, WithheldList } from "./guard/withheld.ts";

export interface SyncSessionOptions {
  readonly lb: LbApi;
  readonly source: DesiredSource;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with every finished synchronisation. */
  readonly onStats: (report: SyncReport) => void;
  /** False while warm-up holds the frontend back. */
  readonly released: (frontend: string) => boolean;
  /** False while warm-up lasts: VIPs that are not wanted stay until then. */
  readonly mayRemove: () => boolean;
  /** Of VPP's stats segment; undefined while it is not known. */
  readonly statsRoom: () => StatsRoom | undefined;
  /** Between full reads; see read_gate.ts. */
  readonly readEveryMs: number | undefined;
  /** Outlives the connection. */
  readonly recreations: RecreateLimit;
}

export class SyncSession {
  readonly #options: SyncSessionOptions;
  readonly #applier: Applier;
  readonly #withheld: WithheldList;
  readonly #conf: LbConfKeeper;
  readonly #guards: Guards;
  readonly #sender: GroupSender;
  readonly #own: OwnAddresses;
  readonly #gate: ReadGate;
  readonly #desired: DesiredVips;
  readonly #known = new KnownState();
  readonly #indices: PoolIndices;
  readonly #locks = new PrefixLocks();
  readonly #queue: RunQueue;
  readonly #rereads: Backoff;
  readonly #retries: Backoff;
  /** VIPs whose known state proved wrong; to be read again. */
  #suspects = new Set<string>();
  /** VIPs operated on since the present reading began; undefined when none is under way. */
  #touched: Set<string> | undefined;
  /** Counts changes of what frontends there are. */
  #reloads = 0;
  /** True once VPP was read: before that there is nothing to plan against. */
  #ready = false;
  /** True while a run of everything reads or has VIPs yet to plan. */
  #fullRun = false;
  /** Groups of the present run of which something was withheld at first. */
  #incomplete: VipGroup[] = [];
  #closed = false;

  constructor(options: SyncSessionOptions) {
    this.#options = options;
    const { lb, logger, clock } = options;
    this.#desired = new DesiredVips(options);
    this.#applier = new Applier(lb, logger);
    this.#withheld = new WithheldList(logger);
    const hasVips = () => this.#known.size > 0;
    this.#conf = new LbConfKeeper({ ...options, withheld: this.#withheld, hasVips });
    this.#guards = new Guards({ ...options, known: () => this.#known.vips() });
    this.#own = new OwnAddresses(lb, logger);
    this.#gate = readGateOf(lb, clock, options.readEveryMs);
    this.#indices = new PoolIndices({ lb, known: this.#known, gate: this.#gate });
    this.#sender = new GroupSender({
      applier: this.#applier,
      guards: this.#guards,
      withheld: this.#withheld,
      known: this.#known,
      locks: this.#locks,
      indices: this.#indices,
      capabilities: lb.capabilities,
      recreations: options.recreations,
      clock,
      logger,
      touched: (key) => this.#touched?.add(key),
      suspect: (key) => this.#suspect(key),
      // What is in the way may be what a run of everything is about to remove.
      mayDefer: () => this.#fullRun || this.#queue.waits("all"),
      freed: (prefix) => this.#programDeferred(prefix),
      again: (keys) => void this.run({ scope: "vip", trigger: "retry", keys }).catch(() => {}),
    });
    this.#queue = new RunQueue(
      (request) => this.#reconcileOnce(request),
      (request, error) => this.#runFailed(request, error),
    );
    this.#rereads = new Backoff(clock);
    this.#retries = new Backoff(clock);
  }

  /** The known state; undefined until VPP was read. */
  state(): LbState | undefined {
    return this.#ready ? { conf: this.#conf.known, vips: this.#known.vips() } : undefined;
  }

  /** One VIP as known; undefined until VPP was read. */
  vip(key: VipKey): ActualVip | undefined {
    return this.#ready ? this.#known.get(key) : undefined;
  }

  /** Operations not sent, because VPP would not survive them. */
  withheld(): readonly Withheld[] {
    return this.#withheld.list();
  }

  /** See Reconciler.statsUse(). */
  statsUse(wanted: StatsNeeds): StatsUse | undefined {
    return this.#guards.statsUse(wanted);
  }

  /** The indices of counters; undefined until VPP was read. */
  counted(): CountedVips | undefined {
    return this.#ready ? this.#indices : undefined;
  }

  /** The report of a run made for this; rejects when the connection ends before. */
  run(request: RunRequest): Promise<SyncReport> {
    return this.#queue.push(request);
  }

  /** An operator's run(). VIPs deferred to a full run are tried again after it, or have failed. */
  async sync(request: RunRequest): Promise<SyncReport> {
    const report = await this.run(request);
    return report.deferred === 0 ? report : together(report, await this.run(request));
  }

  /** The frontends changed: a run under way begins again with the new ones. */
  reloaded(): void {
    this.#reloads++;
  }

  /** Sends what these VIPs lack, planned against the state last known, before it returns. */
  program(wanted: readonly WantedVip[], trigger: SyncTrigger): void {
    // The run that makes it ready sees what is wanted by then.
    if (!this.#ready || this.#closed) return;
    const batch = this.#batch("vip", trigger);
    this.#conf.push(this.#options.source.lbConf(), trigger);
    for (const { frontend, vip: desired } of wanted) {
      const prefix = vipPrefix(desired);
      if (this.#mustWait(prefix, desired)) {
        this.#locks.defer(prefix, frontend, trigger);
      } else {
        this.#sender.send([desired], { prefix, remove: false, batch });
      }
    }
    batch.seal();
  }

  /** True while a VIP cannot be planned: for itself or, when it is to be added, its neighbours. */
  #mustWait(prefix: string, desired: DesiredVip): boolean {
    if (this.#locks.idle(prefix) === undefined) return this.#locks.reserved(prefix);
    if (this.#locks.reserved(prefix)) return true;
    const known = this.#known.get(desired);
    return known === undefined || recreateReason(desired, known) !== undefined ||
      this.#locks.busy(prefix, vipKeyText(desired));
  }

  /** Stops sending and rejects waiting runs; resolves when everything sent is answered. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#rereads.cancel();
    this.#retries.cancel();
    this.#sender.close();
    this.#gate.close();
    this.#queue.close(connectionEnded());
    await this.#locks.allIdle();
  }

  /** One reconciliation: read, judge, plan, apply, count. */
  async #reconcileOnce(request: RunRequest): Promise<SyncReport> {
    const batch = this.#batch(request.scope, request.trigger);
    this.#fullRun = request.scope === "all";
    try {
      const known = this.#isKnown(request);
      if (!known) this.#judge(request, await this.#read());
      await this.#programGroups(request, batch);
      await this.#programWithheld(request, batch);
      // What others changed meanwhile is found as soon as VPP may be read again.
      if (known) void this.run({ scope: "all", trigger: "interval" }).catch(() => {});
    } finally {
      this.#fullRun = false;
    }
    batch.seal();
    await batch.finished;
    if (batch.lost || this.#closed) throw connectionEnded();
    if (batch.failed === 0) this.#rereads.reset();
    this.#retries.reset();
    return batch.report(this.#options.clock.monotonicMs());
  }

  /** True when the known state suffices: read a moment ago, and acknowledged since. */
  #isKnown({ trigger }: RunRequest): boolean {
    return this.#ready && this.#gate.recent && (trigger === "reload" || trigger === "warm-up");
  }

  async #read(): Promise<LbReading> {
    const turn = this.#gate.turn();
    if (turn !== undefined) await turn;
    if (this.#closed) throw connectionEnded();
    const { lb, logger, source } = this.#options;
    this.#touched = new Set();
    this.#conf.reading();
    const [reading] = await Promise.all([readLb(lb, logger), this.#own.read()]);
    if (this.#closed) throw connectionEnded();
    this.#own.warn(this.#desired.all(), { conf: source.lbConf() });
    return reading;
  }

  /** Adopts the reading of the VIPs in question, and logs changes that others made. */
  #judge(request: RunRequest, reading: LbReading): void {
    const touched = this.#touched ?? new Set();
    this.#touched = undefined;
    this.#conf.read(reading.conf);
    const found = actualVips(
      reading.vips,
      this.#desired.stickyWhenUntold(() => this.#known.vips()),
    );
    const inQuestion = this.#ready ? this.#desired.prefixesOf(request) : undefined;
    const drifts = this.#known.adopt(found, (vip) => {
      if (touched.has(vipKeyText(vip))) return false;
      return inQuestion === undefined || inQuestion.has(vipPrefix(vip));
    });
    this.#guards.read(this.#known.vips(), reading.vips);
    const { logger } = this.#options;
    if (this.#ready) {
      for (const { vip, found, expected } of drifts) {
        logger.warn("vpp-lbsync-drift", { ...vipFields(vip), found, expected });
      }
    } else {
      this.#ready = true;
      const servers = found.reduce((sum, vip) => sum + vip.servers.length, 0);
      logger.info("vpp-lb-state", {
        vips: found.length,
        "application-servers": servers,
        "sticky-buckets-per-core": reading.conf?.stickyBucketsPerCore,
        "flow-timeout": reading.conf?.flowTimeoutS,
      });
    }
  }

  async #programGroups(request: RunRequest, batch: SyncBatch): Promise<void> {
    const { source, mayRemove } = this.#options;
    const reloads = this.#reloads;
    // Decided together with the frontends: a VIP held back must not look unwanted later on.
    const remove = request.scope === "all" && mayRemove();
    const groups = groupsOf(this.#desired.of(request), remove ? this.#known.vips() : []);
    if (remove || groups.length > 0) this.#conf.push(source.lbConf(), request.trigger);
    this.#incomplete = [];
    let awaited = false;
    for (const group of groups) {
      const turn = this.#turn(group.prefix);
      if (turn !== undefined) {
        await turn;
        this.#locks.release(group.prefix);
        awaited = true;
      }
      if (this.#closed) return;
      const restarted = this.#reloads !== reloads;
      if (!restarted) {
        // The desired state changes while others have their turn.
        const desired = awaited ? this.#desired.newest(group) : group.desired;
        const { prefix } = group;
        const sent = this.#sender.send(desired, { prefix, remove, batch, tentative: true });
        if (!sent.complete) this.#incomplete.push(group);
        const idle = sent.recreates ? this.#locks.idle(prefix) : undefined;
        if (idle !== undefined) {
          // One address after the other is out, and each as short as can be.
          await idle;
          awaited = true;
        }
      }
      // Changes that came while this run waited; its own frontends are newest already.
      this.#programDeferred(group.prefix, group.frontends);
      if (restarted) return await this.#programGroups(request, batch);
    }
  }

  /**
   * Plans again what was not let through, once VPP has done the rest: what is to go may have been
   * in its way. What is withheld even then is named.
   */
  async #programWithheld(request: RunRequest, batch: SyncBatch): Promise<void> {
    const remove = request.scope === "all" && this.#options.mayRemove();
    const groups = this.#incomplete;
    this.#incomplete = [];
    const reloads = this.#reloads;
    if (groups.length > 0) await this.#locks.allIdle();
    for (const group of groups) {
      const { prefix } = group;
      const turn = this.#turn(prefix);
      if (turn !== undefined) {
        await turn;
        this.#locks.release(prefix);
      }
      if (this.#closed) return;
      // A reload has a run of its own, to which these frontends may be others.
      const stale = this.#reloads !== reloads;
      if (!stale) this.#sender.send(this.#desired.newest(group), { prefix, remove, batch });
      this.#programDeferred(prefix, stale ? [] : group.frontends);
      if (stale) return;
    }
    if (request.scope !== "all") return;
    // What is neither wanted nor there is not withheld.
    const keys = new Set([...this.#desired.all(), ...this.#known.vips()].map(vipKeyText));
    this.#withheld.keep((key) => key === LB_CONF || keys.has(key));
  }

  /** Resolves when a prefix, reserved then, can be planned; undefined when that is now. */
  #turn(prefix: string): Promise<void> | undefined {
    const room = this.#applier.room();
    const idle = this.#locks.idle(prefix);
    return room === undefined && idle === undefined ? undefined : this.#waitForTurn(prefix, room);
  }

  /** Room first: a prefix is reserved no longer than VPP takes to answer what it was sent. */
  async #waitForTurn(prefix: string, room: Promise<void> | undefined): Promise<void> {
    for (; room !== undefined && !this.#closed; room = this.#applier.room()) await room;
    this.#locks.reserve(prefix);
    await this.#locks.idle(prefix);
  }

  /** Programs deferred frontends except `done`, unless a run has reserved the prefix. */
  #programDeferred(prefix: string, done: readonly string[] = []): void {
    if (this.#locks.reserved(prefix)) return;
    for (const [frontend, trigger] of this.#locks.takeDeferred(prefix)) {
      if (!done.includes(frontend)) {
        this.program(wantedVips(this.#options.source, [frontend]), trigger);
      }
    }
  }

  #suspect(key: string): void {
    if (this.#closed) return;
    this.#suspects.add(key);
    this.#rereads.schedule(() => {
      const keys = [...this.#suspects].sort();
      this.#suspects = new Set();
      void this.run({ scope: "vip", trigger: "reread", keys }).catch(() => {});
    });
  }

  #runFailed(request: RunRequest, error: MaglevError): void {
    if (this.#closed || error.code === "unavailable") return;
    this.#options.logger.warn("vpp-lb-read-failed", { err: error.message });
    this.#retries.schedule(() => {
      void this.run({ ...request, trigger: "retry" }).catch(() => {});
    });
  }

  #batch(scope: SyncScope, trigger: SyncTrigger): SyncBatch {
    const { clock, logger, onStats } = this.#options;
    const onFinish = (batch: SyncBatch) => {
      if (batch.lost) return;
      const report = batch.report(clock.monotonicMs());
      onStats(report);
      logReport(report, logger);
    };
    return new SyncBatch({ scope, trigger, startMs: clock.monotonicMs(), onFinish });
  }
}

function connectionEnded(): MaglevError {
  return new MaglevError("unavailable", "connection to VPP ended");
}
