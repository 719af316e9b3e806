/**
 * A watch that restarts by itself. When the stream ends, for any reason, a new one begins a
 * little later, and the server's replay gives the state at that time. Events in between are lost;
 * the caller is notified that there may have been some.
 */
import { backoffDelayMs } from "../../async/backoff.ts";
import { pause } from "../../async/pause.ts";
import { MaglevError } from "../../base/errors.ts";
import type { Clock, Prng } from "../../base/ports.ts";
import type { MaglevClient } from "./client.ts";
import type { Event, WatchRequest } from "../gen/maglev.ts";

/** First and longest wait before the next attempt, in milliseconds. */
export const FIRST_WAIT_MS = 200;
export const LONGEST_WAIT_MS = 5000;

export interface WatchLoopOptions {
  readonly client: Pick<MaglevClient, "watch">;
  readonly request: Partial<WatchRequest>;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly onEvent: (event: Event) => void;
  /** The stream began (its replay follows), or ended and will begin again. */
  readonly onState: (state: WatchState) => void;
}

export type WatchState =
  | { readonly kind: "watching" }
  | { readonly kind: "away"; readonly error: MaglevError; readonly retryMs: number };

/** Watches from start() to stop(). */
export class WatchLoop {
  readonly #options: WatchLoopOptions;
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: WatchLoopOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** No callback is called any longer; resolves when the stream has ended. Idempotent. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const { seen, error } = await this.#watch();
      if (signal.aborted) return;
      // A stream that worked is restarted soon, without the delay of earlier failures.
      if (seen) attempt = 0;
      const retryMs = waitMs(attempt, this.#options.prng);
      this.#options.onState({ kind: "away", error, retryMs });
      // The callback may have stopped the watch.
      if (signal.aborted) return;
      await pause(retryMs, { clock: this.#options.clock, signal });
    }
  }

  /** One stream, from beginning to end. */
  async #watch(): Promise<{ readonly seen: boolean; readonly error: MaglevError }> {
    const { client, request, onEvent, onState } = this.#options;
    const { signal } = this.#abort;
    let seen = false;
    const onOpen = () => {
      if (signal.aborted) return;
      seen = true;
      onState({ kind: "watching" });
    };
    try {
      for await (const event of client.watch(request, { signal, onOpen })) {
        if (signal.aborted) break;
        onEvent(event);
      }
      return { seen, error: new MaglevError("unavailable", "the stream ended") };
    } catch (error) {
      return { seen, error: MaglevError.from(error) };
    }
  }
}

/** Doubles from FIRST_WAIT_MS to LONGEST_WAIT_MS, less up to a fifth so that clients spread out. */
export function waitMs(attempt: number, prng: Prng): number {
  const whole = backoffDelayMs(attempt + 1, { firstMs: FIRST_WAIT_MS, maxMs: LONGEST_WAIT_MS });
  return whole * (1 - prng() / 5);
}
