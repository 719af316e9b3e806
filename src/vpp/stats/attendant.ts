/**
 * Opens the stats segment of one connection, and opens it again when it ends. Programming VPP is
 * more important than counters. So a connect waits for the segment only for a moment; after that
 * it is retried in the background.
 */
import { MaglevError } from "../../base/errors.ts";
import type { MonotonicMs } from "../../base/instant.ts";
import type { Clock, Logger, Timer } from "../../base/ports.ts";
import type { StatsSession } from "../ports.ts";

/** Maximum time that a connect waits for the segment. */
const FIRST_DEADLINE_MS = 1000;
const DEADLINE_MS = 5000;
const RETRY_MS = 500;
/** Period of the warnings while the segment is missing. */
const REPEAT_LOG_MS = 60_000;

export interface StatsAttendantOptions {
  /** Path of the stats socket, for the log. */
  readonly address: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly open: (deadlineMs: number, signal: AbortSignal) => Promise<StatsSession>;
}

export class StatsAttendant {
  /** Called after open() when the segment is opened, or ends (undefined). */
  onChange: (session: StatsSession | undefined) => void = () => {};
  readonly #options: StatsAttendantOptions;
  readonly #closing = new AbortController();
  #session: StatsSession | undefined;
  #timer: Timer | undefined;
  /** The attempt under way; never rejects. */
  #attempt: Promise<void> = Promise.resolve();
  /** Monotonic time of the last warning; undefined: none since the last segment. */
  #saidMs: MonotonicMs | undefined;

  constructor(options: StatsAttendantOptions) {
    this.#options = options;
  }

  get session(): StatsSession | undefined {
    return this.#session;
  }

  /** Waits for the segment, up to FIRST_DEADLINE_MS. Never rejects. */
  async open(signal: AbortSignal): Promise<void> {
    await this.#try(FIRST_DEADLINE_MS, AbortSignal.any([signal, this.#closing.signal]));
  }

  /** Idempotent; nothing is called afterwards. */
  close(): void {
    this.#closing.abort();
    this.#timer?.cancel();
    this.#session?.close();
    this.#session = undefined;
  }

  /** Resolves when nothing is under way; after close(). */
  async done(): Promise<void> {
    await this.#attempt;
  }

  async #try(deadlineMs: number, signal: AbortSignal): Promise<void> {
    try {
      const session = await this.#options.open(deadlineMs, signal);
      if (signal.aborted) return session.close();
      this.#session = session;
      this.#saidMs = undefined;
      session.onEnd = (reason) => this.#ended(session, reason);
    } catch (error) {
      if (signal.aborted) return;
      this.#complain(MaglevError.from(error).message);
      this.#retryLater();
    }
  }

  #retryLater(): void {
    this.#timer = this.#options.clock.after(RETRY_MS, () => {
      this.#attempt = this.#try(DEADLINE_MS, this.#closing.signal).then(() => {
        if (this.#session !== undefined) this.onChange(this.#session);
      });
    });
  }

  #ended(session: StatsSession, reason: string): void {
    if (this.#session !== session) return;
    session.close();
    this.#session = undefined;
    this.#complain(reason);
    this.#retryLater();
    this.onChange(undefined);
  }

  /** Warns immediately, and then once a minute. */
  #complain(err: string): void {
    const { clock, logger, address } = this.#options;
    const nowMs = clock.monotonicMs();
    if (this.#saidMs !== undefined && nowMs - this.#saidMs < REPEAT_LOG_MS) return;
    this.#saidMs = nowMs;
    logger.warn("vpp-counters-error", {
      stats: address,
      err,
      message: "until the stats segment is available, VPP is programmed without counters and " +
        "without a check of the room in the segment",
    });
  }
}
