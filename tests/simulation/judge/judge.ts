/**
 * Holds a world to what must always be true. Everything is checked in the turn in which it happens,
 * or at each tick; the first thing that is wrong ends the run.
 */
import type { LogEventName, LogFields } from "../../../src/base/ports.ts";
import type { CheckerEvent } from "../../../src/checker/ports.ts";
import type { Config } from "../../../src/config/model.ts";
import type { Daemon } from "../../../src/daemon/wire.ts";
import type { DaemonProcess } from "../world/process.ts";
import { requestText, type SentRequest } from "../world/requests.ts";
import type { CountersSnapshot } from "../../../src/vpp/ports.ts";
import type { SyncReport } from "../../../src/vpp/sync/report.ts";
import type { TakenFault } from "../world/vpp.ts";
import type { Observer, World } from "../world/world.ts";
import type { Forecast, ReloadForecast } from "../../../src/forecast/forecast.ts";
import { announcedIn } from "../../../src/announce/file_text.ts";
import { CountersJudge } from "./vpp/counters_judge.ts";
import { vipKeyText } from "../../../src/vpp/lb/model.ts";
import { AnnounceJudge } from "./announce_judge.ts";
import { ANNOUNCE_FILE } from "../world/configs.ts";
import { type Excuse, Excuses } from "./excuses.ts";
import { DeedJudge, planDifference } from "./vpp/plan_judge.ts";
import { explainDifference } from "./explain_judge.ts";
import { HealthJudge } from "./health_judge.ts";
import { type ActionTimes, IntentJudge } from "./intent_judge.ts";
import { Trace } from "./trace.ts";
import { type Memories, RampJudge, unrisen, wronglyHeld } from "./policy_judge.ts";
import { judgeRequests } from "./vpp/request_judge.ts";
import { difference } from "./vpp/difference.ts";
import { FlushJudge } from "./vpp/flush_judge.ts";
import { crampedBy, WithheldJudge } from "./vpp/withheld_judge.ts";
import { FrontendJudge } from "./frontend_judge.ts";
import { StoryJudge } from "./story_judge.ts";
import {
  type CheckerState,
  countsAsUp,
  isDamped,
  keyOf,
  wantedOf,
  type WantedVip,
} from "./wanted.ts";

/** What is wrong, and when. */
export interface Failure {
  readonly invariant: string;
  readonly message: string;
  readonly atMs: number;
}

/** After a transition VPP is right again within this time, when it was right before. */
const AT_ONCE_MS = 60;
/** An operator's sync waits for the time between two readings. */
const READ_MS = 1000 + AT_ONCE_MS;
/** After a reload. */
const SOON_MS = 4000;
/** Lost messages are noticed, connections made again, and failed operations repeated within this. */
const RECOVERY_MS = 22_000;
/** After a connection to a VPP without faults. */
const CONNECTED_MS = 3000;
/** A connection with a missing answer ends within this, unless the process was stopped. */
const UNANSWERED_MS = 5500;
/** Longest wait until a failed write of intents is repeated, or the clock is looked at again. */
const RETRIED_MS = 62_000;
/** A failed write of the announced prefixes is repeated within this. */
const REWRITTEN_MS = 5000;
/** A VIP is taken down and put up again within this; more under a slow VPP, which is a disturbance. */
const RECREATED_MS = 5000;
/** More timers than this, and two for each target, are never needed. */
const MOST_TIMERS = 40;
/** The files, a temporary one of each, and the quarantined ones. */
const MOST_FILES = 12;
/** Routes are counted in a smaller stats segment than this. */
const MOST_CRAMPED_BYTES = 2 << 20;
/** Files of the history, as in segments.ts. */
const MOST_SEGMENTS = 16;

/** How often things are checked that are not bound to an event. */
export interface JudgePace {
  readonly tickMs: number;
  /** VPP is compared at least so often, even if nothing has changed. */
  readonly comparedMs: number;
  /** At each comparison one of so many backends is explained; default: all are. */
  readonly explainedOf?: number;
}

const PACE: JudgePace = { tickMs: 250, comparedMs: 3000 };

export class Judge implements Observer {
  readonly #pace: JudgePace;
  #comparisons = 0;
  readonly trace = new Trace();
  failure: Failure | undefined;
  readonly #world: World;
  readonly #health: HealthJudge;
  readonly #intents: IntentJudge;
  readonly #frontends: FrontendJudge;
  readonly #flushes = new FlushJudge();
  readonly #story: StoryJudge;
  readonly #deeds = new DeedJudge();
  readonly #announce = new AnnounceJudge();
  readonly #ramps = new RampJudge();
  readonly #counters = new CountersJudge();
  readonly #withheld = new WithheldJudge();
  /** Starts of VPP before the present connection. */
  #startsAtConnect = 0;
  /** Until then a fault of the disk, or a stop, may delay the file of announced prefixes. */
  #lateFileMs = 0;
  /** Operators' syncs under way. */
  #syncs = 0;
  /** VPP was right before the reload that is being carried out. */
  #wasRight = false;
  /** VPP had each VIP before it. */
  #wasProgrammed = false;
  /** What may be otherwise than it should for a while. */
  readonly #excuses = new Excuses((text) => this.trace.add(this.#world.time.nowMs, text));
  /** When a request of this connection was left without an answer. */
  #unansweredMs: number | undefined;
  /** Until then the daemon may be stopped. */
  #blindUntilMs = 0;
  #diskFaultUntilMs = 0;
  /** Since then no fault of the disk, and no stop of the daemon, delays what it stores. */
  #soundMs = 0;
  /** Then writes that failed are repeated, and ends of intents noticed after the clock was set. */
  #forgottenMs = 0;
  #tickMs = 0;
  /** When the present daemon was wired. */
  #wiredMs = 0;
  /** The present daemon did not read its intents, because of a fault of the disk. */
  #isUnreadable = false;
  /** By VIP: when the daemon began to recreate it. */
  readonly #recreatedMs = new Map<string, number>();
  /** By VIP: when it had no weight and requests for it were sent. */
  readonly #openingMs = new Map<string, number>();
  /** By VIP and server: when it had no weight and was given some. */
  readonly #raisedMs = new Map<string, number>();
  /** Backends that counted as up right before a reload. */
  #serving: readonly string[] = [];
  #stopping: DaemonProcess | undefined;
  /** Requests of the present turn, in order. */
  #requests: SentRequest[] = [];
  /** The states in the course of the turn: requests are decided before they are sent. */
  readonly #inTurn = new Set<CheckerState>();
  /** What VPP should have, and the states for which it was worked out. */
  #wantedVips: ReadonlyMap<string, WantedVip> = new Map();
  #states: readonly unknown[] = [];
  /** What policies hold, now and before the last change. */
  #memories: Memories = new Map();
  #memoriesBefore: Memories = new Map();
  #isReloading = false;
  /** Those with which frontends were compared last. */
  #served: ReadonlyMap<string, WantedVip> | undefined;
  /** What VPP should have had at the last comparison, its changes, and when it was. */
  #compared: { wanted: ReadonlyMap<string, WantedVip>; changes: number; atMs: number } | undefined;

  constructor(world: World, pace = PACE) {
    this.#pace = pace;
    this.#world = world;
    const fail = (invariant: string, message: string) => this.fail(invariant, message);
    this.#health = new HealthJudge(world, fail);
    this.#intents = new IntentJudge(world, fail);
    this.#frontends = new FrontendJudge(fail);
    this.#story = new StoryJudge(fail);
  }

  // What the world reports.

  wired(daemon: Daemon, process: DaemonProcess): void {
    this.trace.add(this.#world.time.nowMs, "daemon starts");
    this.#health.wired(daemon);
    this.#intents.wired(daemon);
    this.#frontends.wired(daemon.checker.current);
    this.#noteMemories(daemon);
    this.#wiredMs = this.#world.time.nowMs;
    this.#announce.starting(this.#world.disk.text(ANNOUNCE_FILE));
    daemon.checker.subscribe((event) => {
      if (this.#world.process !== process) return;
      this.#story.happened(event);
      this.#happened(event, daemon);
    });
    daemon.vpp!.counters.onSnapshot = (snapshot) => {
      if (this.#world.process === process) this.#counted(snapshot);
    };
    this.#story.wired(process);
  }

  sent(requests: readonly SentRequest[]): void {
    this.#requests.push(...requests);
  }

  refused(request: string, retval: number): void {
    const { nowMs } = this.#world.time;
    this.trace.add(nowMs, `VPP refuses ${request}: ${retval}`);
    const isBlocked = this.#world.vpp.natAddresses().size > 0;
    if (!this.#isExcused("doubtful") && !this.#isExcused("changing") && !isBlocked) {
      this.fail("nothing is refused", `VPP refused ${request} with ${retval}, without a cause`);
    }
  }

  vppDied(reason: string): void {
    this.fail("VPP survives", reason);
  }

  faulted(fault: TakenFault): void {
    const { nowMs } = this.#world.time;
    this.trace.add(nowMs, `VPP: ${fault}`);
    // The answer is missing, or taken for that of another request: the connection will end.
    const isLost = fault === "garbled" || fault === "withheld";
    this.disturb(`VPP: ${fault}`, isLost ? UNANSWERED_MS : 0);
    this.#deeds.forget();
    const forMs = this.#excuses.untilMs("wrong") - nowMs;
    // A garbled reading is believed until the next one, like a change by another program.
    if (fault === "garbled") this.#excuse("edited", forMs, fault);
    // A reading also shows what was carried out without an answer.
    if (fault === "garbled" || fault === "withheld") this.#excuse("drift", forMs, fault);
    if (fault === "withheld" && this.#world.daemon?.vpp?.connection.state.kind === "connected") {
      this.#unansweredMs ??= Math.max(nowMs, this.#blindUntilMs);
    }
  }

  logged(level: string, event: LogEventName, fields: LogFields): void {
    this.trace.add(this.#world.time.nowMs, `log ${level} ${event} ${JSON.stringify(fields)}`);
    const { nowMs: atMs, wallMs } = this.#world.time;
    this.#story.logged(level, event, { fields, atMs, wallMs });
    if (event === "vpp-lbsync-vip-recreate") {
      this.#recreatedMs.set(keyOfFields(fields), this.#world.time.nowMs);
      this.#changing(AT_ONCE_MS, event);
    }
    if (event === "vpp-warmup-done" && fields.trigger === "operator") {
      this.#changing(READ_MS, event);
    }
    if (event === "vpp-lbsync-done" && fields.trigger === "reload") {
      const wrong = this.#deeds.done(fields);
      if (wrong !== undefined) this.fail("what a plan said is what happened", wrong);
    }
    if (event === "vpp-connect") this.#connected();
    if (event === "vpp-connect") this.#startsAtConnect = this.#world.vpp.starts;
    if (event === "operator-drain-done") this.#judgeDrained(String(fields.backend));
    if (event === "vpp-disconnect") this.#unansweredMs = undefined;
    if (event === "vpp-lbsync-drift" && !this.#isExcused("drift")) {
      this.fail("the known state of VPP is right", JSON.stringify(fields));
    }
    if (event === "history-damaged" && this.#world.disk.fault === "broken") {
      this.trace.add(atMs, "excuse: the disk is broken while the history is read");
      this.#story.damaged();
    }
    if (event === "events-dropped") this.fail("no bug", `${event} ${fields.err}`);
    if (event === "operator-intent-file-unusable") {
      // A file that was unreadable at the start is quarantined as soon as the disk allows it.
      const isAllowed = this.#world.time.nowMs <= this.#diskFaultUntilMs || this.#isUnreadable;
      if (!isAllowed) this.fail("intents survive", `the file is unusable: ${fields.err}`);
      this.#isUnreadable = true;
      this.#intents.forget();
    }
  }

  failed(error: unknown): void {
    this.fail("no bug", error instanceof Error ? error.stack ?? error.message : String(error));
  }

  stepped(): void {
    this.#story.stepped();
    if (this.#requests.length > 0) {
      const requests = this.#requests;
      this.#requests = [];
      for (const request of requests) {
        this.trace.add(this.#world.time.nowMs, `sent ${requestText(request)}`);
      }
      this.#judgeSent(requests);
    }
    this.#inTurn.clear();
    this.#lookAtAnnounced();
    if (this.#world.time.nowMs < this.#tickMs + this.#pace.tickMs) return;
    this.#tickMs = this.#world.time.nowMs;
    this.#tick();
  }

  /** True when another program changed VPP, or its answers were garbled, and this may show. */
  get mayBeMisled(): boolean {
    return this.#isExcused("edited");
  }

  /** True when all faults are over and VPP should have recovered. */
  get isCalm(): boolean {
    const { nowMs } = this.#world.time;
    return !this.#isExcused("wrong") && nowMs > this.#forgottenMs && !this.#ramps.rises &&
      !this.#hasSteps && this.mustBeRight;
  }

  /** True when a step of `slow-start` is due later, perhaps since this moment. */
  get #hasSteps(): boolean {
    const frontends = this.#world.daemon?.checker.current.frontends.values() ?? [];
    return [...frontends].some(({ memory }) => memory.wakeAtMs !== undefined);
  }

  // What the actions report.

  /** VPP may be wrong for `ms`, and for as long as it takes to recover; `isEdited`: by others. */
  disturb(cause: string, ms: number, isEdited = false): void {
    const sync = this.#world.config.vppLb!.syncIntervalMs;
    this.#deeds.forget();
    const recovery = isEdited ? sync + 3000 : sync + RECOVERY_MS;
    this.#excuse("faulty", ms, cause);
    // What another program changed is read after all disturbances.
    const faultyMs = Math.max(ms, this.#excuses.untilMs("faulty") - this.#world.time.nowMs);
    if (isEdited || this.#isExcused("edited")) this.#excuse("edited", faultyMs + recovery, cause);
    if (isEdited) this.#excuse("drift", sync + RECOVERY_MS, cause);
    this.#excuse("wrong", ms + recovery, cause);
    this.#excuse("doubtful", ms + sync + RECOVERY_MS, cause);
  }

  /** A run that compared all of VPP has ended. */
  synchronized({ scope, trigger, failed, deferred, durationMs }: SyncReport): void {
    if (scope !== "all" || failed > 0 || deferred > 0) return;
    // These may go by what is known.
    if (trigger === "reload" || trigger === "warm-up") return;
    const { nowMs } = this.#world.time;
    this.#excuses.synchronized(nowMs, nowMs - durationMs);
  }

  /** Probes do not count, or are late, for `ms`; `loses`: results are lost too. */
  blindFor(ms: number, loses = false): void {
    this.#health.blindFor(ms, loses);
    this.#unsoundFor(ms);
    this.#blindUntilMs = Math.max(this.#blindUntilMs, this.#world.time.nowMs + ms);
    if (this.#unansweredMs !== undefined) this.#unansweredMs += ms;
  }

  /** Nothing answers the prober for `ms`. */
  cutOffFor(ms: number): void {
    this.#health.cutOffFor(ms);
  }

  /** The daemon does nothing for `ms`, less than a second. */
  stutters(ms: number): void {
    this.blindFor(ms);
    this.#changing(ms + AT_ONCE_MS, "the daemon is stopped");
  }

  diskFaultFor(ms: number): void {
    const { nowMs } = this.#world.time;
    this.#unsoundFor(ms);
    this.#diskFaultUntilMs = Math.max(this.#diskFaultUntilMs, nowMs + ms + 6000);
    this.#forgottenMs = Math.max(this.#forgottenMs, nowMs + ms + RETRIED_MS);
  }

  /** The clock is set by `byMs`. */
  clockSet(byMs: number): void {
    // Intents whose time is over by now have ended, even when the clock is set back.
    this.#intents.expire();
    this.#intents.clockSet();
    this.#world.time.wallOffsetMs += byMs;
    this.#intents.expire();
    this.#health.clockSet();
    this.#forgottenMs = Math.max(this.#forgottenMs, this.#world.time.nowMs + RETRIED_MS);
  }

  /** Before a daemon is killed, or when it has stopped. */
  killed(downMs: number): void {
    this.#storyEnds(false);
    this.#counters.forget();
    const cause = "the daemon starts";
    this.disturb(cause, downMs);
    const warmupMs = this.#world.config.vppLb!.startupMaxDelayMs;
    this.#excuse("warming", downMs + warmupMs + CONNECTED_MS, cause);
    this.#unansweredMs = undefined;
    this.#stopping = undefined;
    this.#isUnreadable = false;
  }

  stopping(process: DaemonProcess): void {
    this.#stopping = process;
    this.#story.stopping();
  }

  isStopping(process: DaemonProcess): boolean {
    return this.#stopping === process;
  }

  /** A daemon has stopped in order: nothing of it is left. */
  stopped(process: DaemonProcess): void {
    this.#storyEnds(true);
    const { announce } = process.daemon!.checker.current.config;
    const announced = announcedIn(this.#world.disk.text(ANNOUNCE_FILE) ?? "");
    const isSound = this.#world.time.nowMs > this.#lateFileMs;
    if (announce?.onStop === "withdraw" && isSound && announced.length > 0) {
      this.fail("prefixes are announced as servers serve", `${announced} after the stop`);
    }
    if (process.timers > 0) this.fail("nothing grows", `${process.timers} timers after the stop`);
  }

  reloading(next: Config): void {
    this.#isReloading = true;
    this.#intents.reloading(next);
    this.#health.reloading();
    this.#story.watch();
    const { reconciler } = this.#world.daemon!.vpp!;
    this.#wasProgrammed = this.#isProgrammed;
    // A sync under way carries out a part of what the reload is to do.
    this.#wasRight = this.mustBeRight && this.#syncs === 0 && !this.#isExcused("doubtful") &&
      reconciler.warmedUp && reconciler.withheld().length === 0 &&
      this.#world.vpp.release === "main";
    const { backends } = this.#world.daemon!.checker.current;
    this.#serving = [...backends.values()].filter(countsAsUp).map(({ name }) => name);
    this.#changing(SOON_MS, "reload");
  }

  /** `planned`: what an earlier plan said, of which this reload must do the same. */
  reloaded(plan: ReloadForecast, planned = plan): void {
    this.#isReloading = false;
    const daemon = this.#world.daemon!;
    this.#health.reloaded(daemon);
    if (this.#wasRight) this.#deeds.expect(planned);
    // What VPP keeps of a VIP that another program replaced is not known.
    const isKnown = this.#world.vpp.natAddresses().size === 0;
    const wrong = isKnown
      ? planDifference(plan, daemon.checker.current, { isProgrammed: this.#wasProgrammed })
      : undefined;
    if (wrong !== undefined) this.fail("what a plan said is what happened", wrong);
    const { config, backends } = daemon.checker.current;
    const out = this.#serving.find((name) =>
      config.backends.get(name)?.enabled === true && !countsAsUp(backends.get(name)!)
    );
    if (out !== undefined) this.fail("a reload takes no server out", `${out} was up`);
  }

  /** True when VPP has all that was decided. */
  get #isProgrammed(): boolean {
    return this.#world.daemon!.vpp!.progress.programmed() && !this.#isExcused("wrong") &&
      !this.#isExcused("changing");
  }

  /**
   * An operator's action is about to be carried out; `plan`: its plan. The result is to
   * be called right afterwards.
   */
  planned(plan: Forecast): () => void {
    const isKnown = this.#isProgrammed && this.#world.vpp.natAddresses().size === 0 &&
      this.#world.daemon!.vpp!.reconciler.withheld().length === 0;
    return () => {
      if (!isKnown) return;
      const { current } = this.#world.daemon!.checker;
      const wrong = planDifference(plan, current, { isProgrammed: true });
      if (wrong !== undefined) this.fail("what a plan said is what happened", wrong);
    };
  }

  /** An operator acts on a backend; the result is to be called when the answer has come. */
  acting(action: string, backend: string, times: ActionTimes): () => void {
    this.changed();
    return this.#intents.acting(action, backend, times);
  }

  /** An operator changes a backend in another way. */
  changing(backend: string): void {
    this.changed();
    this.#intents.changing(backend);
  }

  /** An operator's sync begins; the result is to be called when it has ended. */
  syncing(): () => void {
    this.#syncs++;
    return () => void this.#syncs--;
  }

  changed(): void {
    this.#deeds.forget();
    this.#changing(AT_ONCE_MS, "an operator");
  }

  /** Records the first failure. */
  fail(invariant: string, error: unknown): void {
    const message = error instanceof Error ? error.stack ?? error.message : String(error);
    this.failure ??= { invariant, message, atMs: this.#world.time.nowMs };
  }

  /** True when VPP must be right now. */
  get mustBeRight(): boolean {
    const { daemon } = this.#world;
    return daemon !== undefined && this.#stopping === undefined &&
      !this.#isExcused("wrong") && !this.#isExcused("changing") &&
      (!this.#isExcused("warming") || daemon.vpp!.reconciler.warmedUp);
  }

  /** Fails unless VPP has what it should have. */
  checkVpp(): void {
    const { daemon, vpp } = this.#world;
    if (daemon === undefined) return;
    const { reconciler, connection } = daemon.vpp!;
    if (connection.state.kind !== "connected") {
      return this.fail("VPP is connected", connection.state.reason);
    }
    const withheld = reconciler.withheld().map((one) => [keyOfFields(one.fields), one] as const);
    const causeless = this.#withheld.look({
      nowMs: this.#world.time.nowMs,
      withheld,
      wanted: this.#wanted(daemon),
      had: vpp.links(),
      routed: vpp.routed(),
      statsBytes: vpp.statsBytes,
      noticedMs: daemon.checker.current.config.vppLb!.syncIntervalMs + SOON_MS,
    });
    if (causeless !== undefined) return this.fail("only what is fatal is withheld", causeless);
    if (!reconciler.warmedUp) {
      const blind = [...this.#wanted(daemon).values()].some(({ isBlind }) => isBlind);
      if (!blind) this.fail("warm-up ends", JSON.stringify(reconciler.warmup));
      return;
    }
    const view = vpp.view();
    const wrong = difference(this.#wanted(daemon), view, {
      makes: vpp.makes(),
      weights: vpp.release === "main",
      withheld: new Set(withheld.map(([key]) => key)),
      blocked: vpp.natAddresses(),
    });
    if (wrong !== undefined) return this.fail("VPP is right", wrong);
    if (withheld.length === 0) this.#intents.has(view);
    const { flowTimeoutMs } = daemon.checker.current.config.vppLb!;
    const flowTimeout = vpp.plugin?.conf.flowTimeout;
    if (flowTimeout !== flowTimeoutMs / 1000) {
      this.fail("VPP is right", `its flow timeout is ${flowTimeout} s, not ${flowTimeoutMs} ms`);
    }
  }

  /** Compares VPP with what it should have, if either has changed or it is long ago. */
  #compare(daemon: Daemon): void {
    const { time: { nowMs }, vpp } = this.#world;
    const wanted = this.#wanted(daemon);
    const { changes } = vpp;
    const last = this.#compared;
    const isNew = last === undefined || last.wanted !== wanted || last.changes !== changes ||
      nowMs - last.atMs > this.#pace.comparedMs;
    if (!isNew) return;
    this.#compared = { wanted, changes, atMs: nowMs };
    this.checkVpp();
    const { explainedOf = 1 } = this.#pace;
    const turn = this.#comparisons++;
    const wrong = explainDifference(daemon, {
      found: vpp.view(),
      wanted,
      isExplained: explainedOf === 1 ? undefined : (nth) => (nth + turn) % explainedOf === 0,
    });
    if (wrong !== undefined) this.fail("a chain ends with the weight in VPP", wrong);
  }

  /** What VPP should have now. */
  #wanted({ checker }: Daemon): ReadonlyMap<string, WantedVip> {
    const { current } = checker;
    const states = statesOf(current);
    const isSame = states.length === this.#states.length &&
      states.every((state, i) => state === this.#states[i]);
    if (!isSame) {
      this.#states = states;
      this.#wantedVips = wantedOf(current);
      const wrong = wronglyHeld(current);
      if (wrong !== undefined) this.fail("policies hold only what they may", wrong);
    }
    return this.#wantedVips;
  }

  /** A request without an answer ends the connection. */
  #checkAnswers(): void {
    const { daemon, time } = this.#world;
    if (daemon === undefined || this.#stopping !== undefined) return;
    const sinceMs = this.#unansweredMs;
    if (sinceMs === undefined || time.nowMs < sinceMs + UNANSWERED_MS) return;
    this.fail("a missing answer ends the connection", `missing since ${sinceMs} ms`);
  }

  #lookAtAnnounced(): void {
    const { daemon, vpp, disk, time: { nowMs } } = this.#world;
    if (daemon?.announcer.stale === undefined) return;
    const { config, intents } = daemon.checker.current;
    const isKnown = !this.#isExcused("wrong") && this.#stopping === undefined &&
      daemon.vpp!.reconciler.warmedUp;
    // Warm-up goes on for longer while the prober is blind to a frontend.
    const isLate = nowMs >= this.#wiredMs + config.vppLb!.startupMaxDelayMs;
    const wrong = this.#announce.look({
      nowMs,
      config,
      wanted: this.#wanted(daemon),
      view: isKnown ? vpp.view() : undefined,
      isAway: !daemon.vpp!.progress.programmed(),
      isLameduck: intents.lameduck !== undefined,
      isEarly: !daemon.vpp!.reconciler.warmedUp && !isLate && this.#stopping === undefined,
      recreated: recent(this.#recreatedMs, nowMs),
      blocked: vpp.natAddresses(),
      file: disk.text(ANNOUNCE_FILE),
      soundMs: this.#lateFileMs,
    });
    if (wrong !== undefined) this.fail("prefixes are announced as servers serve", wrong);
  }

  /** Counters were read, or withdrawn, in this turn. */
  #counted(snapshot: CountersSnapshot | undefined): void {
    const { vpp, time: { nowMs } } = this.#world;
    const { plugin } = vpp;
    const isSame = plugin !== undefined && vpp.starts === this.#startsAtConnect;
    if (snapshot === undefined || !isSame || this.#isExcused("edited")) {
      return this.#counters.withdrawn();
    }
    const wrong = this.#counters.published(snapshot, { nowMs, plugin, vips: vpp.vips() });
    if (wrong !== undefined) this.fail("counters are those of VPP", wrong);
  }

  #checkCounters({ vpp, checker }: Daemon): void {
    const { counters, connection: { state } } = vpp!;
    if (state.kind !== "connected" && counters.snapshot !== undefined) {
      return this.fail("counters are those of VPP", "a snapshot outlives its connection");
    }
    const isLive = state.kind === "connected" && state.stats !== undefined &&
      !this.#isExcused("wrong") && !this.#isExcused("edited") && this.#stopping === undefined;
    const intervalMs = checker.current.config.vppLb!.countersIntervalMs;
    const wrong = this.#counters.tick(this.#world.time.nowMs, { isLive, intervalMs });
    if (wrong !== undefined) this.fail("counters are read", wrong);
  }

  /** A flush is not made again after a connection was lost. */
  #forgetFlushes(): void {
    const isUnknown = this.#isExcused("wrong") || this.#stopping !== undefined ||
      this.#world.vpp.natAddresses().size > 0;
    if (isUnknown) this.#flushes.forget();
  }

  #checkFlushes(): void {
    const { nowMs } = this.#world.time;
    this.#forgetFlushes();
    const { daemon } = this.#world;
    const owed = daemon && this.#flushes.owed(nowMs, this.#wanted(daemon));
    if (owed !== undefined) this.fail("flows of a server that is out are flushed", owed);
    const overdue = this.#flushes.overdue(nowMs);
    if (overdue !== undefined) this.fail("a new VIP is flushed", `VIP ${overdue} was not`);
  }

  /** The connection is new: VPP is read now, and right soon, unless there are faults. */
  #connected(): void {
    const { nowMs } = this.#world.time;
    if (this.#isExcused("faulty")) return;
    this.#excuses.shorten("wrong", { nowMs, forMs: CONNECTED_MS, cause: "VPP is connected" });
  }

  /** The disk has a fault for `ms`, or the daemon does not run. */
  #unsoundFor(ms: number): void {
    this.#lateFileMs = Math.max(this.#lateFileMs, this.#world.time.nowMs + ms + REWRITTEN_MS);
    this.#soundMs = Math.max(this.#soundMs, this.#world.time.nowMs + ms + RETRIED_MS);
  }

  #storyEnds(inOrder: boolean): void {
    this.#story.ended(this.#world.time.nowMs, { soundMs: this.#soundMs, inOrder });
  }

  #changing(ms: number, cause: string): void {
    this.#excuse("changing", ms, cause);
  }

  #excuse(excuse: Excuse, forMs: number, cause: string): void {
    this.#excuses.grant(excuse, { nowMs: this.#world.time.nowMs, forMs, cause });
  }

  #isExcused(excuse: Excuse): boolean {
    return this.#excuses.holds(excuse, this.#world.time.nowMs);
  }

  #happened(event: CheckerEvent, daemon: Daemon): void {
    const { nowMs } = this.#world.time;
    this.#deeds.forget();
    this.#inTurn.add(daemon.checker.snapshot());
    this.#noteMemories(daemon);
    if (event.kind === "program") return this.#changing(AT_ONCE_MS, event.kind);
    if (event.kind === "reload") {
      this.#frontends.reloaded(daemon.checker.current);
      return this.#changing(SOON_MS, event.kind);
    }
    if (event.kind === "policy") {
      const { event: policyEvent, frontend, backend, message } = event.change;
      return this.trace.add(nowMs, `${policyEvent} ${frontend ?? backend}: ${message}`);
    }
    if (event.kind === "lameduck") return this.trace.add(nowMs, `lameduck ${event.on}`);
    const { name, transition: { from, to } } = event;
    this.trace.add(nowMs, `${event.kind} ${name} ${from} -> ${to}`);
    if (event.kind === "backend" && to === "up") this.#cameUp(name, daemon);
    if (event.kind === "backend") this.#health.transition(name, event.transition, daemon);
    else this.#frontends.transition(name, event.transition);
  }

  /** Takes what policies hold, if it has changed. */
  #noteMemories({ checker: { current: { frontends } } }: Daemon): void {
    const before = this.#memories;
    const isSame = before.size === frontends.size &&
      [...frontends].every(([name, { memory }]) => before.get(name) === memory);
    if (isSame) return;
    this.#memoriesBefore = before;
    this.#memories = new Map([...frontends].map(([name, { memory }]) => [name, memory]));
  }

  /** A backend has come up; `slow-start` gives it its weight in steps. */
  #cameUp(name: string, { checker, vpp }: Daemon): void {
    if (this.#isReloading || this.#isExcused("warming") || this.#isExcused("wrong")) return;
    const withheld = new Set(vpp!.reconciler.withheld().map(({ fields }) => keyOfFields(fields)));
    const wrong = unrisen(name, checker.current, {
      before: this.#memoriesBefore,
      isProgrammed: (vip) => !withheld.has(vip),
    });
    if (wrong !== undefined) this.fail("a server rises in steps", wrong);
  }

  #judgeSent(requests: readonly SentRequest[]): void {
    const { daemon, vpp } = this.#world;
    if (daemon === undefined) return;
    const { nowMs } = this.#world.time;
    const before = vpp.view();
    const wanted = this.#wanted(daemon);
    this.#flushes.sent(requests, { nowMs, before, wanted });
    this.#forgetFlushes();
    this.#deeds.sent(requests);
    this.#judgeAdded(requests, daemon);
    for (const request of requests) {
      if (request.kind === "conf" || request.kind === "vip-flush") continue;
      if (request.kind === "vip-del") this.#judgeRemoved(request.vip);
      const weights = [...before.get(request.vip)?.values() ?? []];
      if (weights.every((weight) => weight === 0)) this.#openingMs.set(request.vip, nowMs);
      if (!("weight" in request) || request.weight === 0) continue;
      const { vip, server } = request;
      if ((before.get(vip)?.get(server) ?? 0) === 0) this.#raisedMs.set(`${vip} ${server}`, nowMs);
    }
    const context = {
      state: daemon.checker.current,
      before,
      weights: vpp.release === "main",
      isTrusted: !this.#isExcused("doubtful"),
      isEdited: this.#isExcused("edited"),
      recreated: recent(this.#recreatedMs, nowMs),
      isCramped: vpp.statsBytes <= MOST_CRAMPED_BYTES,
      withheld: new Set(
        daemon.vpp!.reconciler.withheld().map(({ fields }) => keyOfFields(fields)),
      ),
      opening: recent(this.#openingMs, nowMs),
      raised: recent(this.#raisedMs, nowMs),
    };
    const wrong = judgeRequests(requests, { ...context, wanted });
    const wasRight = wrong !== undefined &&
      [...this.#inTurn].some((state) =>
        judgeRequests(requests, { ...context, state, wanted: wantedOf(state) }) === undefined
      );
    if (wrong !== undefined && !wasRight) this.fail(wrong.invariant, wrong.message);
    this.#intents.sent(requests);
  }

  /** A drain ended before its time: no flow of the server may be left. */
  #judgeDrained(backend: string): void {
    const { daemon, vpp, time: { nowMs } } = this.#world;
    if (this.#isExcused("edited") || this.#isExcused("wrong")) return;
    const { config } = daemon!.checker.current;
    const { text } = config.backends.get(backend)!.address;
    const view = vpp.view();
    for (const frontend of config.frontends.values()) {
      const isUser = frontend.pools.some((pool) =>
        pool.backends.some(({ name }) => name === backend)
      );
      if (!isUser) continue;
      const vip = keyOf(frontend);
      const quietMs = nowMs - (vpp.lastPacketMs(vip, text) ?? -Infinity);
      const wrong = (view.get(vip)?.get(text) ?? 0) > 0
        ? "it has weight"
        : quietMs < config.vppLb!.flowTimeoutMs
        ? `it had a packet ${quietMs} ms ago`
        : undefined;
      if (wrong !== undefined) {
        this.fail("a drain ends when no flow is left", `${backend} in VIP ${vip}: ${wrong}`);
      }
    }
  }

  /** VPP must not run out of its stats segment by us. */
  #judgeAdded(requests: readonly SentRequest[], { vpp }: Daemon): void {
    const { statsBytes } = this.#world.vpp;
    const { state } = vpp!.connection;
    // The daemon has the size of the segment only while it is open.
    const isKnown = state.kind === "connected" && state.stats !== undefined;
    if (statsBytes > MOST_CRAMPED_BYTES || !isKnown || this.#isExcused("edited")) return;
    const room = {
      routed: this.#world.vpp.routed(),
      vips: this.#world.vpp.vips().size,
      statsBytes,
    };
    const wrong = crampedBy(requests, room);
    if (wrong !== undefined) this.fail("the stats segment has room", wrong);
  }

  #judgeRemoved(key: string): void {
    const known = this.#world.daemon!.vpp!.reconciler.counted()?.vips() ?? [];
    const encap = known.find((vip) => vipKeyText(vip) === key)?.encap;
    if (encap !== "nat4" && encap !== "nat6") return;
    this.fail("VIPs of other programs stay", `VIP ${key} is ${encap}, and is removed`);
  }

  #tick(): void {
    const { process, vpp, disk } = this.#world;
    if (process === undefined || process.clock.stopped) return;
    this.#intents.expire();
    this.#story.tick();
    this.#health.tick(process);
    const { daemon } = process;
    if (daemon !== undefined) {
      const wanted = this.#wanted(daemon);
      if (wanted !== this.#served) this.#frontends.tick(daemon.checker.current, wanted);
      this.#served = wanted;
      const late = this.#ramps.late(daemon.checker.current, this.#world.time.nowMs);
      if (late !== undefined) this.fail("policies hold only what they may", late);
      this.#checkCounters(daemon);
      if (this.#stopping === undefined) this.#intents.tick(daemon.checker.current.intents);
    }
    this.#checkFlushes();
    this.#checkAnswers();
    if (this.mustBeRight) this.#compare(daemon!);
    else this.#withheld.forget();
    const { timers } = process;
    const most = MOST_TIMERS + 2 * (process.daemon?.checker.current.backends.size ?? 0);
    if (timers > most) this.fail("nothing grows", `${timers} timers`);
    // A frozen VPP does not notice that a connection has ended.
    if (vpp.connections > 2 && !vpp.frozen) {
      this.fail("nothing grows", `${vpp.connections} connections`);
    }
    const files = disk.names.filter((name) => !name.startsWith("history-"));
    if (files.length > MOST_FILES || disk.names.length - files.length > MOST_SEGMENTS) {
      this.fail("nothing grows", `files ${disk.names.join(" ")}`);
    }
  }
}

/** All that wantedOf() looks at. */
function statesOf({ config, intents, backends, frontends }: CheckerState): readonly unknown[] {
  const states: unknown[] = [config, intents];
  for (const { memory } of frontends.values()) states.push(memory);
  for (const backend of backends.values()) {
    states.push(backend.state, backend.standing, backend.agent, isDamped(backend));
  }
  return states;
}

/** vipKeyText() of a VIP in a log record. */
function keyOfFields({ vip, protocol, port }: LogFields): string {
  return `${vip} ${{ tcp: 6, udp: 17, any: 255 }[String(protocol)]} ${port}`;
}

/** Those of the last moments; the others are removed. */
function recent(instants: Map<string, number>, nowMs: number): ReadonlySet<string> {
  for (const [key, atMs] of instants) if (nowMs - atMs > RECREATED_MS) instants.delete(key);
  return new Set(instants.keys());
}
