/**
 * The share of flows that would break if routers moved the flows of one load balancer to another now,
 * by the time at which the flows began. PURE.
 *
 * A flow keeps the server that the table of its beginning named, as long as its packets go through
 * the same load balancer. Another one has never seen it, and sends it where its own table of now
 * points. So equal tables now are not enough: flows of before the last change break too.
 */
import type { WallMs } from "../base/instant.ts";
import type { Differing, Tables } from "./difference.ts";
import type { PastTable, VipTable } from "./side.ts";

/** Flows that began in one span of time. */
export interface AgeCost {
  readonly fromMs: WallMs;
  /** Undefined: until now. */
  readonly toMs: WallMs | undefined;
  /** Buckets whose flows would go to another server, or to none; undefined: not known. */
  readonly breaking: Differing | undefined;
}

/**
 * The cost for the flows of one VIP, newest first. `past`: the tables of the load balancer that they
 * leave, oldest first. `now`: the table of the other one. Flows of before the first table are not
 * known.
 */
export function reshuffleCost(
  past: readonly PastTable[],
  now: VipTable,
  tables: Tables,
): readonly AgeCost[] {
  const costs = past.map(({ sinceMs, table }, at): AgeCost => ({
    fromMs: sinceMs,
    toMs: past[at + 1]?.sinceMs,
    breaking: tables.breaking(table, now),
  }));
  return merged(costs.reverse());
}

/** Neighbours of equal cost as one. */
function merged(costs: readonly AgeCost[]): readonly AgeCost[] {
  const rows: AgeCost[] = [];
  for (const cost of costs) {
    const newer = rows.at(-1);
    if (newer !== undefined && isEqual(newer.breaking, cost.breaking)) {
      rows[rows.length - 1] = { ...newer, fromMs: cost.fromMs };
    } else rows.push(cost);
  }
  return rows;
}

function isEqual(a: Differing | undefined, b: Differing | undefined): boolean {
  return a?.buckets === b?.buckets && a?.length === b?.length;
}

/** The cost of several VIPs together, for flows that began in one span of time. */
export interface ShareOfAge {
  readonly fromMs: WallMs;
  /** Undefined: until now. */
  readonly toMs: WallMs | undefined;
  /** Mean share over the VIPs, from 0 to 1. */
  readonly mean: number;
  /** Greatest share, and its VIP; empty: none breaks. */
  readonly worst: number;
  readonly worstVip: string;
}

/** The cost of one VIP for the flows of one load balancer that go to one other. */
export interface VipCost {
  readonly vip: string;
  readonly costs: readonly AgeCost[];
}

/**
 * The shares over all costs, newest first; `vips`: their number with those that cost nothing. It ends
 * where the past of the first VIP ends, because no mean is known for older flows.
 */
export function sharesByAge(all: readonly VipCost[], vips: number): readonly ShareOfAge[] {
  const known = all.filter(({ costs }) => costs.length > 0);
  if (known.length === 0) return [];
  const oldestMs = known.reduce(
    (most, { costs }) => Math.max(most, costs.at(-1)!.fromMs),
    -Infinity,
  );
  const edges = new Set(known.flatMap(({ costs }) => costs.map(({ fromMs }) => fromMs)));
  const starts = [...edges].filter((ms) => ms >= oldestMs).sort((a, b) => b - a);
  const rows: ShareOfAge[] = [];
  for (const [at, fromMs] of starts.entries()) {
    const share = shareAt(known, fromMs, vips);
    const newer = rows.at(-1);
    if (newer?.mean === share.mean && newer.worst === share.worst) {
      rows[rows.length - 1] = { ...newer, fromMs };
    } else rows.push({ fromMs, toMs: starts[at - 1], ...share });
  }
  return rows;
}

function shareAt(
  all: readonly VipCost[],
  atMs: WallMs,
  vips: number,
): Pick<ShareOfAge, "mean" | "worst" | "worstVip"> {
  let [sum, worst, worstVip] = [0, 0, ""];
  for (const { vip, costs } of all) {
    const { buckets = 0, length = 0 } = costs.find(({ fromMs }) => fromMs <= atMs)?.breaking ?? {};
    const share = length === 0 ? 0 : buckets / length;
    sum += share;
    if (share > worst) [worst, worstVip] = [share, vip];
  }
  return { mean: vips === 0 ? 0 : sum / vips, worst, worstVip };
}
