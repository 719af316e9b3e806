/**
 * Holds a world to what must always be true. Everything is checked in the turn in which it happens,
 * or at each tick; the first thing that is wrong ends the run.
 */
import type { LogEventName, LogFields } from "../../../src/base/ports.ts";
import type { CheckerEvent } from "../../../src/checker/ports.ts";
import type { Config } from "../../../src/config/model.ts";
import type { Daemon } from "../../../src/daemon/wire.ts";
import type { ReloadForecast } from "../../../src/forecast/forecast.ts";
import type { SyncReport } from "../../../src/vpp/sync/report.ts";
import type { DaemonProcess } from "../world/process.ts";
import type { SentRequest } from "../world/requests.ts";
import type { TakenFault } from "../world/watched_faults.ts";
import type { Observer, World } from "../world/world.ts";
import { EncapJudge } from "./encap_judge.ts";
import { FileJudge } from "./file_judge.ts";
import { FrontendJudge } from "./frontend_judge.ts";
import { grown } from "./growth.ts";
import { HealthJudge } from "./health_judge.ts";
import { type ActionTimes, IntentJudge } from "./intent_judge.ts";
import { AT_ONCE_MS, type Failure, JudgedRun, RETRIED_MS, SOON_MS } from "./judged_run.ts";
import { ReloadJudge } from "./reload_judge.ts";
import { RiseJudge } from "./rise_judge.ts";
import { StoryJudge } from "./story_judge.ts";
import type { Trace } from "./trace.ts";
import { AnswerJudge, UNANSWERED_MS } from "./vpp/answer_judge.ts";
import { undrained } from "./vpp/drain_judge.ts";
import { SnapshotJudge } from "./vpp/snapshot_judge.ts";
import { SentJudge } from "./vpp/sent_judge.ts";
import { StateJudge, type StatePace } from "./vpp/state_judge.ts";
import { keyOfFields } from "./vpp/vip_fields.ts";

/** An operator's sync waits for the time between two readings. */
const READ_MS = 1000 + AT_ONCE_MS;
/** Lost messages are noticed, connections made again, and failed operations repeated within this. */
const RECOVERY_MS = 22_000;
/** After a connection to a VPP without faults. */
const CONNECTED_MS = 3000;

/** How often things are checked that are not bound to an event. */
export interface JudgePace extends StatePace {
  readonly tickMs: number;
}

const PACE: JudgePace = { tickMs: 250, comparedMs: 3000 };

export class Judge implements Observer {
  readonly #pace: JudgePace;
  readonly #run: JudgedRun;
  readonly #world: World;
  readonly health: HealthJudge;
  readonly #intents: IntentJudge;
  readonly #frontends: FrontendJudge;
  readonly #story: StoryJudge;
  readonly #state: StateJudge;
  readonly #sent: SentJudge;
  readonly reloads: ReloadJudge;
  readonly tunnels: EncapJudge;
  readonly #rises: RiseJudge;
  readonly #file: FileJudge;
  readonly #counters: SnapshotJudge;
  readonly #answers: AnswerJudge;
  /** Then writes that failed are repeated, and ends of intents noticed after the clock was set. */
  #forgottenMs = 0;
  #tickMs = 0;

  constructor(world: World, pace = PACE) {
    this.#pace = pace;
    this.#world = world;
    this.#run = new JudgedRun(world);
    const fail = (invariant: string, message: string) => this.fail(invariant, message);
    this.health = new HealthJudge(world, fail);
    this.tunnels = new EncapJudge(world, { health: this.health, fail });
    this.#intents = new IntentJudge(world, fail);
    this.#frontends = new FrontendJudge(fail);
    this.#story = new StoryJudge(fail);
    this.#state = new StateJudge(this.#run, { pace, intents: this.#intents });
    this.#sent = new SentJudge(this.#run);
    this.reloads = new ReloadJudge(this.#run);
    this.#rises = new RiseJudge(this.#run);
    this.#file = new FileJudge(this.#run);
    this.#counters = new SnapshotJudge(this.#run);
    this.#answers = new AnswerJudge(this.#run);
  }

  get trace(): Trace {
    return this.#run.trace;
  }

  get failure(): Failure | undefined {
    return this.#run.failure;
  }

  // What the world reports.

  wired(daemon: Daemon, process: DaemonProcess): void {
    this.trace.add(this.#run.nowMs, "daemon starts");
    this.health.wired(daemon);
    this.#intents.wired(daemon);
    this.#frontends.wired(daemon.checker.current);
    this.#rises.note(daemon);
    this.#file.wired();
    daemon.checker.subscribe((event) => {
      if (this.#world.process !== process) return;
      this.#story.happened(event);
      this.#happened(event, daemon);
    });
    daemon.vpp!.counters.onSnapshot = (snapshot) => {
      if (this.#world.process === process) this.#counters.counted(snapshot);
    };
    this.#story.wired(process);
  }

  sent(requests: readonly SentRequest[]): void {
    this.#sent.sent(requests);
  }

  refused(request: string, retval: number): void {
    const { nowMs } = this.#run;
    this.trace.add(nowMs, `VPP refuses ${request}: ${retval}`);
    const isBlocked = this.#world.vpp.natAddresses().size > 0;
    if (!this.#run.isExcused("doubtful") && !this.#run.isExcused("changing") && !isBlocked) {
      this.fail("nothing is refused", `VPP refused ${request} with ${retval}, without a cause`);
    }
  }

  vppDied(reason: string): void {
    this.fail("VPP survives", reason);
  }

  faulted(fault: TakenFault): void {
    const { nowMs } = this.#run;
    this.trace.add(nowMs, `VPP: ${fault}`);
    // The answer is missing, or taken for that of another request: the connection will end.
    const isLost = fault === "garbled" || fault === "withheld";
    this.disturb(`VPP: ${fault}`, isLost ? UNANSWERED_MS : 0);
    this.reloads.forget();
    const forMs = this.#run.excuses.untilMs("wrong") - nowMs;
    // A garbled reading is believed until the next one, like a change by another program.
    if (fault === "garbled") this.#run.excuse("edited", forMs, fault);
    // A reading also shows what was carried out without an answer.
    if (fault === "garbled" || fault === "withheld") this.#run.excuse("drift", forMs, fault);
    if (fault === "withheld") this.#answers.withheld();
  }

  logged(level: string, event: LogEventName, fields: LogFields): void {
    this.trace.add(this.#run.nowMs, `log ${level} ${event} ${JSON.stringify(fields)}`);
    const { nowMs: atMs, wallMs } = this.#world.time;
    this.#story.logged(level, event, { fields, atMs, wallMs });
    if (event === "vpp-lbsync-vip-recreate") {
      this.#sent.recreating(keyOfFields(fields));
      this.#run.changing(AT_ONCE_MS, event);
    }
    if (event === "vpp-warmup-done" && fields.trigger === "operator") {
      this.#run.changing(READ_MS, event);
    }
    if (event === "vpp-lbsync-done" && fields.trigger === "reload") this.reloads.done(fields);
    if (event === "vpp-connect") this.#connected();
    if (event === "operator-drain-done") this.#drained(String(fields.backend));
    if (event === "vpp-disconnect") this.#answers.ended();
    if (event === "vpp-lbsync-drift" && !this.#run.isExcused("drift")) {
      this.fail("the known state of VPP is right", JSON.stringify(fields));
    }
    if (event === "history-damaged" && this.#world.disk.fault === "broken") {
      this.trace.add(atMs, "excuse: the disk is broken while the history is read");
      this.#story.damaged();
    }
    if (event === "events-dropped") this.fail("no bug", `${event} ${fields.err}`);
    this.#intents.logged(event, fields);
  }

  failed(error: unknown): void {
    this.fail("no bug", error instanceof Error ? error.stack ?? error.message : String(error));
  }

  stepped(): void {
    this.#story.stepped();
    const requests = this.#sent.stepped();
    if (requests.length > 0 && this.#world.daemon !== undefined) {
      this.reloads.sent(requests);
      this.#intents.sent(requests);
    }
    this.#file.stepped(() => this.#sent.recreated);
    if (this.#run.nowMs < this.#tickMs + this.#pace.tickMs) return;
    this.#tickMs = this.#run.nowMs;
    this.#tick();
  }

  /** True when another program changed VPP, or its answers were garbled, and this may show. */
  get mayBeMisled(): boolean {
    return this.#run.isExcused("edited");
  }

  /** True when all faults are over and VPP should have recovered. */
  get isCalm(): boolean {
    const { nowMs } = this.#run;
    return !this.#run.isExcused("wrong") && nowMs > this.#forgottenMs && !this.#rises.rises &&
      this.#run.mustBeRight;
  }

  // What the actions report.

  /** VPP may be wrong for `ms`, and for as long as it takes to recover; `isEdited`: by others. */
  disturb(cause: string, ms: number, isEdited = false): void {
    const sync = this.#world.config.vppLb!.syncIntervalMs;
    this.reloads.forget();
    const recovery = isEdited ? sync + 3000 : sync + RECOVERY_MS;
    this.#run.excuse("faulty", ms, cause);
    // What another program changed is read after all disturbances.
    const faultyMs = Math.max(ms, this.#run.excuses.untilMs("faulty") - this.#run.nowMs);
    if (isEdited || this.#run.isExcused("edited")) {
      this.#run.excuse("edited", faultyMs + recovery, cause);
    }
    if (isEdited) this.#run.excuse("drift", sync + RECOVERY_MS, cause);
    this.#run.excuse("wrong", ms + recovery, cause);
    this.#run.excuse("doubtful", ms + sync + RECOVERY_MS, cause);
  }

  /** A run that compared all of VPP has ended. */
  synchronized({ scope, trigger, failed, deferred, durationMs }: SyncReport): void {
    if (scope !== "all" || failed > 0 || deferred > 0) return;
    // These may go by what is known.
    if (trigger === "reload" || trigger === "warm-up") return;
    const { nowMs } = this.#run;
    this.#run.excuses.synchronized(nowMs, nowMs - durationMs);
  }

  /** Probes do not count, or are late, for `ms`; `loses`: results are lost too. */
  blindFor(ms: number, loses = false): void {
    this.health.blindFor(ms, loses);
    this.#unsoundFor(ms);
    this.#answers.stoppedFor(ms);
  }

  /** The daemon does nothing for `ms`, less than a second. */
  stutters(ms: number, cause = "the daemon is stopped"): void {
    this.blindFor(ms);
    this.#run.changing(ms + AT_ONCE_MS, cause);
  }

  diskFaultFor(ms: number): void {
    const { nowMs } = this.#run;
    this.#unsoundFor(ms);
    this.#intents.diskFaultFor(ms);
    this.#forgottenMs = Math.max(this.#forgottenMs, nowMs + ms + RETRIED_MS);
  }

  /** The clock is set by `byMs`. */
  clockSet(byMs: number): void {
    // Intents whose time is over by now have ended, even when the clock is set back.
    this.#intents.expire();
    this.#intents.clockSet();
    this.#world.time.wallOffsetMs += byMs;
    this.#intents.expire();
    this.health.clockSet();
    this.#forgottenMs = Math.max(this.#forgottenMs, this.#run.nowMs + RETRIED_MS);
  }

  /** Before a daemon is killed, or when it has stopped. */
  killed(downMs: number): void {
    this.#story.ended(this.#run.nowMs, { inOrder: false });
    this.#intents.ended();
    this.#counters.forget();
    const cause = "the daemon starts";
    this.disturb(cause, downMs);
    const warmupMs = this.#world.config.vppLb!.startupMaxDelayMs;
    this.#run.excuse("warming", downMs + warmupMs + CONNECTED_MS, cause);
    this.#answers.ended();
    this.#run.stopping = undefined;
  }

  stopping(process: DaemonProcess): void {
    this.#run.stopping = process;
    this.#story.stopping();
  }

  isStopping(process: DaemonProcess): boolean {
    return this.#run.stopping === process;
  }

  /** A daemon has stopped in order: nothing of it is left. */
  stopped(process: DaemonProcess): void {
    this.#story.ended(this.#run.nowMs, { inOrder: true });
    this.#file.stopped(process);
    if (process.timers > 0) this.fail("nothing grows", `${process.timers} timers after the stop`);
  }

  reloading(next: Config): void {
    this.#intents.reloading(next);
    this.health.reloading();
    this.tunnels.reloading(this.#world.daemon!);
    this.#story.watch();
    this.reloads.reloading();
    this.#run.changing(SOON_MS, "reload");
  }

  /** `planned`: what an earlier plan said, of which this reload must do the same. */
  reloaded(plan: ReloadForecast, planned = plan): void {
    this.health.reloaded(this.#world.daemon!);
    this.tunnels.reloaded(this.#world.daemon!);
    this.reloads.reloaded(plan, planned);
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

  changed(): void {
    this.reloads.forget();
    this.#run.changing(AT_ONCE_MS, "an operator");
  }

  /** Records the first failure. */
  fail(invariant: string, error: unknown): void {
    this.#run.fail(invariant, error);
  }

  /** Fails unless VPP has what it should have. */
  checkVpp(): void {
    this.#state.check();
  }

  /** The connection is new: VPP is read now, and right soon, unless there are faults. */
  #connected(): void {
    this.#counters.connected();
    const { nowMs } = this.#run;
    if (this.#run.isExcused("faulty")) return;
    this.#run.excuses.shorten("wrong", { nowMs, forMs: CONNECTED_MS, cause: "VPP is connected" });
  }

  /** The disk has a fault for `ms`, or the daemon does not run. */
  #unsoundFor(ms: number): void {
    this.#file.unsoundFor(ms);
    this.#story.unsoundUntil(this.#run.nowMs + ms);
  }

  #happened(event: CheckerEvent, daemon: Daemon): void {
    const { nowMs } = this.#run;
    this.reloads.forget();
    this.#sent.decided(daemon.checker.snapshot());
    this.#rises.note(daemon);
    if (event.kind === "program") return this.#run.changing(AT_ONCE_MS, event.kind);
    if (event.kind === "reload") {
      this.#frontends.reloaded(daemon.checker.current);
      return this.#run.changing(SOON_MS, event.kind);
    }
    if (event.kind === "policy") {
      const { event: policyEvent, frontend, backend, message } = event.change;
      this.tunnels.turned(event.change, daemon);
      return this.trace.add(nowMs, `${policyEvent} ${frontend ?? backend}: ${message}`);
    }
    if (event.kind === "lameduck") return this.trace.add(nowMs, `lameduck ${event.on}`);
    const { name, transition: { from, to } } = event;
    this.trace.add(nowMs, `${event.kind} ${name} ${from} -> ${to}`);
    const isUp = event.kind === "backend" && to === "up";
    if (isUp && !this.reloads.isReloading) this.#rises.cameUp(name, daemon);
    if (event.kind === "backend") this.health.transition(name, event.transition, daemon);
    else this.#frontends.transition(name, event.transition);
  }

  /** A drain ended before its time: no flow of the server may be left. */
  #drained(backend: string): void {
    if (this.#run.isExcused("edited") || this.#run.isExcused("wrong")) return;
    const wrong = undrained(backend, this.#world);
    if (wrong !== undefined) this.fail("a drain ends when no flow is left", wrong);
  }

  #tick(): void {
    const { process } = this.#world;
    if (process === undefined || process.clock.stopped) return;
    this.#intents.expire();
    this.#story.tick();
    this.health.tick(process);
    this.tunnels.tick(process);
    const { daemon } = process;
    if (daemon !== undefined) {
      this.#frontends.tick(daemon.checker.current, this.#run.wanted(daemon));
      this.#rises.tick(daemon);
      this.#counters.tick(daemon);
      if (this.#run.stopping === undefined) this.#intents.tick(daemon.checker.current.intents);
    }
    this.#sent.tick();
    this.#answers.tick();
    if (this.#run.mustBeRight) this.#state.compare(daemon!);
    else this.#state.forget();
    const wrong = grown(this.#world);
    if (wrong !== undefined) this.fail("nothing grows", wrong);
  }
}
