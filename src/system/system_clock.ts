/** Implements Clock with the host's two clocks. */
import type { MonotonicMs, WallMs } from "../base/instant.ts";
import type { Clock, Timer } from "../base/ports.ts";

/** `performance.now()` for what elapsed, `Date.now()` for what is shown. */
export class SystemClock implements Clock {
  monotonicMs(): MonotonicMs {
    return performance.now() as MonotonicMs;
  }

  wallMs(): WallMs {
    return Date.now() as WallMs;
  }

  after(delayMs: number, fn: () => void): Timer {
    // setTimeout counts whole milliseconds in 31 bits: it would fire a fraction early, and a longer
    // wait immediately.
    const id = setTimeout(fn, Math.min(Math.max(0, Math.ceil(delayMs)), 2 ** 31 - 1));
    return { cancel: () => clearTimeout(id) };
  }
}
