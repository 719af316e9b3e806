/**
 * Carries messages over a stream of frames. The unix socket and the bridge to shared memory share
 * it after their handshakes, which give the message table.
 *
 * All messages of one tick leave in one write. Of two buffers one is filled while the other is
 * written, so that nothing is allocated per message.
 */
import { MaglevError } from "../../base/errors.ts";
import type { Transport } from "../ports.ts";
import {
  FRAME_HEADER_BYTES,
  FrameDecoder,
  MAX_MESSAGE_BYTES,
  putFrameHeader,
} from "../wire/frame.ts";

const READ_BYTES = 256 * 1024;
const MAX_QUEUED_BYTES = 64 * 1024 * 1024;

/** Size of each of the two buffers at first. */
const FIRST_BYTES = 64 * 1024;

/** The part of Deno.Conn that is needed. */
export interface ByteStream {
  /** Reads some bytes, at least one; null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some of `bytes`, at least one; returns how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends a read() and write() under way. */
  close(): void;
}

/** Bounds that a caller may set. */
export interface StreamLimits {
  /** Longest message accepted; default 64 MiB. */
  readonly maxMessageBytes?: number;
  /** Bytes that may wait for VPP to read before the transport ends; default 64 MiB. */
  readonly maxQueuedBytes?: number;
}

/** Options of a StreamTransport. */
export interface StreamTransportOptions extends StreamLimits {
  readonly table: ReadonlyMap<string, number>;
  readonly clientIndex: number;
  /** The reason to report for an end between two messages; default: VPP closed the socket. */
  readonly endText?: string;
  /** The reason why the stream ends, if this message announces the end. */
  readonly lastWord?: (message: Uint8Array) => string | undefined;
}

/** Carries whole messages over a stream after its handshake. Owns the stream. */
export class StreamTransport implements Transport {
  readonly table: ReadonlyMap<string, number>;
  readonly clientIndex: number;
  onMessage: (message: Uint8Array) => void = () => {};
  onEnd: (reason: string) => void = () => {};
  readonly #stream: ByteStream;
  readonly #decoder: FrameDecoder;
  readonly #maxQueuedBytes: number;
  readonly #lastWord: (message: Uint8Array) => string | undefined;
  readonly #endText: string;
  #filling = new Uint8Array(FIRST_BYTES);
  #fill = 0;
  #spare = new Uint8Array(FIRST_BYTES);
  /** True from the first message of a batch until all is written. */
  #writing = false;
  #closed = false;
  readonly #writeNow = () => void this.#write();

  constructor(stream: ByteStream, options: StreamTransportOptions) {
    this.table = options.table;
    this.clientIndex = options.clientIndex;
    this.#stream = stream;
    this.#lastWord = options.lastWord ?? (() => undefined);
    this.#endText = options.endText ?? "VPP closed the socket";
    this.#decoder = frameDecoder(options);
    this.#maxQueuedBytes = options.maxQueuedBytes ?? MAX_QUEUED_BYTES;
    this.#read().catch((error) => this.#end(MaglevError.from(error).message));
  }

  /** The write starts in the next microtask, or when the current one is done. */
  send(message: Uint8Array): void {
    if (this.#closed) return;
    const at = this.#fill;
    const end = at + FRAME_HEADER_BYTES + message.length;
    if (end > this.#maxQueuedBytes) {
      this.#writeFailed(`${end} bytes wait and VPP does not read`);
      return;
    }
    if (end > this.#filling.length) this.#grow(end);
    putFrameHeader(this.#filling, at, message.length);
    this.#filling.set(message, at + FRAME_HEADER_BYTES);
    this.#fill = end;
    if (!this.#writing) {
      this.#writing = true;
      queueMicrotask(this.#writeNow);
    }
  }

  /** Drops the messages that are not written yet. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#fill = 0;
    this.#stream.close();
  }

  async #write(): Promise<void> {
    try {
      while (this.#fill > 0) {
        const batch = this.#filling;
        const size = this.#fill;
        this.#filling = this.#spare;
        this.#spare = batch;
        this.#fill = 0;
        for (let at = 0; at < size && !this.#closed;) {
          at += await this.#stream.write(batch.subarray(at, size));
        }
      }
      this.#writing = false;
    } catch (error) {
      this.#writeFailed(MaglevError.from(error).message);
    }
  }

  #grow(size: number): void {
    const grown = new Uint8Array(Math.max(size, 2 * this.#filling.length));
    grown.set(this.#filling.subarray(0, this.#fill));
    this.#filling = grown;
  }

  #writeFailed(reason: string): void {
    this.#end(`cannot write to VPP: ${reason}`);
  }

  /** Reads until the stream ends. An error of the decoder or of onMessage ends the transport. */
  async #read(): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    const emit = (message: Uint8Array) => {
      // A handler may call close() in the middle of a batch.
      if (this.#closed) return;
      const reason = this.#lastWord(message);
      if (reason === undefined) this.onMessage(message);
      else this.#end(reason);
    };
    while (!this.#closed) {
      const size = await this.#stream.read(buffer);
      if (size === null) {
        this.#end(this.#decoder.idle ? this.#endText : "VPP closed the stream mid-message");
        return;
      }
      this.#decoder.push(buffer.subarray(0, size), emit);
    }
  }

  #end(reason: string): void {
    if (this.#closed) return;
    this.close();
    this.onEnd(reason);
  }
}

/** Reads the first message of a stream, and no byte after it; undefined when the stream ended. */
export async function readFirst(
  stream: ByteStream,
  limits: StreamLimits,
): Promise<Uint8Array | undefined> {
  const decoder = frameDecoder(limits);
  const buffer = new Uint8Array(READ_BYTES);
  let first: Uint8Array | undefined;
  while (first === undefined) {
    const size = await stream.read(buffer.subarray(0, Math.min(buffer.length, decoder.needed)));
    if (size === null) return undefined;
    decoder.push(buffer.subarray(0, size), (message) => {
      first = message.slice();
    });
  }
  return first;
}

/** Writes all of `bytes`. */
export async function writeAll(stream: ByteStream, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await stream.write(bytes.subarray(at));
}

function frameDecoder(limits: StreamLimits): FrameDecoder {
  return new FrameDecoder({ maxMessageBytes: limits.maxMessageBytes ?? MAX_MESSAGE_BYTES });
}
