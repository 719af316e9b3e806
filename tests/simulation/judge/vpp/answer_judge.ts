/** Judges that a request without an answer ends the connection. */
import type { JudgedRun } from "../judged_run.ts";

/** A connection with a missing answer ends within this, unless the process was stopped. */
export const UNANSWERED_MS = 5500;

export class AnswerJudge {
  readonly #run: JudgedRun;
  /** When a request of this connection was left without an answer. */
  #sinceMs: number | undefined;
  /** Until then the daemon may be stopped. */
  #stoppedUntilMs = 0;

  constructor(run: JudgedRun) {
    this.#run = run;
  }

  /** VPP withholds an answer. */
  withheld(): void {
    const { nowMs, world: { daemon } } = this.#run;
    if (daemon?.vpp?.connection.state.kind !== "connected") return;
    this.#sinceMs ??= Math.max(nowMs, this.#stoppedUntilMs);
  }

  /** The connection has ended. */
  ended(): void {
    this.#sinceMs = undefined;
  }

  stoppedFor(ms: number): void {
    this.#stoppedUntilMs = Math.max(this.#stoppedUntilMs, this.#run.nowMs + ms);
    if (this.#sinceMs !== undefined) this.#sinceMs += ms;
  }

  tick(): void {
    const { nowMs, stopping, world: { daemon } } = this.#run;
    if (daemon === undefined || stopping !== undefined) return;
    const sinceMs = this.#sinceMs;
    if (sinceMs === undefined || nowMs < sinceMs + UNANSWERED_MS) return;
    this.#run.fail("a missing answer ends the connection", `missing since ${sinceMs} ms`);
  }
}
