/**
 * Plans the first probes of targets that start together. Each target has a place: its share of the
 * interval, evenly spread, where its later probes stay. The prober may take a first probe earlier,
 * while it has nothing else to do, so that a restart is blind for a short time only.
 *
 * Backends of one address (several ports of a server) are placed evenly too, and taken early one
 * after the other. So a server with hundreds of them gets no burst.
 */

/**
 * Limit of the spread of first probes. They are spread over the fast interval, but no further than
 * this, so that no first verdict waits a slow interval.
 */
export const MAX_SPREAD_MS = 2000;

/** Least time between first probes of one address that are ahead of their places. */
export const ADDRESS_GAP_MS = 20;

/** The part of a target that its first probe depends on. */
export interface FirstTarget {
  readonly address: string;
  /** Milliseconds between probes while it is unknown. */
  readonly fastIntervalMs: number;
}

/** Delays of a first probe in milliseconds. */
export interface FirstProbe {
  /** The place: it starts by then. */
  readonly delayMs: number;
  /** It may start ahead of its place from then on; at most `delayMs`. */
  readonly soonestMs: number;
}

/** Milliseconds over which first probes of targets with this fast interval are spread. */
export function spreadMsOf(fastIntervalMs: number): number {
  return Math.min(fastIntervalMs, MAX_SPREAD_MS);
}

/** The first probes of `targets`, in their order. */
export function firstRound(targets: readonly FirstTarget[]): readonly FirstProbe[] {
  const delays = new Array<number>(targets.length);
  for (const [spreadMs, indices] of groupedBy(targets, (it) => spreadMsOf(it.fastIntervalMs))) {
    inOrderOfPlace(targets, indices).forEach((index, rank) => {
      delays[index] = (spreadMs * rank) / indices.length;
    });
  }
  const soonest = new Array<number>(targets.length).fill(0);
  if (!haveOwnAddresses(targets)) {
    for (const indices of groupedBy(targets, ({ address }) => address).values()) {
      indices.sort((a, b) => delays[a]! - delays[b]!).forEach((index, order) => {
        soonest[index] = Math.min(delays[index]!, order * ADDRESS_GAP_MS);
      });
    }
  }
  return delays.map((delayMs, index) => ({ delayMs, soonestMs: soonest[index]! }));
}

/** True when no two targets share an address: the usual case, and ten times as fast. */
function haveOwnAddresses(targets: readonly FirstTarget[]): boolean {
  return new Set(targets.map(({ address }) => address)).size === targets.length;
}

/** `indices` in an order in which those of one address are evenly apart. */
function inOrderOfPlace(
  targets: readonly FirstTarget[],
  indices: readonly number[],
): readonly number[] {
  if (haveOwnAddresses(indices.map((index) => targets[index]!))) return indices;
  const byAddress = [...groupedBy(targets, ({ address }) => address, indices).values()];
  const places = byAddress.flatMap((same, group) =>
    same.map((index, member) => {
      return { index, share: (member + group / byAddress.length) / same.length };
    })
  );
  return places.sort((a, b) => a.share - b.share).map(({ index }) => index);
}

/** Indices of targets by a key, in their order. */
function groupedBy<K>(
  targets: readonly FirstTarget[],
  keyOf: (target: FirstTarget) => K,
  indices: Iterable<number> = targets.keys(),
): Map<K, number[]> {
  const groups = new Map<K, number[]>();
  for (const index of indices) {
    const key = keyOf(targets[index]!);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [index]);
    else group.push(index);
  }
  return groups;
}
