/**
 * PURE. The times at which a VIP is probed: a fixed grid. Each VIP draws its period (within 10 % of
 * the interval) and its phase once, so that the probes of many VIPs spread. From then on the grid
 * does not depend on answers: a slow one delays nothing.
 */
import type { Prng } from "../base/ports.ts";

/** Greatest difference of a period from the interval, as a share of it. */
const SPREAD = 0.1;

/** Most probes in flight of a VIP, whatever interval and timeout are. */
export const MAX_IN_FLIGHT = 64;

/** Most probes in flight of a VIP: as many as it needs without answers, up to MAX_IN_FLIGHT. */
export function maxInFlight(periodMs: number, timeoutMs: number): number {
  return Math.min(MAX_IN_FLIGHT, Math.ceil(timeoutMs / periodMs) + 1);
}

/** The probe that is due, and the ones before it that were never sent. */
export interface Due {
  readonly dueMs: number;
  /** Undefined: none was missed. */
  readonly missed: { readonly fromMs: number; readonly count: number } | undefined;
}

export class Grid {
  readonly periodMs: number;
  #nextMs: number;

  /** The first probe is due within one period after `startMs`. */
  constructor(options: { intervalMs: number; startMs: number; prng: Prng }) {
    const { intervalMs, startMs, prng } = options;
    this.periodMs = intervalMs * (1 - SPREAD + 2 * SPREAD * prng());
    this.#nextMs = startMs + this.periodMs * prng();
  }

  /** When the next probe is due. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** The probe to send at `nowMs`, which is not before nextMs. One later than a period is missed. */
  take(nowMs: number): Due {
    const fromMs = this.#nextMs;
    const count = Math.max(0, Math.floor((nowMs - fromMs) / this.periodMs));
    const dueMs = fromMs + count * this.periodMs;
    this.#nextMs = dueMs + this.periodMs;
    return { dueMs, missed: count === 0 ? undefined : { fromMs, count } };
  }

  /** Skips all that is due before `nowMs`, after a pause that was wanted. */
  skipTo(nowMs: number): void {
    const count = Math.ceil((nowMs - this.#nextMs) / this.periodMs);
    if (count > 0) this.#nextMs += count * this.periodMs;
  }
}
