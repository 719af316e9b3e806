/** Runs a long calculation a little at a time, so that it delays nothing else on its thread. */
import type { Clock } from "../base/ports.ts";

export interface SliceOptions {
  readonly clock: Clock;
  /** How long it may go on without a pause; one step may take longer. Milliseconds. */
  readonly sliceMs: number;
  /** Stops it between two slices: rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The result of `steps`. Between two slices everything else that waits has its turn. */
export async function inSlices<T>(
  steps: Generator<undefined, T>,
  { clock, sliceMs, signal }: SliceOptions,
): Promise<T> {
  for (;;) {
    signal?.throwIfAborted();
    const endMs = clock.monotonicMs() + sliceMs;
    do {
      const { done, value } = steps.next();
      if (done === true) return value;
    } while (clock.monotonicMs() < endMs);
    await new Promise<void>((resolve) => clock.after(0, resolve));
  }
}
