/** PURE. Reports of a scheduler: counted probes, void probes, statistics. */
import type { Lack } from "../lack.ts";
import type { Verdict } from "../outcome.ts";
import type { LatenessCounts } from "./lateness.ts";

/** One counted probe. */
export interface ProbeReport {
  readonly id: number;
  readonly generation: number;
  readonly verdict: Verdict;
  readonly durationMs: number;
  /** True when it moved the counter or was the first, so that it is to be delivered immediately. */
  readonly matters: boolean;
}

/** One probe that did not count. */
export interface VoidReport {
  readonly id: number;
  readonly generation: number;
  readonly latenessMs: number;
  readonly reason: string;
  /** The resource that the prober lacked; undefined: it was late. */
  readonly lack: Lack | undefined;
}

/** Statistics of one scheduler. */
export interface SchedulerStats {
  /** Probes that counted, since the start. */
  readonly probes: number;
  /** Probes that did not, since the start. */
  readonly voids: number;
  readonly inFlight: number;
  /** Since the last call of stats(). */
  readonly lateness: LatenessCounts;
}
