/**
 * Says in the log that probes were void because the prober itself was late. An overloaded machine
 * makes thousands of them at once, so the first is logged by itself and what follows as one line
 * per period.
 */
import type { Clock, Logger, Timer } from "../base/ports.ts";

/** Length of the period summed up in one line. */
export const VOID_REPORT_MS = 10_000;

/** One void probe. */
export interface VoidReportEntry {
  readonly backend: string;
  readonly latenessMs: number;
}

/** Logs `probe-void`, bounded to two lines a period. */
export class VoidReport {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #timer: Timer | undefined;
  #count = 0;
  #maxLatenessMs = 0;

  constructor(options: { readonly clock: Clock; readonly logger: Logger }) {
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  add(entry: VoidReportEntry): void {
    if (this.#timer === undefined) {
      this.#logger.warn("probe-void", {
        backend: entry.backend,
        lateness_ms: Math.round(entry.latenessMs),
      });
      this.#wait();
      return;
    }
    this.#count++;
    this.#maxLatenessMs = Math.max(this.#maxLatenessMs, entry.latenessMs);
  }

  /** Logs what was held back, and ends the timer. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#flush();
  }

  #wait(): void {
    this.#timer = this.#clock.after(VOID_REPORT_MS, () => {
      this.#timer = undefined;
      // A period with nothing in it ends the counting; the next void is a first one again.
      if (this.#flush()) this.#wait();
    });
  }

  #flush(): boolean {
    if (this.#count === 0) return false;
    this.#logger.warn("probe-void", {
      count: this.#count,
      max_lateness_ms: Math.round(this.#maxLatenessMs),
      period_ms: VOID_REPORT_MS,
    });
    this.#count = 0;
    this.#maxLatenessMs = 0;
    return true;
  }
}
