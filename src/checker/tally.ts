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
  /** Of the backend. */
  readonly name: string;
  /** Of the results and durations; undefined before the first result. */
  readonly type: ProbeType | undefined;
  readonly durations: DurationTally;
  readonly voids: number;
  /** Sorted by result (pass first) and code. */
  readonly probes: readonly ProbeCount[];
  /** Sorted by `from` and `to`. */
  readonly transitions: readonly TransitionCount[];
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
    this.#of(backend).countTransition(from, to);
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
      totals = new Totals(backend);
      this.#backends.set(backend, totals);
    }
    return totals;
  }
}

type Counting<T> = Omit<T, "count"> & { count: number };

/**
 * Counts stand in sorted lists: a backend has one or two, and they are written as they are. A list
 * is replaced when it gets another entry, because `push` makes room for 17.
 */
class Totals implements BackendTally {
  readonly name: string;
  type: ProbeType | undefined;
  voids = 0;
  durations = noDurations();
  probes: readonly Counting<ProbeCount>[] = [];
  transitions: readonly Counting<TransitionCount>[] = [];

  constructor(name: string) {
    this.name = name;
  }

  countProbe(type: ProbeType, { ok, code, durationMs }: ProbeResult): void {
    if (this.type !== type) this.#begin(type);
    this.#countResult(ok ? "pass" : "fail", code);
    const { durations } = this;
    let at = 0;
    while (at < BUCKETS_MS.length && durationMs > BUCKETS_MS[at]!) at++;
    durations.classes[at]!++;
    durations.count++;
    durations.sumMs += durationMs;
  }

  countTransition(from: BackendState, to: BackendState): void {
    for (const entry of this.transitions) {
      if (entry.from === from && entry.to === to) return void entry.count++;
    }
    const entry = { from, to, count: 1 };
    this.transitions = this.transitions.length === 0 ? [entry] : this.transitions.concat(entry)
      .sort((a, b) => compared(a.from, b.from) || compared(a.to, b.to));
  }

  #countResult(result: ProbeCount["result"], code: ResultCode): void {
    for (const entry of this.probes) {
      if (entry.code === code && entry.result === result) return void entry.count++;
    }
    const entry = { result, code, count: 1 };
    this.probes = this.probes.length === 0 ? [entry] : this.probes.concat(entry)
      .sort((a, b) => -compared(a.result, b.result) || compared(a.code, b.code));
  }

  #begin(type: ProbeType): void {
    this.type = type;
    this.probes = [];
    this.durations = noDurations();
  }
}

function noDurations() {
  return { classes: new Array<number>(BUCKETS_MS.length + 1).fill(0), count: 0, sumMs: 0 };
}

function compared(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
