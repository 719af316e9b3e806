/**
 * Carries out operators' requests on the backends, and keeps their intents: those in force until
 * their ends, and scheduled ones until they begin. The checker steps the backends and publishes.
 */
import { notFound } from "../../base/nearest.ts";
import { MaglevError } from "../../base/errors.ts";
import type { Clock, Logger } from "../../base/ports.ts";
import type { Backend, NamedTransition } from "../../health/state.ts";
import { IntentKeeper, logDrainDone, logIntents } from "../../intent/expiry.ts";
import { type DrainIntent, type Intent, intentId, type IntentSet } from "../../intent/intent.ts";
import type { Durability, IntentStore } from "../../intent/ports.ts";
import type {
  BackendAction,
  DrainRequest,
  OperatorOptions,
  SetWeightRequest,
} from "../../intent/request.ts";
import { afterAction, afterEnds } from "../../intent/rules.ts";
import { cancelled, scheduledAction, tooMany } from "../../intent/schedule.ts";
import type { FrontendView } from "../ports.ts";
import type { Registry } from "../registry.ts";
import type { Step } from "../stepper.ts";
import { Beginnings, type BeginningsParts } from "./beginnings.ts";
import { FleetIntents, heldError } from "./fleet_intents.ts";
import { checkAction, type OperatorOutcome, refused } from "./operator.ts";
import {
  drainObstacle,
  type Refusal,
  type WorkedOut,
  workOutDrain,
  workOutLameduck,
  workOutWeight,
} from "./worked_request.ts";

/** The checker's side. */
export interface OperationParts {
  readonly registry: () => Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly store: IntentStore;
  /** True while VPP will acknowledge weights. */
  readonly awaitsVpp: () => boolean;
  /** Takes an action; returns the reason of a refusal, or undefined. */
  readonly act: (name: string, step: Step) => string | undefined;
  /** Publishes transitions, and frontends whose weights changed. */
  readonly publish: (
    transitions: readonly NamedTransition[],
    frontends: readonly string[],
  ) => void;
}

export class Operations {
  /** Intents that a fleet shares. */
  readonly fleet: FleetIntents;
  readonly #parts: OperationParts;
  readonly #keeper: IntentKeeper;

  constructor(parts: OperationParts) {
    this.#parts = parts;
    const { registry, clock, logger, act } = parts;
    const apply: BeginningsParts["apply"] = (intentSet, changes) =>
      void this.#apply(intentSet, changes);
    const beginnings = new Beginnings({ registry, clock, logger, act, apply });
    this.#keeper = new IntentKeeper({
      store: parts.store,
      clock: parts.clock,
      awaitsVpp: parts.awaitsVpp,
      onEnded: (ended) => this.#end(ended),
      onDue: (due) => beginnings.begin(due),
    });
    this.fleet = new FleetIntents({
      registry: parts.registry,
      nowMs: () => parts.clock.wallMs(),
      act: parts.act,
      apply: (intentSet, changed) => this.#apply(intentSet, changed),
    });
  }

  /** Ends and beginnings are watched from now on. */
  start(intentSet: IntentSet): void {
    this.#keeper.put(intentSet);
    this.#keeper.start();
  }

  /** Idempotent. */
  stop(): void {
    this.#keeper.stop();
  }

  /** VPP has acknowledged the weight 0 of a drain everywhere. */
  drainAcknowledged(drain: DrainIntent): void {
    this.#keeper.acknowledged(drain);
  }

  /** Saves the intents after a reload; the promise as IntentStore.save's. */
  put(intentSet: IntentSet): Promise<Durability> {
    return this.#keeper.put(intentSet);
  }

  /** An action on a backend, now or from `fromMs` on. */
  operate(
    name: string,
    action: { readonly kind: BackendAction | "clear"; readonly options: OperatorOptions },
  ): OperatorOutcome<Backend> {
    const { config, intents } = this.#registry;
    const before = this.#registry.backend(name)?.state;
    if (before === undefined) return refused(notFound("backend", name, config.backends.keys()));
    const nowMs = this.#parts.clock.wallMs();
    const fileEnabled = config.backends.get(name)!.enabled;
    const problem = checkAction(name, { ...action, fileEnabled, nowMs });
    if (problem !== undefined) return refused(problem, before);
    const { kind } = action;
    const held = this.fleet.heldBy(name, kind);
    if (held !== undefined) {
      const local = intents.localOfBackend(name);
      if (local?.kind !== held.kind) return refused(heldError(kind, name, held), before);
      const durable = this.#apply(intents.without(local), { frontends: [] });
      return { ok: true, value: this.#backend(name), before, after: before, intent: held, durable };
    }
    const later = scheduledAction(name, { ...action, nowMs });
    if (later !== undefined) {
      return this.#schedule(intents.asNewest(later), { value: this.#backend(name), before });
    }
    const transitions: NamedTransition[] = [];
    const recounted: string[] = [];
    const event = { kind };
    const refusal = this.#parts.act(name, { event, atMs: nowMs, transitions, recounted });
    if (refusal !== undefined) {
      return refused(new MaglevError("failed-precondition", refusal), before);
    }
    if (kind === "enable") this.fleet.obey(name, { atMs: nowMs, transitions });
    const value = this.#backend(name);
    const intentSet = kind === "clear"
      ? intents
      : afterAction(intents, { ...action, kind, backend: value, fileEnabled, nowMs });
    const drained = kind !== "clear" && intents.ofBackend(name)?.kind === "drain";
    const isRecounted = drained || recounted.length > 0;
    const frontends = isRecounted ? this.#registry.frontendsOf(name) : [];
    const durable = this.#apply(intentSet, { transitions, frontends });
    const intent = intentSet.ofBackend(name);
    return { ok: true, value, before, after: value.state, intent, durable };
  }

  drain(request: DrainRequest, options: OperatorOptions): OperatorOutcome<Backend> {
    const { backend: name } = request;
    const nowMs = this.#parts.clock.wallMs();
    const drain = workOutDrain(this.#registry, request, { options, nowMs });
    return this.#carryOut(drain, () => this.#backend(name));
  }

  /** Why a drain cannot begin now; undefined: it can, or the backend is unknown. */
  drainProblem(request: Pick<DrainRequest, "backend" | "force">): MaglevError | undefined {
    if (this.#registry.backend(request.backend) === undefined) return undefined;
    const message = drainObstacle(this.#registry, request);
    return message === undefined ? undefined : new MaglevError("failed-precondition", message);
  }

  setWeight(request: SetWeightRequest, options: OperatorOptions): OperatorOutcome<FrontendView> {
    const nowMs = this.#parts.clock.wallMs();
    const change = workOutWeight(this.#registry, request, { options, nowMs });
    return this.#carryOut(change, () => this.#registry.frontend(request.frontend)!);
  }

  /** Keeps all prefixes withdrawn, or no longer. */
  setLameduck(on: boolean, options: OperatorOptions): OperatorOutcome<boolean> {
    const nowMs = this.#parts.clock.wallMs();
    const change = workOutLameduck(this.#registry, on, { options, nowMs });
    return this.#carryOut(change, () => on);
  }

  /** Ends a drain in force before its time; `cause` is for the log. */
  endDrain(drain: DrainIntent, cause: string): void {
    this.#putEnds([drain]);
    logDrainDone(this.#parts.logger, drain, cause);
  }

  /** Ends an own intent in force, as the opposite action does, or takes back a scheduled one. */
  cancel(id: string): OperatorOutcome<Intent> {
    const { intents } = this.#registry;
    const intent = intents.ofId(id);
    if (intent === undefined) {
      return refused(notFound("intent", id, intents.all().map(intentId)));
    }
    const before = intent.kind;
    if (intent.scope !== undefined) {
      const message = `cannot cancel intent ${id} here: it is one of scope ${intent.scope}`;
      return refused(new MaglevError("failed-precondition", message), before);
    }
    const actions = intent.scheduled === true ? [] : cancelled(intent);
    const atMs = this.#parts.clock.wallMs();
    const transitions: NamedTransition[] = [];
    for (const { backend, kind } of actions) this.fleet.end(backend, kind, { atMs, transitions });
    const frontends = intent.scheduled === true ? [] : this.#framing(intent);
    const durable = this.#apply(intents.without(intent), { transitions, frontends });
    return { ok: true, value: intent, before, after: undefined, intent: undefined, durable };
  }

  #carryOut<Value extends string | number, T>(
    change: WorkedOut<Value> | Refusal<Value>,
    valueOf: () => T,
  ): OperatorOutcome<T> {
    if (change.kind === "refused") return refused(change.error, change.before);
    const { before, after, intentSet, intent, frontends } = change;
    if (intent?.scheduled === true) return this.#schedule(intent, { value: valueOf(), before });
    const durable = this.#apply(intentSet, { frontends });
    return { ok: true, value: valueOf(), before, after, intent, durable };
  }

  #schedule<T>(
    intent: Intent,
    { value, before }: { readonly value: T; readonly before: string | number },
  ): OperatorOutcome<T> {
    const { intents } = this.#registry;
    const problem = tooMany(intent, intents);
    if (problem !== undefined) return refused(problem, before);
    const durable = this.#apply(intents.with(intent), { frontends: [] });
    return { ok: true, value, before, after: before, intent, durable };
  }

  /** Ends intents whose time is over, as an operator would. */
  #end(ended: readonly Intent[]): void {
    this.#putEnds(ended);
    logIntents(this.#parts.logger, "operator-intent-expired", ended);
  }

  #putEnds(ended: readonly Intent[]): void {
    const transitions: NamedTransition[] = [];
    const atMs = this.#parts.clock.wallMs();
    const { intents, config } = this.#registry;
    const { intentSet, actions, reweighed } = afterEnds(intents, { ended, config });
    for (const { backend, kind } of actions) this.fleet.end(backend, kind, { atMs, transitions });
    const drained = reweighed.backends.flatMap((name) => this.#registry.frontendsOf(name));
    this.#apply(intentSet, { transitions, frontends: [...reweighed.frontends, ...drained] });
  }

  /** Frontends whose weights an intent changes, other than through a state. */
  #framing(intent: Intent): readonly string[] {
    switch (intent.kind) {
      case "weight":
        return [intent.frontend];
      case "drain":
        return this.#registry.frontendsOf(intent.backend);
      default:
        return [];
    }
  }

  /** Puts intents in force, with the weights of these frontends, and publishes what changed. */
  #apply(intentSet: IntentSet, { transitions = [], frontends }: {
    readonly transitions?: readonly NamedTransition[];
    readonly frontends: readonly string[];
  }): Promise<Durability> {
    this.#registry.setIntents(intentSet);
    const durable = this.#keeper.put(intentSet);
    for (const frontend of new Set(frontends)) this.#registry.reweigh(frontend);
    this.#parts.publish(transitions, frontends);
    return durable;
  }

  get #registry(): Registry {
    return this.#parts.registry();
  }

  #backend(name: string): Backend {
    return this.#registry.backend(name)!;
  }
}
