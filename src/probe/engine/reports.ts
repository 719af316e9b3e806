/** PURE. The parts and the reports of a scheduler: counted probes, void probes, statistics. */
import type { Lack } from "../lack.ts";
import type { Verdict } from "../outcome.ts";
import type { LatenessCounts } from "./lateness.ts";
import type { Clock, Prng } from "../../base/ports.ts";
import type { MonotonicMs } from "../../base/instant.ts";
import type { Prober } from "../prober.ts";
import type { Echo } from "./backlog.ts";

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

/** Why a probe is void. */
export type Void = Pick<VoidReport, "latenessMs" | "reason" | "lack"> & {
  readonly nowMs: MonotonicMs;
};

/** The parts of a scheduler. */
export interface SchedulerOptions {
  readonly clock: Clock;
  readonly prng: Prng;
  /** Makes the probe of a target; called again when its address changes. */
  readonly prober: Prober;
  /** Detects a backlog of socket results; absent: a backlog is not detected. */
  readonly echo?: Echo | undefined;
  readonly onProbe: (report: ProbeReport) => void;
  readonly onVoid: (report: VoidReport) => void;
  /** Called when the echo is lost; see backlog.ts. */
  readonly onEchoLost?: () => void;
  /** Called with each probe that starts. */
  readonly onStart?: (id: number, generation: number) => void;
}
