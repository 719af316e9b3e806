/**
 * The packet counters of the simulated VPP: four for each VIP, by its index in the plugin's pool,
 * packets and bytes to and via each route, by its load-balance index. Each thread has its own,
 * and a new VIP or route begins at zero, even in a used slot.
 *
 * Source: VPP src/plugins/lb/lb.c lb_vip_add(), src/vnet/dpo/load_balance.c.
 * PURE.
 */

/** Names of the VIP counters, in the plugin's order. */
export const VIP_COUNTERS = [
  "packet from existing sessions",
  "first session packet",
  "untracked packet",
  "no server configured",
] as const;

/** The main thread and one worker. */
export const THREADS = 2;

/** `statseg { size }` of VPP, by default. */
export const DEFAULT_STATS_BYTES = 32 << 20;
/** Bytes of a stats segment for everything but routes, and for one route on one thread. */
const STATS_OTHER_BYTES = 1 << 19;
const STATS_ROUTE_BYTES = 64;

/** False when so many routes fill a segment of `statsBytes`. */
export function statsFits(routes: number, statsBytes: number): boolean {
  return STATS_ROUTE_BYTES * THREADS * routes <= statsBytes - STATS_OTHER_BYTES;
}

/** One change, of what a thread has counted. */
export type CounterChange =
  | {
    readonly kind: "vip";
    readonly thread: number;
    readonly index: number;
    /** In the order of VIP_COUNTERS. */
    readonly counts: readonly number[];
  }
  | {
    /** `route`: packets to the route's prefix; `via`: those that `lb` sent through it. */
    readonly kind: "route" | "via";
    readonly thread: number;
    readonly index: number;
    /** Packets and bytes. */
    readonly counts: readonly number[];
  };

/** By index, then by thread. */
type Counts = number[][][];

export class Counters {
  /** Called with every change. */
  onChange: (change: CounterChange) => void = () => {};
  readonly #vips: Counts = [];
  readonly #routes: Counts = [];
  readonly #via: Counts = [];

  vipAdded(index: number): void {
    this.#begin("vip", index);
  }

  routeAdded(index: number): void {
    this.#begin("route", index);
    this.#begin("via", index);
  }

  /** A VIP's counters over all threads, in the order of VIP_COUNTERS. */
  vip(index: number): readonly number[] {
    return sum(this.#vips[index]);
  }

  /** A route's packets and bytes over all threads. */
  route(index: number): readonly number[] {
    return sum(this.#routes[index]);
  }

  /** Packets and bytes that were sent through a route, over all threads. */
  via(index: number): readonly number[] {
    return sum(this.#via[index]);
  }

  /** Counts packets on one thread. */
  add(kind: CounterChange["kind"], index: number, more: {
    readonly thread: number;
    readonly counts: readonly number[];
  }): void {
    const { thread, counts } = more;
    const threads = this.#of(kind)[index];
    const before = threads?.[thread];
    if (threads === undefined || before === undefined) return;
    const after = before.map((count, i) => count + (counts[i] ?? 0));
    threads[thread] = after;
    this.onChange({ kind, thread, index, counts: after });
  }

  /** Calls onChange with all values, for a listener that was added later. */
  replay(): void {
    for (const kind of ["route", "via", "vip"] as const) {
      this.#of(kind).forEach((threads, index) =>
        threads.forEach((counts, thread) => this.onChange({ kind, thread, index, counts }))
      );
    }
  }

  #begin(kind: CounterChange["kind"], index: number): void {
    const zeros = kind === "vip" ? [0, 0, 0, 0] : [0, 0];
    this.#of(kind)[index] = Array.from({ length: THREADS }, () => zeros);
    for (let thread = 0; thread < THREADS; thread++) {
      this.onChange({ kind, thread, index, counts: zeros });
    }
  }

  #of(kind: CounterChange["kind"]): Counts {
    return kind === "vip" ? this.#vips : kind === "via" ? this.#via : this.#routes;
  }
}

function sum(threads: readonly (readonly number[])[] | undefined): number[] {
  const [first = [], ...others] = threads ?? [];
  return first.map((count, i) => others.reduce((total, counts) => total + counts[i]!, count));
}
