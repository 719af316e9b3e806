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
import { compareByAddress, compareVipKeys } from "../vpp/lb/order.ts";
import { groupByPrefix, operationsOf, planGroup, type VipPlan } from "../vpp/lb/plan.ts";
import { desiredVipsOf, type HealthView, type Past } from "./desired_frontends.ts";
import { type FlowTable, TableCache, type TableShift } from "./table_shift.ts";

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

/** The immediate change of a server of a VIP. */
export type ServerChange = "added" | "removed" | "reweighted" | "kept";

/** The share of a server at one instant. */
export interface ServerShare {
  /** The weight sent to VPP; 0 to 100. */
  readonly weight: number;
  /** Buckets of the VIP's new-flow table. */
  readonly buckets: number;
}

/** A server of a VIP. Shares are undefined at instants at which the VIP lacks it. */
export interface ServerForecast {
  readonly address: IpAddress;
  /** Backends of the frontend with this address, before or after the change; in the file's order. */
  readonly backends: readonly string[];
  readonly change: ServerChange;
  /** True when its established flows are flushed immediately. */
  readonly flush: boolean;
  readonly now: ServerShare | undefined;
  readonly atOnce: ServerShare | undefined;
  readonly settled: ServerShare | undefined;
}

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
  const { vips: now, health: healthNow } = yield* desiredVipsOf(input.now, { past, nowMs });
  const { vips: atOnce, health: healthAtOnce } = yield* desiredVipsOf(input.atOnce, {
    past: healthNow,
    vipsBefore: now,
    nowMs,
  });
  const { vips: settled } = yield* desiredVipsOf(input.settled, {
    past: healthAtOnce,
    vipsBefore: atOnce,
    nowMs,
    risenSince: healthNow,
  });
  const actual = [...now.values()].map(({ vip }) => asActual(vip, can));
  const groups = groupByPrefix([...atOnce.values()], actual);
  const tables = new TableCache(CACHED_BUCKETS);
  const plans: VipPlan[] = [];
  const vips: VipForecast[] = [];
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
  { past = new Map(), nowMs, now, atOnce, can }: Omit<ForecastInput, "settled">,
): Generator<undefined, readonly VipPlan[]> {
  const { vips, health } = yield* desiredVipsOf(now, { past, nowMs });
  const after = yield* desiredVipsOf(atOnce, { past: health, vipsBefore: vips, nowMs });
  const actual = [...vips.values()].map(({ vip }) => asActual(vip, can));
  return groupByPrefix([...after.vips.values()], actual).flatMap((group) =>
    planGroup(group.desired, group.actual, { ...can, remove: true })
  );
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

/** Buckets moved from each to the next: the sum. */
export function movedBetween(
  steps: readonly (FlowTable | undefined)[],
  tables: TableCache,
): number {
  return steps.slice(1).reduce(
    (sum, after, i) => sum + tables.shift(steps[i], after).moved,
    0,
  );
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

/** The shares of the servers at one instant, by address. */
type Shares = ReadonlyMap<string, ServerShare & { readonly address: IpAddress }>;

function sharesOf(
  flows: FlowTable | undefined,
  { tables, can }: { readonly tables: TableCache; readonly can: LbCapabilities },
): Shares {
  if (flows === undefined) return new Map();
  const buckets = tables.buckets(flows);
  return new Map(flows.servers.map(({ address, weight }, at) => [
    address.text,
    { address, weight: can.weights ? weight : FULL_WEIGHT, buckets: buckets[at]! },
  ]));
}

/** The servers of any of the three instants, in address order. */
function serversOf(
  shares: { readonly now: Shares; readonly atOnce: Shares; readonly settled: Shares },
  { flushed, namesAt }: {
    readonly flushed: ReadonlySet<string>;
    readonly namesAt: NamesAt;
  },
): readonly ServerForecast[] {
  const addresses = new Map(
    [shares.now, shares.atOnce, shares.settled].flatMap((each) =>
      [...each].map(([text, { address }]) => [text, address] as const)
    ),
  );
  return [...addresses].map(([text, address]) => {
    const [now, atOnce, settled] = [shares.now, shares.atOnce, shares.settled].map((each) => {
      const share = each.get(text);
      return share && { weight: share.weight, buckets: share.buckets };
    });
    return {
      address,
      backends: namesAt(text),
      change: serverChange(now, atOnce),
      flush: flushed.has(text),
      now,
      atOnce,
      settled,
    };
  }).sort(compareByAddress);
}

function serverChange(now: ServerShare | undefined, atOnce: ServerShare | undefined): ServerChange {
  if (now === undefined) return atOnce === undefined ? "kept" : "added";
  if (atOnce === undefined) return "removed";
  return now.weight === atOnce.weight ? "kept" : "reweighted";
}

/** Addresses of the servers whose established flows the plan flushes. */
function flushedBy(vipPlan: VipPlan): ReadonlySet<string> {
  const flushed = new Set<string>();
  for (const operation of [...vipPlan.teardown, ...vipPlan.build]) {
    if (operation.kind === "vip-flush" && operation.reason === "all-servers") {
      for (const { address } of vipPlan.actual?.servers ?? []) flushed.add(address.text);
    }
    const flushes = operation.kind === "as-flush" ||
      ((operation.kind === "as-del" || operation.kind === "as-weight") && operation.flush);
    if (flushes) flushed.add(operation.address.text);
  }
  return flushed;
}

function sameFlows(a: FlowTable | undefined, b: FlowTable | undefined): boolean {
  return a?.servers.length === b?.servers.length &&
    (a?.servers ?? []).every(({ address, weight }, at) => {
      const other = b!.servers[at]!;
      return other.address.text === address.text && other.weight === weight;
    });
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
