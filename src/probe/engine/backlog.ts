/**
 * PURE. Detects a backlog of socket results that the runtime has not delivered yet. Tokio, Deno's
 * runtime, delivers at most 128 in a turn of the event loop. The rest waits, last in first out,
 * and newer results overtake it. With more than 128 ready in every turn some wait for seconds
 * although timers fire on time; healthy servers would then seem to time out.
 *
 * The detector is an echo: a byte on a loopback connection that comes back as any result does. If
 * it is still out after a whole round, results are waiting. Until they have drained, no probe
 * starts and no deadline expires.
 *
 * An echo can also be lost: loopback taken down, the connection reset, packets dropped. Results
 * drain within LOST_MS while no probe starts. An echo that is out for longer is therefore no
 * evidence of a backlog, and probing continues without it.
 */
import type { MonotonicMs } from "../../base/instant.ts";
import type { Clock } from "../../base/ports.ts";
import { StallMemory } from "./lateness.ts";

/** Sends a byte through the system's sockets, and back; one at a time. See echo.ts. */
export interface Echo {
  send(back: () => void): void;
}

/** With fewer probes in flight a turn cannot have too many results, and no echo is sent. */
const WATCHED_FROM = 64;

/** An echo that is out for LOST_MS, and for LOST_ROUNDS rounds of an awake prober, is lost. */
export const LOST_MS = 5000;
const LOST_ROUNDS = 50;

export interface BacklogOptions {
  readonly clock: Clock;
  readonly echo: Echo;
  /** Called when an echo is lost; until it comes back after all, no backlog is detected. */
  readonly onLost?: (() => void) | undefined;
}

/** Checks once a round for a backlog. */
export class Backlog {
  readonly #options: BacklogOptions;
  /** How long each late echo was out: results may have waited for as long. */
  readonly #stalls = new StallMemory();
  /** Send time of the echo that is out; undefined when no echo is. */
  #sentMs: MonotonicMs | undefined;
  /** The last echo was late. One punctual echo after it may have overtaken older results. */
  #missed = false;
  /** Rounds since it was sent. */
  #rounds = 0;
  /** The echo that is out counts as lost. */
  #lost = false;

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  /** To be called once a round: true when results are waiting. */
  waits(nowMs: MonotonicMs, inFlight: number): boolean {
    if (this.#sentMs !== undefined) {
      if (!this.#lost && ++this.#rounds > LOST_ROUNDS && nowMs - this.#sentMs > LOST_MS) {
        this.#lost = true;
        this.#options.onLost?.();
      }
      this.#missed = !this.#lost;
      return this.#missed;
    }
    if (inFlight < WATCHED_FROM) {
      this.#missed = false;
      return false;
    }
    const waits = this.#missed;
    this.#missed = false;
    this.#sentMs = nowMs;
    this.#rounds = 0;
    this.#options.echo.send(() => this.#back());
    return waits;
  }

  /**
   * Sum of the `count` longest times that an echo was out, in milliseconds. Counted are echoes that
   * came back after `sinceMs`, and the one that is out.
   */
  worstSince(sinceMs: MonotonicMs, count: number, nowMs: MonotonicMs): number {
    const outMs = this.#sentMs === undefined || this.#lost ? 0 : nowMs - this.#sentMs;
    return this.#stalls.worstSince(sinceMs, count, outMs);
  }

  #back(): void {
    if (this.#sentMs === undefined) return;
    if (!this.#lost) this.#stalls.note(this.#sentMs, this.#options.clock.monotonicMs());
    this.#sentMs = undefined;
    this.#lost = false;
  }
}
