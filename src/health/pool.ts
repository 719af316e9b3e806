/**
 * Chooses the active pool of a frontend. Pools are listed by preference: the first with a backend
 * that can take traffic is active. All others are on standby: always probed, with weight 0.
 */
import type { CountedState } from "./state.ts";

/** An entry of a pool; a PoolBackendConfig is one. */
export interface PoolEntry {
  /** Name of the backend. */
  readonly name: string;
  /** The weight in force, 0 to 100. */
  readonly weight: number;
}

/** A pool; a PoolConfig is one. */
export interface Pool {
  /** Needed with policies. */
  readonly name?: string;
  /** Absent: any number may be out. */
  readonly maxDown?: MaxDown;
  readonly backends: readonly PoolEntry[];
}

/** The most servers of a pool that may be out: a number, or a percentage of those that could serve. */
export type MaxDown = { readonly count: number } | { readonly percent: number };

/** Looks up the state that decides the weights of a backend in the pool at an index. */
export type StateOf = (name: string, pool: number) => CountedState;

/**
 * Index of the active pool: the first with an `up` backend of weight > 0; otherwise the first with
 * an `up` backend; otherwise 0.
 */
export function activePool(pools: readonly Pool[], stateOf: StateOf): number {
  let withUp = -1;
  for (let i = 0; i < pools.length; i++) {
    for (const entry of pools[i]!.backends) {
      if (stateOf(entry.name, i) !== "up") continue;
      if (entry.weight > 0) return i;
      if (withUp < 0) withUp = i;
    }
  }
  return Math.max(withUp, 0);
}
