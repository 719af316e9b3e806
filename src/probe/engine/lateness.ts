/**
 * PURE. Lateness of the prober itself: a histogram for people, and a memory of stalls by which a
 * failed probe is declared void. The idea is memberlist's awareness: a slow prober must not declare
 * its targets dead.
 */
import type { MonotonicMs } from "../../base/instant.ts";

/** Buckets of the histogram: 0.1 ms wide up to 100 ms, 10 ms wide up to 10 s, and one above. */
const FINE_COUNT = 1000;
const FINE_MS = 0.1;
const COARSE_COUNT = 990;
const COARSE_MS = 10;
const BUCKETS = FINE_COUNT + COARSE_COUNT + 1;

/** Lateness of probe starts; mergeable, of fixed size. */
export class LatenessHistogram {
  #counts = new Uint32Array(BUCKETS);
  #count = 0;
  #maxMs = 0;

  /** Adds one start, `lateMs` after its due time; an early start counts as punctual. */
  add(lateMs: number): void {
    const late = Math.max(0, lateMs);
    const fine = Math.floor(late / FINE_MS);
    const index = fine < FINE_COUNT
      ? fine
      : FINE_COUNT + Math.floor((late - FINE_COUNT * FINE_MS) / COARSE_MS);
    this.#counts[Math.min(index, BUCKETS - 1)]!++;
    this.#count++;
    if (late > this.#maxMs) this.#maxMs = late;
  }

  /** Returns the counts since the last call as plain data, and resets them. */
  take(): LatenessCounts {
    const taken = { counts: this.#counts, maxMs: this.#maxMs };
    this.#counts = new Uint32Array(BUCKETS);
    this.#count = 0;
    this.#maxMs = 0;
    return taken;
  }

  merge({ counts, maxMs }: LatenessCounts): void {
    for (const [index, count] of counts.entries()) {
      this.#counts[index]! += count;
      this.#count += count;
    }
    this.#maxMs = Math.max(this.#maxMs, maxMs);
  }

  /** Count, and percentiles as upper bounds of their buckets (never above max), in milliseconds. */
  summary(): { count: number; p50: number; p99: number; max: number } {
    return {
      count: this.#count,
      p50: this.#percentile(0.5),
      p99: this.#percentile(0.99),
      max: this.#maxMs,
    };
  }

  #percentile(share: number): number {
    let left = Math.ceil(this.#count * share);
    if (left === 0) return 0;
    for (let index = 0; index < BUCKETS; index++) {
      left -= this.#counts[index]!;
      if (left <= 0) return Math.min(this.#maxMs, upperBoundMs(index));
    }
    return this.#maxMs;
  }
}

/** A histogram's content as plain data. */
export interface LatenessCounts {
  readonly counts: Uint32Array;
  readonly maxMs: number;
}

function upperBoundMs(index: number): number {
  if (index < FINE_COUNT) return (index + 1) * FINE_MS;
  if (index < BUCKETS - 1) return FINE_COUNT * FINE_MS + (index - FINE_COUNT + 1) * COARSE_MS;
  return Infinity;
}

/** Lateness above which a failed probe does not count: max(200 ms, half its timeout). */
export function voidThresholdMs(timeoutMs: number): number {
  return Math.max(200, timeoutMs / 2);
}

/** Shorter stalls are not remembered: even ten of them in one probe do not make it void. */
const SHORTEST_STALL_MS = 20;

/**
 * Maximum of stalls remembered. A prober that sleeps now and then has few. An overloaded one has
 * a stall in each round, and the latest are enough.
 */
const STALLS = 1024;

/** Remembers the stalls of the prober. */
export class StallMemory {
  readonly #stalls: { endMs: MonotonicMs; lateMs: number }[] = [];

  /** Records that work due at `dueMs` ran at `nowMs`. */
  note(dueMs: MonotonicMs, nowMs: MonotonicMs): void {
    const lateMs = nowMs - dueMs;
    if (lateMs < SHORTEST_STALL_MS) return;
    const last = this.#stalls.at(-1);
    if (last !== undefined && last.endMs === nowMs) {
      last.lateMs = Math.max(last.lateMs, lateMs);
      return;
    }
    this.#stalls.push({ endMs: nowMs, lateMs });
    if (this.#stalls.length > STALLS) this.#stalls.shift();
  }

  /**
   * Sum of the `count` longest stalls that ended after `sinceMs`, in milliseconds. One that lasts
   * has begun `openMs` ago.
   */
  worstSince(sinceMs: MonotonicMs, count = 1, openMs = 0): number {
    const late = openMs > 0 ? [openMs] : [];
    for (let i = this.#stalls.length - 1; i >= 0 && this.#stalls[i]!.endMs > sinceMs; i--) {
      late.push(this.#stalls[i]!.lateMs);
    }
    if (late.length > count) late.sort((a, b) => b - a);
    return late.slice(0, count).reduce((sum, lateMs) => sum + lateMs, 0);
  }
}
