/**
 * Decides when VPP shows that a drained server has no flow left. PURE.
 *
 * VPP counts the sticky entries of a server, but also expired ones, until their places are used
 * again. So on a quiet VIP the count never falls to 0. It also counts the packets that it sends to
 * the server. A live entry has seen a packet within the flow timeout, so a longer silence proves
 * that no entry is live:
 *
 *     no-flows      the count is 0 in every VIP, read after the weight was 0 there
 *     no-packets    no packet was sent for the flow timeout and a margin, all of it at weight 0
 *
 * Routes through the same next hop count too, which only makes the drain longer.
 */
import type { MonotonicMs } from "../../base/instant.ts";
import type { ServerFigures } from "../lb/model.ts";

/** How much longer than the flow timeout the silence lasts. */
export const QUIET_MARGIN_MS = 2000;

/** A server at weight 0 in every VIP, as one look at VPP shows it. */
export interface DrainLook {
  readonly nowMs: MonotonicMs;
  /**
   * Its figures of the last reading, one for each VIP that has it; undefined: none since it was
   * added there. Each reading makes new objects.
   */
  readonly figures: readonly (ServerFigures | undefined)[];
  /** Packets sent to it so far, over all VIPs; undefined: not known at this look. */
  readonly packets: number | undefined;
}

/** The looks so far; an immutable value. */
export interface DrainMemory {
  /** Figures of the first look, which may be older than weight 0. */
  readonly old: ReadonlySet<ServerFigures>;
  readonly routeIndex: number | undefined;
  /** Packets at the last look that had them. */
  readonly packets: number | undefined;
  /** The first look with this number of packets. */
  readonly quietSinceMs: MonotonicMs | undefined;
}

/** The reason why a drain may end. */
export type DrainEnd = "no-flows" | "no-packets";

/** The memory after a look, and the reason to end the drain, if any. */
export function afterLook(
  past: DrainMemory | undefined,
  { look, quietMs }: { readonly look: DrainLook; readonly quietMs: number },
): { readonly memory: DrainMemory; readonly end: DrainEnd | undefined } {
  const { nowMs, figures, packets } = look;
  const old = past?.old ?? new Set(figures.filter((each) => each !== undefined));
  const routeIndex = routeIndexOf(figures);
  const noFlows = figures.every((each) => each?.flows === 0 && !old.has(each));
  if (packets === undefined || routeIndex === undefined) {
    // It proves nothing. The next look with packets judges the whole time since.
    const memory = past ?? { old, routeIndex, packets, quietSinceMs: undefined };
    return { memory, end: noFlows ? "no-flows" : undefined };
  }
  const same = past?.routeIndex === routeIndex && past.packets === packets;
  const quietSinceMs = same ? past.quietSinceMs ?? nowMs : nowMs;
  const memory = { old, routeIndex, packets, quietSinceMs };
  if (noFlows) return { memory, end: "no-flows" };
  return { memory, end: nowMs - quietSinceMs >= quietMs ? "no-packets" : undefined };
}

/** The index of the server's route, by which its packets are counted; undefined: not known. */
export function routeIndexOf(
  figures: readonly (ServerFigures | undefined)[],
): number | undefined {
  const indices = new Set(figures.map((each) => each?.routeIndex));
  const [first] = indices;
  return indices.size === 1 ? first : undefined;
}

/** Sticky entries over all VIPs, expired ones included; undefined: not read in every VIP. */
export function flowsOf(figures: readonly (ServerFigures | undefined)[]): number | undefined {
  let sum = 0;
  for (const each of figures) {
    if (each === undefined) return undefined;
    sum += each.flows;
  }
  return sum;
}
