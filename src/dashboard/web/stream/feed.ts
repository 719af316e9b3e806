/**
 * One stream of events from the server, kept up: connects, watches, waits and connects again as the
 * state machine of connection.ts decides. It reads the stream with fetch, because an EventSource
 * hides the server's pings, and with them whether a silent stream is alive.
 */
import { type Connection, INITIAL, type Input, type Phase, step } from "./connection.ts";
import { formatPosition, parsePosition, type Position, type SseEvent, SseReader } from "./sse.ts";

/** What a feed needs of its surroundings. */
export interface FeedPorts {
  /** A wall clock, in milliseconds. */
  readonly nowMs: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Calls `tick` again and again until the returned function is called. */
  readonly every: (ms: number, tick: () => void) => () => void;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
}

export interface FeedListener {
  /** Events in order; never those of an attempt that was given up. */
  readonly events: (events: readonly SseEvent[]) => void;
  readonly phase: (phase: Phase, heardMs: number) => void;
}

/** Follows the events at a URL. */
export class Feed {
  readonly #url: string;
  readonly #ports: FeedPorts;
  readonly #listener: FeedListener;
  #connection: Connection = INITIAL;
  #position: Position | undefined;
  #shows: readonly string[] = [];
  #abort: AbortController | undefined;
  readonly #stopTicks: () => void;

  constructor(url: string, ports: FeedPorts, listener: FeedListener) {
    this.#url = url;
    this.#ports = ports;
    this.#listener = listener;
    this.#stopTicks = ports.every(1000, () => this.#step({ kind: "tick" }));
  }

  get phase(): Phase {
    return this.#connection.phase;
  }

  get heardMs(): number {
    return this.#connection.heardMs;
  }

  /** Where the stream is; undefined before start(). */
  get position(): Position | undefined {
    return this.#position;
  }

  /** Follows the events after `since`; what was followed before ends. */
  start(since: Position): void {
    this.#position = since;
    this.#step({ kind: "start" });
  }

  /** Names of the maglevds that are shown, whose probes the stream then carries. */
  show(names: readonly string[]): void {
    if (names.join("\0") === this.#shows.join("\0")) return;
    this.#shows = names;
    if (this.#position !== undefined && this.phase.kind !== "waiting") {
      this.#step({ kind: "start" });
    }
  }

  wake(): void {
    this.#step({ kind: "wake" });
  }

  retry(): void {
    this.#step({ kind: "retry" });
  }

  /** Ends everything. Idempotent. */
  stop(): void {
    this.#stopTicks();
    this.#abort?.abort();
    this.#connection = INITIAL;
  }

  #step(input: Input): void {
    const { connection, open } = step(this.#connection, input, this.#ports.nowMs());
    const before = this.#connection.phase;
    this.#connection = connection;
    if (connection.phase.kind === "waiting" && before.kind !== "waiting") this.#abort?.abort();
    if (open !== undefined) this.#open(open);
    if (connection.phase !== before || input.kind === "tick") {
      this.#listener.phase(connection.phase, connection.heardMs);
    }
  }

  #open(attempt: number): void {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.#follow(attempt, abort.signal).catch((error) => {
      const reason = error instanceof Error ? error.message : String(error);
      this.#step({ kind: "failed", attempt, reason, spread: this.#ports.random() });
    });
  }

  /** Reads the stream of one attempt; it always ends with an error. */
  async #follow(attempt: number, signal: AbortSignal): Promise<never> {
    const query = new URLSearchParams();
    if (this.#position !== undefined) query.set("since", formatPosition(this.#position));
    for (const name of this.#shows) query.append("show", name);
    const response = await this.#ports.fetch(`${this.#url}?${query}`, {
      signal,
      headers: { accept: "text/event-stream" },
      cache: "no-store",
    });
    if (response.status !== 200 || response.body === null) {
      await response.body?.cancel();
      throw new Error(`the server answers with status ${response.status}`);
    }
    this.#step({ kind: "opened", attempt });
    const reader = new SseReader();
    const decoder = new TextDecoder();
    for await (const bytes of response.body) {
      if (attempt !== this.#connection.attempt || signal.aborted) break;
      this.#step({ kind: "heard", attempt });
      const events = reader.read(decoder.decode(bytes, { stream: true }));
      for (const { id } of events) this.#position = parsePosition(id) ?? this.#position;
      if (events.length > 0) this.#listener.events(events);
    }
    throw new Error("the server closed the stream");
  }
}
