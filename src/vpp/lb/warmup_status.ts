/** Reports the progress of warm-up to operators. PURE. */
import type { MonotonicMs } from "../../base/instant.ts";
import { isReleased, type Warmup } from "./warmup.ts";

export interface WarmupStatus {
  /** waiting: the minimum delay has not passed; releasing: frontends are released one by one. */
  readonly phase: "off" | "waiting" | "releasing" | "done";
  /**
   * Milliseconds until it ends at the latest. Undefined when it is off or done, or when the prober
   * is blind to all frontends still held, which may last for any time.
   */
  readonly leftMs: number | undefined;
  /** Frontends that it still holds back, in the given order. */
  readonly held: readonly string[];
}

/** `startMs` and `nowMs` are on the same clock as `warmup`. */
export function warmupStatus(
  warmup: Warmup,
  { startMs, nowMs, frontends }: {
    readonly startMs: MonotonicMs;
    readonly nowMs: MonotonicMs;
    readonly frontends: readonly string[];
  },
): WarmupStatus {
  if (warmup.over) {
    const phase = warmup.maxAtMs <= startMs ? "off" : "done";
    return { phase, leftMs: undefined, held: [] };
  }
  return {
    phase: nowMs < warmup.minAtMs ? "waiting" : "releasing",
    leftMs: warmup.late ? undefined : Math.max(0, warmup.maxAtMs - nowMs),
    held: frontends.filter((frontend) => !isReleased(warmup, frontend)),
  };
}
