/**
 * Limits how long a carried backend may count as up while its new check is silent.
 *
 * Normally the check's first results decide, well before. The limit is for a check without results:
 * `timeout` + 2 × `fast-interval` without any valid result. While the prober itself fails (void
 * probes, a thread that does not answer) the time stands still.
 *
 * One timer serves all: it fires for the earliest end, then checks the others.
 */
import { earliest, later, type MonotonicMs, NEVER_MS } from "../base/instant.ts";
import type { Clock, Timer } from "../base/ports.ts";

export interface CarriedTimesOptions {
  readonly clock: Clock;
  /** False while nothing can be concluded from silence about a backend. */
  readonly answers: (backend: string) => boolean;
  /** Called with the names, sorted, of backends whose time is over and which are removed here. */
  readonly onOver: (backends: readonly string[]) => void;
}

/** The part of a healthcheck that determines the time. */
export interface CarriedPace {
  readonly timeoutMs: number;
  readonly intervalMs: number;
  readonly fastIntervalMs: number;
}

interface Carried {
  readonly limitMs: number;
  /** Maximum time until the next probe after a void one. */
  readonly nextProbeMs: number;
  /** By the monotonic clock. */
  endMs: MonotonicMs;
}

/** A timer that is this late means that the thread was stopped; results may wait to be read. */
const LATE_MS = 200;

export class CarriedTimes {
  readonly #options: CarriedTimesOptions;
  readonly #carried = new Map<string, Carried>();
  #timer: Timer | undefined;

  constructor(options: CarriedTimesOptions) {
    this.#options = options;
  }

  /** Begins the time of backends. A backend with time left does not get more. */
  begin(backends: Iterable<readonly [name: string, pace: CarriedPace]>): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [backend, { timeoutMs, intervalMs, fastIntervalMs }] of backends) {
      const limitMs = timeoutMs + 2 * fastIntervalMs;
      const endMs = earliest(later(nowMs, limitMs), this.#carried.get(backend)?.endMs ?? NEVER_MS);
      // A computed interval may be longer than the configured one by its jitter.
      const nextProbeMs = 1.1 * Math.max(intervalMs, fastIntervalMs);
      this.#carried.set(backend, { limitMs, nextProbeMs, endMs });
    }
    this.#arm();
  }

  /** A probe of the backend was void: the time so far does not count. */
  voided(backend: string): void {
    const carried = this.#carried.get(backend);
    if (carried === undefined) return;
    const nowMs = this.#options.clock.monotonicMs();
    carried.endMs = later(nowMs, carried.nextProbeMs + carried.limitMs);
  }

  /** A valid result came, or the backend is no longer carried. */
  end(backend: string): void {
    if (this.#carried.delete(backend) && this.#carried.size === 0) this.#disarm();
  }

  /** Ends the time of backends for which `stays` is false. */
  retain(stays: (backend: string) => boolean): void {
    for (const backend of [...this.#carried.keys()]) if (!stays(backend)) this.end(backend);
  }

  stop(): void {
    this.#carried.clear();
    this.#disarm();
  }

  #arm(): void {
    this.#disarm();
    let endMs = NEVER_MS;
    for (const carried of this.#carried.values()) endMs = earliest(endMs, carried.endMs);
    if (endMs === NEVER_MS) return;
    const { clock } = this.#options;
    const waitMs = Math.max(0, endMs - clock.monotonicMs());
    this.#timer = clock.after(waitMs, () => this.#look(endMs));
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(dueMs: MonotonicMs): void {
    const { clock, answers, onOver } = this.#options;
    const nowMs = clock.monotonicMs();
    const late = nowMs - dueMs > LATE_MS;
    const over: string[] = [];
    for (const [backend, carried] of this.#carried) {
      if (carried.endMs > nowMs) continue;
      if (late || !answers(backend)) carried.endMs = later(nowMs, carried.limitMs);
      else over.push(backend);
    }
    for (const backend of over) this.#carried.delete(backend);
    this.#arm();
    if (over.length > 0) onOver(over.sort());
  }
}
