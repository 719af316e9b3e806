/** Waits that an AbortSignal can end. */
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
