/**
 * Plans one read of the stats segment for all VIPs, and converts its values to a snapshot. Values
 * stay in the columns in which they were read, because 40,000 objects every few seconds are too
 * expensive. The counters of one VIP are collected on demand.
 */
import { invariant } from "../../base/assert.ts";
import { compareIp, type IpAddress } from "../../base/address.ts";
import type { WallMs } from "../../base/instant.ts";
import type { ActualVip, VipKey } from "../lb/model.ts";
import type {
  CounterQuery,
  CountersRead,
  CountersSnapshot,
  PreparedRead,
  ServerCounters,
  StatsReader,
  VipCounters,
} from "../ports.ts";

/** Names of the lb plugin's counters (lb_foreach_vip_counter of VPP's src/plugins/lb/lb.h). */
const VIP_COUNTERS = [
  "packet from existing sessions",
  "first session packet",
  "untracked packet",
  "no server configured",
] as const;

/** Packets and bytes to routes (src/vnet/dpo/load_balance.c). */
const ROUTE_COUNTER = "/net/route/to";

/**
 * Packets and bytes that left through a server's host route (src/vnet/dpo/load_balance.c): the
 * encapsulated packets of all VIPs that have the server. `lb` forwards them to the route's
 * load-balance object without a look-up, so they count as "via" and not as "to".
 */
const SERVER_COUNTER = "/net/route/via";

/** A server with the index of its route. */
export interface CountedServer {
  readonly address: IpAddress;
  readonly routeIndex: number;
}

/** The servers of `vips` whose route is known, by address, each once. */
export function countedServers(vips: readonly ActualVip[]): readonly CountedServer[] {
  const byAddress = new Map<string, CountedServer>();
  for (const { servers } of vips) {
    for (const { address, figures } of servers) {
      if (figures === undefined) continue;
      byAddress.set(address.text, { address, routeIndex: figures.routeIndex });
    }
  }
  return [...byAddress.values()].sort((a, b) => compareIp(a.address, b.address));
}

/** A VIP with the indices of its counters. */
export interface CountedVip {
  readonly vip: VipKey;
  readonly poolIndex: number;
  /** Undefined: not known. */
  readonly routeIndex: number | undefined;
}

/** Indices in ascending order, each once, and the slot of each VIP or server. */
interface Column {
  readonly indices: Uint32Array;
  /** By place of the VIP: the position of its index in `indices`; -1 without an index. */
  readonly slots: Int32Array;
}

/** One read of these VIPs and servers by their indices. */
export class CountersPlan {
  readonly #vips: readonly VipKey[];
  readonly #pool: Column;
  readonly #routes: Column;
  readonly #servers: readonly CountedServer[];
  readonly #serverRoutes: Column;
  readonly #prepared: PreparedRead | undefined;

  /** `vips` in VIP order, `servers` by address. */
  constructor(
    { vips, servers }: {
      readonly vips: readonly CountedVip[];
      readonly servers: readonly CountedServer[];
    },
    reader: StatsReader,
  ) {
    this.#vips = vips.map(({ vip }) => vip);
    this.#pool = columnOf(vips.map(({ poolIndex }) => poolIndex));
    this.#routes = columnOf(vips.map(({ routeIndex }) => routeIndex));
    this.#servers = servers;
    this.#serverRoutes = columnOf(servers.map(({ routeIndex }) => routeIndex));
    const queries: CounterQuery[] = VIP_COUNTERS.map((name) => ({
      name,
      kind: "simple",
      indices: this.#pool.indices,
    }));
    if (this.#routes.indices.length > 0) {
      queries.push({ name: ROUTE_COUNTER, kind: "combined", indices: this.#routes.indices });
    }
    if (this.#serverRoutes.indices.length > 0) {
      queries.push({ name: SERVER_COUNTER, kind: "combined", indices: this.#serverRoutes.indices });
    }
    // A VPP that never had a VIP lacks these counters.
    this.#prepared = vips.length === 0 ? undefined : reader.prepare(queries);
  }

  read(): CountersRead {
    return this.#prepared?.read() ?? { kind: "ok", values: [] };
  }

  /** Makes a snapshot of the values read at `takenAtMs`, without VIPs whose counters VPP lacks. */
  snapshot(values: readonly Float64Array[], takenAtMs: WallMs): CountersSnapshot {
    const vips = this.#vips;
    const places = countedPlaces(values.slice(0, VIP_COUNTERS.length), this.#pool.slots);
    return {
      takenAtMs,
      vips: places === undefined ? vips : [...places].map((place) => vips[place]!),
      at: (n) => {
        const place = places === undefined ? n : places[n];
        invariant(place !== undefined && place < vips.length, `snapshot has a VIP ${n}`);
        return this.#countersOf(place, values);
      },
      servers: () => this.#serverCounters(values),
    };
  }

  #serverCounters(values: readonly Float64Array[]): ServerCounters[] {
    const column = values.at(-1);
    if (column === undefined || this.#serverRoutes.indices.length === 0) return [];
    return this.#servers.flatMap(({ address }, place) => {
      const slot = this.#serverRoutes.slots[place]!;
      const [packets, bytes] = [column[2 * slot]!, column[2 * slot + 1]!];
      return Number.isNaN(packets) || Number.isNaN(bytes) ? [] : [{ address, packets, bytes }];
    });
  }

  #countersOf(place: number, values: readonly Float64Array[]): VipCounters {
    const slot = this.#pool.slots[place]!;
    const [next, first, untracked, noServer, routes] = values;
    const route = this.#routes.slots[place]!;
    return {
      vip: this.#vips[place]!,
      next: next![slot]!,
      first: first![slot]!,
      untracked: untracked![slot]!,
      noServer: noServer![slot]!,
      fibPackets: route < 0 ? undefined : known(routes![2 * route]!),
      fibBytes: route < 0 ? undefined : known(routes![2 * route + 1]!),
    };
  }
}

/** Places of the VIPs whose counters are all numbers; undefined: all VIPs. */
function countedPlaces(
  columns: readonly Float64Array[],
  slots: Int32Array,
): Uint32Array | undefined {
  // Nearly always all counters are numbers: then, and only then, their sum is a number.
  let sum = 0;
  for (const column of columns) for (let i = 0; i < column.length; i++) sum += column[i]!;
  if (!Number.isNaN(sum)) return undefined;
  const all = Uint32Array.from(slots, (_, place) => place);
  return all.filter((place) => columns.every((column) => !Number.isNaN(column[slots[place]!])));
}

function columnOf(wanted: readonly (number | undefined)[]): Column {
  const known = wanted.filter((index) => index !== undefined);
  const indices = Uint32Array.from(new Set(known)).sort();
  const slotOf = new Map(Array.from(indices, (index, slot) => [index, slot]));
  const slots = Int32Array.from(wanted, (index) => slotOf.get(index ?? -1) ?? -1);
  return { indices, slots };
}

function known(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}
