/**
 * A clock that stands still until a test advances it. Timers fire in order of their due time,
 * then of their creation, with the clock at exactly their due time.
 */
import {
  later,
  latest,
  type MonotonicMs,
  NEVER_MS,
  type WallMs,
} from "../../../src/base/instant.ts";
import type { Clock, Timer } from "../../../src/base/ports.ts";
import { monotonic, wall } from "./instants.ts";

interface Pending {
  readonly dueMs: MonotonicMs;
  readonly order: number;
  readonly fn: () => void;
}

export class FakeClock implements Clock {
  #nowMs: MonotonicMs;
  readonly #wallOffsetMs: number;
  #order = 0;
  #pending = new Set<Pending>();

  constructor(options: { startMs?: number; wallMs?: number } = {}) {
    this.#nowMs = monotonic(options.startMs ?? 0);
    this.#wallOffsetMs = (options.wallMs ?? 1_700_000_000_000) - this.#nowMs;
  }

  monotonicMs(): MonotonicMs {
    return this.#nowMs;
  }

  wallMs(): WallMs {
    return wall(this.#nowMs + this.#wallOffsetMs);
  }

  after(delayMs: number, fn: () => void): Timer {
    const pending = { dueMs: later(this.#nowMs, Math.max(0, delayMs)), order: this.#order++, fn };
    this.#pending.add(pending);
    return { cancel: () => void this.#pending.delete(pending) };
  }

  /** How many timers wait. */
  get timers(): number {
    return this.#pending.size;
  }

  /** When the next timer is due; undefined when none waits. */
  get nextDueMs(): MonotonicMs | undefined {
    return this.#next(NEVER_MS)?.dueMs;
  }

  /** Moves on by `ms`, firing what falls due on the way, timers set by timers included. */
  advance(ms: number): void {
    const endMs = later(this.#nowMs, ms);
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#pending.delete(next);
      this.#nowMs = latest(this.#nowMs, next.dueMs);
      next.fn();
    }
    this.#nowMs = endMs;
  }

  /** The thread stands still for `ms`: what falls due meanwhile fires late, with the next advance(). */
  stall(ms: number): void {
    this.#nowMs = later(this.#nowMs, ms);
  }

  /** Like advance(), and lets promises settle after each timer and at the end. */
  async advanceAsync(ms: number): Promise<void> {
    const endMs = later(this.#nowMs, ms);
    await settle();
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#pending.delete(next);
      this.#nowMs = latest(this.#nowMs, next.dueMs);
      next.fn();
      await settle();
    }
    this.#nowMs = endMs;
    await settle();
  }

  #next(endMs: MonotonicMs): Pending | undefined {
    let best: Pending | undefined;
    for (const pending of this.#pending) {
      if (pending.dueMs > endMs) continue;
      if (
        best === undefined || pending.dueMs < best.dueMs ||
        (pending.dueMs === best.dueMs && pending.order < best.order)
      ) best = pending;
    }
    return best;
  }
}

/** Lets every promise that can settle without I/O or timers do so. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}
