/**
 * Full reads of VPP, at most one a second, whatever asks for them: VPP forwards nothing while it
 * prints or dumps what it has (25 ms for 12,000 servers). One gate for each connection.
 */
import { later, latest, type MonotonicMs } from "../../base/instant.ts";
import type { Clock, Timer } from "../../base/ports.ts";
import type { LbApi } from "../ports.ts";

/** Between the beginnings of two reads. */
export const READ_EVERY_MS = 1000;

export class ReadGate {
  readonly #clock: Clock;
  readonly #everyMs: number;
  /** Monotonic time of the last turn that was given; it may be yet to come. */
  #lastMs: MonotonicMs | undefined;
  readonly #waiting = new Map<Timer, () => void>();

  constructor(clock: Clock, everyMs = READ_EVERY_MS) {
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  /** True when a read began less than a second ago. */
  get recent(): boolean {
    return this.#lastMs !== undefined && this.#clock.monotonicMs() < this.#lastMs + this.#everyMs;
  }

  /** Undefined when a read may begin now, which is then taken to begin; else a promise of that. */
  turn(): Promise<void> | undefined {
    const nowMs = this.#clock.monotonicMs();
    const atMs = this.#lastMs === undefined
      ? nowMs
      : latest(nowMs, later(this.#lastMs, this.#everyMs));
    this.#lastMs = atMs;
    if (atMs === nowMs) return undefined;
    return new Promise((resolve) => {
      const timer = this.#clock.after(atMs - nowMs, () => {
        this.#waiting.delete(timer);
        resolve();
      });
      this.#waiting.set(timer, resolve);
    });
  }

  /** The connection ended: ends the waiting of those who wait; their reads then fail. */
  close(): void {
    for (const [timer, resolve] of this.#waiting) {
      timer.cancel();
      resolve();
    }
    this.#waiting.clear();
  }
}

const gates = new WeakMap<LbApi, ReadGate>();

/** The gate of a connection. */
export function readGateOf(lb: LbApi, clock: Clock, everyMs?: number): ReadGate {
  let gate = gates.get(lb);
  if (gate === undefined) gates.set(lb, gate = new ReadGate(clock, everyMs));
  return gate;
}
