/**
 * Serves many timers with one of the clock's. That one fires at most once per tick and calls all
 * that is due together, which saves a turn of the event loop per timer; timers are late by up to a
 * tick. Timers of a function that is being called cost nothing until all have been called.
 */
import { later, type MonotonicMs } from "../base/instant.ts";
import type { Clock, Timer } from "../base/ports.ts";
import { type Due, DueHeap } from "./due_heap.ts";

interface Entry extends Due {
  readonly fn: () => void;
}

export class TimerHeap implements Pick<Clock, "after"> {
  readonly #clock: Pick<Clock, "monotonicMs" | "after">;
  readonly #tickMs: number;
  readonly #entries = new DueHeap<Entry>();
  #timer: Timer | undefined;
  /** When the clock's timer is due; only with one. */
  #wakeMs = 0;
  #calling = false;

  constructor(clock: Pick<Clock, "monotonicMs" | "after">, options: { readonly tickMs: number }) {
    this.#clock = clock;
    this.#tickMs = options.tickMs;
  }

  after(delayMs: number, fn: () => void): Timer {
    const nowMs = this.#clock.monotonicMs();
    const entry: Entry = { dueMs: nowMs, heapIndex: -1, fn };
    this.#entries.set(entry, later(nowMs, Math.max(0, delayMs)));
    this.#arm(nowMs, 0);
    return { cancel: () => this.#cancel(entry) };
  }

  #cancel(entry: Entry): void {
    this.#entries.remove(entry);
    if (this.#entries.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Makes sure that the clock's timer fires for the soonest entry, but not within `leastMs`. */
  #arm(nowMs: MonotonicMs, leastMs: number): void {
    const soonest = this.#entries.peek();
    if (soonest === undefined || this.#calling) return;
    const delayMs = Math.max(leastMs, soonest.dueMs - nowMs);
    if (this.#timer !== undefined && this.#wakeMs <= nowMs + delayMs) return;
    this.#timer?.cancel();
    this.#wakeMs = nowMs + delayMs;
    this.#timer = this.#clock.after(delayMs, () => this.#wake());
  }

  #wake(): void {
    this.#timer = undefined;
    this.#calling = true;
    try {
      const nowMs = this.#clock.monotonicMs();
      for (let entry = this.#entries.peek(); entry !== undefined; entry = this.#entries.peek()) {
        if (entry.dueMs > nowMs) break;
        this.#entries.remove(entry);
        entry.fn();
      }
    } finally {
      this.#calling = false;
      this.#arm(this.#clock.monotonicMs(), this.#tickMs);
    }
  }
}
