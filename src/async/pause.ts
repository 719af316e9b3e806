/** Waits that an AbortSignal can end, and waits that leave the thread to others. */
import { later, type MonotonicMs } from "../base/instant.ts";
import type { Clock } from "../base/ports.ts";

/** Resolves after `ms`, or as soon as `signal` is aborted. */
export function pause(
  ms: number,
  { clock, signal }: {
    readonly clock: Pick<Clock, "after">;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(ms, done);
    signal?.addEventListener("abort", done);
    function done(): void {
      timer.cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    }
    if (signal?.aborted === true) done();
  });
}

/** Longest time that work occupies its thread in a row, in milliseconds. */
const SLICE_MS = 4;

/**
 * The time since which asynchronous work has occupied its thread. The work calls rest() where it can
 * wait, once the slice is over, so that results of probes go their way in between. It does not wait
 * before that, because each wait lets the state change.
 */
export class Slice {
  readonly #clock: Clock;
  #endMs: MonotonicMs;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#endMs = later(clock.monotonicMs(), SLICE_MS);
  }

  get over(): boolean {
    return this.#clock.monotonicMs() >= this.#endMs;
  }

  /** The work goes on after it waited for something else. */
  begin(): void {
    this.#endMs = later(this.#clock.monotonicMs(), SLICE_MS);
  }

  /** Runs `steps` to its end, and rests between two of them whenever the slice is over. */
  async run<T>(steps: Generator<undefined, T>): Promise<T> {
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return value;
      if (this.over) await this.rest();
    }
  }

  async rest(): Promise<void> {
    await pause(0, { clock: this.#clock });
    this.begin();
  }
}
