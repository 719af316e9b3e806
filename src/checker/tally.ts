/**
 * Running totals for metrics: probes by result, void probes, transitions. PURE. Cheap to count
 * (two lookups a probe), read at leisure.
 */
import type { ProbeType } from "../config/model.ts";
import type { BackendState, ProbeResult, ResultCode, Transition } from "../health/state.ts";

/** A line of `maglev_probe_total`. */
export interface ProbeCount {
  readonly backend: string;
  readonly type: ProbeType;
  readonly result: "pass" | "fail";
  readonly code: ResultCode;
  readonly count: number;
}

/** A line of `maglev_backend_transitions_total`. */
export interface TransitionCount {
  readonly backend: string;
  readonly from: BackendState;
  readonly to: BackendState;
  readonly count: number;
}

/** A line of `maglev_probe_void_total`. */
export interface VoidCount {
  readonly backend: string;
  readonly count: number;
}

interface ProbeTally {
  readonly type: ProbeType;
  readonly pass: Map<ResultCode, number>;
  readonly fail: Map<ResultCode, number>;
}

/** Totals since the start, by backend, until it is forgotten. */
export class Tally {
  readonly #probes = new Map<string, ProbeTally>();
  readonly #transitions = new Map<string, Map<BackendState, Map<BackendState, number>>>();
  readonly #voids = new Map<string, number>();

  /** Counts a result. When the type is another than before, the backend's results begin anew. */
  countProbe(backend: string, type: ProbeType, result: ProbeResult): void {
    let tally = this.#probes.get(backend);
    if (tally === undefined || tally.type !== type) {
      tally = { type, pass: new Map(), fail: new Map() };
      this.#probes.set(backend, tally);
    }
    increment(result.ok ? tally.pass : tally.fail, result.code);
  }

  countTransition(backend: string, transition: Transition): void {
    const byFrom = this.#transitions.get(backend) ?? new Map();
    this.#transitions.set(backend, byFrom);
    const byTo = byFrom.get(transition.from) ?? new Map();
    byFrom.set(transition.from, byTo);
    increment(byTo, transition.to);
  }

  countVoid(backend: string): void {
    increment(this.#voids, backend);
  }

  /** Drops everything about a backend that is gone. */
  forget(backend: string): void {
    this.#probes.delete(backend);
    this.#transitions.delete(backend);
    this.#voids.delete(backend);
  }

  probeCounts(): readonly ProbeCount[] {
    return sortedEntries(this.#probes).flatMap(([backend, { type, pass, fail }]) =>
      (["pass", "fail"] as const).flatMap((result) =>
        sortedEntries(result === "pass" ? pass : fail).map(([code, count]) => (
          { backend, type, result, code, count }
        ))
      )
    );
  }

  transitionCounts(): readonly TransitionCount[] {
    return sortedEntries(this.#transitions).flatMap(([backend, byFrom]) =>
      sortedEntries(byFrom).flatMap(([from, byTo]) =>
        sortedEntries(byTo).map(([to, count]) => ({ backend, from, to, count }))
      )
    );
  }

  voidCounts(): readonly VoidCount[] {
    return sortedEntries(this.#voids).map(([backend, count]) => ({ backend, count }));
  }
}

function increment<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function sortedEntries<K extends string, V>(map: ReadonlyMap<K, V>): [K, V][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
