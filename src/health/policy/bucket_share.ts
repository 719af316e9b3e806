/**
 * PURE. The buckets that VPP's new-flow table gives to a server, without making the table.
 *
 * A server of weight w takes part as w replicas, which take one bucket each in turn, ordered by
 * (replica, address), until the table is full. So the number of buckets follows from the weights
 * alone. When their sum exceeds the table, servers are filled by levels, and a weight above the
 * level has no effect.
 *
 * Source: VPP src/plugins/lb/lb.c lb_vip_update_new_flow_table().
 */

/** The table of a VIP. */
export interface Shares {
  /** The servers' weights in address order, 0 to 100. */
  readonly weights: readonly number[];
  /** Buckets of the table, at least 1. */
  readonly length: number;
}

/**
 * The buckets of servers, and of one of them with another weight than it has. Made in a time that
 * grows with the number of servers; each question then takes a time that does not.
 */
export class BucketShares {
  readonly #shares: Shares;
  readonly #sum: number;
  readonly #greatest: number;
  /** By level: the number of replicas up to it, of all servers. */
  readonly #replicas: readonly number[];
  /** By level and index: the number of servers before it whose weight is above the level. */
  readonly #ranks = new Map<number, Uint32Array>();

  constructor(shares: Shares) {
    this.#shares = shares;
    const atLeast: number[] = [];
    for (const weight of shares.weights) {
      while (atLeast.length <= weight) atLeast.push(0);
      atLeast[weight]!++;
    }
    for (let weight = atLeast.length - 2; weight >= 0; weight--) {
      atLeast[weight]! += atLeast[weight + 1]!;
    }
    const replicas = [0];
    for (let level = 1; level < atLeast.length; level++) {
      replicas.push(replicas[level - 1]! + atLeast[level]!);
    }
    this.#greatest = replicas.length - 1;
    this.#replicas = replicas;
    this.#sum = replicas[this.#greatest]!;
  }

  /** The buckets of the server at the index `at`, if its weight were `weight`. */
  bucketsOf(at: number, weight: number): number {
    const { weights, length } = this.#shares;
    if (weight === 0) return 0;
    const present = weights[at]!;
    const sum = this.#sum - present + weight;
    const turns = Math.floor(length / sum);
    const left = length - turns * sum;
    // The level: every server has this many replicas in the last, incomplete turn.
    const upTo = (level: number) =>
      this.#replicas[Math.min(level, this.#greatest)]! - Math.min(present, level) +
      Math.min(weight, level);
    let level = 0;
    let above = Math.max(this.#greatest, weight);
    while (above - level > 1) {
      const middle = (level + above) >> 1;
      if (upTo(middle) <= left) level = middle;
      else above = middle;
    }
    const isInRest = weight > level && this.#rank(at, level) < left - upTo(level);
    return turns * weight + Math.min(weight, level) + (isInRest ? 1 : 0);
  }

  /**
   * The weight of step `step` of `steps` of the server at the index `at`, whose last step is `last`.
   * Equal steps of the weight while all weights fit into the table; otherwise the least weight whose
   * buckets reach step / steps of the last step's.
   */
  stepWeight(
    { at, last, step, steps }: {
      readonly at: number;
      readonly last: number;
      readonly step: number;
      readonly steps: number;
    },
  ): number {
    const { weights, length } = this.#shares;
    if (this.#sum - weights[at]! + last <= length) return Math.ceil((last * step) / steps);
    const wanted = this.bucketsOf(at, last) * step;
    let below = 0;
    let weight = last;
    while (weight - below > 1) {
      const middle = (below + weight) >> 1;
      if (this.bucketsOf(at, middle) * steps >= wanted) weight = middle;
      else below = middle;
    }
    return weight;
  }

  /** Number of servers before the index `at` whose weight is above `level`. */
  #rank(at: number, level: number): number {
    let ranks = this.#ranks.get(level);
    if (ranks === undefined) {
      const { weights } = this.#shares;
      ranks = new Uint32Array(weights.length);
      let rank = 0;
      for (const [i, weight] of weights.entries()) {
        ranks[i] = rank;
        if (weight > level) rank++;
      }
      this.#ranks.set(level, ranks);
    }
    return ranks[at]!;
  }
}
