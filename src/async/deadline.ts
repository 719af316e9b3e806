/**
 * Waiting for something that has a deadline and may be given up: one place that races a promise
 * against a clock and a signal, and lets go of both afterwards.
 */
import { MaglevError } from "../base/errors.ts";
import type { Clock } from "../base/ports.ts";

/** Options of withDeadline. */
export interface DeadlineOptions {
  readonly clock: Clock;
  readonly deadlineMs: number;
  /** What is done, for the error's message: `connect to VPP`. */
  readonly action: string;
  readonly signal?: AbortSignal | undefined;
  /** Called when it is given up: ends what `work` waits for. */
  readonly abandon: () => void;
}

/**
 * What `work` gives; MaglevError `deadline-exceeded` or `aborted` when it is given up, in which
 * case the outcome of `work` is ignored.
 */
export function withDeadline<T>(work: Promise<T>, options: DeadlineOptions): Promise<T> {
  const { clock, deadlineMs, action, signal, abandon } = options;
  return new Promise<T>((resolve, reject) => {
    const timer = clock.after(deadlineMs, () => {
      giveUp(new MaglevError("deadline-exceeded", `Cannot ${action} within ${deadlineMs} ms`));
    });
    function onAbort(): void {
      giveUp(new MaglevError("aborted", `Cannot ${action}: given up`));
    }
    function letGo(): void {
      timer.cancel();
      signal?.removeEventListener("abort", onAbort);
    }
    function giveUp(error: MaglevError): void {
      letGo();
      reject(error);
      abandon();
    }
    signal?.addEventListener("abort", onAbort);
    work.then(resolve, reject).finally(letGo);
    if (signal?.aborted === true) onAbort();
  });
}
