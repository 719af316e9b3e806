/**
 * Synchronizes VPP over one connection, and holds the known state of this VPP.
 *
 *     run      reads all of VPP, compares, plans, applies, reports; one at a time. For connect,
 *              interval, reload, an operator, and a VIP whose known state proved wrong.
 *     program  plans against the known state and sends in the same tick; for transitions.
 *
 * VPP executes requests in order, so a reading reflects exactly the requests sent before it. A
 * reading does not count for a VIP that changes meanwhile: acknowledgements update its known state.
 */
import type { MaglevError } from "../../base/errors.ts";
import type { Clock, Logger } from "../../base/ports.ts";
import { Applier, vipFields } from "./apply.ts";
import { GroupSender } from "./group_sender.ts";
import { Guards } from "./guard/guards.ts";
import { Backoff } from "../../async/backoff.ts";
import { Slice } from "../../async/pause.ts";
import { type KnownReader, KnownState, type LbState } from "./known_state.ts";
import { PrefixLocks } from "./prefix_locks.ts";
import { assemblingVips } from "../lb/actual.ts";
import { type DesiredVip, type LbConf, vipKeyText, vipPrefix } from "../lb/model.ts";
import { groupByPrefix, recreateReason, type VipGroup, type WantedVip } from "../lb/plan.ts";
import type { RecreateLimit } from "../lb/guard/recreate_limit.ts";
import type { StatsNeeds, StatsRoom, StatsUse } from "../lb/guard/stats_budget.ts";
import { LB_CONF, LbConfKeeper } from "./lb_conf.ts";
import { OwnAddresses } from "./guard/own_addresses.ts";
import { PoolIndices } from "./pool_indices.ts";
import type { CountedVips, DesiredSource, LbApi } from "../ports.ts";
import { type ReadGate, readGateOf } from "./read_gate.ts";
import { type LbReading, logLbState, readLb } from "./read.ts";
import { connectionEnded, RunQueue, type RunRequest } from "./run_queue.ts";
import { logReport, SyncBatch, together } from "./report.ts";
import type { SyncReport, SyncScope, SyncTrigger } from "./report.ts";
import { DesiredVips, wantedVips } from "./desired_vips.ts";
import type { SentWeights } from "./sent_weights.ts";
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
  /** False during warm-up, which keeps VIPs that are not desired. */
  readonly mayRemove: () => boolean;
  /** The room in VPP's stats segment; undefined while it is not known. */
  readonly statsRoom: () => StatsRoom | undefined;
  /** Minimum time between full reads; see read_gate.ts. */
  readonly readEveryMs: number | undefined;
  /** Outlives the connection, as does `sent`. */
  readonly recreations: RecreateLimit;
  readonly sent: SentWeights;
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
  readonly #known: KnownState;
  readonly #indices: PoolIndices;
  readonly #locks = new PrefixLocks();
  readonly #queue: RunQueue;
  readonly #rereads: Backoff;
  readonly #retries: Backoff;
  readonly #slice: Slice;
  /** VIPs to read again, because their known state proved wrong. */
  #suspects = new Set<string>();
  /** VIPs changed since the present reading began; undefined when none is under way. */
  #touched: Set<string> | undefined;
  /** Counts reloads, which may change the set of frontends. */
  #reloads = 0;
  /** True once VPP was read: before that there is nothing to plan against. */
  #ready = false;
  /** True while a full run reads VPP or still has VIPs to plan. */
  #fullRun = false;
  /** Groups of the present run with operations that were withheld at first. */
  #incomplete: VipGroup[] = [];
  #closed = false;

  constructor(options: SyncSessionOptions) {
    this.#options = options;
    const { lb, logger, clock } = options;
    this.#known = new KnownState(clock);
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
      newest: (group) => this.#desired.newest(group),
      recreations: options.recreations,
      sent: options.sent,
      clock,
      logger,
      touched: (key) => this.#touched?.add(key),
      suspect: (key) => this.#suspect(key),
      // A full run may be about to remove the VIP that is in the way.
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
    this.#slice = new Slice(clock);
  }

  /** The known state; undefined until VPP was read. */
  state(): LbState | undefined {
    return this.#ready ? { conf: this.#conf.known, vips: this.#known.vips() } : undefined;
  }

  /** The known state by VIP; undefined until VPP was read. */
  known(): KnownReader | undefined {
    return this.#ready ? this.#known : undefined;
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

  /** Requests a run and returns its report; rejects when the connection ends before. */
  run(request: RunRequest): Promise<SyncReport> {
    return this.#queue.push(request);
  }

  /** An operator's run(). VIPs deferred to a full run are retried once, then count as failed. */
  async sync(request: RunRequest): Promise<SyncReport> {
    const report = await this.run(request);
    return report.deferred === 0 ? report : together(report, await this.run(request));
  }

  /** The frontends changed: a run under way starts again with the new ones. */
  reloaded(): void {
    this.#reloads++;
  }

  /** Plans these VIPs against the known state and sends the operations before it returns. */
  program(
    wanted: readonly WantedVip[],
    { trigger, conf }: { readonly trigger: SyncTrigger; readonly conf: LbConf },
  ): void {
    // The first run, which makes it ready, takes the desired state of its own time.
    if (!this.#ready || this.#closed) return;
    const batch = this.#batch("vip", trigger);
    this.#conf.push(conf, trigger);
    for (const { frontend, vip: desired } of wanted) {
      const group = { prefix: vipPrefix(desired), frontends: [frontend] };
      if (this.#mustWait(group.prefix, desired)) {
        this.#locks.defer(group.prefix, frontend, trigger);
      } else {
        this.#sender.send([desired], { group, remove: false, batch });
      }
    }
    batch.seal();
  }

  /** True while the prefix is reserved, the VIP is busy or, for an addition, its prefix is. */
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

  /** One reconciliation: read, compare, plan, apply, count. */
  async #reconcileOnce(request: RunRequest): Promise<SyncReport> {
    const batch = this.#batch(request.scope, request.trigger);
    this.#fullRun = request.scope === "all";
    try {
      const reading = this.#isKnown(request) ? undefined : await this.#read();
      this.#slice.begin();
      if (reading !== undefined) await this.#judge(request, reading);
      await this.#programGroups(request, batch);
      await this.#programWithheld(request, batch);
      // Finds changes by other programs as soon as VPP may be read again.
      if (reading === undefined) {
        void this.run({ scope: "all", trigger: "interval" }).catch(() => {});
      }
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

  /** True when the known state suffices: VPP was read less than a second ago. */
  #isKnown({ trigger }: RunRequest): boolean {
    return this.#ready && this.#gate.recent && (trigger === "reload" || trigger === "warm-up");
  }

  async #read(): Promise<LbReading> {
    const turn = this.#gate.turn("state");
    if (turn !== undefined) await turn;
    if (this.#closed) throw connectionEnded();
    const { lb, logger, source, clock } = this.#options;
    this.#touched = new Set();
    this.#conf.reading();
    const [reading] = await Promise.all([readLb(lb, logger, clock), this.#own.read()]);
    if (this.#closed) throw connectionEnded();
    this.#own.warn(this.#desired.all(), { conf: source.lbConf() });
    return reading;
  }

  /** Takes the reading as the known state, and logs changes that other programs made. */
  async #judge(request: RunRequest, reading: LbReading): Promise<void> {
    const sticky = this.#desired.stickyWhenUntold(() => this.#known.vips());
    const found = await this.#slice.run(assemblingVips(reading.vips, sticky));
    if (this.#closed) throw connectionEnded();
    this.#conf.read(reading.conf);
    const inQuestion = this.#ready ? this.#desired.prefixesOf(request) : undefined;
    const adopting = this.#known.adopting(found, (vip) => {
      return this.#touched?.has(vipKeyText(vip)) !== true &&
        (inQuestion === undefined || inQuestion.has(vipPrefix(vip)));
    });
    const drifts = await this.#slice.run(adopting);
    if (this.#closed) throw connectionEnded();
    this.#touched = undefined;
    this.#guards.read(this.#known.vips(), reading.vips);
    const { logger } = this.#options;
    if (this.#ready) {
      for (const { vip, found, expected } of drifts) {
        logger.warn("vpp-lbsync-drift", { ...vipFields(vip), found, expected });
      }
    } else {
      this.#ready = true;
      logLbState(logger, { vips: found, conf: reading.conf });
      this.#options.sent.found(found);
    }
  }

  async #programGroups(request: RunRequest, batch: SyncBatch): Promise<void> {
    const { source, mayRemove } = this.#options;
    const reloads = this.#reloads;
    // Decided together with the frontends, so that a VIP held back is never taken for unwanted.
    const remove = request.scope === "all" && mayRemove();
    const groups = groupByPrefix(this.#desired.of(request), remove ? this.#known.vips() : []);
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
        // The desired state may have changed during the wait.
        const desired = awaited ? this.#desired.newest(group) : group.desired;
        const sent = this.#sender.send(desired, { group, remove, batch, tentative: true });
        if (!sent.complete) this.#incomplete.push(group);
        const idle = sent.recreates ? this.#locks.idle(group.prefix) : undefined;
        if (idle !== undefined) {
          // Only one address is out of service at a time, for as short as possible.
          await idle;
          awaited = true;
        }
      }
      // Sends changes that came while this run waited. The group's own frontends are current.
      this.#programDeferred(group.prefix, group.frontends);
      if (restarted) return await this.#programGroups(request, batch);
    }
  }

  /**
   * Plans withheld groups again when VPP has done the rest, because a VIP or server that is now
   * removed may have been the reason. Reports what is still withheld.
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
      // A reload requests a run of its own, and these frontends may have changed.
      const stale = this.#reloads !== reloads;
      if (!stale) this.#sender.send(this.#desired.newest(group), { group, remove, batch });
      this.#programDeferred(prefix, stale ? [] : group.frontends);
      if (stale) return;
    }
    if (request.scope !== "all") return;
    // A VIP that is neither desired nor in VPP has nothing withheld.
    const keys = new Set([...this.#desired.all(), ...this.#known.vips()].map(vipKeyText));
    this.#withheld.keep((key) => key === LB_CONF || keys.has(key));
  }

  /** Reserves a prefix and resolves when it can be planned; undefined when it can be now. */
  #turn(prefix: string): Promise<void> | undefined {
    const room = this.#applier.room();
    const idle = this.#locks.idle(prefix);
    const now = room === undefined && idle === undefined && !this.#slice.over;
    return now ? undefined : this.#waitForTurn(prefix, room);
  }

  /** Waits for room first, so that a prefix is reserved only until VPP has answered. */
  async #waitForTurn(prefix: string, room: Promise<void> | undefined): Promise<void> {
    if (this.#slice.over) await this.#slice.rest();
    for (; room !== undefined && !this.#closed; room = this.#applier.room()) await room;
    this.#locks.reserve(prefix);
    await this.#locks.idle(prefix);
  }

  /** Programs deferred frontends except `done`, unless a run has reserved the prefix. */
  #programDeferred(prefix: string, done: readonly string[] = []): void {
    if (this.#locks.reserved(prefix)) return;
    const { source } = this.#options;
    for (const [frontend, trigger] of this.#locks.takeDeferred(prefix)) {
      if (done.includes(frontend)) continue;
      this.program(wantedVips(source, [frontend]), { trigger, conf: source.lbConf() });
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
    this.#retries.schedule(() => void this.run({ ...request, trigger: "retry" }).catch(() => {}));
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
