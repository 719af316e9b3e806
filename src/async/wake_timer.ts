/** One timer for the earliest time at which a policy needs its frontend evaluated again. */
import { type MonotonicMs, NEVER_MS } from "../base/instant.ts";
import type { Clock, Timer } from "../base/ports.ts";

export class WakeTimer {
  readonly #clock: Clock;
  readonly #onWake: (nowMs: MonotonicMs) => void;
  #timer: Timer | undefined;
  #atMs: MonotonicMs = NEVER_MS;

  /** Arm it again after `onWake`, because a timer may fire a little early. */
  constructor(clock: Clock, onWake: (nowMs: MonotonicMs) => void) {
    this.#clock = clock;
    this.#onWake = onWake;
  }

  /** Replaces the time; NEVER_MS: none. */
  arm(atMs: MonotonicMs): void {
    if (atMs === this.#atMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#atMs = atMs;
    if (atMs === NEVER_MS) return;
    const waitMs = Math.max(0, atMs - this.#clock.monotonicMs());
    this.#timer = this.#clock.after(waitMs, () => {
      this.#timer = undefined;
      this.#atMs = NEVER_MS;
      this.#onWake(this.#clock.monotonicMs());
    });
  }
}
