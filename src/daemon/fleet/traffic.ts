/** Traffic of this load balancer for its part in a fleet: forecasts of intents, progress of drains. */
import { finish } from "../../async/steps.ts";
import { later, type MonotonicMs } from "../../base/instant.ts";
import type { Clock } from "../../base/ports.ts";
import type { Checker } from "../../checker/checker.ts";
import { drainLengthMs } from "../../checker/operations/worked_request.ts";
import type { FrontendShift } from "../../fleet/book/foretold.ts";
import type { KeyedWish } from "../../fleet/book/guard.ts";
import { type DrainHere, MAX_UNOBEYED_LENGTH } from "../../fleet/book/values.ts";
import type { FleetTraffic } from "../../fleet/member/member.ts";
import { forecastIntents, type IntentChange } from "../../forecast/shared.ts";
import { movedShare } from "../../forecast/vips.ts";
import type { DrainProgress } from "../../vpp/drain/watch.ts";
import { capabilitiesOf, type Daemon } from "../wire.ts";

/** The parts of a daemon that have its traffic. */
export interface TrafficParts {
  readonly checker: Pick<Checker, "current">;
  /** Undefined: VPP integration is off. */
  readonly vpp: Daemon["vpp"];
  readonly clock: Clock;
}

export function fleetTraffic(parts: TrafficParts): FleetTraffic {
  /** By id of the drain: since when VPP has weight 0. */
  let zeroSince: ReadonlyMap<string, MonotonicMs> = new Map();
  function drains(obeyed: readonly KeyedWish[]): readonly DrainHere[] {
    const nowMs = parts.clock.monotonicMs();
    const next = new Map<string, MonotonicMs>();
    const found = obeyed.map(({ id, intent }): DrainHere => {
      if (intent.kind !== "drain" || parts.vpp === undefined) {
        return { id, state: "drained", flows: undefined, note: "it has no VPP" };
      }
      const progress = parts.vpp.drains.progress(intent.backend);
      if (progress?.isZero !== true) {
        return { id, state: "applying", flows: undefined, note: noteOf(progress?.unwatched) };
      }
      const sinceMs = zeroSince.get(id) ?? nowMs;
      next.set(id, sinceMs);
      const lengthMs = drainLengthMs({ forMs: undefined }, parts.checker.current.config);
      return { id, ...drainState(progress, { isOver: nowMs >= later(sinceMs, lengthMs) }) };
    });
    zeroSince = next;
    return found;
  }
  return { foresee: (change) => foresee(parts, change), drains };
}

/** The frontends whose new flows move between two sets of intents. */
function foresee(
  { checker, vpp, clock }: TrafficParts,
  change: IntentChange,
): readonly FrontendShift[] {
  const { vips } = finish(forecastIntents(checker.current, change, {
    nowMs: clock.wallMs(),
    can: capabilitiesOf({ vpp }),
    atMs: clock.monotonicMs(),
    whole: false,
  }));
  return vips.flatMap(({ frontend, atOnce }) => {
    const moved = movedShare(atOnce);
    return moved > 0 ? [{ frontend, moved }] : [];
  });
}

/** A drain whose weight is 0 in VPP; `isOver`: for five times VPP's flow timeout. */
function drainState(
  { end, flows, quietMs, neededMs, unwatched }: DrainProgress,
  { isOver }: { readonly isOver: boolean },
): Omit<DrainHere, "id"> {
  if (end === "no-flows") return { state: "drained", flows: 0, note: "VPP counts no flow" };
  if (end === "no-packets") {
    const note = `VPP sent no packet for ${neededMs / 1000} s`;
    return { state: "drained", flows: undefined, note };
  }
  if (unwatched !== "") {
    return isOver
      ? { state: "drained", flows, note: "five times VPP's flow timeout is over" }
      : { state: "draining", flows, note: noteOf(unwatched) };
  }
  const quiet = quietMs === undefined ? "" : `no packet for ${Math.floor(quietMs / 5000) * 5} s`;
  return { state: "draining", flows, note: quiet };
}

function noteOf(text = "it is not in VPP yet"): string {
  return text.slice(0, MAX_UNOBEYED_LENGTH);
}
