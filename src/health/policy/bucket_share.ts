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

/** The buckets of the server at the index `at`. */
export function bucketsOf({ weights, length }: Shares, at: number): number {
  const own = weights[at]!;
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (own === 0) return 0;
  const turns = Math.floor(length / sum);
  const left = length - turns * sum;
  // The level: every server has this many replicas in the last, incomplete turn.
  const upTo = (level: number) => weights.reduce((n, weight) => n + Math.min(weight, level), 0);
  let level = 0;
  let above = Math.max(...weights);
  while (above - level > 1) {
    const middle = (level + above) >> 1;
    if (upTo(middle) <= left) level = middle;
    else above = middle;
  }
  let rest = left - upTo(level);
  let extra = 0;
  for (let i = 0; i <= at && rest > 0; i++) {
    if (weights[i]! <= level) continue;
    if (i === at) extra = 1;
    rest--;
  }
  return turns * own + Math.min(own, level) + extra;
}

/**
 * The weight of step `step` of `steps` of the server at the index `at`, whose weight in `shares` is
 * the last step's. Equal steps of the weight while all weights fit into the table; otherwise the
 * least weight whose buckets reach step / steps of the last step's.
 */
export function stepWeight(
  shares: Shares,
  { at, step, steps }: { readonly at: number; readonly step: number; readonly steps: number },
): number {
  const { weights, length } = shares;
  const last = weights[at]!;
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (sum <= length) return Math.ceil((last * step) / steps);
  const bucketsAt = (weight: number) =>
    bucketsOf({ length, weights: weights.with(at, weight) }, at);
  const wanted = bucketsAt(last) * step;
  let below = 0;
  let weight = last;
  while (weight - below > 1) {
    const middle = (below + weight) >> 1;
    if (bucketsAt(middle) * steps >= wanted) weight = middle;
    else below = middle;
  }
  return weight;
}
