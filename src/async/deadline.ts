/** Bounds waiting: races work against a clock and a signal, and lets go of both afterwards. */
import { MaglevError } from "../base/errors.ts";
import { later } from "../base/instant.ts";
import type { Clock, Timer } from "../base/ports.ts";

/** Options of orLate(). */
export interface LateOptions<L> {
  readonly clock: Clock;
  readonly deadlineMs: number;
  /**
   * A deadline that is noticed more than this late begins again: the process was stopped, so the
   * work did not have its time. Default: Infinity.
   */
  readonly stoppedMs?: number;
  /** Ends the waiting like the deadline. */
  readonly signal?: AbortSignal | undefined;
  /** Called when waiting ends without the work: gives the result, or throws. */
  readonly late: (cause: "deadline" | "aborted") => L;
}

/** The outcome of `work`, or that of `late`; in the second case the outcome of `work` is ignored. */
export function orLate<T, L>(work: Promise<T>, options: LateOptions<L>): Promise<T | L> {
  const { clock, deadlineMs, stoppedMs = Infinity, signal, late } = options;
  return new Promise<T | L>((resolve, reject) => {
    const arm = (): Timer => {
      const dueMs = later(clock.monotonicMs(), deadlineMs);
      return clock.after(deadlineMs, () => {
        if (clock.monotonicMs() - dueMs > stoppedMs) timer = arm();
        else giveUp("deadline");
      });
    };
    let timer = arm();
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
