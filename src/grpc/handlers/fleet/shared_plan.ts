/** Plans of requests with a scope, and the plans that such requests carry. */
import { MaglevError } from "../../../base/errors.ts";
import type { WallMs } from "../../../base/instant.ts";
import type { Snapshot } from "../../../checker/ports.ts";
import { weightOf } from "../../../config/pool_weights.ts";
import { type Foretold, plansOf } from "../../../fleet/book/foretold.ts";
import { appliesTo, isScope } from "../../../fleet/book/keys.ts";
import type { ScopedIntent } from "../../../fleet/member/requests/requests.ts";
import type { Forecast, ForecastAction, ForecastOptions } from "../../../forecast/forecast.ts";
import { forecastIntents } from "../../../forecast/shared.ts";
import { movedShare } from "../../../forecast/vips.ts";
import type { IntentSet } from "../../../intent/intent.ts";
import { askedBy, overtaken, weightIntentOf } from "../../../intent/rules.ts";
import type { DaemonApi } from "../../calls/daemon_api.ts";
import type { ForetoldPlan } from "../../gen/maglev.ts";
import { mayEnd, noFleet } from "./scoped.ts";

/** The forecast of an action with a scope; `applies`: this load balancer is in the scope. */
export interface SharedForecast {
  readonly applies: boolean;
  readonly lb: string;
  readonly steps: Generator<undefined, Forecast>;
}

/** Forecasts an action with a scope on this load balancer, whether it has a store or not. */
export function forecastShared(
  { fleet }: Pick<DaemonApi, "fleet">,
  { snapshot, action, scope, options }: {
    readonly snapshot: Snapshot;
    readonly action: ForecastAction;
    readonly scope: string;
    readonly options: ForecastOptions;
  },
): SharedForecast | MaglevError {
  if (!isScope(scope)) return badScope(scope);
  if (fleet === undefined && scope !== "fleet") return noFleet(scope);
  const place = fleet?.view.place ?? { lb: "", site: "" };
  const { intents, config } = snapshot;
  const after = intentsAfter(action, { scope, snapshot, nowMs: options.nowMs });
  if (after instanceof MaglevError) return after;
  const applies = appliesTo(scope, place);
  const added = after.shared().find((intent) => !intents.has(intent));
  const cause = added && overtaken(added, config);
  if (cause !== undefined) {
    return new MaglevError("failed-precondition", `cannot plan it: ${cause}`);
  }
  const steps = forecastIntents(snapshot, { after: applies ? after : intents }, options);
  return { applies, lb: place.lb, steps };
}

/** The intents with that of the action in place of the scope's own for its target, or without it. */
function intentsAfter(
  action: ForecastAction,
  { scope, snapshot, nowMs }: {
    readonly scope: string;
    readonly snapshot: Snapshot;
    readonly nowMs: WallMs;
  },
): IntentSet | MaglevError {
  const { intents, config } = snapshot;
  const base = { ...askedBy({ options: { by: { peer: "", identity: "" } }, nowMs }), scope };
  if (action.kind === "weight") {
    const fileWeight = weightOf(config.frontends.get(action.frontend), action)!;
    const options = { by: base.by };
    const intent = { ...weightIntentOf({ request: action, fileWeight, options, nowMs }), scope };
    return action.weight === fileWeight ? intents.without(intent) : intents.with(intent);
  }
  const { backend } = action;
  switch (action.kind) {
    case "drain":
      return intents.with({ kind: "drain", backend, then: "resume", ...base, untilMs: nowMs });
    case "pause":
    case "disable":
      return intents.with({ kind: action.kind, backend, ...base });
    default: {
      const like: ScopedIntent = { kind: "pause", backend, ...base };
      const present = intents.ofTarget(like);
      if (present !== undefined && mayEnd(action.kind, present.kind)) return intents.without(like);
      const message = `cannot plan ${action.kind}: scope ${scope} has nothing that it ends`;
      return new MaglevError("failed-precondition", message);
    }
  }
}

/** The message of a forecast with a scope. */
export function foretoldOf(
  { lb, applies }: Pick<SharedForecast, "lb" | "applies">,
  { vips }: Pick<Forecast, "vips">,
): ForetoldPlan | undefined {
  if (!applies) return undefined;
  const moves = vips.filter(({ atOnce }) => movedShare(atOnce) > 0);
  return {
    lb,
    shares: moves.map(({ frontend, atOnce }) => ({ frontend, share: movedShare(atOnce) })),
    rest: 0,
    emptied: vips.filter(({ atOnce: { lost, length } }) => lost > 0 && lost === length)
      .map(({ frontend }) => frontend),
  };
}

/** The plans of a request. */
export function requestedPlans(
  plans: readonly ForetoldPlan[],
): readonly Foretold[] | MaglevError {
  const read = plansOf(plans.map(({ lb, shares, rest, emptied }) => ({
    lb,
    shares: shares.map(({ frontend, share }) => [frontend, share]),
    rest,
    emptied,
  })));
  return read ?? new MaglevError(
    "invalid-argument",
    "cannot take the plans: need one of each load balancer, with names of frontends and shares " +
      "from 0 to 1",
  );
}

/** The plans of an intent as a message. */
export function plansMessage(plans: readonly Foretold[]): readonly ForetoldPlan[] {
  return plans.map(({ lb, shares, rest, emptied }) => ({
    lb,
    shares: [...shares].map(([frontend, share]) => ({ frontend, share })),
    rest,
    emptied,
  }));
}

function badScope(scope: string): MaglevError {
  const message = `cannot take scope ${JSON.stringify(scope)}: need fleet, site=NAME or lb=NAME`;
  return new MaglevError("invalid-argument", message);
}
