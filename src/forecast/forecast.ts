/**
 * What a reload or an operator's action would do, told before it is done: the reload's own
 * difference, the states that follow, and (vpp/lb/forecast.ts) what becomes of each VIP. Nothing is
 * changed by it. PURE.
 *
 * A forecast is a generator, for it may take long: see finish() of async/steps.ts and
 * system/slices.ts for how to run one.
 */
import { MaglevError } from "../base/errors.ts";
import type { Config, FrontendConfig } from "../config/model.ts";
import { countedState, STATIC_PASS, step } from "../health/machine.ts";
import type { Backend, BackendState, CountedState } from "../health/state.ts";
import { forecastVips, type HealthView, type LbForecast } from "./vips.ts";
import type { LbCapabilities } from "../vpp/lb/model.ts";
import { checkWeightRequest } from "../checker/operator.ts";
import type { BackendAction, SetWeightRequest } from "../intent/request.ts";
import { notFound } from "../base/nearest.ts";
import type { Snapshot } from "../checker/ports.ts";
import { withWeight } from "../config/pool_weights.ts";
import {
  type ReloadOutline,
  type WorkedOutReload,
  workOutReload,
} from "../checker/worked_reload.ts";
import type { NamedTransition } from "../health/state.ts";

/** What a forecast is asked for. */
export type ForecastAction =
  | { readonly kind: BackendAction; readonly backend: string }
  | ({ readonly kind: "weight" } & SetWeightRequest);

export interface ForecastOptions {
  /** Unix time in milliseconds. */
  readonly nowMs: number;
  /** Of the VPP at hand; `{ weights: true }` while there is none. */
  readonly can: LbCapabilities;
}

/** A change of a backend's state at once. */
export interface StateChange {
  readonly backend: string;
  /** Undefined: there is no such backend now. */
  readonly from: BackendState | undefined;
  /** `removed` when it is gone then. */
  readonly to: BackendState;
}

/** What an action, or a reload, would do. */
export interface Forecast extends LbForecast {
  /** What each backend is at once, if it is not what it was: gone ones, new ones, then others. */
  readonly states: readonly StateChange[];
  /** Backends that are assumed up when settled: those that begin afresh. In the file's order. */
  readonly assumedUp: readonly string[];
  /** Of those: they count as up already, until the first verdict of their changed check. */
  readonly carried: readonly string[];
}

/** What a reload would do. */
export interface ReloadForecast extends Forecast, ReloadOutline {}

/** What putting `next`, which must be checked, in force would do. */
export function* forecastReload(
  snapshot: Snapshot,
  next: Config,
  { nowMs, can }: ForecastOptions,
): Generator<undefined, ReloadForecast> {
  const worked = yield* workOutReload(snapshot, next, nowMs);
  yield;
  return yield* forecastWorkedOut(worked, can);
}

/** What becomes of VPP with a reload that is worked out. */
export function* forecastWorkedOut(
  { before, outline, plan, after }: WorkedOutReload,
  can: LbCapabilities,
): Generator<undefined, ReloadForecast> {
  const { started, stopped, restarted } = outline;
  const { backends } = plan;
  const afresh = new Set([...started, ...restarted]);
  for (const { name } of plan.transitions) afresh.add(name);
  const lb = yield* forecastVips({
    now: viewNow(before),
    ...viewsAfter({ ...after, backends }, afresh),
    can,
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
  const assumedUp = namesAfresh(backends, afresh);
  return { ...lb, ...outline, states, assumedUp };
}

/** What an operator's action would do, or why it would be refused. */
export function forecastAction(
  snapshot: Snapshot,
  action: ForecastAction,
  options: ForecastOptions,
): Generator<undefined, Forecast> | MaglevError {
  return action.kind === "weight"
    ? forecastWeight(snapshot, action, options)
    : forecastBackend(snapshot, action, options);
}

function forecastWeight(
  snapshot: Snapshot,
  request: SetWeightRequest,
  { can }: ForecastOptions,
): Generator<undefined, Forecast> | MaglevError {
  const before = checkWeightRequest(request, snapshot.frontends);
  if (before instanceof MaglevError) return before;
  const now = viewNow(snapshot);
  const frontends = new Map(now.frontends);
  frontends.set(request.frontend, withWeight(frontends.get(request.frontend)!, request));
  const after = { ...now, frontends };
  return told(forecastVips({ now, atOnce: after, settled: after, can }), NOTHING_CHANGES);
}

function forecastBackend(
  snapshot: Snapshot,
  action: { readonly kind: BackendAction; readonly backend: string },
  { nowMs, can }: ForecastOptions,
): Generator<undefined, Forecast> | MaglevError {
  const { backends, config } = snapshot;
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
  const afresh = new Set(transitions.map((each) => each.name));
  const after = new Map(backends);
  if (passed.ok) after.set(name, passed.backend);
  const now = viewNow(snapshot);
  const views = viewsAfter({ config, frontends: now.frontends, backends: after }, afresh);
  return told(forecastVips({ now, ...views, can }), {
    states: changesOf(transitions),
    assumedUp: namesAfresh(after, afresh),
    carried: [],
  });
}

const NOTHING_CHANGES = { states: [], assumedUp: [], carried: [] };

function* told(
  lb: Generator<undefined, LbForecast>,
  rest: Omit<Forecast, keyof LbForecast>,
): Generator<undefined, Forecast> {
  return { ...yield* lb, ...rest };
}

function viewNow({ config, backends, frontends }: Snapshot): HealthView {
  return {
    config,
    frontends: new Map([...frontends].map(([name, view]) => [name, view.config])),
    stateOf: stateIn(backends),
  };
}

interface After {
  readonly config: Config;
  readonly frontends: ReadonlyMap<string, FrontendConfig>;
  readonly backends: ReadonlyMap<string, Backend>;
}

/** The two instants after a change; what is in `afresh` and unknown is up when settled. */
function viewsAfter(
  { config, frontends, backends }: After,
  afresh: ReadonlySet<string>,
): { readonly atOnce: HealthView; readonly settled: HealthView } {
  const up = new Set(namesAfresh(backends, afresh));
  const stateOf = stateIn(backends);
  const atOnce = { config, frontends, stateOf };
  return { atOnce, settled: { ...atOnce, stateOf: (name) => up.has(name) ? "up" : stateOf(name) } };
}

function namesAfresh(
  backends: ReadonlyMap<string, Backend>,
  afresh: ReadonlySet<string>,
): readonly string[] {
  return [...backends.values()].filter(({ name, state }) => state === "unknown" && afresh.has(name))
    .map(({ name }) => name);
}

function stateIn(backends: ReadonlyMap<string, Backend>): (name: string) => CountedState {
  return (name) => {
    const backend = backends.get(name);
    return backend === undefined ? "unknown" : countedState(backend);
  };
}

/** One entry for each backend that ends in another state than it began in. */
function changesOf(transitions: readonly NamedTransition[]): readonly StateChange[] {
  const changes = new Map<string, StateChange>();
  for (const { name, transition: { from, to } } of transitions) {
    changes.set(name, { backend: name, from: changes.get(name)?.from ?? from, to });
  }
  return [...changes.values()].filter(({ from, to }) => from !== to);
}
