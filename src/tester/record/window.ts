/** PURE. The newest results of a VIP: their percentiles, share of successes and shares by server. */

/** Number of results in the window. */
export const WINDOW = 100;

export interface Percentiles {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** One result. */
export interface Sample {
  readonly ok: boolean;
  /** Undefined: it was not measured, or there was no answer. */
  readonly latencyMs: number | undefined;
  /** Value of the header; undefined: absent. */
  readonly server: string | undefined;
}

export class Window {
  /** A ring; `#next` is the oldest once it is full. */
  readonly #samples: Sample[] = [];
  #next = 0;

  add(sample: Sample): void {
    this.#samples[this.#next] = sample;
    this.#next = (this.#next + 1) % WINDOW;
  }

  get size(): number {
    return this.#samples.length;
  }

  /** From 0 to 1; undefined without results. */
  get okShare(): number | undefined {
    if (this.size === 0) return undefined;
    return this.#samples.filter(({ ok }) => ok).length / this.size;
  }

  /** Of the successes whose latency was measured; undefined without such. */
  percentiles(): Percentiles | undefined {
    const sorted = this.#sorted();
    if (sorted.length === 0) return undefined;
    return {
      p50Ms: nearestRank(sorted, 0.5),
      p95Ms: nearestRank(sorted, 0.95),
      p99Ms: nearestRank(sorted, 0.99),
      maxMs: sorted[sorted.length - 1]!,
    };
  }

  /** As percentiles().p50Ms. */
  median(): number | undefined {
    const sorted = this.#sorted();
    return sorted.length === 0 ? undefined : nearestRank(sorted, 0.5);
  }

  /** The newest `count` samples, oldest first. */
  newest(count: number): readonly Sample[] {
    const all = this.size < WINDOW
      ? this.#samples
      : [...this.#samples.slice(this.#next), ...this.#samples.slice(0, this.#next)];
    return all.slice(-count);
  }

  /** Share (0 to 1) of each server in the samples that name one. */
  shares(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    let named = 0;
    for (const { server } of this.#samples) {
      if (server === undefined) continue;
      counts.set(server, (counts.get(server) ?? 0) + 1);
      named++;
    }
    return new Map([...counts].map(([server, count]) => [server, count / named]));
  }

  #sorted(): Float64Array {
    const sorted = new Float64Array(this.size);
    let count = 0;
    for (const { latencyMs } of this.#samples) {
      if (latencyMs !== undefined) sorted[count++] = latencyMs;
    }
    return sorted.subarray(0, count).sort();
  }
}

/** The smallest of the sorted values that `share` of them do not exceed. */
export function nearestRank(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}
