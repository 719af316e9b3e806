/**
 * Limits full reads of VPP to one a second over all callers, because VPP forwards nothing while it
 * prints or dumps its state (25 ms for 12,000 servers). There is one gate for each connection.
 */
import { later, latest, type MonotonicMs } from "../../base/instant.ts";
import type { Clock, Timer } from "../../base/ports.ts";
import type { LbApi } from "../ports.ts";

/** Minimum time between the beginnings of two reads. */
export const READ_EVERY_MS = 1000;

export class ReadGate {
  readonly #clock: Clock;
  readonly #everyMs: number;
  /** Monotonic time of the last turn that was granted; it may be in the future. */
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

  /**
   * Reserves the next turn. Undefined when the read may begin now; otherwise resolves when it may.
   */
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

  /** The connection ended: resolves all turns, so that the waiting reads fail immediately. */
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
