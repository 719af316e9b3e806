/**
 * Holds the backends, the frontends that follow from them, and operators' intents. PURE: it neither
 * probes nor publishes.
 *
 * The cost of a transition depends only on the frontends that use the backend, not on the size of
 * the configuration.
 */
import { invariant, violated } from "../base/assert.ts";
import { formatDuration } from "../base/duration.ts";
import { earliest, FAR_PAST_MS, type MonotonicMs, NEVER_MS, type WallMs } from "../base/instant.ts";
import type { Clock } from "../base/ports.ts";
import type { Config, FrontendConfig } from "../config/model.ts";
import { type BackendLookup, frontendHealth } from "../health/frontend.ts";
import { countedState } from "../health/machine.ts";
import type { PolicyChange } from "../health/policy/changes.ts";
import { penaltyText, suppressedUntil } from "../health/policy/damping.ts";
import { NO_MEMORY } from "../health/policy/memory.ts";
import { tunneledStates } from "../health/encap.ts";
import type { Backend, FrontendState, ProbeResult } from "../health/state.ts";
import { IntentSet } from "../intent/intent.ts";
import type { EncapPair } from "./encap/pairs.ts";
import { EncapState } from "./encap/state.ts";
import { withoutWeight } from "../config/pool_weights.ts";
import { isEmptied } from "./last_server.ts";
import { haveSameMembers, usersOf, usesAny } from "./members.ts";
import { decidesByPast, decidesByWeights, weightsOf } from "./past.ts";
import type { FrontendView, Snapshot, WeightsSent } from "./ports.ts";
import { frontendsInForce, inForce } from "../intent/weights_in_force.ts";

/** A frontend whose state changed. */
export interface FrontendChange {
  readonly name: string;
  readonly from: FrontendState;
  readonly to: FrontendState;
}

/** Frontends that were evaluated again. */
export interface Refreshed {
  readonly views: readonly FrontendView[];
  /** Those of `views` whose state changed. */
  readonly changes: readonly FrontendChange[];
}

/** Optional parts of a Registry. */
export interface RegistryOptions {
  /** Operators' intents; default: none. */
  readonly intents?: IntentSet;
  /** The registry before a reload: policies continue, and what the reload leaves is not computed. */
  readonly past?: Registry;
  readonly weightsSent?: WeightsSent | undefined;
  /** The clock of policies; default: time stands still. */
  readonly clock?: Pick<Clock, "monotonicMs">;
  /** For tests; default: frontendHealth(). */
  readonly evaluate?: typeof frontendHealth;
}

/** The registry of one configuration; a reload makes a new one. */
export class Registry {
  readonly config: Config;
  /** The checks of servers through VPP's tunnel. */
  readonly encap: EncapState;
  readonly #backends: Map<string, Backend>;
  readonly #frontends: Map<string, FrontendView>;
  /** Backend → names of the frontends that use it. */
  readonly #usedBy: ReadonlyMap<string, readonly string[]>;
  /** Frontends to be evaluated before they are read. */
  readonly #stale = new Set<string>();
  /** Frontends whose policies must be evaluated at a time, and that time. */
  readonly #wakes = new Map<string, MonotonicMs>();
  /** Frontends in which damping goes on, because VPP has weight for blind servers. */
  readonly #reserved = new Set<string>();
  /** Backends that damping suppresses, and the end of the suppression. */
  readonly #suppressed = new Map<string, MonotonicMs>();
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #evaluator: typeof frontendHealth;
  readonly #weightsSent: WeightsSent | undefined;
  readonly #lookup: Omit<BackendLookup, "weightsBefore"> = {
    stateOf: (name) => countedState(this.#backends.get(name) ?? violated(`no backend ${name}`)),
    addressOf: (name) => this.config.backends.get(name)!.address,
  };
  /** A penalty changed since the last call of takePenaltiesChanged(). */
  #penaltiesChanged = true;
  /** Changes of policies that were not taken yet. */
  #policyChanges: PolicyChange[] = [];
  #intents: IntentSet;
  #current: Snapshot | undefined;
  /** The newest copies; undefined after the next change. */
  #backendsCopy: ReadonlyMap<string, Backend> | undefined;
  #frontendsCopy: ReadonlyMap<string, FrontendView> | undefined;
  #snapshot: Snapshot | undefined;

  /**
   * `backends` holds every backend of `config`, in the states that `intents` require. The weights
   * among the intents, whose entries must exist, are in force from the beginning.
   */
  constructor(
    config: Config,
    backends: ReadonlyMap<string, Backend>,
    options: RegistryOptions = {},
  ) {
    const { intents = IntentSet.EMPTY, past, clock = STOPPED, evaluate = frontendHealth } = options;
    this.config = config;
    this.encap = new EncapState(config, past?.encap);
    this.#clock = clock;
    this.#evaluator = evaluate;
    this.#weightsSent = options.weightsSent;
    this.#intents = intents;
    this.#backends = new Map();
    /** The backends whose value or definition is another object than in `past`. */
    const unlike = new Set<string>();
    for (const [name, definition] of config.backends) {
      const backend = backends.get(name);
      invariant(backend !== undefined, `no state for backend ${name}`);
      this.#backends.set(name, backend);
      this.#noteSuppression(backend);
      const same = past !== undefined && past.#backends.get(name) === backend &&
        past.config.backends.get(name) === definition;
      if (!same) unlike.add(name);
    }
    this.#frontends = new Map();
    for (const [name, frontend] of frontendsInForce(config, intents, this.#backends)) {
      const before = past?.current.frontends.get(name);
      const stays = before?.config === frontend && !decidesByPast(before) &&
        !usesAny(frontend, unlike) && this.encap.of(name) === undefined;
      this.#frontends.set(name, stays ? before : this.#evaluate(frontend, before));
    }
    for (const view of this.#frontends.values()) this.#noteWake(view);
    this.#usedBy = past !== undefined && haveSameMembers(past.config, config)
      ? past.#usedBy
      : usersOf(config);
  }

  backend(name: string): Backend | undefined {
    return this.#backends.get(name);
  }

  frontend(name: string): FrontendView | undefined {
    this.#evaluateStale();
    return this.#frontends.get(name);
  }

  /** True when more than its backends' states decides in a frontend of this backend. */
  decidesByMore(backend: string): boolean {
    return this.frontendsOf(backend).some((name) =>
      decidesByPast(this.#frontends.get(name)!) || this.encap.of(name) !== undefined
    );
  }

  /** Marks the frontends of a backend whose counted state changed without a transition. */
  invalidate(backend: string): void {
    for (const frontend of this.frontendsOf(backend)) this.#stale.add(frontend);
  }

  /** Names of the frontends that use a backend, in the file's order. */
  frontendsOf(backend: string): readonly string[] {
    return this.#usedBy.get(backend) ?? [];
  }

  /**
   * Replaces the value of a backend, with the weights that its agent allows. Call refresh() for its
   * frontends when the state or the agent changed.
   */
  setBackend(backend: Backend): void {
    const before = this.#backends.get(backend.name);
    if (before?.damping !== backend.damping) {
      this.#penaltiesChanged = true;
      this.#noteSuppression(backend);
      if (before?.damping?.suppressedMs !== backend.damping?.suppressedMs) {
        this.#noteDamped(backend);
      }
    }
    this.#backends.set(backend.name, backend);
    this.#backendsCopy = undefined;
    this.#snapshot = undefined;
    if (before?.agent === backend.agent) return;
    for (const frontend of this.frontendsOf(backend.name)) this.reweigh(frontend);
  }

  /**
   * Counts a result of a check through VPP's tunnel. True when it fails or passes now and did not
   * before: call refresh() for the frontend then.
   */
  stepEncap(pair: EncapPair, result: ProbeResult, atMs: WallMs): boolean {
    const state = this.#lookup.stateOf(pair.backend);
    const change = this.encap.step(pair, { result, atMs, state });
    this.#snapshot = undefined;
    if (change !== undefined) this.#policyChanges.push(change);
    return change !== undefined;
  }

  /** Evaluates these frontends again and returns them, in the given order. */
  refresh(names: Iterable<string>): Refreshed {
    const views: FrontendView[] = [];
    const changes: FrontendChange[] = [];
    for (const name of names) {
      const before = this.#frontends.get(name);
      invariant(before !== undefined, `no frontend ${name}`);
      const after = this.#evaluate(before.config, before);
      this.#setFrontend(after);
      this.#stale.delete(name);
      views.push(after);
      if (before.state !== after.state) {
        changes.push({ name, from: before.state, to: after.state });
      }
    }
    return { views, changes };
  }

  /** The changes that policies made since the last call, in the order of evaluation. */
  takePolicyChanges(): readonly PolicyChange[] {
    this.#evaluateStale();
    return this.#policyChanges.length === 0 ? NO_CHANGES : this.#policyChanges.splice(0);
  }

  /** True when a penalty changed since the last call, and at the first one. */
  takePenaltiesChanged(): boolean {
    const changed = this.#penaltiesChanged;
    this.#penaltiesChanged = false;
    return changed;
  }

  /** The time of the next evaluation that a policy needs; NEVER_MS: none. */
  get wakeAtMs(): MonotonicMs {
    let atMs = NEVER_MS;
    for (const wakeMs of this.#wakes.values()) atMs = earliest(atMs, wakeMs);
    for (const untilMs of this.#suppressed.values()) atMs = earliest(atMs, untilMs);
    return atMs;
  }

  /** Backends whose suppression is over by now, sorted. */
  unsuppressed(nowMs: MonotonicMs): readonly string[] {
    return [...this.#suppressed].filter(([, untilMs]) => untilMs <= nowMs).map(([name]) => name)
      .sort();
  }

  /** Frontends that a policy needs evaluated by now, sorted. */
  due(nowMs: MonotonicMs): readonly string[] {
    return [...this.#wakes].filter(([, wakeMs]) => wakeMs <= nowMs).map(([name]) => name).sort();
  }

  /** Frontends to evaluate when VPP was found with weights, or when weights were sent to it. */
  decidingBy(weights: "found" | "sent"): readonly string[] {
    if (weights === "sent") return [...this.#reserved].filter((name) => this.#lacksBlind(name));
    return [...this.#frontends.values()].filter(decidesByWeights).map(({ name }) => name);
  }

  /** True when VPP was sent no weight for any of the servers for which damping goes on. */
  #lacksBlind(frontend: string): boolean {
    const { config, memory } = this.#frontends.get(frontend)!;
    const sent = this.#weightsSent?.of(config);
    return [...memory.blindWeights?.keys() ?? []].every((text) => (sent?.get(text) ?? 0) === 0);
  }

  /** Puts the weights of intents and agents for a frontend in force. Call refresh() for it afterwards. */
  reweigh(frontend: string): void {
    const view = this.#frontends.get(frontend);
    const file = this.config.frontends.get(frontend);
    invariant(view !== undefined && file !== undefined, `no frontend ${frontend}`);
    this.#setFrontend({ ...view, config: inForce(file, this.#intents, this.#backends) });
  }

  /** True when a frontend serves now, and no server of it would have weight without a backend's. */
  isLastOf(frontend: string, backend: string): boolean {
    return this.isEmptied(frontend, (config) => withoutWeight(config, backend));
  }

  /** The same with the weights that `change` gives. */
  isEmptied(frontend: string, change: (config: FrontendConfig) => FrontendConfig): boolean {
    const view = this.frontend(frontend);
    invariant(view !== undefined, `no frontend ${frontend}`);
    const lookup = this.#lookupOf(view.config, view);
    const moment = { nowMs: this.#clock.monotonicMs(), evaluator: this.#evaluator };
    return isEmptied(view, change(view.config), { lookup, ...moment });
  }

  /** True when a backend of these is up with a weight in a frontend, by its weights in force. */
  hasUp(frontend: string, isOne: (backend: string) => boolean): boolean {
    const { config } = this.#frontends.get(frontend)!;
    const { stateOf } = this.#lookupOf(config, undefined);
    // From the end: what begins together begins in order, and leaves the last ones.
    return config.pools.some(({ backends }) =>
      backends.findLast(({ name, weight }) =>
        weight > 0 && isOne(name) && stateOf(name) === "up"
      ) !==
        undefined
    );
  }

  get intents(): IntentSet {
    return this.#intents;
  }

  /** Replaces operators' intents; states and weights stay. */
  setIntents(intents: IntentSet): void {
    this.#intents = intents;
    this.#current = undefined;
    this.#snapshot = undefined;
  }

  /** The present values; its maps change with the next step. */
  get current(): Snapshot {
    this.#evaluateStale();
    this.#current ??= {
      config: this.config,
      backends: this.#backends,
      frontends: this.#frontends,
      intents: this.#intents,
      ...this.encap.part(false),
    };
    return this.#current;
  }

  /** A copy of the present values; the same object until something changes. */
  snapshot(): Snapshot {
    this.#evaluateStale();
    this.#snapshot ??= {
      config: this.config,
      backends: this.#backendsCopy ??= new Map(this.#backends),
      frontends: this.#frontendsCopy ??= new Map(this.#frontends),
      intents: this.#intents,
      ...this.encap.part(true),
    };
    return this.#snapshot;
  }

  /**
   * The values at the end, when a reload makes the next registry. No step changes this one later,
   * so only the checks through the tunnel, which the next one takes over, are copied.
   */
  final(): Snapshot {
    return { ...this.current, ...this.encap.part(true) };
  }

  /** Evaluates late and together, because thousands of backends may become blind in a row. */
  #evaluateStale(): void {
    if (this.#stale.size > 0) this.refresh([...this.#stale]);
  }

  #setFrontend(view: FrontendView): void {
    this.#frontends.set(view.name, view);
    this.#noteWake(view);
    this.#frontendsCopy = undefined;
    this.#snapshot = undefined;
  }

  #noteSuppression({ name, damping, policy }: Backend): void {
    const untilMs = policy.damping && suppressedUntil(damping, policy.damping);
    if (untilMs !== undefined) this.#suppressed.set(name, untilMs);
    else if (this.#suppressed.size > 0) this.#suppressed.delete(name);
  }

  #noteDamped({ name, damping, policy }: Backend): void {
    const untilMs = this.#suppressed.get(name);
    if (untilMs === undefined || damping === undefined || policy.damping === undefined) return;
    const { penalty, atMs } = damping;
    const rest = formatDuration(Math.ceil(Math.max(0, untilMs - atMs) / 1000) * 1000);
    const message =
      `its penalty is ${penaltyText(penalty)} (suppress ${policy.damping.suppress}): ` +
      `it stays down for ${rest}, even when its checks pass (damping)`;
    this.#policyChanges.push({ event: "backend-damped", backend: name, message });
  }

  #noteWake({ name, memory }: FrontendView): void {
    if (memory.wakeAtMs !== undefined) this.#wakes.set(name, memory.wakeAtMs);
    else if (this.#wakes.size > 0) this.#wakes.delete(name);
    if (memory.blindWeights !== undefined) this.#reserved.add(name);
    else if (this.#reserved.size > 0) this.#reserved.delete(name);
  }

  #lookupOf(config: FrontendConfig, before: FrontendView | undefined) {
    return {
      ...this.#lookup,
      stateOf: tunneledStates(this.#lookup.stateOf, this.encap.of(config.name)),
      weightsBefore: () =>
        this.#weightsSent === undefined ? weightsOf(before) : this.#weightsSent.of(config),
      isProgrammed: () => this.#weightsSent?.isProgrammed(config) ?? true,
      tableLength: this.config.vppLb?.newFlowsTableLength,
    };
  }

  #evaluate(config: FrontendConfig, before: FrontendView | undefined): FrontendView {
    const lookup = this.#lookupOf(config, before);
    const moment = { past: before?.memory ?? NO_MEMORY, nowMs: this.#clock.monotonicMs() };
    const health = this.#evaluator(config, lookup, moment);
    const { name } = config;
    if (health.policyChanges === undefined) return { name, config, ...health };
    const { policyChanges, ...rest } = health;
    // A late evaluation (#evaluateStale) keeps its changes for the next batch.
    this.#policyChanges.push(...policyChanges);
    return { name, config, ...rest };
  }
}

const STOPPED = { monotonicMs: () => FAR_PAST_MS };
const NO_CHANGES: readonly PolicyChange[] = [];
