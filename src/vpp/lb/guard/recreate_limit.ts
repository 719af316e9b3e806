/**
 * Limits the recreation of each VIP to once a minute. VPP never frees the new-flow table of a
 * deleted VIP, so two programs that fight over a VIP would fill its memory. Every recreation also
 * drops the flows of the VIP.
 */
import type { MonotonicMs } from "../../../base/instant.ts";
import type { Clock } from "../../../base/ports.ts";

/** Minimum time between two recreations of a VIP. */
export const RECREATE_EVERY_MS = 60_000;

export class RecreateLimit {
  readonly #clock: Clock;
  readonly #everyMs: number;
  /** By VIP: monotonic time of its last recreation. */
  readonly #last = new Map<string, MonotonicMs>();

  constructor(clock: Clock, everyMs = RECREATE_EVERY_MS) {
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  /** Milliseconds until the VIP (vipKeyText) may be recreated; 0: now. */
  waitMs(key: string): number {
    const last = this.#last.get(key);
    return last === undefined ? 0 : Math.max(0, last + this.#everyMs - this.#clock.monotonicMs());
  }

  /** The VIP is recreated now. */
  recreated(key: string): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [other, atMs] of this.#last) {
      if (nowMs - atMs >= this.#everyMs) this.#last.delete(other);
    }
    this.#last.set(key, nowMs);
  }
}
