/**
 * Limits full reads of VPP to one a second over all callers, because VPP forwards nothing while it
 * prints or dumps its state (25 ms for 12,000 servers). There is one gate for each connection.
 *
 * The reconciler's reads go first: drains and repairs wait for them, and callers of the API may ask
 * again and again.
 */
import { later, type MonotonicMs } from "../../base/instant.ts";
import type { Clock, Timer } from "../../base/ports.ts";
import type { LbApi } from "../ports.ts";

/** Minimum time between the beginnings of two reads. */
export const READ_EVERY_MS = 1000;

/**
 * - `state`: the reconciler reads its known state
 * - `indices`: the reconciler reads indices alone
 * - `viewer`: a reading for callers of the API
 */
export type ReadPurpose = "state" | "indices" | "viewer";

/** A read that waits for its turn. */
interface Waiting {
  readonly purpose: ReadPurpose;
  readonly resolve: () => void;
}

export class ReadGate {
  readonly #clock: Clock;
  readonly #everyMs: number;
  /** When the last read of any purpose began. */
  #lastMs: MonotonicMs | undefined;
  /** When the last read of the state began. */
  #stateMs: MonotonicMs | undefined;
  #waiting: Waiting[] = [];
  /** Fires when the next one may begin; undefined while none waits. */
  #timer: Timer | undefined;

  constructor(clock: Clock, everyMs = READ_EVERY_MS) {
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  /** True when the reconciler began to read the state less than a second ago. */
  get recent(): boolean {
    return this.#stateMs !== undefined && this.#clock.monotonicMs() < this.#stateMs + this.#everyMs;
  }

  /** Takes the next turn. Undefined when the read may begin now; otherwise resolves when it may. */
  turn(purpose: ReadPurpose): Promise<void> | undefined {
    const nowMs = this.#clock.monotonicMs();
    const dueMs = this.#lastMs === undefined ? nowMs : later(this.#lastMs, this.#everyMs);
    if (this.#waiting.length === 0 && dueMs <= nowMs) {
      this.#begin(purpose);
      return undefined;
    }
    this.#timer ??= this.#clock.after(Math.max(0, dueMs - nowMs), () => this.#next());
    return new Promise((resolve) => this.#waiting.push({ purpose, resolve }));
  }

  /** The connection ended: resolves all turns, so that the waiting reads fail immediately. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  #next(): void {
    this.#timer = undefined;
    const own = this.#waiting.findIndex(({ purpose }) => purpose !== "viewer");
    const [next] = this.#waiting.splice(Math.max(0, own), 1);
    if (next === undefined) return;
    this.#begin(next.purpose);
    if (this.#waiting.length > 0) {
      this.#timer = this.#clock.after(this.#everyMs, () => this.#next());
    }
    next.resolve();
  }

  #begin(purpose: ReadPurpose): void {
    this.#lastMs = this.#clock.monotonicMs();
    if (purpose === "state") this.#stateMs = this.#lastMs;
  }
}

const gates = new WeakMap<LbApi, ReadGate>();

/** The gate of a connection. */
export function readGateOf(lb: LbApi, clock: Clock, everyMs?: number): ReadGate {
  let gate = gates.get(lb);
  if (gate === undefined) gates.set(lb, gate = new ReadGate(clock, everyMs));
  return gate;
}
