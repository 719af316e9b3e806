/**
 * One client of the simulator's API: reads requests, handles them in order, and sends
 * replies with the current faults. Output waits in one list for its due time, so that replies stay
 * in order with any delay.
 */
import { MaglevError } from "../base/errors.ts";
import { later, type MonotonicMs } from "../base/instant.ts";
import type { Clock } from "../base/ports.ts";
import { encodeFrame, FrameDecoder } from "../vpp/wire/frame.ts";
import type { Faults } from "./faults.ts";

const READ_BYTES = 64 * 1024;
/** Longest request accepted: far above any there is. */
const MAX_REQUEST_BYTES = 1024 * 1024;
/** Output that a client may leave unread before it is dropped. */
const MAX_QUEUED_BYTES = 256 * 1024 * 1024;
/** Frames are gathered into writes of about this size. */
const WRITE_BYTES = 256 * 1024;

/**
 * VPP leaves the address of a queue of its own in the first eight bytes of most frames (struct
 * msgbuf in src/vlibapi/api_common.h): a client must not take them for zero.
 */
const POINTER = Uint8Array.of(0xc0, 0xa4, 0x04, 0x30, 0x01, 0x00, 0x00, 0x00);

/** The part of Deno.UnixConn that is needed. */
export interface ClientStream {
  /** Reads some bytes, at least one; null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some of `bytes`, at least one; returns how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends a read() and write() under way. */
  close(): void;
}

/** Options of ClientSocket. */
export interface ClientSocketOptions {
  /** The client index in the client's requests. */
  readonly clientIndex: number;
  readonly clock: Clock;
  readonly faults: Faults;
  /** Settles when input may be handled: immediately unless the simulator is frozen. */
  readonly mayHandle: () => Promise<void>;
  /** Called with each whole message; the bytes are valid during the call only. */
  readonly onMessage: (message: Uint8Array, client: ClientSocket) => void;
}

interface Outgoing {
  readonly frame: Uint8Array;
  readonly dueMs: MonotonicMs;
}

/** A connected client. */
export class ClientSocket {
  readonly clientIndex: number;
  /** Resolves when the socket is closed and all its tasks have ended. */
  readonly done: Promise<void>;
  /** Set by sockclnt_delete: closes once all replies are written. */
  closing = false;
  readonly #conn: ClientStream;
  readonly #options: ClientSocketOptions;
  #queue: Outgoing[] = [];
  #queuedBytes = 0;
  #closed = false;
  #wake: () => void = () => {};

  constructor(conn: ClientStream, options: ClientSocketOptions) {
    this.clientIndex = options.clientIndex;
    this.#conn = conn;
    this.#options = options;
    this.done = Promise.all([this.#read(), this.#write()]).then(() => {});
  }

  /** Queues one message, to be written in order. */
  send(message: Uint8Array): void {
    if (this.#closed) return;
    const { clock, faults } = this.#options;
    const frame = encodeFrame(message);
    frame.set(POINTER, 0);
    faults.corrupt(frame);
    this.#queue.push({ frame, dueMs: later(clock.monotonicMs(), faults.delayMs) });
    this.#queuedBytes += frame.length;
    if (this.#queuedBytes > MAX_QUEUED_BYTES) this.close();
    else this.#wake();
  }

  /** Closes immediately; queued output is lost. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
    this.#wake();
  }

  async #read(): Promise<void> {
    const decoder = new FrameDecoder({ maxMessageBytes: MAX_REQUEST_BYTES });
    const buffer = new Uint8Array(READ_BYTES);
    const emit = (message: Uint8Array) => {
      if (!this.#closed && !this.closing) this.#options.onMessage(message, this);
    };
    try {
      for (;;) {
        const size = await this.#conn.read(buffer);
        if (size === null) break;
        await this.#options.mayHandle();
        decoder.push(buffer.subarray(0, size), emit);
      }
    } catch (error) {
      if (!isEndOfConnection(error)) throw error;
    } finally {
      this.close();
    }
  }

  async #write(): Promise<void> {
    try {
      while (!this.#closed) {
        if (this.#queue.length === 0) {
          if (this.closing) break;
          await this.#woken();
        } else {
          await this.#until(this.#queue[0]!.dueMs);
          await this.#writeAll(this.#takeDue());
        }
      }
    } catch (error) {
      if (!isEndOfConnection(error)) throw error;
    } finally {
      this.close();
    }
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Waits until the clock has reached `dueMs`, or the socket is closed. */
  async #until(dueMs: MonotonicMs): Promise<void> {
    const { clock } = this.#options;
    while (!this.#closed && clock.monotonicMs() < dueMs) {
      const due = Promise.withResolvers<void>();
      const timer = clock.after(dueMs - clock.monotonicMs(), due.resolve);
      const poll = () => {
        if (this.#closed) due.resolve();
        else this.#wake = poll;
      };
      this.#wake = poll;
      await due.promise;
      timer.cancel();
    }
  }

  /** Frames that are due, up to about WRITE_BYTES, as one piece. */
  #takeDue(): Uint8Array {
    const nowMs = this.#options.clock.monotonicMs();
    let count = 0;
    let size = 0;
    for (const { frame, dueMs } of this.#queue) {
      if (dueMs > nowMs || size >= WRITE_BYTES) break;
      size += frame.length;
      count++;
    }
    const bytes = new Uint8Array(size);
    let at = 0;
    for (const { frame } of this.#queue.splice(0, count)) {
      bytes.set(frame, at);
      at += frame.length;
    }
    this.#queuedBytes -= size;
    return bytes;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    const allowed = this.#options.faults.takeCut(bytes.length);
    for (let at = 0; at < allowed && !this.#closed;) {
      at += await this.#conn.write(bytes.subarray(at, allowed));
    }
    if (allowed < bytes.length) this.close();
  }
}

/** True for what a socket throws when it is or was closed, on either side, or got garbage. */
function isEndOfConnection(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.NotConnected ||
    (error instanceof MaglevError && error.code === "internal");
}
