/**
 * Forecasts the effects of a change on VPP, with the planner's own operations and the plugin's own
 * new-flow tables before and after. PURE: VPP is not read, and is assumed to be in its present
 * desired state.
 *
 * A forecast compares three instants:
 *
 *     now       the present desired state
 *     at once   right after the change: backends that begin are `unknown`, with weight 0 unless
 *               carried
 *     settled   after all backends that begin have passed their checks; nothing else has changed
 *
 * A table costs up to milliseconds (65,536 buckets), and there may be thousands of them, even on
 * one prefix. So a forecast is a generator that stops at each VIP and before each table, where the
 * caller may run other work.
 */
import type { IpAddress } from "../base/address.ts";
import type { MonotonicMs } from "../base/instant.ts";
import { FULL_WEIGHT } from "../vpp/lb/unweighted.ts";
import { withKeptWeights } from "../vpp/lb/keep.ts";
import type {
  ActualVip,
  DesiredServer,
  DesiredVip,
  LbCapabilities,
  Operation,
} from "../vpp/lb/model.ts";
import type { NamesAt } from "../vpp/lb/names_at.ts";
import { compareVipKeys } from "../vpp/lb/order.ts";
import { groupByPrefix, operationsOf, planGroup, type VipPlan } from "../vpp/lb/plan.ts";
import {
  type DesiredFrontend,
  desiredVipsOf,
  type HealthView,
  type Past,
} from "./desired_frontends.ts";
import { flushedBy, type ServerForecast, serversOf, sharesOf } from "./servers.ts";
import {
  type FlowTable,
  movedBetween,
  sameFlows,
  TableCache,
  type TableShift,
} from "../vpp/lb/table_shift.ts";
import { settledPrefixes } from "./unchanged.ts";

export type { ServerChange, ServerForecast, ServerShare } from "./servers.ts";

/** Input of forecastVips(). */
export interface ForecastInput {
  /** The present health of the frontends. Absent: without a past. */
  readonly past?: Past;
  /** The present time. Absent: policies do not follow time, as if their times were over. */
  readonly nowMs?: MonotonicMs | undefined;
  readonly now: HealthView;
  readonly atOnce: HealthView;
  /** The same frontends as in `atOnce`. */
  readonly settled: HealthView;
  /** Capabilities of the connected VPP; with weights if there is no VPP. */
  readonly can: LbCapabilities;
  /**
   * Names of frontends that have the health of `past` at all three instants, and the same definition,
   * the same servers and no policy. They are not evaluated again. Absent: none.
   */
  readonly unchanged?: ReadonlySet<string> | undefined;
}

/** The change of a VIP. */
export type VipChange =
  | "added"
  | "removed"
  /** Deleted and added again: established flows of all its servers are dropped. */
  | "recreated"
  /** Servers are added, removed or get another weight, immediately or when settled. */
  | "changed"
  | "unchanged"
  /** VPP would refuse it; see `reason`. */
  | "refused";

/** The forecast of a VIP. */
export interface VipForecast {
  /** Name of its frontend: after the change, or before it when it is removed. */
  readonly frontend: string;
  readonly address: IpAddress;
  /** 32 or 128. */
  readonly prefixLength: number;
  /** 6, 17 or 255. */
  readonly protocol: number;
  readonly port: number;
  readonly change: VipChange;
  /** The reason why it is recreated or refused; empty otherwise. */
  readonly reason: string;
  /** In address order; empty when the VIP is `unchanged`. */
  readonly servers: readonly ServerForecast[];
  /** The shift of new flows from now to right after the change. */
  readonly atOnce: TableShift;
  /** The shift of new flows from now to settled. */
  readonly settled: TableShift;
  /**
   * Buckets moved by all steps of slow-start from right after the change to settled: the sum.
   * Absent: no server of the VIP begins to rise.
   */
  readonly movedInSteps?: number;
}

/** The number of operations sent to VPP immediately, by the kinds of `vpp-lbsync-done`. */
export interface OperationCounts {
  readonly vipAdded: number;
  readonly vipRemoved: number;
  /** VIPs that are counted above both as added and as removed. */
  readonly vipRecreated: number;
  readonly asAdded: number;
  readonly asRemoved: number;
  readonly asWeightUpdated: number;
}

/** All VIPs before or after the change, in VIP order. */
export interface LbForecast {
  readonly vips: readonly VipForecast[];
  readonly operations: OperationCounts;
}

/** Share of new flows that would get another server than now; 0 to 1. */
export function movedShare({ moved, length }: TableShift): number {
  return length === 0 ? 0 : moved / length;
}

/** Capacity of the table cache: 16 MiB, or 64 tables of the greatest usual length. */
const CACHED_BUCKETS = 1 << 22;
/** Computes a forecast, VIP by VIP; run it with next() until it is done. */
export function* forecastVips(input: ForecastInput): Generator<undefined, LbForecast> {
  const { can, nowMs, past = new Map() } = input;
  const { unchanged = new Set() } = input;
  const known = new Map<string, DesiredFrontend>();
  const { vips: now, health: healthNow } = yield* desiredVipsOf(input.now, {
    past,
    nowMs,
    unchanged,
    known,
  });
  const { vips: atOnce, health: healthAtOnce } = yield* desiredVipsOf(input.atOnce, {
    past: healthNow,
    vipsBefore: now,
    nowMs,
    unchanged,
    known,
  });
  const { vips: settled } = yield* desiredVipsOf(input.settled, {
    past: healthAtOnce,
    vipsBefore: atOnce,
    nowMs,
    unchanged,
    known,
    risenSince: healthNow,
  });
  const isSettled = settledPrefixes(unchanged, [now, atOnce]);
  const tables = new TableCache(CACHED_BUCKETS);
  const plans: VipPlan[] = [];
  const vips: VipForecast[] = [];
  for (const { frontend, vip } of atOnce.values()) {
    if (isSettled(vip)) {
      vips.push(unchangedVip(frontend, { flows: flowsOf(vip, can), vip, tables }));
    }
  }
  yield;
  const rest = (all: typeof now) => [...all.values()].filter(({ vip }) => !isSettled(vip));
  const actual = rest(now).map(({ vip }) => asActual(vip, can));
  const groups = groupByPrefix(rest(atOnce), actual);
  for (const group of groups) {
    yield;
    for (const vipPlan of planGroup(group.desired, group.actual, { ...can, remove: true })) {
      plans.push(vipPlan);
      yield;
      vips.push(
        yield* forecastVip(vipPlan, {
          frontend: (atOnce.get(vipPlan.key) ?? now.get(vipPlan.key))?.frontend ?? "",
          now: now.get(vipPlan.key)?.vip,
          settled: settled.get(vipPlan.key)?.vip,
          steps: settled.get(vipPlan.key)?.steps ?? [],
          namesAt: (address) => [
            ...new Set(
              [now, atOnce].flatMap((each) => each.get(vipPlan.key)?.namesAt(address) ?? []),
            ),
          ],
          can,
          tables,
        }),
      );
    }
  }
  return { vips: vips.sort(compareVipKeys), operations: countOperations(plans) };
}

/**
 * The operations on VPP that a change causes by itself: those from the state desired before it to
 * the one desired right after it, VIP by VIP. Without the tables of forecastVips() it is cheap.
 */
export function* changePlans(
  { past = new Map(), nowMs, now, atOnce, can }: Omit<ForecastInput, "settled" | "unchanged">,
): Generator<undefined, readonly VipPlan[]> {
  const { vips, health } = yield* desiredVipsOf(now, { past, nowMs });
  const after = yield* desiredVipsOf(atOnce, { past: health, vipsBefore: vips, nowMs });
  const actual = [...vips.values()].map(({ vip }) => asActual(vip, can));
  return groupByPrefix([...after.vips.values()], actual).flatMap((group) =>
    planGroup(group.desired, group.actual, { ...can, remove: true })
  );
}

/** The forecast of a VIP on a prefix where nothing changes. */
function unchangedVip(
  frontend: string,
  { flows, vip, tables }: {
    readonly flows: FlowTable | undefined;
    readonly vip: DesiredVip;
    readonly tables: TableCache;
  },
): VipForecast {
  const { address, prefixLength, protocol, port } = vip;
  const shift = tables.shift(flows, flows);
  return {
    frontend,
    address,
    prefixLength,
    protocol,
    port,
    change: "unchanged",
    reason: "",
    servers: [],
    atOnce: shift,
    settled: shift,
  };
}

/** The actual state of a VIP that is in its desired state. */
function asActual(vip: DesiredVip, can: LbCapabilities): ActualVip {
  const out = (server: DesiredServer) => !can.weights && server.weight === 0;
  const { address, prefixLength, protocol, port, encap, srcIpSticky, newFlowsTableLength } = vip;
  return {
    address,
    prefixLength,
    protocol,
    port,
    encap,
    srcIpSticky,
    newFlowsTableLength,
    poolIndex: undefined,
    servers: vip.servers.filter((server) => !out(server)).map((server) => ({
      address: server.address,
      weight: can.weights ? server.weight : FULL_WEIGHT,
      flushed: server.flush,
      idle: server.flush,
      buckets: 0,
    })),
    removed: vip.servers.filter(out).map(({ address, flush }) => ({ address, flushed: flush })),
  };
}

interface VipContext {
  readonly frontend: string;
  readonly now: DesiredVip | undefined;
  readonly settled: DesiredVip | undefined;
  /** The VIP at the steps of slow-start before `settled`. */
  readonly steps: readonly DesiredVip[];
  readonly namesAt: NamesAt;
  readonly can: LbCapabilities;
  readonly tables: TableCache;
}

function* forecastVip(
  vipPlan: VipPlan,
  context: VipContext,
): Generator<undefined, VipForecast> {
  const { can, tables } = context;
  const refused = vipPlan.conflict !== undefined;
  const now = flowsOf(context.now, can);
  // A refused VIP stays as it is.
  const atOnce = refused ? now : flowsOf(vipPlan.desired, can);
  const settled = refused ? now : flowsOf(settledOf(vipPlan, context), can);
  const steps = refused || context.steps.length === 0 ? [] : [
    atOnce,
    ...context.steps.map((step) => flowsOf(settledOf(vipPlan, { ...context, settled: step }), can)),
    settled,
  ];
  const { address, prefixLength, protocol, port } = vipPlan.vip;
  const change = changeOf(vipPlan, now, settled);
  if (change !== "unchanged") yield* tables.make([now, atOnce, ...steps, settled]);
  const shift = tables.shift(now, atOnce);
  const shares = (flows: FlowTable | undefined) => sharesOf(flows, { tables, can });
  return {
    frontend: context.frontend,
    address,
    prefixLength,
    protocol,
    port,
    change,
    reason: vipPlan.conflict ?? vipPlan.recreate ?? "",
    servers: change === "unchanged" ? [] : serversOf(
      { now: shares(now), atOnce: shares(atOnce), settled: shares(settled) },
      { flushed: flushedBy(vipPlan), namesAt: context.namesAt },
    ),
    atOnce: shift,
    settled: sameFlows(atOnce, settled) ? shift : tables.shift(now, settled),
    ...(steps.length === 0 ? {} : { movedInSteps: movedBetween(steps, tables) }),
  };
}

/** The VIP when settled; kept servers have the same weight as right after the change. */
function settledOf(
  { desired }: VipPlan,
  { settled, can }: VipContext,
): DesiredVip | undefined {
  const actual = desired === undefined ? undefined : asActual(desired, can);
  return settled === undefined ? undefined : withKeptWeights(settled, actual);
}

function changeOf(
  vipPlan: VipPlan,
  now: FlowTable | undefined,
  settled: FlowTable | undefined,
): VipChange {
  if (vipPlan.conflict !== undefined) return "refused";
  if (vipPlan.desired === undefined) return "removed";
  if (vipPlan.actual === undefined) return "added";
  if (vipPlan.recreate !== undefined) return "recreated";
  return vipPlan.build.length > 0 || !sameFlows(now, settled) ? "changed" : "unchanged";
}

/** The servers in VPP's table of the VIP. A VPP without weights gives each a single replica. */
function flowsOf(vip: DesiredVip | undefined, can: LbCapabilities): FlowTable | undefined {
  if (vip === undefined) return undefined;
  const servers = can.weights
    ? vip.servers
    : vip.servers.filter(({ weight }) => weight > 0).map(({ address }) => ({ address, weight: 1 }));
  return { servers, length: vip.newFlowsTableLength, srcIpSticky: vip.srcIpSticky };
}

function countOperations(plans: readonly VipPlan[]): OperationCounts {
  const kinds: Record<Operation["kind"], number> = {
    "vip-add": 0,
    "vip-del": 0,
    "as-add": 0,
    "as-del": 0,
    "as-weight": 0,
    "as-flush": 0,
    "vip-flush": 0,
  };
  for (const { kind } of operationsOf(plans)) kinds[kind]++;
  return {
    vipAdded: kinds["vip-add"],
    vipRemoved: kinds["vip-del"],
    vipRecreated: plans.filter(({ recreate }) => recreate !== undefined).length,
    asAdded: kinds["as-add"],
    asRemoved: kinds["as-del"],
    asWeightUpdated: kinds["as-weight"],
  };
}
