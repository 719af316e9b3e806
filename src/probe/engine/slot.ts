/** What the scheduler keeps of one target. */
import type { HealthcheckConfig } from "../../config/model.ts";
import type { Due } from "./due_heap.ts";
import { Cancellation, type Probe, type ProbeSpec } from "../prober.ts";

/** A target as the scheduler is given it. */
export interface ScheduledTarget {
  readonly id: number;
  readonly generation: number;
  readonly spec: ProbeSpec;
  /** Delay of the first probe in milliseconds. */
  readonly firstDelayMs: number;
  /** Rise/fall counter to begin with. */
  readonly counter: number;
  /** True while no probe of this generation has counted. */
  readonly unknown: boolean;
}

/**
 * What a target waits for: the start of its next probe, the deadline of the one that runs, or
 * the end of one that was cancelled at its deadline.
 */
export type Stage = "waiting" | "running" | "ending";

/** The scheduler's record of a target; mutable, as 5,000 a second would be too many to copy. */
export interface Slot extends Due {
  readonly id: number;
  readonly generation: number;
  readonly healthcheck: HealthcheckConfig;
  /** Its place on the grid of its intervals, so that the spread stays; see health/interval.ts. */
  readonly phase: number;
  probe: Probe;
  cancellation: Cancellation;
  stage: Stage;
  counter: number;
  unknown: boolean;
  /** Goes up when the running probe is disowned: its verdict will find another number. */
  run: number;
  /** When the last probe was to start; the next is reckoned from it. */
  plannedMs: number;
  /** When it did start. */
  startedMs: number;
  /** By how much the next start was put off because we overslept it; at most once for each. */
  movedMs: number;
  /** Probes void by lateness since the last one that counted. */
  repeats: number;
}

/** A new record; its first due time is set by whoever puts it into a heap. */
export function slotOf(target: ScheduledTarget, parts: { probe: Probe; phase: number }): Slot {
  return {
    id: target.id,
    generation: target.generation,
    healthcheck: target.spec.healthcheck,
    phase: parts.phase,
    probe: parts.probe,
    cancellation: new Cancellation(),
    stage: "waiting",
    counter: target.counter,
    unknown: target.unknown,
    run: 0,
    plannedMs: 0,
    startedMs: 0,
    movedMs: 0,
    repeats: 0,
    dueMs: 0,
    heapIndex: -1,
  };
}
