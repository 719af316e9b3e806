/** The configuration file: checks, reloads, and forecasts of changes. */
import { MaglevError } from "../../base/errors.ts";
import type { ReloadOutline } from "../../checker/worked_reload.ts";
import { forecastAction } from "../../forecast/forecast.ts";
import type { VipForecast } from "../../forecast/vips.ts";
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
import type { DaemonApi, VppApi } from "../calls/daemon_api.ts";
import { forecastShared, foretoldOf } from "./fleet/shared_plan.ts";
import { forecastActionOf } from "./plan_request.ts";

/** Longest time that a forecast runs without a pause, in milliseconds. */
export const FORECAST_SLICE_MS = 4;

export function checkConfig(
  { config }: DaemonApi,
): Handler<CheckConfigRequest, CheckConfigResponse> {
  return async () => {
    const { verdict, hash } = await config.check();
    return { ...configVerdict(verdict), hash };
  };
}

/**
 * An invalid file is an answer (`ok` false), not an error, because the call did its work. The
 * record has the first error of the file as its result.
 */
export function reloadConfig(
  { config, checker, vpp }: DaemonApi,
): ActionHandler<ReloadConfigRequest, ReloadConfigResponse> {
  const size = () => {
    const { frontends, backends } = checker.current;
    return `${frontends.size} frontends, ${backends.size} backends`;
  };
  async function run(
    { planHash }: ReloadConfigRequest,
    { caller: { peer, identity } }: CallContext,
  ): Promise<ActionResult<ReloadConfigResponse>> {
    const outcome = await config.reload({ peer, identity }, planHash);
    const { verdict } = outcome;
    const undone = verdict.ok ? undefined : new MaglevError(
      "failed-precondition",
      verdict.errors[0]?.text ?? "invalid configuration file",
    );
    return {
      // VIPs recreated a moment ago, which had to wait, are among the withheld ones.
      answer: reloadConfigResponse(outcome, planWarning(vpp, outcome.report?.outline)),
      after: size(),
      undone,
    };
  }
  const argumentsOf = ({ planHash }: ReloadConfigRequest) =>
    planHash === "" ? {} : { plan: planHash };
  return { argumentsOf, reasonOf: ({ reason }) => reason, valueOf: size, run };
}

export function planConfig(
  { config, vpp }: DaemonApi,
): Handler<PlanConfigRequest, PlanConfigResponse> {
  return async (_, { signal }) => {
    const planned = await config.plan(signal);
    const { forecast } = planned;
    return planConfigResponse(planned, planWarning(vpp, forecast, forecast?.vips));
  };
}

export function planBackend(
  { checker, clock, vpp, fleet }: DaemonApi,
): Handler<PlanBackendRequest, PlanBackendResponse> {
  return async (request, { signal }) => {
    const snapshot = checker.snapshot();
    const nowMs = clock.wallMs();
    const action = forecastActionOf(request, { snapshot, nowMs });
    if (action instanceof MaglevError) return action;
    const state = vpp?.connection.state;
    const can = state?.kind === "connected" ? state.lb.capabilities : { weights: true };
    const options = { nowMs, can, atMs: clock.monotonicMs() };
    const slices = { clock, sliceMs: FORECAST_SLICE_MS, signal };
    const { scope } = request;
    if (scope !== "" && scope !== "here") {
      const shared = forecastShared({ fleet }, { snapshot, action, scope, options });
      if (shared instanceof MaglevError) return shared;
      const forecast = await inSlices(shared.steps, slices);
      const plan = planOf(forecast, planWarning(vpp));
      return { plan, foretold: foretoldOf(shared, forecast) };
    }
    const refusal = action.kind === "drain" ? checker.drainProblem(action) : undefined;
    if (refusal !== undefined) return refusal;
    const steps = forecastAction(snapshot, action, options);
    if (steps instanceof MaglevError) return steps;
    const forecast = await inSlices(steps, slices);
    return { plan: planOf(forecast, planWarning(vpp)), foretold: undefined };
  };
}

/**
 * Reasons why VPP will not match a plan, and costs of the change; empty: none. `next`: the reload
 * that was done or planned; `planned`: VIPs that a planned reload changes.
 */
function planWarning(
  vpp: VppApi | undefined,
  next?: Pick<ReloadOutline, "flowsForgotten" | "size">,
  planned: readonly VipForecast[] = [],
): string {
  if (vpp === undefined) {
    return "VPP integration is off (--vpp-api-addr is empty): nothing is sent to VPP; the plan " +
      "shows the operations that would be sent";
  }
  const forgotten = next?.flowsForgotten
    ? [`sticky-buckets-per-core changes: ${FLOWS_FORGOTTEN}`]
    : [];
  const { state } = vpp.connection;
  if (state.kind !== "connected") {
    const away = `VPP is not connected: ${state.reason}; the plan assumes that VPP matches the ` +
      "current configuration and supports weights; nothing is sent until VPP is back";
    return [away, ...forgotten].join("; ");
  }
  const sentences = vpp.reconciler.withheld().map((each) => `withheld: ${withheldText(each)}`);
  if (!vpp.reconciler.warmedUp) {
    sentences.push(
      "warm-up is not over: frontends that are held back change when they are released",
    );
  }
  sentences.push(...forgotten);
  const recreated = planned
    .filter((vip) => vip.change === "recreated" && vpp.reconciler.wasRecreated(vipKeyText(vip)));
  if (recreated.length > 0) {
    const names = recreated.map(({ frontend }) => frontend).join(", ");
    sentences.push(
      `recreated less than a minute ago, and not again before the minute is over: ${names}`,
    );
  }
  const use = next && vpp.reconciler.statsUse(next.size);
  if (use !== undefined && use.verdict !== "fine") {
    sentences.push(statsUseText(use) + (use.verdict === "full" ? "; additions are withheld" : ""));
  }
  return sentences.join("; ");
}
