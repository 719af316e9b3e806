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
  /** The last probe was ahead of its place: the next one is on the grid. */
  readonly ahead: boolean;
}

/** The interval that goes with a counter, before jitter, in milliseconds. */
export function plainIntervalMs(pace: Pace, counter: number, unknown: boolean): number {
  if (unknown) return pace.fastIntervalMs;
  if (counter >= counterMax(pace)) return pace.intervalMs;
  if (counter <= 0) return pace.downIntervalMs;
  return pace.fastIntervalMs;
}

/**
 * Milliseconds from the start of the last probe to the start of the next, jittered by ±10 %. After
 * a probe ahead of its place they are fewer: from 5 to 110 % of the interval.
 */
export function nextIntervalMs(pace: Pace, counter: number, options: NextIntervalOptions): number {
  const plain = plainIntervalMs(pace, counter, options.unknown);
  const bound = JITTER * plain;
  const random = options.prng();
  if (options.grid === undefined) return plain - bound + 2 * bound * random;
  const { startedMs, phase, ahead } = options.grid;
  const offset = phase * plain - (startedMs + plain);
  if (ahead) {
    const distance = toFirstPoint(offset, { plain, bound });
    return Math.min(distance + bound * (random - 0.5), plain + bound);
  }
  const toNearestPoint = offset - plain * Math.round(offset / plain);
  const wanted = toNearestPoint + bound * (random - 0.5);
  return plain + Math.min(Math.max(wanted, -bound), bound);
}

/** Distance of the first point of the grid that is at least 10 % of the interval away. */
function toFirstPoint(
  offset: number,
  { plain, bound }: { readonly plain: number; readonly bound: number },
): number {
  const distance = offset - plain * Math.floor(offset / plain);
  return distance < bound ? distance + plain : distance;
}

/** The phase by which a first probe at `dueMs`, in a spread over `spreadMs`, is on the grid. */
export function phaseOf(dueMs: MonotonicMs, spreadMs: number): number {
  return (dueMs / spreadMs) - Math.floor(dueMs / spreadMs);
}
