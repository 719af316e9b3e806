/** PURE. What a scheduler reports of its probes and of itself. */
import type { Lack } from "../lack.ts";
import type { Verdict } from "../outcome.ts";
import type { LatenessCounts } from "./lateness.ts";

/** One counted probe. */
export interface ProbeReport {
  readonly id: number;
  readonly generation: number;
  readonly verdict: Verdict;
  readonly durationMs: number;
  /** True when it moved the counter or was the first: somebody waits for it. */
  readonly matters: boolean;
}

/** One probe that did not count. */
export interface VoidReport {
  readonly id: number;
  readonly generation: number;
  readonly latenessMs: number;
  readonly reason: string;
  /** What the prober lacked; undefined: it was late. */
  readonly lack: Lack | undefined;
}

/** Figures of one scheduler. */
export interface SchedulerStats {
  /** Probes that counted, since the start. */
  readonly probes: number;
  /** Probes that did not, since the start. */
  readonly voids: number;
  readonly inFlight: number;
  /** Since they were last asked for. */
  readonly lateness: LatenessCounts;
}
