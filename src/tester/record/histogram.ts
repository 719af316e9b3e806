/**
 * PURE. Counts latencies over a whole run in bounded memory. Buckets grow with the value, so that
 * every percentile is at most 1.6 % above the exact one.
 */

/** Buckets of each power of two. */
const STEPS = 64;
/** Smallest and greatest power of two, in milliseconds: 4 us to 17 min. */
const LEAST_EXPONENT = -8;
const MOST_EXPONENT = 20;
const BUCKETS = (MOST_EXPONENT - LEAST_EXPONENT) * STEPS;

export class Histogram {
  #counts: Uint32Array | undefined;
  #total = 0;
  #maxMs = 0;

  add(ms: number): void {
    this.#counts ??= new Uint32Array(BUCKETS);
    this.#counts[bucketOf(ms)]!++;
    this.#total++;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  get count(): number {
    return this.#total;
  }

  /** Undefined without values. */
  get maxMs(): number | undefined {
    return this.#total === 0 ? undefined : this.#maxMs;
  }

  /** The value that `share` (0 to 1) of the values do not exceed; undefined without values. */
  percentile(share: number): number | undefined {
    const counts = this.#counts;
    if (counts === undefined) return undefined;
    let left = Math.max(1, Math.ceil(share * this.#total));
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= counts[bucket]!;
      // The last bucket has no upper end.
      if (left <= 0) {
        return bucket === BUCKETS - 1 ? this.#maxMs : Math.min(upperEnd(bucket), this.#maxMs);
      }
    }
    return this.#maxMs;
  }
}

function bucketOf(ms: number): number {
  const least = 2 ** LEAST_EXPONENT;
  if (!(ms > least)) return 0;
  const exponent = Math.min(Math.floor(Math.log2(ms)), MOST_EXPONENT - 1);
  const within = Math.floor((ms / 2 ** exponent - 1) * STEPS);
  const bucket = (exponent - LEAST_EXPONENT) * STEPS + Math.max(0, within);
  return Math.min(bucket, BUCKETS - 1);
}

function upperEnd(bucket: number): number {
  const exponent = Math.floor(bucket / STEPS) + LEAST_EXPONENT;
  return 2 ** exponent * (1 + (bucket % STEPS + 1) / STEPS);
}
