/** The configuration file, and what a change would do. */
import { MaglevError } from "../../base/errors.ts";
import { forecastAction, type ReloadForecast } from "../../forecast/forecast.ts";
import { vipKeyText } from "../../vpp/lb/model.ts";
import { statsUseText } from "../../vpp/lb/guard/stats_budget.ts";
import { FLOWS_FORGOTTEN } from "../../vpp/sync/lb_conf.ts";
import { withheldText } from "../../vpp/sync/guard/withheld.ts";
import { inSlices } from "../../async/steps.ts";
import type { ActionHandler, ActionResult, CallContext, Handler } from "../calls/calls.ts";
import { configVerdict, planConfigResponse, planOf, reloadConfigResponse } from "./convert_plan.ts";
import {
  type CheckConfigRequest,
  type CheckConfigResponse,
  type PlanBackendRequest,
  type PlanBackendResponse,
  type PlanConfigRequest,
  type PlanConfigResponse,
  type ReloadConfigRequest,
  type ReloadConfigResponse,
} from "../gen/maglev.ts";
import type { DaemonDoor, VppDoor } from "../calls/daemon_api.ts";
import { forecastActionOf } from "./plan_request.ts";

/** How long a forecast is worked on in a row, in milliseconds. */
export const FORECAST_SLICE_MS = 4;

export function checkConfig(
  { config }: DaemonDoor,
): Handler<CheckConfigRequest, CheckConfigResponse> {
  return async () => configVerdict(await config.check());
}

/**
 * A file that is wrong is an answer (`ok` false), not an error: the call did what it was asked
 * for. The record has its first error for a result.
 */
export function reloadConfig(
  { config, checker, vpp }: DaemonDoor,
): ActionHandler<ReloadConfigRequest, ReloadConfigResponse> {
  const size = () => {
    const { frontends, backends } = checker.current;
    return `${frontends.size} frontends, ${backends.size} backends`;
  };
  async function run(
    _: ReloadConfigRequest,
    { caller: { peer, identity } }: CallContext,
  ): Promise<ActionResult<ReloadConfigResponse>> {
    const outcome = await config.reload({ peer, identity });
    const { verdict } = outcome;
    const undone = verdict.ok
      ? undefined
      : new MaglevError("failed-precondition", verdict.errors[0]?.text ?? "The file is wrong");
    return {
      answer: reloadConfigResponse(outcome, planWarning(vpp)),
      after: size(),
      undone,
    };
  }
  return { argumentsOf: () => ({}), reasonOf: ({ reason }) => reason, valueOf: size, run };
}

export function planConfig(
  { config, vpp }: DaemonDoor,
): Handler<PlanConfigRequest, PlanConfigResponse> {
  return async (_, { signal }) => {
    const planned = await config.plan(signal);
    return planConfigResponse(planned, planWarning(vpp, planned.forecast));
  };
}

export function planBackend(
  { checker, clock, vpp }: DaemonDoor,
): Handler<PlanBackendRequest, PlanBackendResponse> {
  return async (request, { signal }) => {
    const snapshot = checker.snapshot();
    const nowMs = clock.wallMs();
    const action = forecastActionOf(request, { snapshot, nowMs });
    if (action instanceof MaglevError) return action;
    const state = vpp?.connection.state;
    const can = state?.kind === "connected" ? state.lb.capabilities : { weights: true };
    const steps = forecastAction(snapshot, action, { nowMs, can });
    if (steps instanceof MaglevError) return steps;
    const forecast = await inSlices(steps, { clock, sliceMs: FORECAST_SLICE_MS, signal });
    return { plan: planOf(forecast, planWarning(vpp)) };
  };
}

/** What keeps VPP from being as a plan tells, or what it costs; empty: nothing is known to. */
function planWarning(vpp: VppDoor | undefined, reload?: ReloadForecast): string {
  if (vpp === undefined) {
    return "VPP integration is off (--vpp-api-addr is empty): nothing is sent to VPP, this is what " +
      "it would be sent";
  }
  const { state } = vpp.connection;
  if (state.kind !== "connected") {
    return `VPP is not connected: ${state.reason}; this is told of one that has what it should ` +
      "have and knows weights, and nothing is sent before it is back";
  }
  const sentences = vpp.reconciler.withheld().map((each) => `withheld: ${withheldText(each)}`);
  if (!vpp.reconciler.warmedUp) {
    sentences.push(
      "warm-up is not over: frontends that are held back change when they are released",
    );
  }
  if (reload?.flowsForgotten) sentences.push(`sticky-buckets-per-core changes: ${FLOWS_FORGOTTEN}`);
  const recreated = (reload?.vips ?? [])
    .filter((vip) => vip.change === "recreated" && vpp.reconciler.wasRecreated(vipKeyText(vip)));
  if (recreated.length > 0) {
    const names = recreated.map(({ frontend }) => frontend).join(", ");
    sentences.push(`recreated less than a minute ago, so not again until it is over: ${names}`);
  }
  const use = reload && vpp.reconciler.statsUse(reload.size);
  if (use !== undefined && use.verdict !== "fine") {
    sentences.push(statsUseText(use) + (use.verdict === "full" ? "; what is new is withheld" : ""));
  }
  return sentences.join("; ");
}
