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
  /** Servers that damping holds down count as up, because there is no other. */
  readonly dampingOverridden?: true;
  /** By pool; only pools of which a server is out or held. */
  readonly maxDown?: ReadonlyMap<string, Brake>;
}

/** The servers of a pool with `max-down` that are down, in the order in which they came. */
export interface Brake {
  readonly out: readonly string[];
  readonly held: readonly string[];
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

/** The memory of a frontend without policies. */
export const NO_MEMORY: PolicyMemory = Object.freeze({});

/** The circumstances of an evaluation. */
export interface Moment {
  /** The memory after the last evaluation. */
  readonly past: PolicyMemory;
  readonly nowMs: MonotonicMs;
}
