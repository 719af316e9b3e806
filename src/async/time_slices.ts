/**
 * Keeps the event loop free: works on the requests of all clients for a few milliseconds at a time.
 * In between, results of probes go their way to VPP, for any number of requests.
 */
import type { Clock, Timer } from "../base/ports.ts";

/** How long tasks may run in a row, in milliseconds; one task may take longer. */
export const SLICE_MS = 4;

/** Runs tasks in the order in which they came, now or a little later. */
export class TimeSlices {
  readonly #clock: Clock;
  #waiting: (() => void)[] = [];
  #spentMs = 0;
  /** A turn is under way, and its end is scheduled. */
  #open = false;
  #timer: Timer | undefined;
  readonly #defer: ((fn: () => void) => void) | undefined;

  /**
   * `defer` runs a function when everything that is ready now has been handled (turn_end.ts); the
   * default is a timer, which takes 1 to 2 ms.
   */
  constructor(clock: Clock, defer?: (fn: () => void) => void) {
    this.#clock = clock;
    this.#defer = defer;
  }

  /** Runs `task` within this turn when there is time, else in one of the next. It must not throw. */
  run(task: () => void): void {
    if (this.#waiting.length > 0 || this.#spentMs >= SLICE_MS) {
      this.#waiting.push(task);
      return;
    }
    this.#timed(task);
    if (this.#open) return;
    this.#open = true;
    this.#arm();
  }

  /** Nothing that still waits is run. Idempotent. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#waiting = [];
  }

  #next(): void {
    this.#spentMs = 0;
    let done = 0;
    while (done < this.#waiting.length && this.#spentMs < SLICE_MS) {
      this.#timed(this.#waiting[done]!);
      done++;
    }
    this.#waiting = this.#waiting.slice(done);
    this.#open = done > 0;
    if (this.#open) this.#arm();
  }

  #arm(): void {
    if (this.#defer !== undefined) this.#defer(() => this.#next());
    else this.#timer = this.#clock.after(0, () => this.#next());
  }

  #timed(task: () => void): void {
    const startMs = this.#clock.monotonicMs();
    task();
    this.#spentMs += this.#clock.monotonicMs() - startMs;
  }
}
