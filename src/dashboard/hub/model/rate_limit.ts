/** PURE. A token bucket: a rate per second, and a burst after a quiet time. */
export interface Rate {
  /** Per second. */
  readonly rate: number;
  readonly burst: number;
}

export class RateLimit {
  readonly #rate: Rate;
  #tokens: number;
  #atMs: number | undefined;

  constructor(rate: Rate) {
    this.#rate = rate;
    this.#tokens = rate.burst;
  }

  /** Takes one when there is one. `nowMs`: of a clock that never goes back. */
  take(nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Milliseconds until take() would succeed. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    return this.#tokens >= 1 ? 0 : ((1 - this.#tokens) * 1000) / this.#rate.rate;
  }

  #fill(nowMs: number): void {
    const elapsedMs = nowMs - (this.#atMs ?? nowMs);
    this.#atMs = nowMs;
    const { rate, burst } = this.#rate;
    this.#tokens = Math.min(burst, this.#tokens + (elapsedMs * rate) / 1000);
  }
}
