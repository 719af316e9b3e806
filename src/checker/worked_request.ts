/** PURE. Works out what an operator requests: a drain or a weight, or the reason of its refusal. */
import { MaglevError } from "../base/errors.ts";
import { later, LATEST_MS, TOO_FAR_AWAY, type WallMs, wholeMs } from "../base/instant.ts";
import { notFound } from "../base/nearest.ts";
import { listWords } from "../base/text.ts";
import { weightOf } from "../config/pool_weights.ts";
import type { Config } from "../config/model.ts";
import { isProbed } from "../health/machine.ts";
import type { BackendState } from "../health/state.ts";
import type { IntentSet } from "../intent/intent.ts";
import type { DrainRequest, OperatorOptions, SetWeightRequest } from "../intent/request.ts";
import { afterDrain, afterWeight } from "../intent/rules.ts";
import { checkOptions, checkWeightRequest } from "./operator.ts";
import type { Registry } from "./registry.ts";

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
  /** Frontends whose weights change. */
  readonly frontends: readonly string[];
}

interface RequestContext {
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
  const intentSet = afterWeight(intents, { request, fileWeight, options, nowMs });
  const after = intents.ofBackend(backend)?.kind === "drain" ? before : weight;
  const frontends = before === after ? [] : [frontend];
  return { kind: "change", before, after, intentSet, frontends };
}

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
  const forMs = drainLengthMs(request, config);
  const untilMs = later(wholeMs(nowMs), forMs);
  const error = checkOptions(options, { nowMs, canEnd: false }) ??
    problemOf(request, { state: before, untilMs }) ??
    (request.force ? undefined : lastServerProblem(registry, backend));
  if (error !== undefined) return { kind: "refused", error, before };
  const intentSet = afterDrain(intents, { backend, then, untilMs, forMs, options, nowMs });
  return { kind: "change", before, after: before, intentSet, frontends };
}

function problemOf(
  { backend, forMs }: DrainRequest,
  { state, untilMs }: { readonly state: BackendState; readonly untilMs: WallMs },
): MaglevError | undefined {
  if (forMs !== undefined && !(Number.isInteger(forMs) && forMs > 0)) {
    return new MaglevError(
      "invalid-argument",
      `${cannot(backend)} need a length of whole milliseconds above 0, have ${forMs}`,
    );
  }
  if (untilMs > LATEST_MS) {
    return new MaglevError("invalid-argument", `cannot take the end (for): ${TOO_FAR_AWAY}`);
  }
  return isProbed(state)
    ? undefined
    : new MaglevError("failed-precondition", `${cannot(backend)} it is ${state}`);
}

/** Frontends that serve now, and would have no server with a weight in any pool, up or held. */
function lastServerProblem(registry: Registry, backend: string): MaglevError | undefined {
  const emptied = registry.frontendsOf(backend).filter((frontend) =>
    registry.isLastOf(frontend, backend)
  );
  if (emptied.length === 0) return undefined;
  const names = listWords(emptied.map((name) => JSON.stringify(name)), "and");
  return new MaglevError(
    "failed-precondition",
    `${cannot(backend)} it is the last server with a weight of frontend ${names}; use force to ` +
      "drain it",
  );
}

function cannot(backend: string): string {
  return `cannot drain backend ${JSON.stringify(backend)}:`;
}
