/**
 * PURE. The difference between a maglevd's clock and ours, from the times of its events.
 *
 * An event is stamped there and read here a little later, so each sample is the difference less the
 * delay. The largest sample of the last minute or so is the nearest. When no event comes, the last
 * figure stays.
 */

/** Two of these make the window. */
const SPAN_MS = 30_000;
/** Smaller changes are noise of the delay. */
const GRAIN_MS = 50;

export class ClockSkew {
  #startMs = -Infinity;
  #best = -Infinity;
  #before = -Infinity;
  #value: number | undefined;

  /**
   * `stampMs`: Unix time of an event by the other clock; `wallMs`, `nowMs`: our wall clock and our
   * steady clock when it was read.
   */
  add(stampMs: number, { wallMs, nowMs }: { readonly wallMs: number; readonly nowMs: number }) {
    if (!Number.isFinite(stampMs)) return;
    if (nowMs - this.#startMs >= SPAN_MS) {
      this.#before = nowMs - this.#startMs < 2 * SPAN_MS ? this.#best : -Infinity;
      this.#startMs = nowMs;
      this.#best = -Infinity;
    }
    this.#best = Math.max(this.#best, stampMs - wallMs);
    const skew = Math.max(this.#best, this.#before);
    if (this.#value === undefined || Math.abs(skew - this.#value) >= GRAIN_MS) {
      this.#value = Math.round(skew);
    }
  }

  /** Milliseconds that its clock is ahead of ours; undefined: not known yet. */
  get valueMs(): number | undefined {
    return this.#value;
  }

  /** The connection ended: what comes next may be another clock. */
  reset(): void {
    this.#startMs = this.#best = this.#before = -Infinity;
    this.#value = undefined;
  }
}
