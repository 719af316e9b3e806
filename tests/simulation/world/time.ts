/**
 * The time of a simulated world. One queue holds all that will happen, in order of time and then of
 * creation. Each process has a clock of its own over this queue: a stopped process is not called,
 * and a killed one never again. PURE.
 */
import {
  later,
  latest,
  type MonotonicMs,
  NEVER_MS,
  type WallMs,
} from "../../../src/base/instant.ts";
import type { Clock, Timer } from "../../../src/base/ports.ts";
import { monotonic, wall } from "../../support/fakes/instants.ts";

/** A call that is due at an instant. */
interface Pending {
  readonly dueMs: MonotonicMs;
  readonly order: number;
  /** Undefined: cancelled. */
  fn: (() => void) | undefined;
}

/** A timer never fires at the instant at which it is set, as with a real clock. */
const LEAST_TIMER_MS = 0.001;

/** All that will happen. */
export class WorldTime {
  #nowMs = monotonic(0);
  #order = 0;
  /** A binary heap, the earliest first. */
  readonly #heap: Pending[] = [];
  /** Unix time minus the monotonic one; operators set the clock. */
  wallOffsetMs = 1_700_000_000_000;

  get nowMs(): MonotonicMs {
    return this.#nowMs;
  }

  get wallMs(): WallMs {
    return wall(this.#nowMs + this.wallOffsetMs);
  }

  /** When the next call is due; NEVER_MS without one. */
  get nextMs(): MonotonicMs {
    while (this.#heap.length > 0 && this.#heap[0]!.fn === undefined) this.#pop();
    return this.#heap[0]?.dueMs ?? NEVER_MS;
  }

  /** Calls `fn` at `dueMs`, at the earliest now. */
  at(dueMs: MonotonicMs, fn: () => void): Timer {
    const pending: Pending = { dueMs: latest(dueMs, this.#nowMs), order: this.#order++, fn };
    this.#push(pending);
    return { cancel: () => void (pending.fn = undefined) };
  }

  after(delayMs: number, fn: () => void): Timer {
    return this.at(later(this.#nowMs, Math.max(0, delayMs)), fn);
  }

  /** Lets `ms` pass within a call. What falls due meanwhile is called late. */
  elapse(ms: number): void {
    this.#nowMs = later(this.#nowMs, ms);
  }

  /** Makes the next call, if it is due by `untilMs`; else moves there and returns false. */
  step(untilMs: MonotonicMs): boolean {
    if (this.nextMs > untilMs) {
      this.#nowMs = latest(this.#nowMs, untilMs);
      return false;
    }
    const { dueMs, fn } = this.#pop();
    this.#nowMs = latest(this.#nowMs, dueMs);
    fn!();
    return true;
  }

  #push(pending: Pending): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(pending);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(pending, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = pending;
  }

  #pop(): Pending {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Pending, b: Pending): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

/** The clock of one process, and its end. */
export class ProcessClock implements Clock {
  readonly #time: WorldTime;
  /** Timers and calls from outside that fell due while the process was stopped, in order. */
  #heldTimers: (() => void)[] = [];
  #held: (() => void)[] = [];
  #stopped = false;
  #dead = false;
  /** Timers that wait. */
  timers = 0;
  /** On a busy host: how much time passes until this process has read its clock. */
  readingMs: (() => number) | undefined;

  constructor(time: WorldTime) {
    this.#time = time;
  }

  get dead(): boolean {
    return this.#dead;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  monotonicMs(): MonotonicMs {
    if (this.readingMs !== undefined) this.#time.elapse(this.readingMs());
    return this.#time.nowMs;
  }

  wallMs(): WallMs {
    return this.#time.wallMs;
  }

  after(delayMs: number, fn: () => void): Timer {
    let waits = true;
    this.timers++;
    const over = () => {
      if (!waits) return false;
      waits = false;
      this.timers--;
      return true;
    };
    const call = () => {
      if (over()) fn();
    };
    const timer = this.#time.after(
      Math.max(delayMs, LEAST_TIMER_MS),
      () => this.#call(call, this.#heldTimers),
    );
    return {
      cancel() {
        if (over()) timer.cancel();
      },
    };
  }

  /** A call from outside, such as a message: no timer of the process. */
  event(delayMs: number, fn: () => void): Timer {
    return this.#time.after(delayMs, () => this.#call(fn, this.#held));
  }

  #call(fn: () => void, held: (() => void)[]): void {
    if (this.#dead) return;
    if (this.#stopped) held.push(fn);
    else fn();
  }

  /** Resolves after `ms`; never when the process dies before. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.event(ms, resolve));
  }

  stop(): void {
    this.#stopped = true;
  }

  /**
   * Everything that fell due meanwhile happens now: timers first, as in an event loop that looks at
   * its timers before its sockets.
   */
  resume(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    for (const fn of this.#heldTimers.splice(0)) this.event(0, fn);
    for (const fn of this.#held.splice(0)) this.event(0, fn);
  }

  kill(): void {
    this.#dead = true;
    this.#heldTimers = [];
    this.#held = [];
  }
}
