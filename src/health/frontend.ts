/**
 * A frontend as the sum of its backends: its state, the effective weight of every entry, and the
 * servers VPP should have, where entries that are the same server are merged into one.
 */
import { compareIp, type IpAddress } from "../base/address.ts";
import { activePool, type Pool, type StateOf } from "./pool.ts";
import type { FrontendState } from "./state.ts";
import { effectiveWeight } from "./weight.ts";

/** The part of a frontend that decides about weights; a FrontendConfig is one. */
export interface FrontendShape {
  readonly pools: readonly Pool[];
  readonly flushOnDown: boolean;
}

/** What follows from the states of a frontend's backends. */
export interface FrontendHealth {
  readonly state: FrontendState;
  /** Index of the active pool. */
  readonly activePool: number;
  /** Effective weights, same shape as pools[].backends[]. */
  readonly effectiveWeights: readonly (readonly number[])[];
}

/** One server of a VIP, by address. */
export interface MergedServer {
  readonly address: IpAddress;
  /** 0 to 100. */
  readonly weight: number;
  /** True in a flushing state. */
  readonly flush: boolean;
  /**
   * True when the prober was blind to it and its weight in force is not 0: VPP's own weight stays, and
   * `weight` is only for a VIP that would have no weight at all. Absent otherwise.
   */
  readonly keep?: true;
}

/** Where mergedServers looks a backend up. */
export interface ServerLookup {
  readonly stateOf: StateOf;
  readonly addressOf: (name: string) => IpAddress;
}

/**
 * State, active pool and effective weights. `up` when an entry has a weight > 0, `unknown` when none
 * has and a backend that is neither disabled nor paused is still unknown, else `down`.
 */
export function frontendHealth(frontend: FrontendShape, stateOf: StateOf): FrontendHealth {
  const active = activePool(frontend.pools, stateOf);
  let anyWeight = false;
  let anyUnknown = false;
  const effectiveWeights = frontend.pools.map((pool, i) =>
    pool.backends.map((entry) => {
      const state = stateOf(entry.name);
      if (state === "unknown" || state === "blind") anyUnknown = true;
      const { weight } = effectiveWeight(state, {
        active: i === active,
        configured: entry.weight,
        flushOnDown: frontend.flushOnDown,
      });
      if (weight > 0) anyWeight = true;
      return weight;
    })
  );
  const state = anyWeight ? "up" : anyUnknown ? "unknown" : "down";
  return { state, activePool: active, effectiveWeights };
}

/**
 * The servers of a frontend in compareIp order, no address twice. A backend in several pools
 * counts with its entry in the active pool, if it has one there. Backends of one address are one
 * server: the greatest weight of theirs, flushed only when all of them are to be flushed and
 * none has weight, for one that flushes must not take the flows of one that does not.
 *
 * A pool with a blind backend may be the one that is served, so a later pool does not take over
 * from it: the servers of that one keep what VPP has as well.
 */
export function mergedServers(
  frontend: FrontendShape,
  lookup: ServerLookup,
): readonly MergedServer[] {
  const active = activePool(frontend.pools, lookup.stateOf);
  const blindPool = frontend.pools.findIndex(({ backends }) =>
    backends.some(({ name, weight }) => weight > 0 && lookup.stateOf(name) === "blind")
  );
  const doubtful = blindPool >= 0 && blindPool < active;
  const byAddress = new Map<string, MergedServer>();
  frontend.pools.forEach((pool, i) => {
    for (const entry of pool.backends) {
      const address = lookup.addressOf(entry.name);
      const state = lookup.stateOf(entry.name);
      const { weight, flush } = effectiveWeight(state, {
        active: i === active,
        configured: entry.weight,
        flushOnDown: frontend.flushOnDown,
      });
      const other = byAddress.get(address.text);
      // Entries of one backend differ in weight alone, and only the active pool's can be > 0,
      // so the greatest is right for them too.
      const greatest = Math.max(weight, other?.weight ?? 0);
      const flushAll = flush && (other?.flush ?? true) && greatest === 0;
      const blind = state === "blind" && entry.weight > 0;
      const kept = blind || (doubtful && state === "up") || other?.keep === true;
      const keep = kept && (doubtful || greatest === 0) ? { keep: true as const } : {};
      byAddress.set(address.text, { address, weight: greatest, flush: flushAll, ...keep });
    }
  });
  return [...byAddress.values()].sort((a, b) => compareIp(a.address, b.address));
}
