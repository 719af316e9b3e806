/**
 * Counts totals for metrics: probes by result, their durations, void probes, transitions. PURE.
 * Counting is cheap: one lookup by name for each probe.
 */
import type { ProbeType } from "../config/model.ts";
import type { BackendState, ProbeResult, ResultCode, Transition } from "../health/state.ts";

/** Upper bounds of the classes of `maglev_probe_duration_seconds`. */
export const PROBE_DURATION_BUCKETS_S = [.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5];

const BUCKETS_MS = PROBE_DURATION_BUCKETS_S.map((bound) => 1000 * bound);

/** A series of `maglev_probe_total`. */
export interface ProbeCount {
  readonly result: "pass" | "fail";
  readonly code: ResultCode;
  readonly count: number;
}

/** A series of `maglev_backend_transitions_total`. */
export interface TransitionCount {
  readonly from: BackendState;
  readonly to: BackendState;
  readonly count: number;
}

/** The durations of probes. */
export interface DurationTally {
  /** Probes in each class, not cumulative; the last class is above all bounds. */
  readonly classes: ArrayLike<number>;
  readonly count: number;
  readonly sumMs: number;
}

/** Totals of one backend since its first result or transition. The values change later. */
export interface BackendTally {
  /** Of the results and durations; undefined before the first result. */
  readonly type: ProbeType | undefined;
  readonly durations: DurationTally;
  readonly voids: number;
  /** Sorted by result (pass first) and code. */
  probes(): readonly ProbeCount[];
  /** Sorted by `from` and `to`. */
  transitions(): readonly TransitionCount[];
}

/** Totals since the start, by backend, until it is forgotten. */
export class Tally {
  readonly #backends = new Map<string, Totals>();

  /** Counts a result. When the type changed, the backend's results start at 0. */
  countProbe(backend: string, type: ProbeType, result: ProbeResult): void {
    this.#of(backend).countProbe(type, result);
  }

  /** Counts a change of state, except to `removed`, because the backend is forgotten then. */
  countTransition(backend: string, { from, to }: Transition): void {
    if (to === "removed") return;
    const counts = this.#of(backend).transitionCounts;
    const byTo = counts.get(from) ?? new Map<BackendState, number>();
    counts.set(from, byTo);
    increment(byTo, to);
  }

  countVoid(backend: string): void {
    this.#of(backend).voids++;
  }

  /** Drops the totals of a removed backend. */
  forget(backend: string): void {
    this.#backends.delete(backend);
  }

  /** The totals of a backend; undefined before the first count. */
  of(backend: string): BackendTally | undefined {
    return this.#backends.get(backend);
  }

  #of(backend: string): Totals {
    let totals = this.#backends.get(backend);
    if (totals === undefined) {
      totals = new Totals();
      this.#backends.set(backend, totals);
    }
    return totals;
  }
}

class Totals implements BackendTally {
  type: ProbeType | undefined;
  voids = 0;
  readonly transitionCounts = new Map<BackendState, Map<BackendState, number>>();
  durations = { classes: new Array<number>(BUCKETS_MS.length + 1).fill(0), count: 0, sumMs: 0 };
  #pass = new Map<ResultCode, number>();
  #fail = new Map<ResultCode, number>();

  countProbe(type: ProbeType, { ok, code, durationMs }: ProbeResult): void {
    if (this.type !== type) this.#begin(type);
    increment(ok ? this.#pass : this.#fail, code);
    const { durations } = this;
    let at = 0;
    while (at < BUCKETS_MS.length && durationMs > BUCKETS_MS[at]!) at++;
    durations.classes[at]!++;
    durations.count++;
    durations.sumMs += durationMs;
  }

  probes(): readonly ProbeCount[] {
    const found: ProbeCount[] = [];
    for (const [code, count] of sorted(this.#pass)) found.push({ result: "pass", code, count });
    for (const [code, count] of sorted(this.#fail)) found.push({ result: "fail", code, count });
    return found;
  }

  transitions(): readonly TransitionCount[] {
    const found: TransitionCount[] = [];
    for (const [from, byTo] of sorted(this.transitionCounts)) {
      for (const [to, count] of sorted(byTo)) found.push({ from, to, count });
    }
    return found;
  }

  #begin(type: ProbeType): void {
    this.type = type;
    this.#pass = new Map();
    this.#fail = new Map();
    const classes = new Array<number>(BUCKETS_MS.length + 1).fill(0);
    this.durations = { classes, count: 0, sumMs: 0 };
  }
}

function increment<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** The entries sorted by key. The usual single entry needs no copy. */
function sorted<K extends string, V>(map: ReadonlyMap<K, V>): Iterable<readonly [K, V]> {
  return map.size < 2 ? map : [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
