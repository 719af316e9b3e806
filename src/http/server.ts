/**
 * The HTTP server of the metrics port: `/metrics`, `/healthz`, `/readyz`, for GET and HEAD. It is
 * written by hand, because `Deno.serve` has no limits against clients that send nothing, read
 * nothing, or are too many; it would also compress 20 MB in one go.
 *
 * An answer is built piece by piece while it is sent. All connections share slices of a few
 * milliseconds, with pauses for the rest of the daemon, so that scrapes of 10,000 backends do not
 * delay verdicts.
 */
import { later } from "../base/instant.ts";
import type { Clock } from "../base/ports.ts";
import { TimeSlices } from "../async/time_slices.ts";
import { type Answer, ServerConnection } from "./connection.ts";

/**
 * Maximum number of connections. A new one evicts the connection that has been idle longest. If none
 * is idle, it evicts the one that has been reading its answer longest, if longer than FAIR_MS.
 */
export const MAX_CONNECTIONS = 64;
/** A page of 10,000 backends takes a tenth of it. */
export const FAIR_MS = 2000;

/** Pause after an accept that failed for lack of descriptors. */
const ACCEPT_PAUSE_MS = 100;

export interface HttpServerOptions {
  /** Closed by stop(). */
  readonly listeners: readonly Deno.Listener[];
  readonly clock: Clock;
  /** The page at `path`; undefined: not found. It must not reject. */
  readonly answer: (path: string) => Promise<Answer> | undefined;
}

export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #slices: TimeSlices;
  /** Oldest first. */
  readonly #connections = new Set<ServerConnection>();
  #accepting: Promise<unknown> | undefined;
  #stopped = false;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#slices = new TimeSlices(options.clock);
  }

  /** Number of open connections. */
  get connections(): number {
    return this.#connections.size;
  }

  start(): void {
    const { listeners } = this.#options;
    this.#accepting ??= Promise.all(listeners.map((listener) => this.#accept(listener)));
  }

  /** Closes all connections. Resolves when all have ended. Idempotent. */
  async stop(): Promise<void> {
    if (!this.#stopped) {
      this.#stopped = true;
      for (const listener of this.#options.listeners) listener.close();
    }
    const ended = [...this.#connections].map((connection) => {
      connection.close();
      return connection.ended;
    });
    await Promise.all([...ended, this.#accepting]);
    this.#slices.stop();
  }

  async #accept(listener: Deno.Listener): Promise<void> {
    const { clock } = this.#options;
    while (!this.#stopped) {
      try {
        this.#take(await listener.accept());
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        // No descriptor left, or a client that was gone before it was accepted.
        if (!this.#stopped) await new Promise<void>((go) => clock.after(ACCEPT_PAUSE_MS, go));
      }
    }
  }

  #take(conn: Deno.Conn): void {
    if (this.#connections.size >= MAX_CONNECTIONS) {
      const given = this.#evictionCandidate();
      if (given === undefined) return conn.close();
      this.#connections.delete(given);
      given.close();
    }
    const { clock, answer } = this.#options;
    const connection = new ServerConnection({ conn, clock, slices: this.#slices, answer });
    this.#connections.add(connection);
    connection.ended.then(() => this.#connections.delete(connection));
  }

  /** The connection that is closed to admit a new one; undefined: none may be closed. */
  #evictionCandidate(): ServerConnection | undefined {
    let longest: ServerConnection | undefined;
    let sinceMs = later(this.#options.clock.monotonicMs(), -FAIR_MS);
    for (const connection of this.#connections) {
      const { answeringSinceMs } = connection;
      if (answeringSinceMs === undefined) return connection;
      if (answeringSinceMs > sinceMs) continue;
      sinceMs = answeringSinceMs;
      longest = connection;
    }
    return longest;
  }
}
