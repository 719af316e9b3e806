/** The types of a frontend's health: its definition, its lookups, and what follows. PURE. */
import type { IpAddress } from "../base/address.ts";
import type { PolicyChange } from "./policy/changes.ts";
import type { PolicyMemory } from "./policy/memory.ts";
import type { Pool } from "./pool.ts";
import type { CountedState, FrontendState } from "./state.ts";

/** The part of a frontend that decides its weights; a FrontendConfig is one. */
export interface FrontendShape {
  /** Needed with policies. */
  readonly name?: string;
  readonly pools: readonly Pool[];
  readonly flushOnDown: boolean;
  /** Absent: `close`. */
  readonly onAllDown?: "last-good";
  /** Absent: a server that comes up has its whole weight immediately. */
  readonly slowStart?: SlowStart;
}

/** Settings of `slow-start`. */
export interface SlowStart {
  /** From the first step to the last, in milliseconds; above 0. */
  readonly durationMs: number;
  /** 2 to 5, the whole weight included. */
  readonly steps: number;
}

/** Everything that follows from the states of a frontend's backends. */
export interface FrontendHealth {
  /**
   * `up` when an entry has a weight > 0. Otherwise `unknown` while a backend that is neither
   * disabled nor paused is unknown, else `down`.
   */
  readonly state: FrontendState;
  /** Index of the active pool. */
  readonly activePool: number;
  /** Effective weights, same shape as pools[].backends[]. */
  readonly effectiveWeights: readonly (readonly number[])[];
  /** The servers that VPP should have, in compareIp order, each address once. */
  readonly servers: readonly MergedServer[];
  /** VPP keeps the weights of the last servers, because of `on-all-down: last-good`. */
  readonly held?: true;
  /** The `past` of the next evaluation; NO_MEMORY without policies. */
  readonly memory: PolicyMemory;
  /** Changes that policies made since `past`; absent: none. */
  readonly policyChanges?: readonly PolicyChange[];
}

/** One server of a VIP, by address. */
export interface MergedServer {
  readonly address: IpAddress;
  /** 0 to 100. */
  readonly weight: number;
  /** True in a flushing state (down with flush-on-down, disabled). */
  readonly flush: boolean;
  /**
   * True when the prober was blind to it and its weight in force is not 0. VPP's own weight stays
   * then, and `weight` only applies to a VIP that would have no weight at all. Absent otherwise.
   */
  readonly keep?: true;
  /**
   * True when damping alone keeps it out of a flushing state. A flush that it had before is not
   * repeated when its checks fail again. Absent otherwise.
   */
  readonly spared?: true;
  /**
   * The weight in a VIP that would have no weight at all: damping holds the server down as long as
   * VPP has weight for one that the prober is blind to. Absent: `weight`.
   */
  readonly reserve?: number;
}

/** Looks up the backends of a frontend. */
export interface BackendLookup {
  readonly stateOf: (name: string) => CountedState;
  readonly addressOf: (name: string) => IpAddress;
  /** The weights last sent to VPP or found in it, by address; for policies. Absent: not known. */
  readonly weightsBefore?: () => ReadonlyMap<string, number> | undefined;
  /** False before this program has programmed the frontend in the VPP of now; absent: true. */
  readonly isProgrammed?: () => boolean;
  /** Buckets of the VIP's new-flow table; absent: enough for all weights. */
  readonly tableLength?: number | undefined;
}
