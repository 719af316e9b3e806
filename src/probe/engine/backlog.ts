/**
 * PURE. Whether results of sockets wait to be delivered. Deno's runtime (tokio) delivers at most
 * 128 of them in a turn of the event loop; the rest is put aside, last in first out, behind what
 * arrives meanwhile. So with more than that ready in every turn some wait for seconds, while
 * timers fire on time and nothing else looks amiss: healthy servers then seem to time out.
 *
 * An echo shows it: a byte on a connection with ourselves, that comes back as any result does. Out
 * for a whole round, it says that results wait. Then nothing is started, so that they drain, and
 * no deadline is held against anybody before they did.
 *
 * An echo can also be lost: loopback taken down, the connection reset, packets dropped. Nothing
 * waits for longer than LOST_MS while nothing is started, so what is out for longer says nothing
 * about results, and probing goes on without it.
 */
import type { Clock } from "../../base/ports.ts";
import type { StallMemory } from "./lateness.ts";

/** Sends a byte through the system's sockets, and back; one at a time. See echo.ts. */
export interface Echo {
  send(back: () => void): void;
}

/** With fewer probes in flight no turn can have too many results: nothing needs to be measured. */
const WATCHED_FROM = 64;

/** An echo that is out for so long, and so many rounds of a prober that was awake, is lost. */
export const LOST_MS = 5000;
const LOST_ROUNDS = 50;

export interface BacklogOptions {
  readonly clock: Clock;
  readonly echo: Echo;
  /** Told how long each echo was out: for so long the prober was deaf. */
  readonly stalls: StallMemory;
  /** Told when an echo is given up; until it comes back after all, no backlog is noticed. */
  readonly onLost?: (() => void) | undefined;
}

/** Looks once a round whether there is a backlog. */
export class Backlog {
  readonly #options: BacklogOptions;
  /** When the echo was sent that is still out. */
  #sentMs: number | undefined;
  /** The last echo was not back in time: one alone that comes may have slipped past the rest. */
  #missed = false;
  /** Rounds since it was sent. */
  #rounds = 0;
  /** The echo that is out was given up. */
  #lost = false;

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  /** To be called once a round: true when results are known to wait. */
  waits(nowMs: number, inFlight: number): boolean {
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

  /** For how long the echo that is out has been so, in milliseconds; 0 when none is. */
  ageMs(nowMs: number): number {
    return this.#sentMs === undefined || this.#lost ? 0 : nowMs - this.#sentMs;
  }

  #back(): void {
    const { clock, stalls } = this.#options;
    if (this.#sentMs === undefined) return;
    if (!this.#lost) stalls.note(this.#sentMs, clock.monotonicMs());
    this.#sentMs = undefined;
    this.#lost = false;
  }
}
