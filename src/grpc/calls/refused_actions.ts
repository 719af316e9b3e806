/**
 * Limits the records of actions that were refused for lack of permission. Anyone who may connect can
 * cause them, thousands a second, and each would push a record of an operator out of the history.
 *
 * Within an hour a peer has few records, and all peers together have little more. The others are
 * counted, and a record has their number: a minute after the first, then at delays that double
 * while there are more, up to an hour.
 */
import { BackoffDelays } from "../../async/backoff.ts";
import type { MaglevError } from "../../base/errors.ts";
import { later, type MonotonicMs } from "../../base/instant.ts";
import type { Clock, Logger, Timer } from "../../base/ports.ts";

const HOUR_MS = 3_600_000;
/** Most records within an hour. */
export const MAX_RECORDS = 40;
/** Most of them for one peer, without its port. */
export const MAX_RECORDS_OF_PEER = 20;
/** When the number of the others is recorded. */
const REPORT_DELAYS = { firstMs: 60_000, maxMs: HOUR_MS };

/** A refused call. */
export interface RefusedAction {
  readonly method: string;
  readonly peer: string;
  readonly error: MaglevError;
}

interface Recorded {
  readonly atMs: MonotonicMs;
  readonly host: string;
}

/** Decides which refused calls have a record of their own, and records the number of the others. */
export class RefusedActions {
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Of the last hour, oldest first; at most MAX_RECORDS. */
  #recorded: readonly Recorded[] = [];
  #count = 0;
  #last: RefusedAction | undefined;
  #reportedMs: MonotonicMs | undefined;
  readonly #delays = new BackoffDelays(REPORT_DELAYS);
  #timer: Timer | undefined;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Counts a call. True: it is to have a record of its own. */
  admit(refused: RefusedAction): boolean {
    const atMs = this.#clock.monotonicMs();
    const host = refused.peer.replace(/:\d+$/, "");
    const since = later(atMs, -HOUR_MS);
    this.#recorded = this.#recorded.filter((each) => each.atMs > since);
    const ofPeer = this.#recorded.filter((each) => each.host === host).length;
    if (this.#recorded.length < MAX_RECORDS && ofPeer < MAX_RECORDS_OF_PEER) {
      this.#recorded = [...this.#recorded, { atMs, host }];
      return true;
    }
    this.#count++;
    this.#last = refused;
    if (this.#timer === undefined) {
      if (this.#reportedMs !== undefined && this.#reportedMs < since) this.#delays.reset();
      this.#timer = this.#clock.after(this.#delays.next(), () => this.#report());
    }
    return false;
  }

  /** Records the number that no record has yet, and stops its timer. */
  close(): void {
    this.#timer?.cancel();
    if (this.#count > 0) this.#report();
    this.#timer = undefined;
  }

  #report(): void {
    const { method, peer, error } = this.#last!;
    this.#logger.warn("operator-actions-refused", {
      count: this.#count,
      ...{ method, peer, result: error.code, err: error.message },
    });
    this.#count = 0;
    this.#last = undefined;
    this.#reportedMs = this.#clock.monotonicMs();
    this.#timer = undefined;
  }
}
