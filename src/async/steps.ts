/**
 * Long calculations as generators: at each `yield` the event loop may serve others. Pure code
 * marks where it can pause; the caller decides whether it does.
 */
import { later } from "../base/instant.ts";
import type { Clock } from "../base/ports.ts";
import { pause } from "./pause.ts";

export { finish } from "../base/finish.ts";

export interface SliceOptions {
  readonly clock: Clock;
  /** How long it may run without a pause; one step may take longer. Milliseconds. */
  readonly sliceMs: number;
  /** Stops it between two slices: rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs `steps` to its end a slice at a time, so that it delays nothing else on its thread. */
export async function inSlices<T>(
  steps: Generator<undefined, T>,
  { clock, sliceMs, signal }: SliceOptions,
): Promise<T> {
  for (;;) {
    signal?.throwIfAborted();
    const endMs = later(clock.monotonicMs(), sliceMs);
    do {
      const { done, value } = steps.next();
      if (done === true) return value;
    } while (clock.monotonicMs() < endMs);
    await pause(0, { clock });
  }
}
