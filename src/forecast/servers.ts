/** The servers of a VIP's forecast: their shares, their changes and their flushes. PURE. */
import type { IpAddress } from "../base/address.ts";
import type { LbCapabilities } from "../vpp/lb/model.ts";
import type { NamesAt } from "../vpp/lb/names_at.ts";
import { compareByAddress } from "../vpp/lb/order.ts";
import type { VipPlan } from "../vpp/lb/plan.ts";
import { FULL_WEIGHT } from "../vpp/lb/unweighted.ts";
import type { FlowTable, TableCache } from "../vpp/lb/table_shift.ts";

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

/** The shares of the servers at one instant, by address. */
type Shares = ReadonlyMap<string, ServerShare & { readonly address: IpAddress }>;

/** The shares of the servers of `flows`; empty without it. */
export function sharesOf(
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
export function serversOf(
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
export function flushedBy(vipPlan: VipPlan): ReadonlySet<string> {
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
