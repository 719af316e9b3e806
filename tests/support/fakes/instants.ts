/** Instants of tests, written as numbers. */
import type { MonotonicMs, WallMs } from "../../../src/base/instant.ts";

/** An instant of a monotonic clock. */
export function monotonic(ms: number): MonotonicMs {
  return ms as MonotonicMs;
}

/** An instant of Unix time. */
export function wall(ms: number): WallMs {
  return ms as WallMs;
}
