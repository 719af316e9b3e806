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
import { diffConfig } from "../config/diff.ts";
import type { Config } from "../config/model.ts";
import { firstDelaysMs } from "../health/interval.ts";
import { isProbed, STATIC_PASS, step } from "../health/machine.ts";
import type { Backend, HealthEvent, StepResult } from "../health/state.ts";
import type { ProbeEngine, ProbeOutcome, VoidProbe } from "../probe/ports.ts";
import { Emitter } from "./emitter.ts";
import { changesSince, eventsOf, logNews, type News, programEvent } from "./news.ts";
import {
  BACKEND_METHOD,
  type BackendAction,
  checkWeightRequest,
  logAction,
  notFound,
  type Operator,
  type SetWeightRequest,
} from "./operator.ts";
import type { CheckerEvent, CheckerReader, FrontendView, Snapshot } from "./ports.ts";
import { Registry, type WeightOverride } from "./registry.ts";
import { created, type NamedTransition, planReload } from "./reload.ts";
import { Tally } from "./tally.ts";
import { ProbeTargets } from "./targets.ts";
import { VoidReport } from "./void_report.ts";

/** What a Checker is built from. */
export interface CheckerOptions {
  /** Checked and complete. */
  readonly config: Config;
  /** Not started on anything; the checker sets its callbacks, its owner closes it. */
  readonly engine: ProbeEngine;
  readonly clock: Clock;
  readonly logger: Logger;
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
  #registry: Registry;
  #phase: "new" | "running" | "stopped" = "new";

  constructor(options: CheckerOptions) {
    const { config, engine, clock, logger } = options;
    this.#engine = engine;
    this.#clock = clock;
    this.#logger = logger;
    this.#targets = new ProbeTargets(engine);
    this.#voids = new VoidReport({ clock, logger });
    this.#emitter = new Emitter((error) => {
      const { message } = MaglevError.from(error);
      logger.error("events-dropped", { count: 1, reason: `a subscriber failed: ${message}` });
    });
    const nowMs = clock.wallMs();
    this.#registry = new Registry(
      config,
      new Map([...config.backends].map(([name, b]) => [name, created(config, b, nowMs)])),
    );
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

  /** The weights that operators have put in place of the file's. */
  weightOverrides(): readonly WeightOverride[] {
    return this.#registry.overrides();
  }

  /** Begins to probe. Subscribers should be there already: static backends come up at once. */
  start(): void {
    invariant(this.#phase === "new", "checker started twice");
    this.#phase = "running";
    this.#engine.onOutcomes = (outcomes) => this.#onOutcomes(outcomes);
    this.#engine.onVoid = (probe) => this.#onVoid(probe);
    this.#engine.onStart = (probe) => this.#onProbeStart(probe);
    this.#engine.trace(this.#logger.enabled("debug"));
    const transitions: NamedTransition[] = [];
    const names = [...this.#registry.config.backends.keys()];
    this.#begin(names.filter((name) => isProbed(this.#backend(name).state)), transitions);
    const { last, atMs } = this.#newsOf(transitions);
    const changes = changesSince(() => "unknown", this.#registry);
    const news = { transitions, changes, last, atMs };
    this.#emit(news);
    logNews(this.#logger, news);
  }

  /** Stops all probing and all timers; results that still come are ignored. Idempotent. */
  stop(): void {
    if (this.#phase === "running") {
      this.#targets.stopAll();
      this.#engine.onOutcomes = () => {};
      this.#engine.onVoid = () => {};
      this.#engine.onStart = () => {};
      this.#voids.stop();
    }
    this.#phase = "stopped";
  }

  /** Cancels the backend's probing: `paused`, weight 0, no flush. */
  pauseBackend(name: string, who: Operator): Backend | MaglevError {
    return this.#operate("pause", name, who);
  }

  /** Ends a pause: `unknown`, fresh probing. A backend that is not paused stays as it is. */
  resumeBackend(name: string, who: Operator): Backend | MaglevError {
    return this.#operate("resume", name, who);
  }

  /** Cancels the backend's probing: `disabled`, weight 0, flushed. */
  disableBackend(name: string, who: Operator): Backend | MaglevError {
    return this.#operate("disable", name, who);
  }

  /** Ends `disabled`: `unknown`, fresh probing. A backend that is not disabled stays as it is. */
  enableBackend(name: string, who: Operator): Backend | MaglevError {
    return this.#operate("enable", name, who);
  }

  /** Puts a weight in force until the next reload. */
  setWeight(request: SetWeightRequest, who: Operator): FrontendView | MaglevError {
    this.#assertRunning();
    const { frontend, pool, backend, weight } = request;
    const before = checkWeightRequest(request, this.snapshot().frontends);
    const action = {
      method: "SetFrontendPoolBackendWeight",
      arguments: { frontend, pool, backend, weight },
      who,
    };
    if (before instanceof MaglevError) {
      logAction(this.#logger, { ...action, error: before });
      return before;
    }
    if (before !== weight) this.#registry.setWeight(request);
    const news: News = {
      transitions: [],
      changes: this.#registry.refresh([frontend]),
      last: before === weight ? undefined : programEvent([frontend], "weight"),
      atMs: this.#clock.wallMs(),
    };
    this.#emit(news);
    logAction(this.#logger, { ...action, before, after: weight });
    logNews(this.#logger, news);
    const view = this.#registry.frontend(frontend);
    invariant(view !== undefined, `frontend ${frontend} vanished`);
    return view;
  }

  /** Puts a new, checked configuration in force; see reload.ts. */
  reload(config: Config): void {
    this.#assertRunning();
    const before = this.#registry;
    const atMs = this.#clock.wallMs();
    const diff = diffConfig(before.config, config).backends;
    const { backends } = before.snapshot();
    const plan = planReload({ next: config, diff, backends, nowMs: atMs });
    this.#registry = new Registry(config, plan.backends);
    const starts: string[] = [];
    for (const action of plan.actions) {
      if (action.kind === "stop") this.#targets.stop(action.backend);
      else if (action.kind === "start") starts.push(action.backend);
      else this.#targets.readdress(action.backend, action.address);
    }
    this.#startTargets(starts);
    const stateBefore = (name: string) => before.frontend(name)?.state ?? "unknown";
    const news: News = {
      transitions: plan.transitions,
      changes: changesSince(stateBefore, this.#registry),
      last: { kind: "reload" },
      atMs,
    };
    this.#emit(news);
    logNews(this.#logger, news);
    for (const name of diff.removed) this.#tally.forget(name);
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
      if (debug) {
        const { ok, layer, code, detail } = result;
        const duration_ms = Math.round(result.durationMs * 1000) / 1000;
        const { backend, type } = target;
        this.#logger.debug("probe-done", { backend, type, ok, layer, code, detail, duration_ms });
      }
    }
    if (transitions.length === 0) return;
    const news = this.#newsOf(transitions);
    this.#emit(news);
    logNews(this.#logger, news);
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
    const reason = probe.reason ?? "the prober itself was late";
    this.#voids.add({ backend: target.backend, latenessMs: probe.latenessMs, reason });
  }

  #operate(kind: BackendAction, name: string, who: Operator): Backend | MaglevError {
    this.#assertRunning();
    const action = { method: BACKEND_METHOD[kind], arguments: { backend: name }, who };
    const before = this.#registry.backend(name)?.state;
    if (before === undefined) {
      const error = notFound("backend", name, this.#registry.config.backends.keys());
      logAction(this.#logger, { ...action, error });
      return error;
    }
    const transitions: NamedTransition[] = [];
    const atMs = this.#clock.wallMs();
    const result = this.#step(name, { event: { kind }, atMs, transitions });
    if (!result.ok) {
      const error = new MaglevError("failed-precondition", result.message);
      logAction(this.#logger, { ...action, error, before, after: before });
      return error;
    }
    if (!isProbed(result.backend.state)) this.#targets.stop(name);
    else if (result.transition !== undefined) this.#begin([name], transitions);
    const news = this.#newsOf(transitions);
    this.#emit(news);
    const backend = this.#backend(name);
    logAction(this.#logger, { ...action, before, after: backend.state });
    logNews(this.#logger, news);
    return backend;
  }

  #step(name: string, { event, atMs, transitions }: Step): StepResult {
    const before = this.#backend(name);
    const result = step(before, event, atMs);
    if (!result.ok) return result;
    if (result.backend !== before) this.#registry.setBackend(result.backend);
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
    this.#startTargets(names.filter((name) => !isStatic(name)));
  }

  /** Starts probing, the first probes spread evenly. */
  #startTargets(names: readonly string[]): void {
    const { config } = this.#registry;
    const { netns } = config.healthchecker;
    const targets = names.map((backend) => {
      const { address, healthcheck: check } = config.backends.get(backend)!;
      const healthcheck = check === undefined ? undefined : config.healthchecks.get(check);
      invariant(healthcheck !== undefined, `backend ${backend} has no healthcheck to start`);
      return { backend, address, healthcheck, netns };
    });
    const delays = firstDelaysMs(targets.map((target) => target.healthcheck.fastIntervalMs));
    targets.forEach((target, i) => this.#targets.start({ ...target, firstDelayMs: delays[i]! }));
  }

  /** Works out what follows from transitions for the frontends that use these backends. */
  #newsOf(transitions: readonly NamedTransition[]): News {
    const touched = new Set<string>();
    for (const { name } of transitions) {
      for (const frontend of this.#registry.frontendsOf(name)) touched.add(frontend);
    }
    const frontends = [...touched].sort();
    return {
      transitions,
      changes: this.#registry.refresh(frontends),
      last: programEvent(frontends, "transition"),
      atMs: transitions.at(-1)?.transition.atMs ?? this.#clock.wallMs(),
    };
  }

  #emit(news: News): void {
    for (const { name, transition } of news.transitions) {
      this.#tally.countTransition(name, transition);
    }
    this.#emitter.emit(eventsOf(news));
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
