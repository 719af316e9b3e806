/** Why and when a program that runs until it is stopped ends: a signal, or an error that is a bug. */
import { MaglevError } from "../../base/errors.ts";
import type { MonotonicMs } from "../../base/instant.ts";
import type { Clock } from "../../base/ports.ts";
import type { SignalInbox } from "./inbox.ts";
import { writeLine } from "../stdio.ts";

/** Deadline of an orderly stop: programs exit within 2 s (specification of the daemon). */
export const STOP_DEADLINE_MS = 1500;
/** How long the last log lines may take to be written. */
export const FLUSH_DEADLINE_MS = 300;
/**
 * A second signal within this time is an echo of the first: a signal to the process group reaches
 * the program directly, and `deno task` forwards it again.
 */
const SIGNAL_ECHO_MS = 300;

/** Reason for the end of a program. */
export interface Stop {
  /** Exit status. */
  readonly status: number;
  /** A signal, or `internal error`. */
  readonly by: string;
  readonly err?: string;
}

/** Resolves when the program is to stop. It is created once, early in the start. */
export class StopRequest {
  readonly requested: Promise<Stop>;
  readonly #resolve: (stop: Stop) => void;
  #stoppingMs: MonotonicMs | undefined;

  /** `program`: its name in messages. */
  constructor(program: string) {
    const { promise, resolve } = Promise.withResolvers<Stop>();
    this.requested = promise;
    this.#resolve = resolve;
    const onBug = (event: ErrorEvent | PromiseRejectionEvent) => {
      event.preventDefault();
      const error = "reason" in event ? event.reason : event.error;
      const text = error instanceof Error ? error.stack ?? error.message : String(error);
      // A clean restart is better than half a program.
      writeLine(Deno.stderr, `${program}: internal error: ${text}`);
      resolve({ status: 1, by: "internal error", err: MaglevError.from(error).message });
    };
    addEventListener("error", onBug);
    addEventListener("unhandledrejection", onBug);
  }

  /** Stops at SIGTERM and SIGINT from now on; a second one ends the process without waiting. */
  handle(
    signals: SignalInbox,
    { clock, onReload }: {
      readonly clock: Pick<Clock, "monotonicMs">;
      /** SIGHUP. */
      readonly onReload: () => void;
    },
  ): void {
    signals.handle({
      onReload,
      onStop: (signal) => {
        const nowMs = clock.monotonicMs();
        this.#stoppingMs ??= nowMs;
        if (nowMs - this.#stoppingMs >= SIGNAL_ECHO_MS) Deno.exit(1);
        this.#resolve({ status: 0, by: signal });
      },
    });
  }
}
