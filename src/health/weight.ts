/**
 * Translates a backend's state for the data plane: the weight for new flows, and whether its
 * established flows should be flushed. A server of weight 0 takes no new flows.
 */
import type { CountedState } from "./state.ts";

/** The maximum weight in VPP. */
export const MAX_WEIGHT = 100;

/** Weight and flush of one server. */
export interface EffectiveWeight {
  /** 0 to 100. */
  readonly weight: number;
  /** True in a flushing state, where its flows are dropped. */
  readonly flush: boolean;
}

/** Input of effectiveWeight(), in addition to the state. */
export interface WeightOptions {
  /** True when the entry is in the frontend's active pool. */
  readonly active: boolean;
  /** The weight in force: the file's, or the operator's. */
  readonly configured: number;
  /** `flush-on-down` of the frontend. */
  readonly flushOnDown: boolean;
}

/** The truth table of the specification. */
export function effectiveWeight(state: CountedState, options: WeightOptions): EffectiveWeight {
  switch (state) {
    case "up":
      return { weight: options.active ? clampWeight(options.configured) : 0, flush: false };
    case "unknown":
    case "blind":
    case "paused":
    case "damped":
      return { weight: 0, flush: false };
    case "down":
      return { weight: 0, flush: options.flushOnDown };
    case "disabled":
    case "removed":
      return { weight: 0, flush: true };
  }
}

/** `weight` within 0 to 100. */
export function clampWeight(weight: number): number {
  return Math.min(Math.max(weight, 0), MAX_WEIGHT);
}
