/**
 * When to probe next. A server in full health is asked at leisure, one that is fully down too,
 * and one of which we are in doubt (unknown, or between the extremes) quickly. Everything is
 * jittered, so that probes which once fell together drift apart.
 */
import type { Prng } from "../base/ports.ts";
import { counterMax } from "./counter.ts";
import type { HealthPolicy } from "./state.ts";

/** The part of a healthcheck that sets its pace; a HealthcheckConfig is one. */
export interface Pace extends HealthPolicy {
  /** Milliseconds while fully healthy. */
  readonly intervalMs: number;
  /** Milliseconds while unknown or between the extremes. */
  readonly fastIntervalMs: number;
  /** Milliseconds while fully down. */
  readonly downIntervalMs: number;
}

/** Jitter: a computed interval is off by at most this share of it, either way. */
export const JITTER = 0.1;

/** Options of nextIntervalMs. */
export interface NextIntervalOptions {
  /** True while the backend is unknown. */
  readonly unknown: boolean;
  readonly prng: Prng;
}

/** The interval that goes with a counter, before jitter, in milliseconds. */
export function plainIntervalMs(pace: Pace, counter: number, unknown: boolean): number {
  if (unknown) return pace.fastIntervalMs;
  if (counter >= counterMax(pace)) return pace.intervalMs;
  if (counter <= 0) return pace.downIntervalMs;
  return pace.fastIntervalMs;
}

/** Milliseconds from the start of the last probe to the start of the next, jittered by ±10 %. */
export function nextIntervalMs(pace: Pace, counter: number, options: NextIntervalOptions): number {
  const plain = plainIntervalMs(pace, counter, options.unknown);
  return plain * (1 - JITTER + 2 * JITTER * options.prng());
}

/**
 * A source of jitter for one target whose deviations do not add up. Independent deviations let
 * three intervals of a second take up to 3.3 s; here each number is the difference of two
 * neighbouring random phases, so any run of intervals deviates by no more than one does (a
 * verdict that needs three failures takes at most 3.1 s), and targets that were spread evenly
 * stay so instead of wandering into clumps. Pass the result as `prng` of nextIntervalMs, one per
 * target. Numbers are in (0, 1), with mean 1/2.
 */
export function steadyJitter(prng: Prng): Prng {
  let phase = prng();
  return () => {
    const before = phase;
    phase = prng();
    return 0.5 + (phase - before) / 2;
  };
}

/**
 * Delay of the first probe of the `index`th of `count` targets, spread evenly over `intervalMs`:
 * 0 for the first, and always less than the interval. In `unknown` the fast interval applies, so
 * that is what to spread over.
 */
export function firstDelayMs(
  index: number,
  count: number,
  options: { readonly intervalMs: number },
): number {
  return count <= 1 ? 0 : (options.intervalMs * index) / count;
}
