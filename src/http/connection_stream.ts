/**
 * A client of a stream of server-sent events, until it ends; then its owner closes the connection,
 * which makes a pending write fail. What is sent goes to the socket without waiting; what
 * the socket does not take is queued, and a client whose queue grows too long is dropped.
 *
 * The answer has no chunks: the connection ends with the stream, so that the bytes of an event are
 * the same for all clients and are encoded once.
 */
import type { Clock, Timer } from "../base/ports.ts";
import type { ServerSocket } from "../system/server_socket.ts";
import { PING_INTERVAL_MS, STREAM_EXEMPT_BYTES, STREAM_QUEUE_BYTES } from "./limits.ts";
import { SharedJoin } from "./shared_join.ts";
import type { EventStream, StreamAnswer, StreamEnd } from "./ports.ts";

export interface ConnectionStreamOptions {
  readonly conn: Pick<ServerSocket, "write">;
  readonly clock: Clock;
  /**
   * Calls a function a little later, when further events of this turn are queued too: a write costs
   * more than its bytes. Default: immediately.
   */
  readonly defer?: ((fn: () => void) => void) | undefined;
  /** Shared with other streams; default: one of its own. */
  readonly join?: SharedJoin | undefined;
}

/** Small events that wait are sent together, up to this many bytes. */
const JOIN_BYTES = 65_536;

export class ConnectionStream implements EventStream {
  readonly ended: Promise<StreamEnd>;
  readonly #conn: Pick<ServerSocket, "write">;
  readonly #clock: Clock;
  readonly #defer: (fn: () => void) => void;
  readonly #join: SharedJoin;
  #end: ((reason: StreamEnd) => void) | undefined;
  /** Not yet handed to the socket. */
  #queue: Uint8Array[] = [];
  /** Handed to the socket, which has not taken them yet. */
  #writing: Uint8Array | undefined;
  #queuedBytes = 0;
  /** How many of these do not count against the queue's limit. */
  #exemptBytes = 0;
  #closing = false;
  /** A write is going to begin. */
  #deferred = false;
  #starting = true;
  /** The socket took something since the last ping. */
  #moved = true;
  #ping: Timer | undefined;

  constructor(options: ConnectionStreamOptions) {
    const { conn, clock, defer = (fn) => fn(), join = new SharedJoin() } = options;
    this.#conn = conn;
    this.#clock = clock;
    this.#defer = defer;
    this.#join = join;
    const { promise, resolve } = Promise.withResolvers<StreamEnd>();
    this.ended = promise;
    this.#end = resolve;
    this.#armPing();
  }

  /** Begins with `retry:`, and calls the answer's start(). Throws what that throws. */
  start(answer: Pick<StreamAnswer, "retryMs" | "start">): void {
    this.send(ENCODER.encode(`retry: ${answer.retryMs}\n\n`));
    answer.start(this);
    this.#starting = false;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  send(bytes: Uint8Array): boolean {
    if (this.#end === undefined || this.#closing) return false;
    // A replay, and an event that never fits, must not drop each client that is a little away.
    if (this.#starting || bytes.length > STREAM_QUEUE_BYTES) this.#exemptBytes += bytes.length;
    this.#queuedBytes += bytes.length;
    if (
      this.#queuedBytes - this.#exemptBytes > STREAM_QUEUE_BYTES ||
      this.#exemptBytes > STREAM_EXEMPT_BYTES
    ) {
      this.finish("slow");
      return false;
    }
    this.#queue.push(bytes);
    if (this.#writing === undefined && !this.#deferred) {
      this.#deferred = true;
      this.#defer(this.#begin);
    }
    return true;
  }

  close(): void {
    if (this.#end === undefined) return;
    this.#closing = true;
    if (this.#writing === undefined && !this.#deferred) this.finish("closed");
  }

  /** Ends it immediately; what is queued is lost. Idempotent. */
  finish(reason: StreamEnd): void {
    const end = this.#end;
    if (end === undefined) return;
    this.#end = undefined;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#ping?.cancel();
    end(reason);
  }

  /** The first of the queue, or several small ones in one piece. The queue is not empty. */
  #next(): Uint8Array {
    let count = 1;
    let size = this.#queue[0]!.length;
    for (; count < this.#queue.length; count++) {
      const { length } = this.#queue[count]!;
      if (size + length > JOIN_BYTES) break;
      size += length;
    }
    return count === 1 ? this.#queue.shift()! : this.#join.of(this.#queue.splice(0, count));
  }

  #write(bytes: Uint8Array): void {
    this.#writing = bytes;
    this.#conn.write(bytes).then(this.#onWritten, this.#onLost);
  }

  readonly #begin = (): void => {
    this.#deferred = false;
    if (this.#end !== undefined) this.#write(this.#next());
  };

  readonly #onWritten = (count: number): void => {
    if (this.#end === undefined) return;
    this.#moved = true;
    this.#queuedBytes -= count;
    this.#exemptBytes = Math.max(0, this.#exemptBytes - count);
    const { length } = this.#writing!;
    if (count < length) return this.#write(this.#writing!.subarray(count));
    this.#writing = undefined;
    if (this.#queue.length > 0) this.#write(this.#next());
    else if (this.#closing) this.finish("closed");
  };

  readonly #onLost = (): void => this.finish("gone");

  #armPing(): void {
    this.#ping = this.#clock.after(PING_INTERVAL_MS, () => {
      this.#armPing();
      if (this.#writing === undefined && !this.#deferred) this.send(PING);
      else if (!this.#moved) this.finish("slow");
      this.#moved = false;
    });
  }
}

const ENCODER = new TextEncoder();
const PING = ENCODER.encode(": ping\n\n");
