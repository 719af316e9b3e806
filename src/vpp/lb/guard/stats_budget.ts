/**
 * PURE. Estimates the room in VPP's stats segment. VPP aborts when the segment is full, so
 * operations that would fill it are not sent.
 *
 * Each address of a VIP or of a server is a route, and each route costs two combined counters on
 * each thread. A VIP has four counters more. Vectors of counters grow by half, and the old vector
 * stays until the new one is filled.
 *
 * Measured with 4 MiB and one thread: VPP died at 46,000 servers in 180 VIPs, and at 31,000 VIPs
 * without servers; with two threads at 31,000 servers.
 */

/** The size of a VPP's stats segment. */
export interface StatsRoom {
  /** Bytes of the shared memory. */
  readonly sizeBytes: number;
  /** VPP's threads, the main one included. */
  readonly threads: number;
  /** Routes that VPP's vector has places for now, its own included; undefined when unknown. */
  readonly routes: number | undefined;
}

/** Routes and VIPs that need room. */
export interface StatsNeeds {
  readonly routes: number;
  readonly vips: number;
}

/** An estimate of the room needed, next to the room available. */
export interface StatsUse {
  readonly neededBytes: number;
  /** Bytes that counters of routes may use. */
  readonly availableBytes: number;
  /** `tight`: warn; `full`: add nothing. */
  readonly verdict: "fine" | "tight" | "full";
}

/** Bytes of one route on one thread. */
const ROUTE_BYTES = 64;
/** Bytes of one VIP on one thread, in addition to its route. */
const VIP_BYTES = 56;
/** Bytes reserved for everything else in the segment. */
const RESERVED_BYTES = 1 << 20;
const TIGHT_SHARE = 0.5;
const FULL_SHARE = 0.8;

/** Returns the bytes that routes and VIPs need in a segment. */
export function statsUse(
  { sizeBytes, threads }: Pick<StatsRoom, "sizeBytes" | "threads">,
  { routes, vips }: StatsNeeds,
): StatsUse {
  const neededBytes = threads * (ROUTE_BYTES * routes + VIP_BYTES * vips);
  const availableBytes = Math.max(0, sizeBytes - RESERVED_BYTES);
  const verdict = neededBytes > FULL_SHARE * availableBytes
    ? "full"
    : neededBytes > TIGHT_SHARE * availableBytes
    ? "tight"
    : "fine";
  return { neededBytes, availableBytes, verdict };
}

/** In words, with both numbers. */
export function statsUseText({ neededBytes, availableBytes }: StatsUse): string {
  return `VIPs and servers need ${neededBytes} bytes of VPP's stats segment, which has ` +
    `${availableBytes} for them, and VPP crashes when it is full; raise \`statseg { size … }\` in VPP's startup.conf`;
}
