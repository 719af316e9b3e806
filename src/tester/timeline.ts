/**
 * One axis of time for a run: milliseconds since its start, which also pass while the machine is
 * suspended. The monotonic clock of Linux does not count these, so that a jump of the wall clock
 * ahead of it by a second or more is taken as such a time, whether the machine slept or its clock
 * was set. UTC instants are the start's plus this axis; a clock that is set back does not change them.
 */
import type { Clock } from "../base/ports.ts";
import type { WallMs } from "../base/instant.ts";

/** Least jump of the wall clock, in milliseconds, that counts as time that passed. */
const JUMP_MS = 1000;

export class Timeline {
  readonly #clock: Pick<Clock, "monotonicMs" | "wallMs">;
  readonly #startWallMs: WallMs;
  readonly #startMonotonicMs: number;
  #offsetMs: number;
  #sleptMs = 0;

  constructor(clock: Pick<Clock, "monotonicMs" | "wallMs">) {
    this.#clock = clock;
    this.#startWallMs = clock.wallMs();
    this.#startMonotonicMs = clock.monotonicMs();
    this.#offsetMs = this.#startWallMs - this.#startMonotonicMs;
  }

  /** Never goes back. */
  nowMs(): number {
    const monotonicMs = this.#clock.monotonicMs();
    const offsetMs = this.#clock.wallMs() - monotonicMs;
    if (offsetMs - this.#offsetMs >= JUMP_MS) this.#sleptMs += offsetMs - this.#offsetMs;
    this.#offsetMs = offsetMs;
    return monotonicMs - this.#startMonotonicMs + this.#sleptMs;
  }

  /** The UTC instant of a place on the axis: `2026-11-28T10:00:00.123Z`. */
  utc(atMs: number): string {
    return new Date(this.#startWallMs + atMs).toISOString();
  }
}
