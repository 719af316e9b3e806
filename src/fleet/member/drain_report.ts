/**
 * The progress of shared drains on this load balancer, as its status has it. Numbers of flows change
 * each second, so they are reported once in five seconds; what a drain waits for, immediately.
 */
import { later, type MonotonicMs } from "../../base/instant.ts";
import type { Clock } from "../../base/ports.ts";
import type { DrainHere } from "../book/values.ts";

const FLOWS_EVERY_MS = 5000;

export class DrainReport {
  readonly #clock: Clock;
  #reported: readonly DrainHere[] = [];
  #atMs: MonotonicMs | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The progress to be reported, when it is `drains` now. */
  of(drains: readonly DrainHere[]): readonly DrainHere[] {
    const nowMs = this.#clock.monotonicMs();
    const isDue = this.#atMs === undefined || nowMs >= later(this.#atMs, FLOWS_EVERY_MS);
    if (!isDue && textOf(drains) === textOf(this.#reported)) return this.#reported;
    this.#reported = drains;
    this.#atMs = nowMs;
    return drains;
  }
}

function textOf(drains: readonly DrainHere[]): string {
  return JSON.stringify(drains.map(({ id, state, note }) => [id, state, note]));
}
