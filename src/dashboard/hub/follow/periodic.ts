/** Calls a function again and again, from now on until stop(). */
import type { Clock, Timer } from "../../../base/ports.ts";

export class Periodic {
  #timer: Timer;

  constructor(clock: Clock, everyMs: number, fn: () => void) {
    const arm = (): Timer =>
      clock.after(everyMs, () => {
        this.#timer = arm();
        fn();
      });
    this.#timer = arm();
  }

  stop(): void {
    this.#timer.cancel();
  }
}
