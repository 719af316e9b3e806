/** PURE. Works out what an operator requests: a drain or a weight, or the reason of its refusal. */
import { MaglevError } from "../../base/errors.ts";
import { later, LATEST_MS, TOO_FAR_AWAY, type WallMs, wholeMs } from "../../base/instant.ts";
import { notFound } from "../../base/nearest.ts";
import { listWords } from "../../base/text.ts";
import { weightOf } from "../../config/pool_weights.ts";
import type { Config } from "../../config/model.ts";
import { loweredWeight } from "../../health/agent.ts";
import { isProbed } from "../../health/machine.ts";
import type { BackendState } from "../../health/state.ts";
import type { Intent, IntentSet } from "../../intent/intent.ts";
import type { DrainRequest, OperatorOptions, SetWeightRequest } from "../../intent/request.ts";
import { drainOf, lameduckOf, weightIntentOf } from "../../intent/rules.ts";
import { checkOptions, checkWeightRequest } from "./operator.ts";
import type { Registry } from "../registry.ts";

/** Length of a drain without `for`, in flow timeouts. */
const DRAIN_TIMEOUTS = 5;
/** VPP's flow timeout without a `vpp.lb` section, in milliseconds. */
const DEFAULT_FLOW_TIMEOUT_MS = 40_000;

/** VPP's flow timeout under a configuration, in milliseconds. */
export function flowTimeoutMs({ vppLb }: Config): number {
  return vppLb?.flowTimeoutMs ?? DEFAULT_FLOW_TIMEOUT_MS;
}

/** The length of a drain under a configuration, in milliseconds. */
export function drainLengthMs({ forMs }: Pick<DrainRequest, "forMs">, config: Config): number {
  return forMs ?? DRAIN_TIMEOUTS * flowTimeoutMs(config);
}

/** `before` is undefined for an unknown place. */
export interface Refusal<Value> {
  readonly kind: "refused";
  readonly error: MaglevError;
  readonly before?: Value | undefined;
}

/** A change of the weights in force. */
export interface WorkedOut<Value> {
  readonly kind: "change";
  readonly before: Value;
  readonly after: Value;
  readonly intentSet: IntentSet;
  /** The requested intent; undefined: the request ends one. */
  readonly intent: Intent | undefined;
  /** Frontends whose weights change. */
  readonly frontends: readonly string[];
}

export interface RequestContext {
  readonly options: OperatorOptions;
  /** Unix time in milliseconds. */
  readonly nowMs: WallMs;
}

/** A weight in place of the file's. It changes nothing during a drain of the backend. */
export function workOutWeight(
  registry: Registry,
  request: SetWeightRequest,
  { options, nowMs }: RequestContext,
): WorkedOut<number> | Refusal<number> {
  const { frontend, backend, weight } = request;
  const before = checkWeightRequest(request, registry.current.frontends);
  if (before instanceof MaglevError) return { kind: "refused", error: before };
  const error = checkOptions(options, { nowMs, canEnd: true });
  if (error !== undefined) return { kind: "refused", error, before };
  const { config, intents } = registry;
  const fileWeight = weightOf(config.frontends.get(frontend), request)!;
  const intent = intents.asNewest(weightIntentOf({ request, fileWeight, options, nowMs }));
  if (intent.scheduled === true && weight === fileWeight) {
    const message = `cannot set weight of backend ${JSON.stringify(backend)} later: the file's ` +
      "weight needs no intent; give the present one an end (until)";
    return { kind: "refused", error: new MaglevError("invalid-argument", message), before };
  }
  const ends = weight === fileWeight && intent.scheduled !== true;
  const intentSet = ends ? intents.without(intent) : intents.with(intent);
  const lowered = loweredWeight(weight, registry.backend(backend)?.agent);
  const after = intents.ofBackend(backend)?.kind === "drain" ? before : lowered;
  const frontends = before === after ? [] : [frontend];
  const kept = ends ? undefined : intent;
  return { kind: "change", before, after, intentSet, intent: kept, frontends };
}

/** Whether all prefixes are kept withdrawn. */
export type Lameduck = "on" | "off";

/** The lameduck of this load balancer; needs something that is announced. */
export function workOutLameduck(
  { config, intents }: Registry,
  on: boolean,
  { options, nowMs }: RequestContext,
): WorkedOut<Lameduck> | Refusal<Lameduck> {
  const before = intents.lameduck === undefined ? "off" : "on";
  const error = checkOptions(options, { nowMs, canEnd: on, canBegin: false }) ??
    (on && config.announce === undefined ? NOTHING_ANNOUNCED : undefined);
  if (error !== undefined) return { kind: "refused", error, before };
  const intent = on ? lameduckOf({ options, nowMs }) : undefined;
  const intentSet = intent === undefined ? withoutLameduck(intents) : intents.with(intent);
  return { kind: "change", before, after: on ? "on" : "off", intentSet, intent, frontends: [] };
}

function withoutLameduck(intents: IntentSet): IntentSet {
  const { lameduck } = intents;
  return lameduck === undefined ? intents : intents.without(lameduck);
}

const NOTHING_ANNOUNCED = new MaglevError(
  "failed-precondition",
  "cannot set lameduck: the configuration has no `maglev.announce`, so nothing is announced",
);

/** A drain, which leaves the state of the backend. */
export function workOutDrain(
  registry: Registry,
  request: DrainRequest,
  { options, nowMs }: RequestContext,
): WorkedOut<BackendState> | Refusal<BackendState> {
  const { backend, then } = request;
  const { config, intents } = registry;
  const before = registry.backend(backend)?.state;
  if (before === undefined) {
    return { kind: "refused", error: notFound("backend", backend, config.backends.keys()) };
  }
  const frontends = registry.frontendsOf(backend);
  const startMs = wholeMs(options.fromMs ?? nowMs);
  const forMs = drainLengthMs(request, config);
  const untilMs = later(startMs, forMs);
  const isNow = options.fromMs === undefined;
  const problem = checkOptions(options, { nowMs, canEnd: false, canBegin: true }) ??
    lengthProblem(request, untilMs);
  if (problem !== undefined) return { kind: "refused", error: problem, before };
  const message = isNow ? drainObstacle(registry, request) : undefined;
  if (message !== undefined) {
    return { kind: "refused", error: new MaglevError("failed-precondition", message), before };
  }
  const { force } = request;
  const drain = drainOf({ backend, then, untilMs, forMs, force, options, nowMs });
  const intent = intents.asNewest(drain);
  const intentSet = intents.with(intent);
  return { kind: "change", before, after: before, intentSet, intent, frontends };
}

/** Why a drain of a known backend cannot begin now; undefined: it can. */
export function drainObstacle(
  registry: Registry,
  { backend, force }: Pick<DrainRequest, "backend" | "force">,
): string | undefined {
  const { state } = registry.backend(backend)!;
  return outOfService(backend, state) ?? lastServer(registry, { backend, force });
}

function lengthProblem(
  { backend, forMs }: DrainRequest,
  untilMs: WallMs,
): MaglevError | undefined {
  if (forMs !== undefined && !(Number.isInteger(forMs) && forMs > 0)) {
    return new MaglevError(
      "invalid-argument",
      `${cannot(backend)} need a length of whole milliseconds above 0, have ${forMs}`,
    );
  }
  return untilMs > LATEST_MS
    ? new MaglevError("invalid-argument", `cannot take the end (for): ${TOO_FAR_AWAY}`)
    : undefined;
}

/** Why a backend in this state cannot be drained; undefined: it can. */
function outOfService(backend: string, state: BackendState): string | undefined {
  return isProbed(state) ? undefined : `${cannot(backend)} it is ${state}`;
}

/** Frontends that serve now, and would have no server with a weight in any pool, up or held. */
function lastServer(
  registry: Registry,
  { backend, force }: Pick<DrainRequest, "backend" | "force">,
): string | undefined {
  if (force) return undefined;
  const emptied = registry.frontendsOf(backend).filter((frontend) =>
    registry.isLastOf(frontend, backend)
  );
  return lastServerProblem(backend, emptied);
}

/** Why a scheduled drain waits for the checks; undefined: they have decided. */
export function undecided(registry: Registry, backend: string): string | undefined {
  const unknown = registry.frontendsOf(backend).filter((name) =>
    registry.frontend(name)!.state === "unknown"
  );
  if (unknown.length === 0) return undefined;
  const names = listWords(unknown.map((name) => JSON.stringify(name)), "and");
  return `${cannot(backend)} the checks of frontend ${names} have not decided yet`;
}

/** Why a drain is refused that empties these frontends; undefined without any. */
function lastServerProblem(
  backend: string,
  emptied: readonly string[],
): string | undefined {
  if (emptied.length === 0) return undefined;
  const names = listWords(emptied.map((name) => JSON.stringify(name)), "and");
  return `${cannot(backend)} it is the last server with a weight of frontend ${names}; use force ` +
    "to drain it";
}

function cannot(backend: string): string {
  return `cannot drain backend ${JSON.stringify(backend)}:`;
}
