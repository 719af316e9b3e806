/**
 * Asks load balancers for the tables that they had and have, and works out what it costs the flows of
 * each when routers spread them over the others.
 */
import { compareFleet } from "../../fleet/compare.ts";
import { Tables } from "../../fleet/difference.ts";
import {
  reshuffleCost,
  type ShareOfAge,
  sharesByAge,
  type VipCost,
} from "../../fleet/reshuffle.ts";
import { NO_TABLE, type VipSide } from "../../fleet/side.ts";
import {
  type AskOptions,
  MAX_EXPLAINED,
  readReports,
  readSides,
} from "../../grpc/client/fleet/read.ts";

/** Buckets that are compared: 200 VIPs of 64 tables of 1,024 on 10 load balancers. */
const MAX_BUCKETS = 1 << 28;

/** The flows of one load balancer. */
export interface Leaving {
  readonly lb: string;
  /** Newest first; empty: the tables that its VPP had are not known. */
  readonly shares: readonly ShareOfAge[];
}

export interface Reshuffle {
  readonly leaving: readonly Leaving[];
  /** VIPs of all. */
  readonly vips: number;
  /** VIPs that changed or differ and were left out, because there are too many. */
  readonly leftOut: readonly string[];
  readonly failures: readonly { readonly lb: string; readonly reason: string }[];
}

export async function readReshuffle(options: AskOptions): Promise<Reshuffle> {
  const { servers, clock } = options;
  const beganMs = clock.monotonicMs();
  const reports = await readReports(options);
  const { members, vips, differing } = compareFleet(reports);
  const unequal = new Set(differing);
  // A VIP that never changed, and is equal everywhere, costs nothing.
  const changed = vips.filter((vip) =>
    unequal.has(vip) ||
    reports.some(({ answer }) =>
      typeof answer !== "string" && (answer.vips.get(vip)?.tables ?? 0) > 1
    )
  );
  const asked = changed.length === 0 ? vips.slice(0, 1) : changed.slice(0, MAX_EXPLAINED);
  const tookMs = clock.monotonicMs() - beganMs;
  const compared = members.filter(({ excluded }) => excluded === "");
  const answers = await Promise.all(compared.map(async ({ lb }) => {
    const server = servers.find(({ name }) => name === lb)!;
    return { lb, sides: await readSides(server, asked, { ...options, tookMs, past: true }) };
  }));
  const known = answers.flatMap(({ lb, sides }) => sides === undefined ? [] : [{ lb, sides }]);
  const tables = new Tables(MAX_BUCKETS);
  const leftOut = new Set(changed.slice(asked.length));
  const costs = known.map(({ lb, sides }) => {
    const others = known.filter((other) => other.lb !== lb);
    const all = asked.flatMap((vip) => costsOf(vip, { sides, others, tables }));
    for (const { vip, costs } of all) {
      if (costs.some(({ breaking }) => breaking === undefined)) leftOut.add(vip);
    }
    return { lb, all, others: others.length };
  });
  return {
    leaving: costs.map(({ lb, all, others }) => {
      const counted = all.filter(({ vip }) => !leftOut.has(vip));
      return { lb, shares: sharesByAge(counted, (vips.length - leftOut.size) * others) };
    }),
    vips: vips.length,
    leftOut: [...leftOut],
    failures: [
      ...members.flatMap(({ lb, excluded }) => excluded === "" ? [] : [{ lb, reason: excluded }]),
      ...answers.flatMap(({ lb, sides }) =>
        sides === undefined ? [{ lb, reason: "it no longer answered" }] : []
      ),
    ],
  };
}

/** What it costs the flows of a VIP to go to each of the others. */
function costsOf(
  vip: string,
  { sides, others, tables }: {
    readonly sides: ReadonlyMap<string, VipSide>;
    readonly others: readonly { readonly sides: ReadonlyMap<string, VipSide> }[];
    readonly tables: Tables;
  },
): readonly VipCost[] {
  const past = sides.get(vip)?.past ?? [];
  return past.length === 0 ? [] : others.map((other) => {
    const side = other.sides.get(vip);
    const now = side === undefined ? NO_TABLE : side.actual ?? side.wanted;
    return { vip, costs: reshuffleCost(past, now, tables) };
  });
}
