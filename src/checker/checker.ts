/**
 * Steps the state machine of each backend with probe results and operators' actions, and sends
 * what follows as events, to VPP first.
 *
 * A result takes a short, synchronous path: find the backend, step it and, only when its state
 * changed, evaluate the few frontends that use it. A batch of results is one instant. Its backend
 * events come first, in the order of the results, then an event for each frontend whose state
 * changed, then one `program` event with all of these frontends and their servers. So a rack that
 * fails is one batch of operations on VPP. Log records come after the events, so that VPP does not
 * wait for them.
 */
import { invariant, violated } from "../base/assert.ts";
import type { MaglevError } from "../base/errors.ts";
import { type MonotonicMs, NEVER_MS } from "../base/instant.ts";
import type { Clock, Logger } from "../base/ports.ts";
import { finish } from "../async/steps.ts";
import { WakeTimer } from "../async/wake_timer.ts";
import type { Config } from "../config/model.ts";
import { isCarried, isProbed } from "../health/machine.ts";
import type { Backend, NamedTransition } from "../health/state.ts";
import type { ProbeEngine, ProbeOutcome, VoidProbe } from "../probe/ports.ts";
import { Agents } from "./probes/agents.ts";
import { CarriedTimes } from "./carried_times.ts";
import { EncapProbes } from "./encap/probes.ts";
import { withPenalties } from "../damping/kept.ts";
import type { DrainIntent, Intent } from "../intent/intent.ts";
import { logDropped, logRestored, NO_STORE } from "../intent/expiry.ts";
import { type Restored, restoreIntents } from "../intent/restore.ts";
import {
  type ChangeBatch,
  changeBatchOf,
  changesSince,
  logProbe,
  logProbeStart,
  logSilent,
} from "./change_batch.ts";
import type { FleetIntents } from "./operations/fleet_intents.ts";
import { Operations } from "./operations/operations.ts";
import type { OperatorOutcome } from "./operations/operator.ts";
import type {
  BackendAction,
  DrainRequest,
  OperatorOptions,
  SetWeightRequest,
} from "../intent/request.ts";
import type {
  CheckerEvent,
  CheckerOptions,
  CheckerReader,
  FrontendView,
  Snapshot,
} from "./ports.ts";
import { type ReloadResult, workOutReload } from "./worked_reload.ts";
import { Publisher } from "./publisher.ts";
import { Registry } from "./registry.ts";
import { createdAll } from "./reload.ts";
import { Stepper } from "./stepper.ts";
import { Tally } from "./tally.ts";
import { checkOf, ProbeTargets } from "./targets.ts";
import { VoidReport } from "./probes/void_report.ts";

/** Owns the backends and frontends of the daemon. */
export class Checker implements CheckerReader {
  /** Running totals for metrics. */
  readonly tally = new Tally();
  readonly #engine: ProbeEngine;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #targets: ProbeTargets;
  readonly #publisher: Publisher;
  readonly #voids: VoidReport;
  readonly #operations: Operations;
  readonly #carried: CarriedTimes;
  readonly #agents: Agents;
  readonly #encap: EncapProbes;
  readonly #wakeTimer: WakeTimer;
  readonly #stepper: Stepper;
  /** The outcome of restoring the kept intents; logged at the start, and then released. */
  #restored: Restored | undefined;
  readonly #weightsSent: CheckerOptions["weightsSent"];
  #registry: Registry;
  #phase: "new" | "running" | "stopped" = "new";

  constructor(options: CheckerOptions) {
    const { config, engine, clock, logger, penalties } = options;
    this.#engine = engine;
    this.#clock = clock;
    this.#logger = logger;
    this.#targets = new ProbeTargets(engine, (name) => this.#backend(name).counter);
    this.#voids = new VoidReport({ clock, logger });
    this.#agents = new Agents(logger);
    this.#carried = new CarriedTimes({
      clock,
      answers: (backend) => this.#targets.answers(backend),
      onOver: (backends) => this.#dropCarried(backends),
    });
    this.#stepper = new Stepper({
      clock,
      targets: this.#targets,
      carried: this.#carried,
      registry: () => this.#registry,
    });
    this.#encap = new EncapProbes({ targets: this.#targets, registry: () => this.#registry });
    this.#wakeTimer = new WakeTimer(clock, (nowMs) => this.#wake(nowMs));
    this.#publisher = new Publisher({ logger, tally: this.tally, clock, penalties });
    const { kept = [], maxAgeMs = 0, store = NO_STORE } = options.intents ?? {};
    this.#operations = new Operations({
      registry: () => this.#registry,
      clock,
      logger,
      store,
      awaitsVpp: () => this.#weightsSent?.isConnected?.() === true,
      act: (name, act) => {
        const refusal = this.#stepper.act(name, act);
        this.#encap.updateBackend(name);
        return refusal;
      },
      publish: (transitions, frontends) => {
        this.#publish(this.#changesOf(transitions, frontends));
      },
    });
    const nowMs = clock.wallMs();
    const now = { config, wallMs: nowMs, monotonicMs: clock.monotonicMs() };
    const created = withPenalties(createdAll(config, nowMs), penalties?.kept ?? [], now);
    const restoring = { intents: kept, config, backends: created, nowMs, maxAgeMs };
    const { intentSet: intents, backends } = this.#restored = restoreIntents(restoring);
    const weightsSent = this.#weightsSent = options.weightsSent;
    this.#registry = new Registry(config, backends, { intents, clock, weightsSent });
  }

  /** Totals of checks through VPP's tunnel, by encapKey(). */
  get encapTally(): Tally {
    return this.#encap.tally;
  }

  /** Intents that a fleet shares. */
  get fleet(): FleetIntents {
    return this.#operations.fleet;
  }

  get current(): Snapshot {
    return this.#registry.current;
  }

  snapshot(): Snapshot {
    return this.#registry.snapshot();
  }

  /** Names of the frontends that use a backend, in the file's order. */
  frontendsOf(backend: string): readonly string[] {
    return this.#registry.frontendsOf(backend);
  }

  subscribe(listener: (event: CheckerEvent) => void): () => void {
    return this.#publisher.subscribe(listener);
  }

  /** Begins to probe. Subscribe before: static backends come up immediately. */
  start(): void {
    invariant(this.#phase === "new", "checker started twice");
    this.#phase = "running";
    this.#engine.onOutcomes = (outcomes) => this.#onOutcomes(outcomes);
    this.#engine.onVoid = (probe) => this.#onVoid(probe);
    this.#engine.onStart = (probe) => logProbeStart(this.#logger, this.#targets.find(probe));
    this.#engine.trace(this.#logger.enabled("debug"));
    this.#engine.isolate?.(this.#registry.config.healthchecker.isolation);
    const restored = this.#restored!;
    this.#restored = undefined;
    const transitions = [...restored.transitions];
    const names = [...this.#registry.config.backends.keys()];
    this.#stepper.begin(names.filter((name) => isProbed(this.#backend(name).state)), transitions);
    this.#encap.update();
    const { last, atMs } = this.#changesOf(transitions);
    const changes = changesSince(() => "unknown", this.#registry);
    logRestored(this.#logger, restored);
    this.#operations.start(restored.intentSet);
    this.#publish({ transitions, changes, last, atMs });
  }

  /** Stops all probing and all timers; later results are ignored. Idempotent. */
  stop(): void {
    if (this.#phase === "running") {
      this.#targets.stopAll();
      this.#engine.onOutcomes = this.#engine.onVoid = this.#engine.onStart = () => {};
      this.#voids.stop();
      this.#operations.stop();
      this.#carried.stop();
      this.#wakeTimer.arm(NEVER_MS);
    }
    this.#phase = "stopped";
  }

  /** Cancels the backend's probing: `paused`, weight 0, no flush. */
  pauseBackend(name: string, options: OperatorOptions): OperatorOutcome<Backend> {
    return this.#operate(name, { kind: "pause", options });
  }

  /** Ends a pause: `unknown`, new probing. A backend that is not paused stays as it is. */
  resumeBackend(name: string, options: OperatorOptions): OperatorOutcome<Backend> {
    return this.#operate(name, { kind: "resume", options });
  }

  /** Cancels the backend's probing: `disabled`, weight 0, flushed. */
  disableBackend(name: string, options: OperatorOptions): OperatorOutcome<Backend> {
    return this.#operate(name, { kind: "disable", options });
  }

  /** Ends `disabled`: `unknown`, new probing. A backend that is not disabled stays as it is. */
  enableBackend(name: string, options: OperatorOptions): OperatorOutcome<Backend> {
    return this.#operate(name, { kind: "enable", options });
  }

  /** Forgives a backend that flapped; with passing checks it comes up. */
  clearBackend(name: string, options: OperatorOptions): OperatorOutcome<Backend> {
    return this.#operate(name, { kind: "clear", options });
  }

  /**
   * Gives the backend weight 0 in every frontend, without flush; `then` follows at the end. Refused
   * when a frontend would lose its last server with a weight, unless `force`.
   */
  drainBackend(request: DrainRequest, options: OperatorOptions): OperatorOutcome<Backend> {
    this.#assertRunning();
    return this.#operations.drain(request, options);
  }

  /** Why drainBackend() would refuse now, for a plan; undefined: it would not. */
  drainProblem(request: Pick<DrainRequest, "backend" | "force">): MaglevError | undefined {
    return this.#operations.drainProblem(request);
  }

  /** VPP has acknowledged a drain everywhere; its length counts from now on. */
  drainAcknowledged(drain: DrainIntent): void {
    if (this.#phase === "running") this.#operations.drainAcknowledged(drain);
  }

  /** Ends a drain in force before its time; `cause` is for the log. */
  endDrain(drain: DrainIntent, cause: string): void {
    if (this.#phase === "running") this.#operations.endDrain(drain, cause);
  }

  /** Puts a weight in force until its end, or until the file's own weight changes. */
  setWeight(request: SetWeightRequest, options: OperatorOptions): OperatorOutcome<FrontendView> {
    this.#assertRunning();
    return this.#operations.setWeight(request, options);
  }

  /** Ends an intent in force, as the opposite action does, or takes back a scheduled one. */
  cancelIntent(id: string): OperatorOutcome<Intent> {
    this.#assertRunning();
    return this.#operations.cancel(id);
  }

  /** Keeps all prefixes withdrawn, until its end; nothing is sent to VPP because of it. */
  setLameduck(on: boolean, options: OperatorOptions): OperatorOutcome<boolean> {
    this.#assertRunning();
    return this.#operations.setLameduck(on, options);
  }

  /** Puts a new, checked configuration in force; see reload.ts. */
  reload(config: Config): ReloadResult {
    this.#assertRunning();
    const before = this.#registry;
    const atMs = this.#clock.wallMs();
    const worked = finish(workOutReload(before.final(), config, atMs));
    const { plan, intentSet: intents, outline: { stopped, intentsDropped } } = worked;
    const unchanged = { past: before, clock: this.#clock, weightsSent: this.#weightsSent };
    this.#registry = new Registry(config, plan.backends, { intents, ...unchanged });
    this.#engine.isolate?.(config.healthchecker.isolation);
    this.#targets.apply(plan.actions, { config, backends: plan.backends });
    this.#encap.update();
    this.#carried.retain((name) => isCarried(plan.backends.get(name) ?? {}));
    this.#carried.begin(plan.carried.map((name) => [name, checkOf(config, name)]));
    const durable = this.#operations.put(intents);
    logDropped(this.#logger, intentsDropped);
    const stateBefore = (name: string) => before.frontend(name)?.state ?? "unknown";
    this.#publish({
      transitions: plan.transitions,
      changes: changesSince(stateBefore, this.#registry),
      last: { kind: "reload" },
      atMs,
    });
    for (const name of stopped) this.tally.forget(name);
    this.#agents.reloaded(worked);
    return { durable, worked };
  }

  /** Evaluates the frontends that decide by weights with which VPP was found, or that it was sent. */
  weightsKnown(by: "found" | "sent"): void {
    const names = this.#phase === "running" ? this.#registry.decidingBy(by) : [];
    if (names.length > 0) this.#publish(this.#changesOf([], names));
  }

  /** Drops backends whose new checks were silent for too long: they no longer count as up. */
  #dropCarried(names: readonly string[]): void {
    const transitions: NamedTransition[] = [];
    const atMs = this.#clock.wallMs();
    for (const name of names) {
      this.#stepper.step(name, { event: { kind: "drop" }, atMs, transitions });
    }
    const frontends = names.flatMap((name) => this.#registry.frontendsOf(name));
    this.#publish(this.#changesOf(transitions, frontends));
    logSilent(this.#logger, names);
  }

  #onOutcomes(outcomes: readonly ProbeOutcome[]): void {
    const transitions: NamedTransition[] = [];
    const recounted: string[] = [];
    /** Frontends in which the check of a server through VPP's tunnel turned. */
    const turned: string[] = [];
    const debug = this.#logger.enabled("debug");
    // The set of subscribers to debug records changes.
    this.#engine.trace(debug);
    for (const outcome of outcomes) {
      const target = this.#targets.find(outcome);
      if (target === undefined) continue;
      const { result, atMs } = outcome;
      if (debug) logProbe(this.#logger, target, result);
      const { backend, isAgent, type, encap } = target;
      if (encap !== undefined) {
        if (this.#encap.count(encap, outcome)) turned.push(encap.frontend);
        continue;
      }
      const event = this.#agents.eventOf(this.#backend(backend), { isAgent, result });
      if (!isAgent) this.tally.countProbe(backend, type, result);
      if (event !== undefined) this.#stepper.step(backend, { event, atMs, transitions, recounted });
    }
    if (transitions.length + recounted.length + turned.length === 0) return;
    const frontends = recounted.flatMap((name) => this.#registry.frontendsOf(name));
    this.#publish(this.#changesOf(transitions, [...frontends, ...turned]));
  }

  /** Evaluates what time alone has changed. */
  #wake(nowMs: MonotonicMs): void {
    const transitions: NamedTransition[] = [];
    const recounted: string[] = [];
    const atMs = this.#clock.wallMs();
    for (const name of this.#registry.unsuppressed(nowMs)) {
      this.#stepper.step(name, { event: { kind: "release" }, atMs, transitions, recounted });
    }
    const frontends = recounted.flatMap((name) => this.#registry.frontendsOf(name));
    this.#publish(this.#changesOf(transitions, [...this.#registry.due(nowMs), ...frontends]));
  }

  #onVoid(probe: VoidProbe): void {
    const target = this.#targets.find(probe);
    if (target === undefined || target.isAgent) return;
    const reason = probe.reason ?? "the prober itself was late";
    if (target.encap !== undefined) {
      this.#encap.countVoid(target.encap);
      this.#voids.add({ backend: target.backend, latenessMs: probe.latenessMs, reason });
      return;
    }
    this.tally.countVoid(target.backend);
    this.#carried.voided(target.backend);
    const before = this.#backend(target.backend);
    const result = this.#stepper.step(target.backend, {
      event: { kind: "void" },
      atMs: this.#clock.wallMs(),
      transitions: [],
    });
    if (result.ok && result.backend !== before) {
      // VPP keeps the weight of a server that the prober cannot see, but for what its agent lowers,
      // and what a policy or the tunnel's check decides.
      const keeps = before.agent === undefined && !this.#registry.decidesByMore(before.name);
      if (keeps) this.#registry.invalidate(before.name);
      else this.#publish(this.#changesOf([], this.#registry.frontendsOf(before.name)));
    }
    this.#voids.add({ backend: target.backend, latenessMs: probe.latenessMs, reason });
  }

  #operate(
    name: string,
    action: { readonly kind: BackendAction | "clear"; readonly options: OperatorOptions },
  ): OperatorOutcome<Backend> {
    this.#assertRunning();
    return this.#operations.operate(name, action);
  }

  /** Evaluates the frontends of these transitions, and `frontends` whose weights changed. */
  #changesOf(
    transitions: readonly NamedTransition[],
    frontends: readonly string[] = [],
  ): ChangeBatch {
    return changeBatchOf(this.#registry, { transitions, frontends, nowMs: this.#clock.wallMs() });
  }

  #publish(batch: ChangeBatch): void {
    this.#publisher.publish(batch, this.#registry);
    this.#wakeTimer.arm(this.#registry.wakeAtMs);
  }

  #backend(name: string): Backend {
    return this.#registry.backend(name) ?? violated(`no backend ${name}`);
  }

  #assertRunning(): void {
    invariant(this.#phase === "running", "checker is not running");
  }
}
