/** Converts forecasts and configuration errors to messages of the API. PURE. */
import type { LogFields } from "../../base/ports.ts";
import type { ReloadOutline } from "../../checker/worked_reload.ts";
import type { Forecast } from "../../forecast/forecast.ts";
import {
  movedShare,
  type ServerForecast,
  type ServerShare as Share,
  type VipForecast,
} from "../../forecast/vips.ts";
import { vipPrefix } from "../../vpp/lb/model.ts";
import type { TableShift as Shift } from "../../vpp/lb/table_shift.ts";
import { intentOf } from "./convert.ts";
import { protocolName } from "./convert_vpp.ts";
import {
  type ConfigIssue,
  type Plan,
  PlanConfigResponse,
  ReloadConfigResponse,
  type ServerChange,
  type ServerShare,
  type TableShift,
  type VipChange,
} from "../gen/maglev.ts";
import { create } from "../messages/codec.ts";
import type {
  ConfigFinding,
  ConfigVerdict,
  PlannedReload,
  ReloadOutcome,
} from "../calls/daemon_api.ts";

/** The common part of all answers about the configuration file. */
export function configVerdict(verdict: ConfigVerdict): {
  readonly ok: boolean;
  readonly parseError: string;
  readonly semanticError: string;
  readonly issues: readonly ConfigIssue[];
} {
  const { ok, errors, warnings } = verdict;
  const parse = errors.filter(({ fields }) => fields.stage === "parse");
  const semantic = errors.filter(({ fields }) => fields.stage !== "parse");
  const lines = (findings: readonly ConfigFinding[]) => findings.map(({ text }) => text).join("\n");
  return {
    ok,
    parseError: lines(parse),
    semanticError: lines(semantic),
    issues: [...errors, ...warnings].map(({ fields }) => configIssue(fields)),
  };
}

function configIssue(fields: LogFields): ConfigIssue {
  const text = (key: string) => (typeof fields[key] === "string" ? fields[key] : "");
  const number = (key: string) => (typeof fields[key] === "number" ? fields[key] : 0);
  return {
    stage: text("stage") || "semantic",
    file: text("file"),
    line: number("line"),
    column: number("column"),
    path: text("path"),
    message: text("message"),
    rule: text("rule"),
  };
}

/** `warning`: see planOf(). */
export function planConfigResponse(
  { verdict, forecast, planHash }: PlannedReload,
  warning: string,
): PlanConfigResponse {
  const judged = create(PlanConfigResponse, configVerdict(verdict));
  if (forecast === undefined) return judged;
  return { ...judged, ...outlineOf(forecast), plan: planOf(forecast, warning), planHash };
}

/** The effect of a reload; `warning`: see planOf(). */
export function reloadConfigResponse(
  { verdict, report }: ReloadOutcome,
  warning: string,
): ReloadConfigResponse {
  const judged = create(ReloadConfigResponse, configVerdict(verdict));
  if (report === undefined) return judged;
  const { outline, forecast } = report;
  const told = { ...judged, ...outlineOf(outline) };
  return forecast === undefined
    ? { ...told, warning }
    : { ...told, plan: planOf(forecast, warning) };
}

function outlineOf(outline: ReloadOutline) {
  const { started, stopped, restarted, readdressed, kept, lbConfChanged } = outline;
  const endedIntents = outline.intentsDropped.map(({ intent, cause }) => ({
    intent: intentOf(intent),
    cause,
  }));
  return {
    started,
    stopped,
    restarted,
    readdressed,
    kept: kept.length,
    endedIntents,
    lbConfChanged,
  };
}

/** `warning`: reasons why VPP will not match the plan; empty: none. */
export function planOf(forecast: Forecast, warning: string): Plan {
  const { vips, operations } = forecast;
  const changed = vips.filter(({ change }) => change !== "unchanged");
  return {
    states: forecast.states.map(({ backend, from, to }) => ({ backend, from: from ?? "", to })),
    assumedUp: forecast.assumedUp,
    carried: forecast.carried,
    vips: changed.map(vipChange),
    vipsUnchanged: vips.length - changed.length,
    operations: {
      vipsAdded: operations.vipAdded,
      vipsRemoved: operations.vipRemoved,
      vipsRecreated: operations.vipRecreated,
      serversAdded: operations.asAdded,
      serversRemoved: operations.asRemoved,
      weightsUpdated: operations.asWeightUpdated,
    },
    warning,
  };
}

function vipChange(vip: VipForecast): VipChange {
  return {
    frontend: vip.frontend,
    prefix: vipPrefix(vip),
    protocol: protocolName(vip.protocol),
    port: vip.port,
    change: vip.change,
    reason: vip.reason,
    servers: vip.servers.map(serverChange),
    atOnce: tableShift(vip.atOnce),
    settled: tableShift(vip.settled),
    movedInSteps: vip.movedInSteps,
  };
}

function serverChange(
  { address, backends, change, flush, now, atOnce, settled }: ServerForecast,
): ServerChange {
  return {
    address: address.text,
    change,
    flush,
    now: share(now),
    atOnce: share(atOnce),
    settled: share(settled),
    backends,
  };
}

function share(value: Share | undefined): ServerShare | undefined {
  return value === undefined ? undefined : { weight: value.weight, buckets: value.buckets };
}

function tableShift(shift: Shift): TableShift {
  const { length, moved, lost, gained, rehashed } = shift;
  return { buckets: length, moved, lost, gained, shareMoved: movedShare(shift), rehashed };
}
