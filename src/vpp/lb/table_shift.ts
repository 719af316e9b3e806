/**
 * Measures how a change of a VIP's servers moves its new flows: compares the two new-flow tables
 * bucket by bucket. PURE.
 *
 * VPP takes a new flow's hash modulo the table's length, a power of two. So each bucket of a table
 * stands for two buckets of a table of twice the length. Tables of different length are compared
 * over the longer one.
 *
 * `src-ip-sticky` decides what is hashed (VPP src/plugins/lb/node.c lb_node_get_hash()). When it
 * changes, a flow's bucket before does not determine its bucket after. The result is then an
 * expectation: a flow stays with the probability that both tables name the same server.
 */
import type { IpAddress } from "../../base/address.ts";
import { newFlowTable } from "./new_flow_table.ts";

/** The servers of a VIP, with the weights and the length of its new-flow table. */
export interface FlowTable {
  readonly servers: readonly WeightedServer[];
  /** Buckets: a power of two. */
  readonly length: number;
  readonly srcIpSticky: boolean;
}

/** One server of a FlowTable. */
export interface WeightedServer {
  readonly address: IpAddress;
  /** 0 to 100. */
  readonly weight: number;
}

/** The shift of a VIP's buckets. `moved + lost + gained <= length`; the other buckets stay. */
export interface TableShift {
  /** Number of compared buckets: the length of the longer table. */
  readonly length: number;
  /** Buckets that change their server. */
  readonly moved: number;
  /** Buckets that lose their server, so that their new flows are dropped. */
  readonly lost: number;
  /** Buckets that get a server and had no server before. */
  readonly gained: number;
  /** True when `moved` is an expectation, because `src-ip-sticky` changes. */
  readonly rehashed: boolean;
}

/** A table with the owners of its buckets, and the number of buckets of each address. */
interface Owners {
  /** For each bucket the place of its server's address in `addresses`; -1 without a server. */
  readonly table: Int32Array;
  readonly buckets: readonly number[];
}

/** Computes each table once, because VIPs with the same servers have the same table. */
export class TableCache {
  readonly #capacity: number;
  readonly #tables = new Map<string, Owners>();

  /** `capacityBuckets`: maximum buckets of all cached tables together. */
  constructor(capacityBuckets: number) {
    this.#capacity = capacityBuckets;
  }

  /** Computes these tables, with a stop before each; undefined stands for a missing VIP. */
  *make(all: readonly (FlowTable | undefined)[]): Generator<undefined, void> {
    for (const flows of all) {
      if (flows === undefined || this.#tables.has(tableKey(flows))) continue;
      yield;
      this.#owners(flows);
    }
  }

  /** Buckets of each server, in the given order. */
  buckets(flows: FlowTable): readonly number[] {
    return this.#owners(flows).buckets;
  }

  /** Measures the shift from one to the other; undefined stands for a missing VIP. */
  shift(before: FlowTable | undefined, after: FlowTable | undefined): TableShift {
    const length = Math.max(before?.length ?? 0, after?.length ?? 0);
    const none = { length, moved: 0, lost: 0, gained: 0, rehashed: false };
    const served = { before: isServed(before), after: isServed(after) };
    if (before === undefined || !served.before) {
      return served.after ? { ...none, gained: length } : none;
    }
    if (after === undefined || !served.after) return { ...none, lost: length };
    if (before.srcIpSticky !== after.srcIpSticky) {
      return { ...none, moved: this.#expectedMoves(before, after, length), rehashed: true };
    }
    return before === after || sameTable(before, after)
      ? none
      : { ...none, moved: this.#moves(before, after, length) };
  }

  #moves(before: FlowTable, after: FlowTable, length: number): number {
    const left = this.#owners(before).table;
    const right = this.#owners(after).table;
    const rightToLeft = placesIn(before, after);
    const leftMask = before.length - 1;
    const rightMask = after.length - 1;
    let moved = 0;
    for (let bucket = 0; bucket < length; bucket++) {
      if (rightToLeft[right[bucket & rightMask]!] !== left[bucket & leftMask]) moved++;
    }
    return moved;
  }

  #expectedMoves(before: FlowTable, after: FlowTable, length: number): number {
    const left = this.#owners(before).buckets;
    const right = this.#owners(after).buckets;
    let stays = 0;
    for (const [at, place] of placesIn(before, after).entries()) {
      if (place >= 0) stays += (right[at]! / after.length) * (left[place]! / before.length);
    }
    return Math.round((1 - stays) * length);
  }

  #owners(flows: FlowTable): Owners {
    const key = tableKey(flows);
    const known = this.#tables.get(key);
    if (known !== undefined) return known;
    const owners = newFlowTable(flows.servers, flows.length);
    const room = Math.max(1, Math.floor(this.#capacity / flows.length));
    // Evicts the oldest table: VIPs come in order, and those that share servers are close together.
    for (const old of this.#tables.keys()) {
      if (this.#tables.size < room) break;
      this.#tables.delete(old);
    }
    this.#tables.set(key, owners);
    return owners;
  }
}

/** True when new flows find a server. */
function isServed(flows: FlowTable | undefined): boolean {
  return flows !== undefined && flows.servers.some(({ weight }) => weight > 0);
}

/** For each server of `after` its place in `before`; -1 for a new server. */
function placesIn(before: FlowTable, after: FlowTable): readonly number[] {
  const places = new Map(before.servers.map(({ address }, at) => [address.text, at]));
  return after.servers.map(({ address }) => places.get(address.text) ?? -1);
}

function sameTable(a: FlowTable, b: FlowTable): boolean {
  return a.length === b.length && tableKey(a) === tableKey(b);
}

/** A key that is equal for inputs with the same table and the same places. */
function tableKey({ servers, length }: FlowTable): string {
  let key = `${length}`;
  for (const { address, weight } of servers) key += ` ${address.text} ${weight}`;
  return key;
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

/** True when both have the same servers with the same weights. */
export function sameFlows(a: FlowTable | undefined, b: FlowTable | undefined): boolean {
  return a?.servers.length === b?.servers.length &&
    (a?.servers ?? []).every(({ address, weight }, at) => {
      const other = b!.servers[at]!;
      return other.address.text === address.text && other.weight === weight;
    });
}
