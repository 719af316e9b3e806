/**
 * PURE. Computes the cost of a sticky table of VPP: its memory, and the time for which a flush stops
 * forwarding. Each thread has one.
 *
 * Measured on VPP 26.10: 11 ms a thread for 2^22 buckets.
 */

/** Buckets of all threads from which on a flush is felt: it visits each of them. */
export const MANY_STICKY_BUCKETS = 2 ** 22;

/** A bucket is one cache line, and is visited in this time. */
const BUCKET_BYTES = 64;
const FLUSH_NS_PER_BUCKET = 2.7;

/** Cost of a number of buckets. */
export interface StickyTableCost {
  readonly mebibytes: number;
  /** How long a flush takes. */
  readonly flushMs: number;
}

/** The cost of so many buckets, of one thread or of all. */
export function stickyTableCost(buckets: number): StickyTableCost {
  return {
    mebibytes: buckets * BUCKET_BYTES / 2 ** 20,
    flushMs: Math.round(buckets * FLUSH_NS_PER_BUCKET / 1e6),
  };
}
