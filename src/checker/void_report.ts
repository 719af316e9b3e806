/**
 * Logs that probes were void, with the reason: the prober itself was late, or lacked something
 * (file descriptors). An overloaded machine makes thousands of them in a second, so the first of
 * each reason is logged by itself and the rest as one line per period.
 */
import type { Clock, Logger, Timer } from "../base/ports.ts";

/** Length of the period summed up in one line. */
export const VOID_REPORT_MS = 10_000;

/** Reasons counted separately in a period; there are fewer than that. */
const MAX_REASONS = 8;

/** One void probe. */
export interface VoidReportEntry {
  readonly backend: string;
  readonly latenessMs: number;
  /** For people. */
  readonly reason: string;
}

/** Logs `probe-void`, bounded to one line a reason and one more in a period. */
export class VoidReport {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #timer: Timer | undefined;
  #count = 0;
  #maxLatenessMs = 0;
  #reasons = new Set<string>();

  constructor(options: { readonly clock: Clock; readonly logger: Logger }) {
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  add(entry: VoidReportEntry): void {
    const { backend, latenessMs, reason } = entry;
    if (!this.#reasons.has(reason) && this.#reasons.size < MAX_REASONS) {
      this.#reasons.add(reason);
      this.#logger.warn("probe-void", {
        backend,
        "lateness-ms": Math.round(latenessMs),
        err: reason,
      });
      if (this.#timer === undefined) this.#wait();
      return;
    }
    this.#count++;
    this.#maxLatenessMs = Math.max(this.#maxLatenessMs, latenessMs);
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
      else this.#reasons.clear();
    });
  }

  #flush(): boolean {
    if (this.#count === 0) return false;
    this.#logger.warn("probe-void", {
      count: this.#count,
      "max-lateness-ms": Math.round(this.#maxLatenessMs),
      "period-ms": VOID_REPORT_MS,
    });
    this.#count = 0;
    this.#maxLatenessMs = 0;
    return true;
  }
}
