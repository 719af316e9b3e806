/**
 * PURE. Sums up the probes between two looks: for each backend that was probed how often, and its
 * last result. Nothing is done at a probe: the totals that are kept anyway are compared.
 */
import type { Backend, ProbeResult } from "../health/state.ts";
import type { BackendTally } from "./tally.ts";

/** Probes of a backend since the last look. */
export interface ProbeSummary {
  readonly backend: string;
  readonly count: number;
  /** The last of them, and the counter after it. */
  readonly result: ProbeResult;
  readonly counter: number;
}

/** Where the totals are. */
export interface ActivitySource {
  readonly current: { readonly backends: ReadonlyMap<string, Backend> };
  readonly tally: { of(backend: string): BackendTally | undefined };
}

export class ProbeActivity {
  readonly #source: ActivitySource;
  readonly #includes: (backend: string) => boolean;
  #counts = new Map<string, number>();

  /** Begins now. `includes`: true for the backends that count. */
  constructor(source: ActivitySource, includes: (backend: string) => boolean) {
    this.#source = source;
    this.#includes = includes;
    this.take();
  }

  /** The probes since the last call, in the file's order. */
  take(): readonly ProbeSummary[] {
    const { current, tally } = this.#source;
    const before = this.#counts;
    const counts = new Map<string, number>();
    const found: ProbeSummary[] = [];
    for (const backend of current.backends.values()) {
      const { name, lastResult: result, counter } = backend;
      const total = tally.of(name)?.durations.count ?? 0;
      if (total === 0 || !this.#includes(name)) continue;
      counts.set(name, total);
      const known = before.get(name) ?? 0;
      // The totals begin again when the type of the check changes.
      const count = total >= known ? total - known : total;
      if (count > 0 && result !== undefined) found.push({ backend: name, count, result, counter });
    }
    this.#counts = counts;
    return found;
  }
}
