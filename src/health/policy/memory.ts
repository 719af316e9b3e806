/**
 * The memory of a frontend's policies: what they carry from one evaluation of the frontend to the
 * next. An immutable value. It survives a reload, because it names pools, backends and addresses.
 *
 * A policy that is off adds nothing to it. Without policies it is always NO_MEMORY, so that the
 * evaluation of a frontend allocates nothing for them.
 */
import type { MonotonicMs } from "../../base/instant.ts";

/** Each policy has one optional part; absent: it has nothing to remember. */
export interface PolicyMemory {
  /**
   * The frontend must be evaluated again at this time, if nothing happens before. Later than the
   * time of the evaluation that returned it.
   */
  readonly wakeAtMs?: MonotonicMs;
  readonly lastGood?: LastGood;
  /**
   * A hold ended without a server that is up. No other hold begins before one is, although VPP may
   * still have other servers with weight.
   */
  readonly closed?: true;
  /**
   * With `on-all-down`, where backends share an address: those with weight when a server was last
   * up, by address. Others of an address have not given it the weight that VPP has.
   */
  readonly serving?: ReadonlyMap<string, ReadonlySet<string>>;
  /** Backends that were held and have no verdict since; they count as up until their first one. */
  readonly waiting?: ReadonlySet<string>;
  /** Servers that damping holds down count as up, because there is no other. */
  readonly dampingOverridden?: true;
  /**
   * Damping goes on, although no server is up, because VPP has these weights for servers that the
   * prober is blind to, by address; all above 0.
   */
  readonly blindWeights?: ReadonlyMap<string, number>;
  /** By pool; only pools of which a server is out or held. */
  readonly maxDown?: ReadonlyMap<string, Brake>;
  /** Of every frontend with `slow-start`. */
  readonly slowStart?: SlowStartMemory;
}

/** The servers of a pool with `max-down` that are down, in the order in which they came. */
export interface Brake {
  readonly out: readonly string[];
  readonly held: readonly string[];
  /** The addresses of those held, by name: at another address it is another server. */
  readonly addresses: ReadonlyMap<string, string>;
  /** Those held whose weight was 0 meanwhile, as by a drain: VPP may have them at 0. Absent: none. */
  readonly drained?: ReadonlySet<string>;
  /** After a start the order is preliminary until VPP is read and all its servers are judged. */
  readonly preliminary?: true;
}

/** A frontend that is held by `on-all-down: last-good`. */
export interface LastGood {
  /** The weights that VPP keeps, by address; all above 0. */
  readonly weights: ReadonlyMap<string, number>;
  /** Addresses that an operator has given weight 0 since then, and whose flows stay. */
  readonly drained?: ReadonlySet<string>;
  /**
   * False after a start, while one of these servers is still without a verdict. The weights are
   * kept, but it is too early to call the frontend held.
   */
  readonly announced: boolean;
}

/** The servers of a frontend, as `slow-start` has seen them. */
export interface SlowStartMemory {
  /** Name of the active pool. */
  readonly pool: string;
  /** True when the weights that VPP had were known, or no longer mattered. */
  readonly isKnown: boolean;
  /** Backends that counted as up: they do not rise again before they leave `up`. */
  readonly up: ReadonlySet<string>;
  /** Backends without a verdict since the frontend began: their first one starts no ramp. */
  readonly first: ReadonlySet<string>;
  /** The servers of the active pool that have not reached their weight, by name of the backend. */
  readonly ramps: ReadonlyMap<string, Ramp>;
}

/** The rise of one server. */
export interface Ramp {
  /** 1 to `steps` - 1; 0 only before its first evaluation, when it continues from `weight`. */
  readonly step: number;
  /** The weight of this step, below the whole one. */
  readonly weight: number;
  /** Begin of the next step. */
  readonly nextMs: MonotonicMs;
}

/** The memory of a frontend without policies. */
export const NO_MEMORY: PolicyMemory = Object.freeze({});

/** The circumstances of an evaluation. */
export interface Moment {
  /** The memory after the last evaluation. */
  readonly past: PolicyMemory;
  readonly nowMs: MonotonicMs;
}
