/**
 * Work that many things ask for and that is done now and then: at once when it was not done for a
 * while, otherwise as soon as that is over; one run at a time, and never lost.
 */
import type { Clock, Timer } from "../../../base/ports.ts";

export interface ThrottleOptions {
  readonly clock: Clock;
  /**
   * Least time from the start of one run to that of the next, in milliseconds; a run that took long
   * puts the next one off by `rest` times as long, so that it is a bounded share of the time.
   */
  readonly everyMs: number;
  readonly rest?: number;
  /** It must not reject. */
  readonly work: () => Promise<void>;
}

export class Throttle {
  readonly #options: ThrottleOptions;
  #wanted = false;
  #running: Promise<void> | undefined;
  #readyMs = -Infinity;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: ThrottleOptions) {
    this.#options = options;
  }

  /** The work is done once more, beginning from now on. */
  want(): void {
    this.#wanted = true;
    this.#next();
  }

  /** Nothing begins any longer; resolves when nothing runs. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  #next(): void {
    if (
      this.#stopped || !this.#wanted || this.#running !== undefined || this.#timer !== undefined
    ) {
      return;
    }
    const waitMs = this.#readyMs - this.#options.clock.monotonicMs();
    if (waitMs <= 0) return this.#run();
    this.#timer = this.#options.clock.after(waitMs, () => {
      this.#timer = undefined;
      this.#next();
    });
  }

  #run(): void {
    const { clock, everyMs, rest = 0, work } = this.#options;
    this.#wanted = false;
    const startMs = clock.monotonicMs();
    this.#running = work().finally(() => {
      this.#running = undefined;
      const endMs = clock.monotonicMs();
      this.#readyMs = Math.max(startMs + everyMs, endMs + rest * (endMs - startMs));
      this.#next();
    });
  }
}
