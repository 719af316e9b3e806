/**
 * Lets the event loop breathe: calls that arrive together are answered for a few milliseconds at
 * a time. In between, results of probes go their way to VPP, however much is asked at once.
 */
import type { Clock } from "../base/ports.ts";

/** How long calls may be answered in a row, in milliseconds; one call may take longer. */
export const TURN_MS = 4;

/** Runs tasks in the order in which they came, now or a little later. */
export class Turns {
  readonly #clock: Clock;
  #waiting: (() => void)[] = [];
  #spentMs = 0;
  /** A turn is under way, and its end is scheduled. */
  #open = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `task` within this turn when there is time, else in one of the next. It must not throw. */
  run(task: () => void): void {
    if (this.#waiting.length > 0 || this.#spentMs >= TURN_MS) {
      this.#waiting.push(task);
      return;
    }
    this.#timed(task);
    if (this.#open) return;
    this.#open = true;
    this.#clock.after(0, () => this.#next());
  }

  #next(): void {
    this.#spentMs = 0;
    let done = 0;
    while (done < this.#waiting.length && this.#spentMs < TURN_MS) {
      this.#timed(this.#waiting[done]!);
      done++;
    }
    this.#waiting = this.#waiting.slice(done);
    this.#open = done > 0;
    if (this.#open) this.#clock.after(0, () => this.#next());
  }

  #timed(task: () => void): void {
    const startMs = this.#clock.monotonicMs();
    task();
    this.#spentMs += this.#clock.monotonicMs() - startMs;
  }
}
