/** Readiness of the daemon, and the state of its parts. */
import { later, type WallMs } from "../../base/instant.ts";
import type { Snapshot } from "../../checker/ports.ts";
import type { Handler } from "../calls/calls.ts";
import { withheldText } from "../../vpp/sync/guard/withheld.ts";
import { intentOf, unixNanoseconds } from "./convert.ts";
import { proberStatus } from "./convert_probers.ts";
import { type GetStatusRequest, type StateCount, StatusInfo } from "../gen/maglev.ts";
import { create } from "../messages/codec.ts";
import type { DaemonApi, VppApi } from "../calls/daemon_api.ts";

type VppPart = Pick<StatusInfo, "vpp" | "vppSinceUnixNs" | "vppError">;
type WarmupPart = Pick<StatusInfo, "warmup" | "warmupUntilUnixNs" | "warmupHeld">;

export function getStatus(daemon: DaemonApi): Handler<GetStatusRequest, StatusInfo> {
  const { readiness, checker, vpp, config, clock, probers, announcer, startedAtMs } = daemon;
  return () => {
    const { ready, reasons } = readiness.readiness();
    const { file, loadedAtMs, hash, refusal } = config.inForce();
    return create(StatusInfo, {
      ready,
      reason: reasons.join("; "),
      ...vppPart(vpp, startedAtMs),
      ...warmupPart(vpp, clock.wallMs()),
      configFile: file,
      configLoadedUnixNs: unixNanoseconds(loadedAtMs),
      configHash: hash,
      configError: refusal,
      probers: probers.probers().map(proberStatus),
      ...stateCounts(checker.current),
      lameduck: intentOf(checker.current.intents.lameduck),
      announceProblem: announcer?.problem ?? "",
      withheld: vpp?.reconciler.withheld().map(withheldText) ?? [],
    });
  };
}

function vppPart(vpp: VppApi | undefined, startedAtMs: WallMs): VppPart {
  if (vpp === undefined) {
    return { vpp: "off", vppSinceUnixNs: unixNanoseconds(startedAtMs), vppError: "" };
  }
  const { connection: { state }, sinceMs } = vpp;
  return {
    vpp: state.kind === "connected" ? "connected" : "connecting",
    vppSinceUnixNs: unixNanoseconds(sinceMs),
    vppError: state.kind === "connected" ? "" : state.reason,
  };
}

function warmupPart(vpp: VppApi | undefined, nowMs: WallMs): WarmupPart {
  if (vpp === undefined) return { warmup: "off", warmupUntilUnixNs: undefined, warmupHeld: [] };
  const { phase, leftMs, held } = vpp.reconciler.warmup;
  return {
    warmup: phase,
    warmupUntilUnixNs: leftMs === undefined ? undefined : unixNanoseconds(later(nowMs, leftMs)),
    warmupHeld: held,
  };
}

function stateCounts(
  { backends, frontends }: Snapshot,
): Pick<StatusInfo, "backends" | "frontends"> {
  return {
    backends: counted([...backends.values()], BACKEND_STATES),
    frontends: counted([...frontends.values()], FRONTEND_STATES),
  };
}

const BACKEND_STATES = ["up", "down", "unknown", "paused", "disabled", "removed"] as const;
const FRONTEND_STATES = ["up", "down", "unknown"] as const;

/** Number of each state, in this order; states without any are left out. */
function counted<S extends string>(
  items: readonly { readonly state: S }[],
  order: readonly S[],
): StateCount[] {
  const counts = new Map<S, number>();
  for (const { state } of items) counts.set(state, (counts.get(state) ?? 0) + 1);
  return order.flatMap((state) => {
    const count = counts.get(state) ?? 0;
    return count === 0 ? [] : [{ state, count }];
  });
}
