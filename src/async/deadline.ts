/** Bounds waiting: races work against a clock and a signal, and lets go of both afterwards. */
import { MaglevError } from "../base/errors.ts";
import { later } from "../base/instant.ts";
import type { Clock, Timer } from "../base/ports.ts";

/** Options of orLate(). */
export interface LateOptions<L> {
  readonly clock: Clock;
  readonly deadlineMs: number;
  /**
   * The deadline is counted in parts of this length. While the process is stopped the work has no
   * time, so a stop counts as one part at most. Default: the whole deadline.
   */
  readonly partMs?: number;
  /** Ends the waiting like the deadline. */
  readonly signal?: AbortSignal | undefined;
  /** Called when waiting ends without the work: gives the result, or throws. */
  readonly late: (cause: "deadline" | "aborted") => L;
}

/** The outcome of `work`, or that of `late`; in the second case the outcome of `work` is ignored. */
export function orLate<T, L>(work: Promise<T>, options: LateOptions<L>): Promise<T | L> {
  const { clock, deadlineMs, partMs = deadlineMs, signal, late } = options;
  return new Promise<T | L>((resolve, reject) => {
    const arm = (leftMs: number): Timer => {
      const waitMs = Math.min(leftMs, partMs);
      const dueMs = later(clock.monotonicMs(), waitMs);
      return clock.after(waitMs, () => {
        const isStopped = partMs < deadlineMs && clock.monotonicMs() - dueMs > partMs;
        const nextMs = isStopped ? leftMs : leftMs - waitMs;
        if (nextMs > 0) timer = arm(nextMs);
        else giveUp("deadline");
      });
    };
    let timer = arm(deadlineMs);
    const onAbort = () => giveUp("aborted");
    function letGo(): void {
      timer.cancel();
      signal?.removeEventListener("abort", onAbort);
    }
    function giveUp(cause: "deadline" | "aborted"): void {
      letGo();
      try {
        resolve(late(cause));
      } catch (error) {
        reject(error);
      }
    }
    signal?.addEventListener("abort", onAbort);
    // In the same reaction: an abort one microtask later would abandon work that is done.
    work.then(
      (result) => {
        letGo();
        resolve(result);
      },
      (error) => {
        letGo();
        reject(error);
      },
    );
    if (signal?.aborted === true) onAbort();
  });
}

/** Waits for `work`, but not longer than `deadlineMs`. */
export function settledWithin(
  work: Promise<unknown>,
  { clock, deadlineMs }: { readonly clock: Clock; readonly deadlineMs: number },
): Promise<void> {
  return orLate(work.then(() => {}), { clock, deadlineMs, late: () => {} });
}

/** Options of withDeadline(). */
export interface DeadlineOptions {
  readonly clock: Clock;
  readonly deadlineMs: number;
  /** The work, in the error's message: `connect to VPP`. */
  readonly action: string;
  readonly signal?: AbortSignal | undefined;
  /** Called when waiting ends without the work: stops the work. */
  readonly abandon: () => void;
}

/** The outcome of `work`, or MaglevError `deadline-exceeded` or `aborted`. */
export function withDeadline<T>(work: Promise<T>, options: DeadlineOptions): Promise<T> {
  const { clock, deadlineMs, action, signal, abandon } = options;
  return orLate<T, never>(work, {
    clock,
    deadlineMs,
    signal,
    late(cause) {
      abandon();
      throw cause === "aborted"
        ? new MaglevError("aborted", `cannot ${action}: given up`)
        : new MaglevError("deadline-exceeded", `cannot ${action} within ${deadlineMs} ms`);
    },
  });
}
