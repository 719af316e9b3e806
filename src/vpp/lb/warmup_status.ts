/** Progress of warm-up, for people. PURE. */
import type { MonotonicMs } from "../../base/instant.ts";
import { isReleased, type Warmup } from "./warmup.ts";

export interface WarmupStatus {
  /** waiting: nothing is sent before the least delay; releasing: frontends go one after the other. */
  readonly phase: "off" | "waiting" | "releasing" | "done";
  /**
   * Milliseconds until it ends at the latest. Undefined when it is off or done, and once only
   * frontends are held that the prober is blind to: nothing bounds that.
   */
  readonly leftMs: number | undefined;
  /** Frontends that it still holds back, in the order given. */
  readonly held: readonly string[];
}

/** `startMs` and `nowMs` are of the clock that `warmup` is of. */
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
