/**
 * Limits how often work is done: immediately if the last run was long enough ago, otherwise as soon as
 * it is. One run at a time; a request during a run causes one more run.
 */
import type { Clock, Timer } from "../../../base/ports.ts";

export interface ThrottleOptions {
  readonly clock: Clock;
  /**
   * Least time from the start of one run to that of the next, in milliseconds; read at each
   * request.
   */
  readonly everyMs: () => number;
  /**
   * After a run nothing is done for `rest` times as long as it took, so that it is a bounded share of
   * the time; default 0.
   */
  readonly rest?: number;
  /** It must not reject. */
  readonly work: () => Promise<void>;
}

export class Throttle {
  readonly #options: ThrottleOptions;
  #wanted = false;
  #running: Promise<void> | undefined;
  /** Start and end of the last run. */
  #startMs = -Infinity;
  #endMs = -Infinity;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: ThrottleOptions) {
    this.#options = options;
  }

  /** Requests a run that begins now or later. */
  want(): void {
    this.#wanted = true;
    this.#next();
  }

  /** No run begins from now on; resolves when none is under way. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  #next(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#stopped || !this.#wanted || this.#running !== undefined) return;
    const { clock } = this.#options;
    const waitMs = this.#readyMs() - clock.monotonicMs();
    if (waitMs <= 0) return this.#run();
    this.#timer = clock.after(waitMs, () => this.#next());
  }

  #readyMs(): number {
    const { everyMs, rest = 0 } = this.#options;
    if (this.#startMs === -Infinity) return -Infinity;
    const tookMs = this.#endMs - this.#startMs;
    return Math.max(this.#startMs + everyMs(), this.#endMs + rest * tookMs);
  }

  #run(): void {
    const { clock, work } = this.#options;
    this.#wanted = false;
    this.#startMs = this.#endMs = clock.monotonicMs();
    this.#running = work().finally(() => {
      this.#running = undefined;
      this.#endMs = clock.monotonicMs();
      this.#next();
    });
  }
}
