/**
 * Carries messages over a stream of frames. The unix socket and the bridge to shared memory share
 * it after their handshakes, which give the message table.
 */
import { MaglevError } from "../../base/errors.ts";
import type { Transport } from "../ports.ts";
import { FrameDecoder, MAX_MESSAGE_BYTES } from "../wire/frame.ts";
import { type ByteSink, WriteQueue } from "./write_queue.ts";

const READ_BYTES = 256 * 1024;
const MAX_QUEUED_BYTES = 64 * 1024 * 1024;

/** The part of Deno.Conn that is needed. */
export interface ByteStream extends ByteSink {
  /** Reads some bytes, at least one; null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
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
  readonly #queue: WriteQueue;
  readonly #lastWord: (message: Uint8Array) => string | undefined;
  readonly #endText: string;
  #closed = false;

  constructor(stream: ByteStream, options: StreamTransportOptions) {
    this.table = options.table;
    this.clientIndex = options.clientIndex;
    this.#stream = stream;
    this.#lastWord = options.lastWord ?? (() => undefined);
    this.#endText = options.endText ?? "VPP closed the socket";
    this.#decoder = frameDecoder(options);
    this.#queue = new WriteQueue(stream, {
      maxQueuedBytes: options.maxQueuedBytes ?? MAX_QUEUED_BYTES,
      onFailure: (error) => this.#end(error.message),
    });
    this.#read().catch((error) => this.#end(MaglevError.from(error).message));
  }

  send(message: Uint8Array): void {
    this.#queue.push(message);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.close();
    this.#stream.close();
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
