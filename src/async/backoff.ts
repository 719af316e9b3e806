/** Retries: delays that double until an attempt succeeds. */
import type { Clock, Timer } from "../base/ports.ts";

/** Delays of retries. */
export interface BackoffOptions {
  /** Delay after the first failure; it doubles with each further one. */
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Delay after `failures` failed attempts in a row; at least one. */
export function backoffDelayMs(failures: number, { firstMs, maxMs }: BackoffOptions): number {
  return Math.min(firstMs * 2 ** (failures - 1), maxMs);
}

/** Counts failures and returns the delay after each. */
export class BackoffDelays {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Counts a failure; returns the delay before the next attempt. */
  next(): number {
    return backoffDelayMs(++this.#failures, this.#options);
  }

  /** An attempt succeeded: the next delay is the first again. */
  reset(): void {
    this.#failures = 0;
  }
}

/** Delays of a Backoff after its first attempt. */
const BACKOFF: BackoffOptions = { firstMs: 100, maxMs: 10_000 };

/** Schedules attempts: the first immediately, each further one later, until one succeeds. */
export class Backoff {
  readonly #clock: Clock;
  readonly #delays = new BackoffDelays(BACKOFF);
  #isRetry = false;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `fn` when it is time. Does nothing while an attempt is waiting. */
  schedule(fn: () => void): void {
    if (this.#timer !== undefined) return;
    const delayMs = this.#isRetry ? this.#delays.next() : 0;
    this.#isRetry = true;
    this.#timer = this.#clock.after(delayMs, () => {
      this.#timer = undefined;
      fn();
    });
  }

  /** An attempt succeeded: the next one is made immediately. */
  reset(): void {
    this.#isRetry = false;
    this.#delays.reset();
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
