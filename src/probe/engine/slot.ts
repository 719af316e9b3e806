/** The scheduler's record of one target. */
import { FAR_PAST_MS, type MonotonicMs, NEVER_MS } from "../../base/instant.ts";
import { isUp, stepCounter } from "../../health/counter.ts";
import type { HealthcheckConfig } from "../../config/model.ts";
import type { Due } from "../../async/due_heap.ts";
import { Cancellation, type Probe, type ProbeSpec } from "../prober.ts";

/** A target as it is passed to the scheduler. */
export interface ScheduledTarget {
  readonly id: number;
  readonly generation: number;
  readonly spec: ProbeSpec;
  /** Delay of the first probe in milliseconds: its place in a spread over `spreadMs`. */
  readonly firstDelayMs: number;
  readonly spreadMs: number;
  /** It may start this early, in milliseconds, while the prober has nothing else to do. */
  readonly soonestMs: number;
  /** Rise/fall counter to begin with. */
  readonly counter: number;
  /** True while no probe of this generation has counted. */
  readonly unknown: boolean;
}

/**
 * The event that a target waits for: the start of its next probe, the deadline of the running
 * one, the end of one that was cancelled at its deadline, or the word of isolation targets on a
 * failure.
 */
export type Stage = "waiting" | "running" | "ending" | "judged";

/** The record of a target; mutable, because copying it 5,000 times a second costs too much. */
export interface Slot extends Due {
  readonly id: number;
  readonly generation: number;
  readonly healthcheck: HealthcheckConfig;
  /** Offset of its probes within their interval, which keeps the spread; see health/interval.ts. */
  readonly phase: number;
  probe: Probe;
  cancellation: Cancellation;
  stage: Stage;
  counter: number;
  unknown: boolean;
  /** Incremented when the running probe is abandoned, so that its verdict is ignored. */
  run: number;
  /** The address changed during the probe that runs: its failure is repeated, not counted. */
  readdressed: boolean;
  /** Its last probe was ahead of its place on the grid. */
  ahead: boolean;
  /** Planned start of the last probe; the next one is planned from it. */
  plannedMs: MonotonicMs;
  /** Actual start of the last probe; FAR_PAST_MS before the first. */
  startedMs: MonotonicMs;
  /** Postponement of the next start after the process slept; at most one for each start. */
  movedMs: number;
  /** Probes since the last one that counted that might be repeated immediately. */
  repeats: number;
}

/** A new record; its first due time is set when the scheduler puts it into a heap. */
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
    readdressed: false,
    ahead: false,
    plannedMs: FAR_PAST_MS,
    startedMs: FAR_PAST_MS,
    movedMs: 0,
    repeats: 0,
    dueMs: NEVER_MS,
    heapIndex: -1,
  };
}

/**
 * Probes repeated immediately per counted probe, if they were void by lateness or timed out in a
 * rush of first probes. Other void ones wait for their interval: an immediate repeat would use up
 * more of what this host lacks.
 */
const PROMPT_REPEATS = 1;

/** True for the first repetitions since a probe that counted; counts them. */
export function mayRepeat(slot: Slot): boolean {
  return slot.repeats++ < PROMPT_REPEATS;
}

/** Timers may fire this much early (measured); a target due within this time counts as due. */
export const EARLY_MS = 1;

/** True when the time for which it waits has come. */
export function isDue(slot: Slot | undefined, nowMs: MonotonicMs): slot is Slot {
  return slot !== undefined && slot.dueMs <= nowMs + EARLY_MS;
}

/** True when a pass (`ok`) would make the backend up, or a failure would make it down. */
export function turns({ unknown, counter, healthcheck }: Slot, ok: boolean): boolean {
  return unknown ||
    isUp(counter, healthcheck) !== isUp(stepCounter(counter, ok, healthcheck), healthcheck);
}
