/**
 * Chooses the time of the next probe. A server that is fully healthy or fully down is probed
 * slowly, a server in doubt (unknown, or between the extremes) quickly. Every interval is
 * jittered, so that probes do not synchronize with other periodic work.
 *
 * Independent jitter adds up: three intervals of a second take up to 3.3 s, and targets that were
 * spread evenly drift into clusters. So a target may have a phase, its own share of the interval.
 * Its probes then fall near the points of a grid (whole intervals plus the phase), jittered around
 * them. After a change of interval they move to the new grid by at most the jitter's limit per
 * probe. So a run of intervals deviates by no more than one interval may, and spread targets stay
 * spread in all states.
 */
import type { MonotonicMs } from "../base/instant.ts";
import type { Prng } from "../base/ports.ts";
import { counterMax } from "./counter.ts";
import type { HealthPolicy } from "./state.ts";

/** The part of a healthcheck that sets its pace; a HealthcheckConfig is one. All above 0. */
export interface Pace extends HealthPolicy {
  /** Milliseconds while fully healthy. */
  readonly intervalMs: number;
  /** Milliseconds while unknown or between the extremes. */
  readonly fastIntervalMs: number;
  /** Milliseconds while fully down. */
  readonly downIntervalMs: number;
}

/** Maximum deviation of a computed interval, as a share of it, in both directions. */
export const JITTER = 0.1;

/**
 * Limit of the spread of first probes. They are spread over the fast interval, but no further than
 * this, so that no first verdict waits a slow interval.
 */
export const MAX_SPREAD_MS = 2000;

/** Options of nextIntervalMs. */
export interface NextIntervalOptions {
  /** True while the backend is unknown. */
  readonly unknown: boolean;
  readonly prng: Prng;
  /** The target's grid; without it, intervals are jittered independently of each other. */
  readonly grid?: Grid;
}

/** The position of a target on its grid. */
export interface Grid {
  /** Start of the last probe, milliseconds of any clock that does not jump. */
  readonly startedMs: MonotonicMs;
  /** The target's phase, constant, in [0, 1); see phaseOf. */
  readonly phase: number;
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
  const bound = JITTER * plain;
  const random = options.prng();
  if (options.grid === undefined) return plain - bound + 2 * bound * random;
  const { startedMs, phase } = options.grid;
  const offset = phase * plain - (startedMs + plain);
  const toNearestPoint = offset - plain * Math.round(offset / plain);
  const wanted = toNearestPoint + bound * (random - 0.5);
  return plain + Math.min(Math.max(wanted, -bound), bound);
}

/** The phase by which the first probe, at `firstStartMs`, is a point of the target's grid. */
export function phaseOf(firstStartMs: MonotonicMs, pace: Pace): number {
  const spreadMs = spreadIntervalMs(pace.fastIntervalMs);
  return (firstStartMs / spreadMs) - Math.floor(firstStartMs / spreadMs);
}

/**
 * Delay of the first probe of the `index`th of `count` targets, spread evenly over `intervalMs`:
 * 0 for the first, and always less than the interval.
 */
export function firstDelayMs(
  index: number,
  count: number,
  options: { readonly intervalMs: number },
): number {
  return count <= 1 ? 0 : (options.intervalMs * index) / count;
}

/**
 * Delays of the first probes of targets that start together, in their order. Targets of equal
 * fast interval (it applies in `unknown`) are spread evenly over it, at most MAX_SPREAD_MS.
 */
export function firstDelaysMs(fastIntervalsMs: readonly number[]): readonly number[] {
  const counts = new Map<number, number>();
  for (const ms of fastIntervalsMs) counts.set(ms, (counts.get(ms) ?? 0) + 1);
  const seen = new Map<number, number>();
  return fastIntervalsMs.map((ms) => {
    const index = seen.get(ms) ?? 0;
    seen.set(ms, index + 1);
    return firstDelayMs(index, counts.get(ms)!, { intervalMs: spreadIntervalMs(ms) });
  });
}

function spreadIntervalMs(fastIntervalMs: number): number {
  return Math.min(fastIntervalMs, MAX_SPREAD_MS);
}
