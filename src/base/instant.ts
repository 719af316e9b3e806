/**
 * Instants: milliseconds of a clock, as numbers that carry their clock in the type. An instant of
 * one clock is not accepted where one of another clock is expected, and a plain number is accepted
 * as neither. A number becomes an instant only where a clock is read or a value enters the program.
 * A duration, which is also the difference of two instants, is a plain number.
 *
 * Arithmetic gives plain numbers, and TypeScript compares and subtracts any two numbers. So the
 * types guard fields, parameters and results. PURE.
 */

declare const CLOCK: unique symbol;

/** Milliseconds of one clock, fractions allowed. */
export type Instant<Clock extends string = string> = number & { readonly [CLOCK]: Clock };

/** Milliseconds of a clock that never goes back. Its zero is arbitrary and differs by thread. */
export type MonotonicMs = Instant<"monotonic">;

/** Unix time in milliseconds. The clock behind it may be set, forward and back. */
export type WallMs = Instant<"wall">;

/** Later than every instant. */
export const NEVER_MS = Infinity as MonotonicMs;

/** Earlier than every instant. */
export const FAR_PAST_MS = -Infinity as MonotonicMs;

/** The start of Unix time. */
export const EPOCH_MS = 0 as WallMs;

/**
 * The last whole millisecond of Unix time that the API can carry: 2262-04-11T23:47:16.854Z. The API
 * counts nanoseconds in 64 bits with sign; a later time is refused wherever one is read.
 */
export const LATEST_MS = 9_223_372_036_854 as WallMs;

/** Why an instant after LATEST_MS cannot be taken, as the end of a message. */
export const TOO_FAR_AWAY = "it is too far away: the latest is 2262-04-11";

/** The instant `durationMs` after `instant`; before it when negative. */
export function later<T extends Instant>(instant: T, durationMs: number): T {
  return (instant + durationMs) as T;
}

/** The earlier of two instants of one clock. */
export function earliest<T extends Instant>(a: T, b: NoInfer<T>): T {
  return Math.min(a, b) as T;
}

/** The later of two instants of one clock. */
export function latest<T extends Instant>(a: T, b: NoInfer<T>): T {
  return Math.max(a, b) as T;
}

/** The last whole millisecond that is not after `instant`. */
export function wholeMs<T extends Instant>(instant: T): T {
  return Math.floor(instant) as T;
}

/** The instant of a date; NaN for an invalid one. */
export function wallMsOf(date: Date): WallMs {
  return date.getTime() as WallMs;
}
