/**
 * PURE. The room in VPP's stats segment. Each route costs two combined counters on each thread
 * there, and each address of a VIP or of a server is a route; a VIP has four counters more. Vectors
 * of counters grow by half, and the old one is there while the new one is filled. When the segment
 * is full VPP aborts, so what would fill it is not sent.
 *
 * Measured with 4 MiB and one thread: VPP died at 46,000 servers in 180 VIPs, and at 31,000 VIPs
 * without servers; with two threads at 31,000 servers.
 */

/** Figures of a VPP's stats segment. */
export interface StatsRoom {
  /** Of the shared memory. */
  readonly sizeBytes: number;
  /** VPP's threads, the main one included. */
  readonly threads: number;
  /** Routes that VPP has room for now, its own included; undefined when that is unknown. */
  readonly routes: number | undefined;
}

/** Routes and VIPs that need room. */
export interface StatsNeeds {
  readonly routes: number;
  readonly vips: number;
}

/** An estimate, and what there is for it. */
export interface StatsUse {
  readonly neededBytes: number;
  /** Bytes that counters of routes may use. */
  readonly availableBytes: number;
  /** `tight` is worth a warning; `full`: nothing is to be added. */
  readonly verdict: "fine" | "tight" | "full";
}

/** Of one route on one thread. */
const ROUTE_BYTES = 64;
/** Of one VIP on one thread, in addition to its route. */
const VIP_BYTES = 56;
/** Bytes that everything else in the segment may need. */
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
    `${availableBytes} for them, and VPP ends when it is full; raise \`statseg { size … }\` in VPP's startup.conf`;
}
