/**
 * Holds the requests that VPP has not answered yet: at most 256, found by context without a map. A
 * context is a slot number in its low byte and a counter above it. So a late reply, whose request
 * was given up, never matches the next request in the slot.
 *
 * One timer serves all deadlines. It is armed for the earliest one and, when it fires, checks all
 * 256 slots, so that 16,000 pipelined requests set only a few timers.
 *
 * A timer that fires much too late means that this process did not run: it was stopped, or the
 * machine was suspended. Replies may then wait in the socket, which is read after timers, so the
 * requests get extra time.
 */
import { invariant } from "../../base/assert.ts";
import {
  earliest,
  FAR_PAST_MS,
  later,
  latest,
  type MonotonicMs,
  NEVER_MS,
} from "../../base/instant.ts";
import type { Clock, Timer } from "../../base/ports.ts";
import type { Exchange } from "./exchange.ts";

/** Maximum requests in flight; VPP's own queues are of about this size. */
export const MAX_IN_FLIGHT = 256;

/** A timer that is this late means that the process did not run. */
const LATE_MS = 1000;
/** Extra time to read replies that came meanwhile. */
const GRACE_MS = 500;

const SLOT_BITS = 8;
const SLOT_MASK = MAX_IN_FLIGHT - 1;

/** Slots of exchanges by context, with their deadlines. */
export class InFlight {
  readonly #clock: Clock;
  readonly #onOverdue: (exchange: Exchange) => void;
  readonly #slots: (Exchange | undefined)[] = new Array(MAX_IN_FLIGHT).fill(undefined);
  /** Free slots, used as a stack of `MAX_IN_FLIGHT - size` elements. */
  readonly #free: number[] = Array.from({ length: MAX_IN_FLIGHT }, (_, i) => SLOT_MASK - i);
  #size = 0;
  #counter = 0;
  #timer: Timer | undefined;
  #timerDueMs = NEVER_MS;
  readonly #check = () => this.#checkDue();

  /** `onOverdue` is called with each exchange whose deadline passed, which still has its slot. */
  constructor(clock: Clock, onOverdue: (exchange: Exchange) => void) {
    this.#clock = clock;
    this.#onOverdue = onOverdue;
  }

  get size(): number {
    return this.#size;
  }

  get full(): boolean {
    return this.#size === MAX_IN_FLIGHT;
  }

  /** Puts the exchange into a free slot and sets its context and deadline. Must not be full. */
  add(exchange: Exchange): void {
    invariant(!this.full, "a slot is free for every request sent");
    const slot = this.#free[MAX_IN_FLIGHT - 1 - this.#size]!;
    this.#size++;
    this.#counter = (this.#counter + 1) & 0xffffff;
    exchange.context = ((this.#counter << SLOT_BITS) | slot) >>> 0;
    exchange.dueMs = later(this.#clock.monotonicMs(), exchange.deadlineMs);
    this.#slots[slot] = exchange;
    if (exchange.dueMs < this.#timerDueMs) this.#arm(exchange.dueMs);
  }

  /** The exchange with this context; undefined after it ended. */
  find(context: number): Exchange | undefined {
    const exchange = this.#slots[context & SLOT_MASK];
    return exchange?.context === context ? exchange : undefined;
  }

  /** Frees the slot of an exchange that is in one. */
  remove(exchange: Exchange): void {
    const slot = exchange.context & SLOT_MASK;
    invariant(this.#slots[slot] === exchange, "only an exchange in flight is removed");
    this.#slots[slot] = undefined;
    this.#size--;
    this.#free[MAX_IN_FLIGHT - 1 - this.#size] = slot;
  }

  /** Removes and returns all, and stops the timer. */
  clear(): Exchange[] {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerDueMs = NEVER_MS;
    const all = this.#slots.filter((exchange) => exchange !== undefined);
    for (const exchange of all) this.remove(exchange);
    return all;
  }

  #arm(dueMs: MonotonicMs): void {
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    this.#timer = this.#clock.after(dueMs - this.#clock.monotonicMs(), this.#check);
  }

  #checkDue(): void {
    const nowMs = this.#clock.monotonicMs();
    const earliestMs = nowMs - this.#timerDueMs < LATE_MS ? FAR_PAST_MS : later(nowMs, GRACE_MS);
    this.#timer = undefined;
    this.#timerDueMs = NEVER_MS;
    let nextMs = NEVER_MS;
    for (const exchange of this.#slots) {
      if (exchange === undefined) continue;
      exchange.dueMs = latest(exchange.dueMs, earliestMs);
      if (exchange.dueMs <= nowMs) this.#onOverdue(exchange);
      else nextMs = earliest(nextMs, exchange.dueMs);
    }
    if (nextMs < NEVER_MS && this.#size > 0) this.#arm(nextMs);
  }
}
