/**
 * The HTTP/1.1 server of `/metrics` and of the dashboard: one code, a listener with limits of its
 * own for each. It is written by hand, because `Deno.serve` has no limits against clients that send
 * nothing, read nothing, or are too many, and because `node:http` runs the handler for all requests
 * that a client sends ahead (docs/design.md has the figures).
 *
 * A page is built piece by piece while it is sent. All connections share slices of a few
 * milliseconds, with pauses for the rest of the program, so that scrapes of 10,000 backends do not
 * delay verdicts.
 */
import type { Clock, Timer } from "../base/ports.ts";
import { TimeSlices } from "../async/time_slices.ts";
import type { ServerListener, ServerSocket } from "../system/server_socket.ts";
import { ServerConnection } from "./connection.ts";
import { SharedJoin } from "./shared_join.ts";
import { FAIR_MS, type HttpLimits } from "./limits.ts";
import type { HttpHandler } from "./ports.ts";

/**
 * The event loop reads what clients have sent before the first eviction, and after at most this many.
 * The process may have had no time for a while, so that a request waits in the system's queue. After
 * 32 in a turn Deno 2.9.6 read some connections only seven turns later, after 8 in the next one.
 */
const EVICTIONS_IN_A_TURN = 8;
/** Pause after an accept that failed for lack of descriptors. */
const ACCEPT_PAUSE_MS = 100;

export interface HttpServerOptions {
  /** Closed by stop(). */
  readonly listeners: readonly ServerListener[];
  readonly clock: Clock;
  readonly limits: HttpLimits;
  /** True when the listeners are of TLS. */
  readonly encrypted: boolean;
  readonly handle: HttpHandler;
  /** The handler rejected with something else than an HttpRefusal; the client gets 500. */
  readonly failed: (error: unknown) => void;
  /**
   * Runs a function when everything that is ready now has been handled: before a stream writes
   * (default: immediately), and between two slices of a page (default: a timer).
   */
  readonly defer?: ((fn: () => void) => void) | undefined;
}

export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #slices: TimeSlices;
  readonly #join = new SharedJoin();
  /** Without streams; oldest first. */
  readonly #connections = new Set<ServerConnection>();
  /** With their groups. */
  readonly #streams = new Map<ServerConnection, string | undefined>();
  #accepting: Promise<unknown> | undefined;
  #stopped = false;
  /** Evictions before the event loop must read; 0: it must read now. */
  #evictionsLeft = 0;
  /** Ends the turn of the event loop that #evictionsLeft counts. */
  #turn: Timer | undefined;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#slices = new TimeSlices(options.clock, options.defer);
  }

  /** Number of open connections that are not streams. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Number of event streams. */
  get streams(): number {
    return this.#streams.size;
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
    const ended = [...this.#connections, ...this.#streams.keys()].map((connection) => {
      connection.close();
      return connection.ended;
    });
    await Promise.all([...ended, this.#accepting]);
    this.#turn?.cancel();
    this.#slices.stop();
  }

  async #accept(listener: ServerListener): Promise<void> {
    const { clock } = this.#options;
    while (!this.#stopped) {
      try {
        const conn = await listener.accept();
        if (await this.#makeRoom()) this.#take(conn);
        else conn.close();
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        // No descriptor left, or a client that was gone before it was accepted.
        if (!this.#stopped) await new Promise<void>((go) => clock.after(ACCEPT_PAUSE_MS, go));
      }
    }
  }

  /** Evicts a connection if there are too many, perhaps later; false: none may be evicted. */
  async #makeRoom(): Promise<boolean> {
    const { clock, limits } = this.#options;
    while (this.#connections.size >= limits.connections && !this.#stopped) {
      const { given, waitMs } = this.#evictionCandidate();
      if (given === undefined) return false;
      if (waitMs > 0) {
        // Further clients wait in the system's queue.
        await new Promise<void>((go) => clock.after(waitMs, go));
        this.#evictionsLeft = 0;
        continue;
      }
      if (this.#evictionsLeft === 0) {
        await new Promise<void>((go) => clock.after(0, go));
        this.#evictionsLeft = EVICTIONS_IN_A_TURN;
        this.#turn = clock.after(0, () => this.#evictionsLeft = 0);
        continue;
      }
      this.#evictionsLeft--;
      this.#connections.delete(given);
      given.close();
    }
    return !this.#stopped;
  }

  #take(conn: ServerSocket): void {
    const connection: ServerConnection = new ServerConnection({
      ...this.#options,
      conn,
      slices: this.#slices,
      join: this.#join,
      admitStream: (group) => this.#admitStream(connection, group),
    });
    this.#connections.add(connection);
    connection.ended.then(() => {
      this.#connections.delete(connection);
      this.#streams.delete(connection);
    });
  }

  #admitStream(connection: ServerConnection, group: string | undefined): boolean {
    const free = this.#options.limits.streams - this.#streams.size;
    if (this.#stopped || free <= 0) return false;
    if (group !== undefined) {
      let own = 0;
      for (const other of this.#streams.values()) if (other === group) own++;
      if (own >= free) return false;
    }
    this.#connections.delete(connection);
    this.#streams.set(connection, group);
    return true;
  }

  /** The connection that is closed to admit a new one, and in how many milliseconds at the soonest. */
  #evictionCandidate(): { readonly given: ServerConnection | undefined; readonly waitMs: number } {
    const { clock, limits } = this.#options;
    const nowMs = clock.monotonicMs();
    let idle: ServerConnection | undefined;
    let answering: ServerConnection | undefined;
    for (const connection of this.#connections) {
      if (!connection.answering) idle = earlier(idle, connection);
      else answering = earlier(answering, connection);
    }
    if (answering !== undefined && answering.sinceMs > nowMs - FAIR_MS) answering = undefined;
    const idleWaitMs = idle === undefined ? Infinity : idle.sinceMs + limits.settleMs - nowMs;
    if (answering !== undefined && idleWaitMs > 0) return { given: answering, waitMs: 0 };
    return { given: idle, waitMs: idleWaitMs };
  }
}

/** Of two, the one whose state has lasted longer. */
function earlier(one: ServerConnection | undefined, other: ServerConnection): ServerConnection {
  return one === undefined || other.sinceMs < one.sinceMs ? other : one;
}
