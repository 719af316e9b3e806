/**
 * PURE. Packets per second of each VIP, from VPP's counters at two instants: the last 120 readings.
 * A counter that went back (VPP restarted), a reading that failed and a long pause are gaps.
 */
import type { messages } from "../../../grpc/client/client.ts";
import { vipKey, type VipRates } from "../../protocol.ts";
import { clip, head, MAX_NAME, MAX_VIPS } from "../model/bounds.ts";
import { milliseconds } from "../model/convert.ts";

/** Points of a VIP. */
export const POINTS = 120;
/** Packets of a longer time say nothing of a rate. */
const LONGEST_MS = 90_000;

/** First, next and dropped packets per second; null: a gap. */
export type Rates = readonly [first: number, next: number, dropped: number] | null;

type Counts = readonly [first: number, next: number, dropped: number];

interface VipHistory {
  /** At the newest reading; undefined: it was not there. */
  last: Counts | undefined;
  /** POINTS triples; NaN: a gap. */
  readonly values: Float32Array;
  /** Readings since it was seen. */
  missing: number;
}

export class RateHistory {
  readonly #vips = new Map<string, VipHistory>();
  /** Of the steady clock. */
  readonly #times = new Float64Array(POINTS);
  #count = 0;
  #takenMs: number | undefined;

  /** Readings that are kept. */
  get points(): number {
    return Math.min(this.#count, POINTS);
  }

  /**
   * Adds a reading; `nowMs` of the steady clock. Returns the rates since the last one, or undefined
   * when these are the counters of the last reading.
   */
  add(counters: messages.VPPLBCounters, nowMs: number): ReadonlyMap<string, Rates> | undefined {
    const takenMs = milliseconds(counters.takenAt);
    if (takenMs === this.#takenMs) return undefined;
    const elapsedMs = takenMs - (this.#takenMs ?? NaN);
    this.#takenMs = takenMs;
    const isNear = elapsedMs > 0 && elapsedMs <= LONGEST_MS;
    const place = this.#begin(nowMs);
    const found = new Map<string, Rates>();
    for (const vip of head(counters.vips, MAX_VIPS).items) {
      const key = vipKey({
        prefix: clip(vip.prefix, MAX_NAME),
        protocol: clip(vip.protocol, 8),
        port: vip.port,
      });
      if (found.has(key)) continue;
      const history = this.#historyOf(key);
      const counts: Counts = [Number(vip.first), Number(vip.next), Number(vip.noServer)];
      const rates = isNear ? ratesOf(history.last, counts, elapsedMs) : null;
      history.last = counts;
      history.missing = 0;
      if (rates !== null) history.values.set(rates, 3 * place);
      found.set(key, rates);
    }
    return found;
  }

  /** The counters cannot be read: what comes next is compared with nothing. */
  interrupt(): void {
    this.#takenMs = undefined;
    for (const history of this.#vips.values()) history.last = undefined;
  }

  /** For the page, oldest first. `toShown`: from the steady clock to the times that are shown. */
  of(toShown: (ms: number) => number): Record<string, VipRates> {
    const places: number[] = [];
    for (let number = this.#count - this.points; number < this.#count; number++) {
      places.push(number % POINTS);
    }
    const at_ms = places.map((place) => Math.round(toShown(this.#times[place]!)));
    const shown: [string, VipRates][] = [];
    for (const [key, { values }] of this.#vips) {
      const column = (offset: number) =>
        places.map((place) => {
          const value = values[3 * place + offset]!;
          return Number.isNaN(value) ? null : value;
        });
      shown.push([key, { at_ms, first: column(0), next: column(1), dropped: column(2) }]);
    }
    return Object.fromEntries(shown);
  }

  /** The place of a new point, a gap for all; a VIP of which only gaps are left is forgotten. */
  #begin(nowMs: number): number {
    const place = this.#count % POINTS;
    this.#count++;
    this.#times[place] = nowMs;
    for (const [key, history] of this.#vips) {
      history.values.fill(NaN, 3 * place, 3 * place + 3);
      if (++history.missing > POINTS) this.#vips.delete(key);
      if (history.missing > 1) history.last = undefined;
    }
    return place;
  }

  #historyOf(key: string): VipHistory {
    const known = this.#vips.get(key);
    if (known !== undefined) return known;
    if (this.#vips.size >= 2 * MAX_VIPS) this.#forgetOldest();
    const fresh: VipHistory = {
      last: undefined,
      values: new Float32Array(3 * POINTS).fill(NaN),
      missing: 0,
    };
    this.#vips.set(key, fresh);
    return fresh;
  }

  /** Names that change with every reading must not fill the memory. */
  #forgetOldest(): void {
    for (const [key, { missing }] of this.#vips) if (missing > 0) this.#vips.delete(key);
  }
}

function ratesOf(before: Counts | undefined, now: Counts, elapsedMs: number): Rates {
  if (before === undefined || now.some((count, at) => count < before[at]!)) return null;
  const rate = (at: 0 | 1 | 2) => Math.round((10_000 * (now[at] - before[at])) / elapsedMs) / 10;
  return [rate(0), rate(1), rate(2)];
}
