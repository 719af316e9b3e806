/**
 * Collects the garbage of a start. V8 starts with a limit of the heap below which a start needs no
 * full collection (V8_FLAGS of launch/permissions.ts). The collection here ends that: from then on
 * V8 chooses the limit by what is in use.
 */
import type { Clock, Timer } from "../base/ports.ts";

/** By then the file is read, and the first round of probes is over. */
const START_MS = 5000;

/** Collects this thread's heap once, START_MS from now; without `--expose-gc` it does nothing. */
export function collectAfterStart(clock: Pick<Clock, "after">): Timer {
  return clock.after(START_MS, () => (globalThis as { readonly gc?: () => void }).gc?.());
}
