/**
 * How the tables of one VIP differ between load balancers, and why. PURE.
 *
 * Tables come from other programs, so their size is bounded: tables that are too long together, or
 * cannot be VPP's, are not built, and the number of buckets is then not known.
 */
import { parseIp } from "../base/address.ts";
import { isTableLength } from "../vpp/lb/new_flow_table.ts";
import { type FlowTable, TableCache, type TableShift } from "../vpp/lb/table_shift.ts";
import { tableText } from "./fingerprint.ts";
import { type Cause, CAUSES, type Root, rootsOf, viewsOf } from "./roots.ts";
import type { VipSide, VipTable } from "./side.ts";

/** Buckets that send new flows elsewhere. */
export interface Differing {
  readonly buckets: number;
  /** Of so many. */
  readonly length: number;
}

/** A difference of one VIP. */
export interface VipDifference {
  /** `192.0.2.1/32 tcp 80`. */
  readonly vip: string;
  readonly frontend: string;
  /** Each once, in the order of CAUSES. */
  readonly causes: readonly Cause[];
  readonly roots: readonly Root[];
  /** Load balancers by equal tables in force, the greatest group first. */
  readonly groups: readonly (readonly string[])[];
  /**
   * Buckets of the table furthest from that of the first group. With equal tables: of the table
   * furthest from what is wanted on its own load balancer. Undefined: not known.
   */
  readonly differing: Differing | undefined;
}

/** Buckets of all tables that one comparison builds: 256 of the greatest usual length. */
const MAX_BUCKETS = 1 << 24;
/** Most servers of a table that is built. */
const MAX_SERVERS = 4096;
/** VPP's weight has 8 bits. */
const MAX_WEIGHT = 255;
/** Capacity of the cache: 64 tables of the greatest usual length. */
const CACHED_BUCKETS = 1 << 22;

/** Builds tables for comparisons, at most MAX_BUCKETS of them. */
export class Tables {
  readonly #cache = new TableCache(CACHED_BUCKETS);
  #left: number;

  constructor(maxBuckets: number = MAX_BUCKETS) {
    this.#left = maxBuckets;
  }

  /** Buckets in which two tables differ; undefined: not known. */
  differing(before: VipTable, after: VipTable): Differing | undefined {
    const shift = this.#shift(before, after);
    return shift && { buckets: shift.moved + shift.lost + shift.gained, length: shift.length };
  }

  /** Buckets whose flows lose the server that `before` names; undefined: not known. */
  breaking(before: VipTable, after: VipTable): Differing | undefined {
    const shift = this.#shift(before, after);
    return shift && { buckets: shift.moved + shift.lost, length: shift.length };
  }

  #shift(before: VipTable, after: VipTable): TableShift | undefined {
    const [left, right] = [flowTable(before), flowTable(after)];
    if (left === "bad" || right === "bad") return undefined;
    this.#left -= (left?.length ?? 0) + (right?.length ?? 0);
    if (this.#left < 0) return undefined;
    return this.#cache.shift(left, right);
  }
}

function flowTable({ length, servers, srcIpSticky }: VipTable): FlowTable | undefined | "bad" {
  if (length === 0) return undefined;
  if (!isTableLength(length) || servers.length > MAX_SERVERS) return "bad";
  const parsed = servers.flatMap(({ address, weight }) => {
    const ip = parseIp(address);
    const good = Number.isInteger(weight) && weight >= 0 && weight <= MAX_WEIGHT;
    return ip === undefined || !good ? [] : [{ address: ip, weight }];
  });
  const addresses = new Set(parsed.map(({ address }) => address.text));
  return addresses.size === servers.length ? { servers: parsed, length, srcIpSticky } : "bad";
}

/** The difference of a VIP; undefined: its tables and inputs are equal, and VPP has them. */
export function vipDifference(
  vip: string,
  { sides, missing, tables }: {
    readonly sides: readonly VipSide[];
    /** Load balancers that can be compared and do not have the VIP. */
    readonly missing: readonly string[];
    readonly tables: Tables;
  },
): VipDifference | undefined {
  const roots = [...missingRoots(sides, missing), ...rootsOf(sides)];
  if (roots.length === 0) return undefined;
  return {
    vip,
    frontend: sides[0]?.frontend ?? "",
    causes: CAUSES.filter((cause) => roots.some((root) => root.cause === cause)),
    roots,
    groups: groupsOf(sides).map(({ lbs }) => lbs),
    differing: furthest(sides, tables),
  };
}

function missingRoots(sides: readonly VipSide[], missing: readonly string[]): readonly Root[] {
  if (missing.length === 0 || sides.length === 0) return [];
  const lbs = sides.map(({ lb }) => lb);
  const views = [{ lbs, text: "in the file" }, { lbs: missing, text: "not in the file" }];
  return [{ cause: "config", address: "", backends: [], views, sinceMs: undefined }];
}

/** The table that VPP has, or should have while that is not known. */
export function inForce({ actual, wanted }: Pick<VipSide, "actual" | "wanted">): VipTable {
  return actual ?? wanted;
}

function groupsOf(sides: readonly VipSide[]) {
  return viewsOf(sides, (side) => tableText(inForce(side)));
}

function furthest(sides: readonly VipSide[], tables: Tables): Differing | undefined {
  const groups = groupsOf(sides);
  const tableOf = ({ lbs }: { readonly lbs: readonly string[] }) =>
    inForce(sides.find(({ lb }) => lb === lbs[0])!);
  const pairs = groups.length > 1
    ? groups.slice(1).map((group) => [tableOf(groups[0]!), tableOf(group)] as const)
    : sides.map((side) => [side.wanted, inForce(side)] as const);
  const shifts = pairs.map(([before, after]) => tables.differing(before, after));
  return shifts.reduce(
    (most, next) => most === undefined || next === undefined ? undefined : greater(most, next),
    shifts[0],
  );
}

function greater(a: Differing, b: Differing): Differing {
  return b.buckets * a.length > a.buckets * b.length || a.length === 0 ? b : a;
}
