/**
 * PURE. Whether results of sockets wait to be delivered. Deno's runtime (tokio) delivers at most
 * 128 of them in a turn of the event loop; the rest is put aside, last in first out, behind what
 * arrives meanwhile. So with more than that ready in every turn some wait for seconds, while
 * timers fire on time and nothing else looks amiss: healthy servers then seem to time out.
 *
 * An echo shows it: a byte on a connection with ourselves, that comes back as any result does. Out
 * for a whole round, it says that results wait. Then nothing is started, so that they drain, and
 * no deadline is held against anybody before they did.
 */
import type { Clock } from "../base/ports.ts";
import type { StallMemory } from "./lateness.ts";

/** Sends a byte through the system's sockets, and back; one at a time. See echo.ts. */
export interface Echo {
  send(back: () => void): void;
}

/** With fewer probes in flight no turn can have too many results: nothing needs to be measured. */
const WATCHED_FROM = 64;

export interface BacklogOptions {
  readonly clock: Clock;
  readonly echo: Echo;
  /** Told how long each echo was out: for so long the prober was deaf. */
  readonly stalls: StallMemory;
}

/** Looks once a round whether there is a backlog. */
export class Backlog {
  readonly #options: BacklogOptions;
  /** When the echo was sent that is still out. */
  #sentMs: number | undefined;
  /** The last echo was not back in time: one alone that comes may have slipped past the rest. */
  #missed = false;

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  /** To be called once a round: true when results are known to wait. */
  waits(nowMs: number, inFlight: number): boolean {
    if (this.#sentMs !== undefined) {
      this.#missed = true;
      return true;
    }
    if (inFlight < WATCHED_FROM) {
      this.#missed = false;
      return false;
    }
    const waits = this.#missed;
    this.#missed = false;
    this.#sentMs = nowMs;
    this.#options.echo.send(() => this.#back());
    return waits;
  }

  /** For how long the echo that is out has been so, in milliseconds; 0 when none is. */
  ageMs(nowMs: number): number {
    return this.#sentMs === undefined ? 0 : nowMs - this.#sentMs;
  }

  #back(): void {
    const { clock, stalls } = this.#options;
    if (this.#sentMs === undefined) return;
    stalls.note(this.#sentMs, clock.monotonicMs());
    this.#sentMs = undefined;
  }
}
