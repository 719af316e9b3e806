/** Something to be tried again: at once the first time, then ever later, until it went well. */
import type { Clock, Timer } from "../base/ports.ts";

/** Delay of the second attempt; each further one is twice as late. */
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 10_000;

export class Backoff {
  readonly #clock: Clock;
  #failures = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `fn` when it is time. Does nothing while an attempt is waiting. */
  schedule(fn: () => void): void {
    if (this.#timer !== undefined) return;
    const delayMs = backoffDelayMs(this.#failures++);
    this.#timer = this.#clock.after(delayMs, () => {
      this.#timer = undefined;
      fn();
    });
  }

  /** It went well: the next attempt is at once again. */
  reset(): void {
    this.#failures = 0;
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

/** Delay after so many attempts that did not go well; 0 for none. */
export function backoffDelayMs(failures: number): number {
  return failures === 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), MAX_DELAY_MS);
}
