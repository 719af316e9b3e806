/**
 * PURE. `damping`: a backend that flaps stays down for a while although its checks pass again.
 *
 *     up → down, by its checks    the penalty grows by 1
 *     time                        halves it each half-life
 *     penalty at `suppress`       the backend is suppressed: passes do not bring it up
 *     penalty down to `reuse`,    the suppression ends; with checks passing the backend comes up
 *     or after `max-hold`
 *
 * Going down is never delayed. While it is suppressed a backend cannot go down again, so the end is
 * known from the beginning.
 */
import { earliest, later, type MonotonicMs } from "../../base/instant.ts";

/** The settings of a healthcheck; 0 < reuse < suppress. */
export interface DampingPolicy {
  readonly halfLifeMs: number;
  /** The penalty at which a backend is suppressed. */
  readonly suppress: number;
  /** The penalty at which the suppression ends. */
  readonly reuse: number;
  /** The longest suppression, in milliseconds. */
  readonly maxHoldMs: number;
}

/** The penalty of a backend; an immutable value. */
export interface Damping {
  /** Above 0, at `atMs`. */
  readonly penalty: number;
  readonly atMs: MonotonicMs;
  /** Begin of the suppression; absent: not suppressed. */
  readonly suppressedMs?: MonotonicMs;
}

/** The penalty at `nowMs`. A time before `atMs` does not raise it. */
export function penaltyAt(
  { penalty, atMs }: Damping,
  { halfLifeMs }: DampingPolicy,
  nowMs: MonotonicMs,
): number {
  return penalty * 2 ** (-Math.max(0, nowMs - atMs) / halfLifeMs);
}

/** The damping after one more fall from up to down. */
export function afterFall(
  damping: Damping | undefined,
  policy: DampingPolicy,
  nowMs: MonotonicMs,
): Damping {
  const before = damping === undefined ? 0 : penaltyAt(damping, policy, nowMs);
  const penalty = before + 1;
  return penalty < policy.suppress
    ? { penalty, atMs: nowMs }
    : { penalty, atMs: nowMs, suppressedMs: nowMs };
}

/** When the suppression ends; undefined: the backend is not suppressed. */
export function suppressedUntil(
  damping: Damping | undefined,
  policy: DampingPolicy,
): MonotonicMs | undefined {
  if (damping?.suppressedMs === undefined) return undefined;
  const { penalty, atMs, suppressedMs } = damping;
  const decayMs = policy.halfLifeMs * Math.log2(Math.max(1, penalty / policy.reuse));
  return earliest(later(atMs, decayMs), later(suppressedMs, policy.maxHoldMs));
}

/** True while passing checks do not bring the backend up. */
export function isSuppressed(
  damping: Damping | undefined,
  policy: DampingPolicy,
  nowMs: MonotonicMs,
): boolean {
  const untilMs = suppressedUntil(damping, policy);
  return untilMs !== undefined && nowMs < untilMs;
}

/** The penalty as people read it: two digits after the point. */
export function penaltyText(penalty: number): string {
  return penalty.toFixed(2);
}
