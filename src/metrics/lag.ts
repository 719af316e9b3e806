/**
 * How late the main thread's timers are: a timer that should fire every 100 ms, and the greatest
 * lateness of the last one to two periods of 10 s, so that no scraper hides it from another. The
 * runtime's own figures (`monitorEventLoopDelay`) are wrong in Deno 2.9.6.
 */
import { later, NEVER_MS } from "../base/instant.ts";
import type { Clock, Timer } from "../base/ports.ts";

const TICK_MS = 100;
const TICKS_OF_PERIOD = 100;

export class LagMeter {
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #dueMs = NEVER_MS;
  #ticks = 0;
  #maxMs = 0;
  #maxBeforeMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Greatest lateness in seconds. */
  get lagS(): number {
    return Math.max(this.#maxMs, this.#maxBeforeMs) / 1000;
  }

  start(): void {
    this.#arm();
  }

  /** Idempotent. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    this.#dueMs = later(this.#clock.monotonicMs(), TICK_MS);
    this.#timer = this.#clock.after(TICK_MS, () => this.#tick());
  }

  #tick(): void {
    this.#maxMs = Math.max(this.#maxMs, this.#clock.monotonicMs() - this.#dueMs);
    this.#ticks++;
    if (this.#ticks >= TICKS_OF_PERIOD) {
      this.#ticks = 0;
      this.#maxBeforeMs = this.#maxMs;
      this.#maxMs = 0;
    }
    this.#arm();
  }
}
