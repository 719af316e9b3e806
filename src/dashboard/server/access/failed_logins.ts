/**
 * PURE. Wrong logins by address, within bounded memory: after ten in a minute an address is blocked
 * until the oldest of them is a minute old.
 */

import { later, type MonotonicMs } from "../../../base/instant.ts";

/** Wrong logins that block an address, within WINDOW_MS. */
export const MAX_FAILURES = 10;
export const WINDOW_MS = 60_000;
/** Addresses that are remembered; the one that failed longest ago gives way. */
export const MAX_ADDRESSES = 10_000;

export class FailedLogins {
  /** Times of the failures, oldest first; the address that failed last is last. */
  readonly #times = new Map<string, MonotonicMs[]>();

  /** Number of addresses. */
  get size(): number {
    return this.#times.size;
  }

  /** For how long the address is blocked; 0: it is not. */
  blockedMs(group: string, nowMs: MonotonicMs): number {
    const times = this.#times.get(group) ?? [];
    if (times.length < MAX_FAILURES) return 0;
    return Math.max(0, later(times[0]!, WINDOW_MS) - nowMs);
  }

  /** Counts a wrong login. Those during a block are not counted, so that it ends. */
  add(group: string, nowMs: MonotonicMs): void {
    const recent = (this.#times.get(group) ?? []).filter((time) => nowMs - time < WINDOW_MS);
    recent.push(nowMs);
    this.#times.delete(group);
    this.#times.set(group, recent.slice(-MAX_FAILURES));
    this.#forget(nowMs);
  }

  #forget(nowMs: MonotonicMs): void {
    for (const [group, times] of this.#times) {
      if (this.#times.size <= MAX_ADDRESSES && nowMs - times.at(-1)! < WINDOW_MS) return;
      this.#times.delete(group);
    }
  }
}
