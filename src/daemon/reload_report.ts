/**
 * Reports the effect of a reload, for its log record and for the reply to the call: checks that
 * started, stopped or changed, intents that ended, and the share of new flows that moved.
 *
 * The shares are computed after the reload from a snapshot taken before it, so that they delay
 * neither the reload nor a verdict. For thousands of large VIPs that may take seconds. The time is
 * bounded, and another reload cancels it; the report then has no shares.
 */
import type { Clock, LogFields } from "../base/ports.ts";
import type { ReloadOutline, WorkedOutReload } from "../checker/worked_reload.ts";
import { forecastWorkedOut, type ReloadForecast } from "../forecast/forecast.ts";
import type { ReloadReport } from "../grpc/calls/daemon_api.ts";
import { inSlices } from "../async/steps.ts";
import type { LbCapabilities } from "../vpp/lb/model.ts";
import type { TableShift } from "../vpp/lb/table_shift.ts";

/** Longest time for computing the shares. */
export const REPORT_DEADLINE_MS = 2000;
/** Longest part of it in a row. */
const SLICE_MS = 4;
/** Names of each kind in a log record; the others are counted. */
const NAMED = 5;

export interface ReportOptions {
  /** Of the connected VPP. */
  readonly can: LbCapabilities;
  readonly clock: Clock;
  /** Cancels the computation; the report then has no shares. */
  readonly signal: AbortSignal;
}

/** Works the report out; never rejects. */
export async function reportReload(
  worked: WorkedOutReload,
  options: ReportOptions,
): Promise<ReloadReport> {
  const { can, clock } = options;
  const { outline } = worked;
  const late = new AbortController();
  const timer = clock.after(REPORT_DEADLINE_MS, () => late.abort());
  const signal = AbortSignal.any([late.signal, options.signal]);
  try {
    return {
      outline,
      forecast: await inSlices(forecastWorkedOut(worked, { can, atMs: clock.monotonicMs() }), {
        clock,
        sliceMs: SLICE_MS,
        signal,
      }),
    };
  } catch (error) {
    if (!signal.aborted) throw error;
    return { outline, forecast: undefined };
  } finally {
    timer.cancel();
  }
}

/** The report as attributes of one log record: counts, and names within bounds. */
export function reportFields({ outline, forecast }: ReloadReport): LogFields {
  return { ...outlineFields(outline), ...shareFields(forecast) };
}

function outlineFields(outline: ReloadOutline): LogFields {
  const ended = outline.intentsDropped.map(({ intent }) =>
    intent.kind === "weight"
      ? `weight ${intent.frontend}/${intent.pool}/${intent.backend}`
      : intent.kind === "lameduck"
      ? intent.kind
      : `${intent.kind} ${intent.backend}`
  );
  const { started, stopped, restarted, carried, readdressed, kept, lbConfChanged } = outline;
  return {
    ...counted("started", started),
    ...counted("stopped", stopped),
    ...counted("restarted", restarted),
    carried: carried.length,
    ...counted("readdressed", readdressed),
    kept: kept.length,
    ...counted("ended-intents", ended),
    "lb-conf-changed": lbConfChanged,
  };
}

function counted(key: string, names: readonly string[]): LogFields {
  if (names.length === 0) return { [key]: 0 };
  const more = names.length - NAMED;
  const named = names.slice(0, NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
  return { [key]: names.length, [`${key}-names`]: named };
}

/** Shares of the new-flow buckets of all VIPs, right after the reload and when all is up. */
function shareFields(forecast: ReloadForecast | undefined): LogFields {
  if (forecast === undefined) {
    return { message: "cannot forecast the share of new flows that moves: it takes too long" };
  }
  const { vips } = forecast;
  const share = (shifts: readonly TableShift[], of: "moved" | "lost") => {
    const length = shifts.reduce((sum, shift) => sum + shift.length, 0);
    const buckets = shifts.reduce((sum, shift) => sum + shift[of], 0);
    return length === 0 ? 0 : Math.round((buckets / length) * 10_000) / 10_000;
  };
  const [atOnce, settled] = [vips.map((vip) => vip.atOnce), vips.map((vip) => vip.settled)];
  const concerned = vips.filter((vip) => effect(vip.atOnce) + effect(vip.settled) > 0)
    .map(({ frontend }) => frontend);
  return {
    "moved-at-once": share(atOnce, "moved"),
    "lost-at-once": share(atOnce, "lost"),
    "moved-settled": share(settled, "moved"),
    "lost-settled": share(settled, "lost"),
    ...counted("moved-vips", concerned),
  };
}

function effect({ moved, lost, gained }: TableShift): number {
  return moved + lost + gained;
}
