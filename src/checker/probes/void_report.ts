/**
 * Logs that probes were void, with the reason: the prober itself was late, or lacked a resource
 * such as file descriptors. An overloaded machine makes thousands of void probes a second. So the
 * first of each reason is logged immediately, and the others as one line per period.
 */
import type { Clock, Logger, Timer } from "../../base/ports.ts";

/** Length of the period that one line summarizes. */
export const VOID_REPORT_MS = 10_000;

/** Maximum reasons counted separately in a period; the prober has fewer. */
const MAX_REASONS = 8;

/** One void probe. */
export interface VoidReportEntry {
  readonly backend: string;
  readonly latenessMs: number;
  /** The text for operators. */
  readonly reason: string;
}

/** Logs `probe-void`, at most one line for each reason and one more in a period. */
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

  /** Logs the entries held back, and ends the timer. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#flush();
  }

  #wait(): void {
    this.#timer = this.#clock.after(VOID_REPORT_MS, () => {
      this.#timer = undefined;
      // An empty period ends the counting; the next void probe is a first one again.
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
