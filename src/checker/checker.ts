/**
 * The heart of the daemon: results of probes and operators' wishes come in, each is one step of a
 * backend's state machine, and what follows from it goes out as events: to VPP first of all.
 *
 * The way of a verdict is short and synchronous: find the backend, step it, and, only when its
 * state changed, work out the few frontends that use it. A batch of results is one instant: its
 * backend events come first, in the order of the verdicts, then a frontend event for each
 * frontend whose state is another than before the batch, then one `program` event for all of
 * them together, so that a rack that dies is one batch of operations on VPP. Log records are
 * written after the events, for VPP shall not wait for them.
 */
import { invariant } from "../base/assert.ts";
import { MaglevError } from "../base/errors.ts";
import type { Clock, Logger } from "../base/ports.ts";
import { finish } from "../async/steps.ts";
import type { Config } from "../config/model.ts";
import { isProbed, STATIC_PASS, step } from "../health/machine.ts";
import type { Backend, HealthEvent, StepResult } from "../health/state.ts";
import type { ProbeEngine, ProbeOutcome, VoidProbe } from "../probe/ports.ts";
import { CarriedTimes } from "./carried_times.ts";
import { Emitter } from "../async/emitter.ts";
import type { Intent, IntentBook } from "../intent/intent.ts";
import { IntentKeeper, logDropped, logIntents, NO_STORE } from "../intent/expiry.ts";
import { afterAction, afterWeight, type Restored, restoreIntents } from "../intent/rules.ts";
import { changesSince, eventsOf, logNews, logProbe, logSilent, type News, newsOf } from "./news.ts";
import {
  checkAction,
  checkOptions,
  checkWeightRequest,
  type OperatorOutcome,
  refused,
} from "./operator.ts";
import {
  type BackendAction,
  type OperatorOptions,
  type SetWeightRequest,
} from "../intent/request.ts";
import { notFound } from "../base/nearest.ts";
import type { CheckerEvent, CheckerReader, FrontendView, Snapshot } from "./ports.ts";
import type { Durability, KeptIntents } from "../intent/ports.ts";
import { type WorkedOutReload, workOutReload } from "./worked_reload.ts";
import { Registry } from "./registry.ts";
import { weightOf } from "../config/pool_weights.ts";
import { created } from "./reload.ts";
import { type NamedTransition } from "../health/state.ts";
import { Tally } from "./tally.ts";
import { checkOf, ProbeTargets } from "./targets.ts";
import { VoidReport } from "./void_report.ts";

/** What a Checker is built from. */
export interface CheckerOptions {
  /** Checked and complete. */
  readonly config: Config;
  /** Not started on anything; the checker sets its callbacks, its owner closes it. */
  readonly engine: ProbeEngine;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where operators' intents are kept; absent: nowhere. */
  readonly intents?: KeptIntents | undefined;
}

/** What came of a reload. */
export interface ReloadResult {
  /** Settles, soon and without failing, when the intents that it ended are off the disk. */
  readonly durable: Promise<Durability>;
  /** What it did, and how to work out what becomes of VPP by it. */
  readonly worked: WorkedOutReload;
}

/** One step to take; a transition that comes of it is added to the list. */
interface Step {
  readonly event: HealthEvent;
  /** Unix time in milliseconds. */
  readonly atMs: number;
  readonly transitions: NamedTransition[];
}

/** Owns the backends and frontends of the daemon. */
export class Checker implements CheckerReader {
  readonly #engine: ProbeEngine;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #targets: ProbeTargets;
  readonly #emitter: Emitter<CheckerEvent>;
  readonly #voids: VoidReport;
  readonly #tally = new Tally();
  readonly #intents: IntentKeeper;
  readonly #carried: CarriedTimes;
  /** What came of the kept intents; told at the start. */
  readonly #restored: Restored;
  #registry: Registry;
  #phase: "new" | "running" | "stopped" = "new";

  constructor(options: CheckerOptions) {
    const { config, engine, clock, logger } = options;
    this.#engine = engine;
    this.#clock = clock;
    this.#logger = logger;
    this.#targets = new ProbeTargets(engine);
    this.#voids = new VoidReport({ clock, logger });
    this.#carried = new CarriedTimes({
      clock,
      answers: (backend) => this.#targets.answers(backend),
      onOver: (backends) => this.#dropCarried(backends),
    });
    this.#emitter = new Emitter((error) => {
      const { message } = MaglevError.from(error);
      logger.error("events-dropped", { count: 1, err: `a subscriber failed: ${message}` });
    });
    const { kept = [], maxAgeMs = 0, store = NO_STORE } = options.intents ?? {};
    const onEnded = (ended: readonly Intent[]) => this.#endIntents(ended);
    this.#intents = new IntentKeeper({ store, clock, onEnded });
    const nowMs = clock.wallMs();
    const backends = new Map(
      [...config.backends].map(([name, b]) => [name, created(config, b, nowMs)]),
    );
    this.#restored = restoreIntents({ intents: kept, config, backends, nowMs, maxAgeMs });
    this.#registry = new Registry(config, this.#restored.backends, this.#restored.book);
  }

  /** Running totals for metrics. */
  get tally(): Tally {
    return this.#tally;
  }

  snapshot(): Snapshot {
    return this.#registry.snapshot();
  }

  subscribe(listener: (event: CheckerEvent) => void): () => void {
    return this.#emitter.subscribe(listener);
  }

  /** Begins to probe. Subscribers should be there already: static backends come up at once. */
  start(): void {
    invariant(this.#phase === "new", "checker started twice");
    this.#phase = "running";
    this.#engine.onOutcomes = (outcomes) => this.#onOutcomes(outcomes);
    this.#engine.onVoid = (probe) => this.#onVoid(probe);
    this.#engine.onStart = (probe) => this.#onProbeStart(probe);
    this.#engine.trace(this.#logger.enabled("debug"));
    const { book, expired, dropped } = this.#restored;
    const transitions = [...this.#restored.transitions];
    const names = [...this.#registry.config.backends.keys()];
    this.#begin(names.filter((name) => isProbed(this.#backend(name).state)), transitions);
    const { last, atMs } = this.#newsOf(transitions);
    const changes = changesSince(() => "unknown", this.#registry);
    logIntents(this.#logger, "operator-intent-restored", book.list());
    logIntents(this.#logger, "operator-intent-expired", expired);
    logDropped(this.#logger, dropped);
    this.#intents.put(book);
    this.#intents.start();
    this.#tell({ transitions, changes, last, atMs });
  }

  /** Stops all probing and all timers; results that still come are ignored. Idempotent. */
  stop(): void {
    if (this.#phase === "running") {
      this.#targets.stopAll();
      this.#engine.onOutcomes = () => {};
      this.#engine.onVoid = () => {};
      this.#engine.onStart = () => {};
      this.#voids.stop();
      this.#intents.stop();
      this.#carried.stop();
    }
    this.#phase = "stopped";
  }

  /** Cancels the backend's probing: `paused`, weight 0, no flush. */
  pauseBackend(name: string, options: OperatorOptions): OperatorOutcome<Backend> {
    return this.#operate(name, { kind: "pause", options });
  }

  /** Ends a pause: `unknown`, fresh probing. A backend that is not paused stays as it is. */
  resumeBackend(name: string, options: OperatorOptions): OperatorOutcome<Backend> {
    return this.#operate(name, { kind: "resume", options });
  }

  /** Cancels the backend's probing: `disabled`, weight 0, flushed. */
  disableBackend(name: string, options: OperatorOptions): OperatorOutcome<Backend> {
    return this.#operate(name, { kind: "disable", options });
  }

  /** Ends `disabled`: `unknown`, fresh probing. A backend that is not disabled stays as it is. */
  enableBackend(name: string, options: OperatorOptions): OperatorOutcome<Backend> {
    return this.#operate(name, { kind: "enable", options });
  }

  /** Puts a weight in force until its end, or until the file's own weight changes. */
  setWeight(request: SetWeightRequest, options: OperatorOptions): OperatorOutcome<FrontendView> {
    this.#assertRunning();
    const { frontend, weight } = request;
    const before = checkWeightRequest(request, this.snapshot().frontends);
    if (before instanceof MaglevError) return refused(before);
    const nowMs = this.#clock.wallMs();
    const problem = checkOptions(options, { nowMs, canEnd: true });
    if (problem !== undefined) return refused(problem, before);
    if (before !== weight) this.#registry.setWeight(request);
    const { config, intents } = this.#registry;
    const fileWeight = weightOf(config.frontends.get(frontend), request)!;
    const book = afterWeight(intents, { request, fileWeight, options, nowMs });
    const durable = this.#putIntents(book);
    this.#tell(this.#newsOf([], before === weight ? [] : [frontend]));
    const value = this.#registry.frontend(frontend);
    invariant(value !== undefined, `frontend ${frontend} vanished`);
    return { ok: true, value, before, after: weight, intent: book.ofWeight(request), durable };
  }

  /** Puts a new, checked configuration in force; see reload.ts. */
  reload(config: Config): ReloadResult {
    this.#assertRunning();
    const before = this.#registry;
    const atMs = this.#clock.wallMs();
    const worked = finish(workOutReload(before.snapshot(), config, atMs));
    const { plan, book, outline: { stopped, intentsDropped } } = worked;
    this.#registry = new Registry(config, plan.backends, book);
    this.#targets.apply(plan.actions, { config, backends: plan.backends });
    this.#carried.retain((name) => plan.backends.get(name)?.standing === "carried");
    this.#carried.begin(plan.carried.map((name) => [name, checkOf(config, name)]));
    const durable = this.#intents.put(book);
    logDropped(this.#logger, intentsDropped);
    const stateBefore = (name: string) => before.frontend(name)?.state ?? "unknown";
    this.#tell({
      transitions: plan.transitions,
      changes: changesSince(stateBefore, this.#registry),
      last: { kind: "reload" },
      atMs,
    });
    for (const name of stopped) this.#tally.forget(name);
    return { durable, worked };
  }

  /** Their new checks were silent for too long: they no longer count as up. */
  #dropCarried(names: readonly string[]): void {
    const transitions: NamedTransition[] = [];
    const atMs = this.#clock.wallMs();
    const frontends: string[] = [];
    for (const name of names) {
      this.#step(name, { event: { kind: "drop" }, atMs, transitions });
      frontends.push(...this.#registry.frontendsOf(name));
    }
    this.#tell(this.#newsOf(transitions, frontends));
    logSilent(this.#logger, names);
  }

  #onOutcomes(outcomes: readonly ProbeOutcome[]): void {
    const transitions: NamedTransition[] = [];
    const debug = this.#logger.enabled("debug");
    // Who listens at debug comes and goes.
    this.#engine.trace(debug);
    for (const outcome of outcomes) {
      const target = this.#targets.find(outcome);
      if (target === undefined) continue;
      const { result, atMs } = outcome;
      this.#tally.countProbe(target.backend, target.type, result);
      this.#step(target.backend, { event: { kind: "probe", result }, atMs, transitions });
      if (debug) logProbe(this.#logger, target, result);
    }
    if (transitions.length > 0) this.#tell(this.#newsOf(transitions));
  }

  #onProbeStart(probe: { readonly id: number; readonly generation: number }): void {
    const target = this.#targets.find(probe);
    if (target === undefined) return;
    this.#logger.debug("probe-start", { backend: target.backend, type: target.type });
  }

  #onVoid(probe: VoidProbe): void {
    const target = this.#targets.find(probe);
    if (target === undefined) return;
    this.#tally.countVoid(target.backend);
    this.#carried.voided(target.backend);
    this.#step(target.backend, {
      event: { kind: "void" },
      atMs: this.#clock.wallMs(),
      transitions: [],
    });
    const reason = probe.reason ?? "the prober itself was late";
    this.#voids.add({ backend: target.backend, latenessMs: probe.latenessMs, reason });
  }

  #operate(
    name: string,
    action: { readonly kind: BackendAction; readonly options: OperatorOptions },
  ): OperatorOutcome<Backend> {
    this.#assertRunning();
    const { config, intents } = this.#registry;
    const before = this.#registry.backend(name)?.state;
    if (before === undefined) return refused(notFound("backend", name, config.backends.keys()));
    const nowMs = this.#clock.wallMs();
    const fileEnabled = config.backends.get(name)!.enabled;
    const problem = checkAction(name, { ...action, fileEnabled, nowMs });
    if (problem !== undefined) return refused(problem, before);
    const transitions: NamedTransition[] = [];
    const refusal = this.#act(name, { event: { kind: action.kind }, atMs: nowMs, transitions });
    if (refusal !== undefined) {
      return refused(new MaglevError("failed-precondition", refusal), before);
    }
    const value = this.#backend(name);
    const book = afterAction(intents, { ...action, backend: value, fileEnabled, nowMs });
    const durable = this.#putIntents(book);
    this.#tell(this.#newsOf(transitions));
    return { ok: true, value, before, after: value.state, intent: book.ofBackend(name), durable };
  }

  /** What an operator wants of a backend, or no longer wants; why it cannot be, or undefined. */
  #act(name: string, step: Step): string | undefined {
    const result = this.#step(name, step);
    if (!result.ok) return result.message;
    if (!isProbed(result.backend.state)) this.#targets.stop(name);
    else if (result.transition !== undefined) this.#begin([name], step.transitions);
    return undefined;
  }

  /** Intents whose time is over: as if an operator ended each. */
  #endIntents(ended: readonly Intent[]): void {
    const transitions: NamedTransition[] = [];
    const frontends: string[] = [];
    const atMs = this.#clock.wallMs();
    let book = this.#registry.intents;
    for (const intent of ended) {
      book = book.without(intent);
      if (intent.kind === "weight") {
        this.#registry.setWeight({ ...intent, weight: intent.instead });
        frontends.push(intent.frontend);
      } else {
        const kind = intent.kind === "pause" ? "resume" : "enable";
        this.#act(intent.backend, { event: { kind }, atMs, transitions });
      }
    }
    this.#putIntents(book);
    logIntents(this.#logger, "operator-intent-expired", ended);
    this.#tell(this.#newsOf(transitions, frontends));
  }

  #putIntents(book: IntentBook): Promise<Durability> {
    this.#registry.setIntents(book);
    return this.#intents.put(book);
  }

  #step(name: string, { event, atMs, transitions }: Step): StepResult {
    const before = this.#backend(name);
    const result = step(before, event, atMs);
    if (!result.ok) return result;
    if (result.backend !== before) this.#registry.setBackend(result.backend);
    // A result that counts is all that the time of a carried backend is for.
    if (before.standing === "carried" && event.kind !== "void") this.#carried.end(name);
    if (result.transition !== undefined) transitions.push({ name, transition: result.transition });
    return result;
  }

  /** Begins with backends that are afresh: static ones pass, the others are probed. */
  #begin(names: readonly string[], transitions: NamedTransition[]): void {
    const { config } = this.#registry;
    const atMs = this.#clock.wallMs();
    const isStatic = (name: string) => config.backends.get(name)?.healthcheck === undefined;
    for (const name of names.filter(isStatic)) {
      this.#step(name, { event: { kind: "probe", result: STATIC_PASS }, atMs, transitions });
    }
    const probed = names.filter((name) => !isStatic(name)).map((name) => this.#backend(name));
    this.#targets.startSpread(config, probed);
  }

  /** Works out what follows from transitions, and from weights that changed in `frontends`. */
  #newsOf(transitions: readonly NamedTransition[], frontends: readonly string[] = []): News {
    return newsOf(this.#registry, { transitions, frontends, nowMs: this.#clock.wallMs() });
  }

  /** Events first, for VPP shall not wait for log records. */
  #tell(news: News): void {
    for (const { name, transition } of news.transitions) {
      this.#tally.countTransition(name, transition);
    }
    this.#emitter.emit(eventsOf(news));
    logNews(this.#logger, news);
  }

  #backend(name: string): Backend {
    const backend = this.#registry.backend(name);
    invariant(backend !== undefined, `no backend ${name}`);
    return backend;
  }

  #assertRunning(): void {
    invariant(this.#phase === "running", "checker is not running");
  }
}
