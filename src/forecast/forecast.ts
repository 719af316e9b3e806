/**
 * Forecasts the effects of a reload or an operator's action before it happens: the difference of
 * the configurations, the states that follow, and (vips.ts) the changes of each VIP. PURE: it
 * changes nothing.
 *
 * A forecast is a generator, because it may take long. finish() and inSlices() of
 * async/steps.ts run one.
 */
import { MaglevError } from "../base/errors.ts";
import type { MonotonicMs, WallMs } from "../base/instant.ts";
import type { Config } from "../config/model.ts";
import { loweredWeight } from "../health/agent.ts";
import { STATIC_PASS, step } from "../health/machine.ts";
import type { Backend, BackendState } from "../health/state.ts";
import type { HealthView } from "./desired_frontends.ts";
import { unchangedFrontends } from "./unchanged.ts";
import { changePlans, forecastVips, type LbForecast } from "./vips.ts";
import { namesRisen, stateIn, viewNow, viewsAfter } from "./views.ts";
import type { LbCapabilities } from "../vpp/lb/model.ts";
import type { VipPlan } from "../vpp/lb/plan.ts";
import { checkWeightRequest } from "../checker/operations/operator.ts";
import type { BackendAction, SetWeightRequest } from "../intent/request.ts";
import { notFound } from "../base/nearest.ts";
import type { Snapshot } from "../checker/ports.ts";
import { withWeight } from "../config/pool_weights.ts";
import { drainOf } from "../intent/rules.ts";
import { frontendsInForce } from "../intent/weights_in_force.ts";
import {
  type ReloadOutline,
  type WorkedOutReload,
  workOutReload,
} from "../checker/worked_reload.ts";
import type { NamedTransition } from "../health/state.ts";

/** The action to forecast. */
export type ForecastAction =
  | { readonly kind: BackendAction; readonly backend: string }
  | { readonly kind: "drain"; readonly backend: string; readonly force: boolean }
  | ({ readonly kind: "weight" } & SetWeightRequest);

export interface ForecastOptions {
  /** Unix time in milliseconds. */
  readonly nowMs: WallMs;
  /** The time of policies. Absent: they do not follow time, as if their times were over. */
  readonly atMs?: MonotonicMs | undefined;
  /** Capabilities of the connected VPP; `{ weights: true }` without one. */
  readonly can: LbCapabilities;
}

/** The options that do not depend on how the reload was worked out. */
export type WorkedOutOptions = Omit<ForecastOptions, "nowMs">;

/** An immediate change of a backend's state. */
export interface StateChange {
  readonly backend: string;
  /** Undefined: the backend does not exist now. */
  readonly from: BackendState | undefined;
  /** `removed` when the backend no longer exists after the change. */
  readonly to: BackendState;
}

/** The forecast of an action or a reload. */
export interface Forecast extends LbForecast {
  /** Backends whose state changes immediately: removed, new, then others. */
  readonly states: readonly StateChange[];
  /**
   * Backends assumed up when settled, because their check begins again. In the file's order. Those
   * that damping suppresses are down.
   */
  readonly assumedUp: readonly string[];
  /** Those of `assumedUp` that count as up until the first verdict of their changed check. */
  readonly carried: readonly string[];
}

/** The forecast of a reload. */
export interface ReloadForecast extends Forecast, ReloadOutline {}

/** Forecasts a reload with `next`, which must be checked. */
export function* forecastReload(
  snapshot: Snapshot,
  next: Config,
  { nowMs, ...options }: ForecastOptions,
): Generator<undefined, ReloadForecast> {
  const worked = yield* workOutReload(snapshot, next, nowMs);
  yield;
  return yield* forecastWorkedOut(worked, options);
}

/** Forecasts the effects on VPP of a reload whose other effects are computed. */
export function* forecastWorkedOut(
  { before, outline, plan, after }: WorkedOutReload,
  { can, atMs }: WorkedOutOptions,
): Generator<undefined, ReloadForecast> {
  const { started, stopped, restarted } = outline;
  const { backends } = plan;
  const unproved = new Set([...started, ...restarted]);
  for (const { name } of plan.transitions) unproved.add(name);
  const lb = yield* forecastVips({
    past: before.frontends,
    now: viewNow(before),
    ...viewsAfter({ ...after, backends }, { unproved, atMs }),
    can,
    nowMs: atMs,
    unchanged: unchangedFrontends({ before, plan, after }),
  });
  const begun = started.map((backend) => ({
    backend,
    from: undefined,
    to: backends.get(backend)!.state,
  }));
  const known = plan.transitions.filter(({ name }) => before.backends.has(name));
  const changed = changesOf(known);
  const states = [
    ...changed.slice(0, stopped.length),
    ...begun,
    ...changed.slice(stopped.length),
  ];
  const assumedUp = namesRisen(backends, { unproved, atMs });
  return { ...lb, ...outline, states, assumedUp };
}

/** The operations on VPP that a reload causes by itself, on the present states of the backends. */
export function plansOfReload(
  { before, plan, after }: WorkedOutReload,
  { can, atMs }: WorkedOutOptions,
): Generator<undefined, readonly VipPlan[]> {
  const atOnce = { ...after, stateOf: stateIn(plan.backends) };
  const now = viewNow(before);
  return changePlans({ past: before.frontends, now, atOnce, can, nowMs: atMs });
}

/** Forecasts an operator's action; returns the error if it would be refused. */
export function forecastAction(
  snapshot: Snapshot,
  action: ForecastAction,
  options: ForecastOptions,
): Generator<undefined, Forecast> | MaglevError {
  if (action.kind === "weight") return forecastWeight(snapshot, action, options);
  return action.kind === "drain"
    ? forecastDrain(snapshot, action, options)
    : forecastBackend(snapshot, action, options);
}

/** While the drain lasts. Checker.drainProblem() decides whether it may begin. */
function forecastDrain(
  snapshot: Snapshot,
  { backend: name }: { readonly backend: string },
  { can, nowMs, atMs }: ForecastOptions,
): Generator<undefined, Forecast> | MaglevError {
  const { backends, config, intents, frontends: past } = snapshot;
  if (!backends.has(name)) return notFound("backend", name, backends.keys());
  const options = { by: { peer: "", identity: "" } };
  const length = { untilMs: nowMs, forMs: 0, options, nowMs };
  const drain = drainOf({ backend: name, then: "disable", force: false, ...length });
  const now = viewNow(snapshot);
  const after = { ...now, frontends: frontendsInForce(config, intents.with(drain), backends) };
  return told(
    forecastVips({ past, now, atOnce: after, settled: after, can, nowMs: atMs }),
    NOTHING_CHANGES,
  );
}

function forecastWeight(
  snapshot: Snapshot,
  request: SetWeightRequest,
  { can, atMs }: ForecastOptions,
): Generator<undefined, Forecast> | MaglevError {
  const before = checkWeightRequest(request, snapshot.frontends);
  if (before instanceof MaglevError) return before;
  const now = viewNow(snapshot);
  const frontends = new Map(now.frontends);
  // A weight waits for the end of a drain.
  if (snapshot.intents.ofBackend(request.backend)?.kind !== "drain") {
    const { agent } = snapshot.backends.get(request.backend)!;
    const lowered = { ...request, weight: loweredWeight(request.weight, agent) };
    frontends.set(request.frontend, withWeight(frontends.get(request.frontend)!, lowered));
  }
  const after = { ...now, frontends };
  const past = snapshot.frontends;
  const lb = forecastVips({ past, now, atOnce: after, settled: after, can, nowMs: atMs });
  return told(lb, NOTHING_CHANGES);
}

function forecastBackend(
  snapshot: Snapshot,
  action: { readonly kind: BackendAction; readonly backend: string },
  { nowMs, can, atMs }: ForecastOptions,
): Generator<undefined, Forecast> | MaglevError {
  const { backends, config, encap } = snapshot;
  const { kind, backend: name } = action;
  const before = backends.get(name);
  if (before === undefined) return notFound("backend", name, backends.keys());
  const result = step(before, { kind }, nowMs);
  if (!result.ok) return new MaglevError("failed-precondition", result.message);
  const isStatic = config.backends.get(name)!.healthcheck === undefined;
  const passed = isStatic && result.backend.state === "unknown"
    ? step(result.backend, { kind: "probe", result: STATIC_PASS }, nowMs)
    : result;
  const transitions = [...new Set([result, passed])].flatMap((each) =>
    each.ok && each.transition !== undefined ? [{ name, transition: each.transition }] : []
  );
  const unproved = new Set(transitions.map((each) => each.name));
  const after = new Map(backends);
  if (passed.ok) after.set(name, passed.backend);
  const now = viewNow(snapshot);
  const frontends = frontendsAfter(snapshot, name, after);
  const views = viewsAfter({ config, frontends, backends: after, encap }, { unproved, atMs });
  return told(forecastVips({ past: snapshot.frontends, now, ...views, can, nowMs: atMs }), {
    states: changesOf(transitions),
    assumedUp: namesRisen(after, { unproved, atMs }),
    carried: [],
  });
}

/** The weights in force after an action on a backend, which ends its drain, and its agent's part. */
function frontendsAfter(
  { config, intents, frontends, backends }: Snapshot,
  name: string,
  after: ReadonlyMap<string, Backend>,
): HealthView["frontends"] {
  const intent = intents.ofBackend(name);
  const drain = intent?.kind === "drain" ? intent : undefined;
  return drain !== undefined || backends.get(name)?.agent !== after.get(name)?.agent
    ? frontendsInForce(config, drain === undefined ? intents : intents.without(drain), after)
    : new Map([...frontends].map(([frontend, view]) => [frontend, view.config]));
}

const NOTHING_CHANGES = { states: [], assumedUp: [], carried: [] };

function* told(
  lb: Generator<undefined, LbForecast>,
  rest: Omit<Forecast, keyof LbForecast>,
): Generator<undefined, Forecast> {
  return { ...yield* lb, ...rest };
}

/** One entry for each backend whose last state differs from its first one. */
export function changesOf(transitions: readonly NamedTransition[]): readonly StateChange[] {
  const changes = new Map<string, StateChange>();
  for (const { name, transition: { from, to } } of transitions) {
    changes.set(name, { backend: name, from: changes.get(name)?.from ?? from, to });
  }
  return [...changes.values()].filter(({ from, to }) => from !== to);
}
