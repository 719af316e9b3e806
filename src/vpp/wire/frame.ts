/**
 * Framing of the API socket: 16 bytes of header (`u64 0 | u32 length | u32 0`, big-endian), then
 * `length` bytes of message. A stream gives frames glued and split at will, so the decoder is fed
 * bytes and hands out whole messages.
 *
 * Of a header read only the length counts. VPP writes its struct msgbuf (src/vlibapi/api_common.h)
 * as it lies in memory: the first field is the address of a queue whenever the message came from
 * one of its rings, and the last a time stamp that its garbage collection may have left.
 *
 * A message that lies whole in the bytes fed is handed out as a view of them: nothing is copied
 * in the usual case. One that is split is gathered in a buffer of its own, which grows with what
 * has really come, so that neither a long message in many pieces nor a lying length costs more
 * than its bytes.
 */
import { MaglevError } from "../../base/errors.ts";

/** Bytes of a frame header. */
export const FRAME_HEADER_BYTES = 16;

/** Default bound on a message: far above the longest a VPP sends (a long CLI output). */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

const LENGTH_OFFSET = 8;
/** First size of the buffer that gathers a split message. */
const GATHER_BYTES = 64 * 1024;

/** Writes the header of a message of `length` bytes at `at`; the 16 bytes there must exist. */
export function putFrameHeader(target: Uint8Array, at: number, length: number): void {
  target.fill(0, at, at + FRAME_HEADER_BYTES);
  target[at + LENGTH_OFFSET] = length >>> 24;
  target[at + LENGTH_OFFSET + 1] = length >>> 16;
  target[at + LENGTH_OFFSET + 2] = length >>> 8;
  target[at + LENGTH_OFFSET + 3] = length;
}

/** `message` with its header in front. */
export function encodeFrame(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + message.length);
  putFrameHeader(frame, 0, message.length);
  frame.set(message, FRAME_HEADER_BYTES);
  return frame;
}

/** Options of a FrameDecoder. */
export interface FrameDecoderOptions {
  /** Longest message accepted; default MAX_MESSAGE_BYTES. */
  readonly maxMessageBytes?: number;
}

/** Splits a stream of bytes into messages. */
export class FrameDecoder {
  readonly #maxMessageBytes: number;
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
  /** Bytes of #header that have come; 0 between frames. */
  #headerFill = 0;
  /** Length of the message being gathered, or -1 while its header is incomplete. */
  #length = -1;
  #gathered = new Uint8Array(0);
  #gatheredFill = 0;

  constructor(options: FrameDecoderOptions = {}) {
    this.#maxMessageBytes = options.maxMessageBytes ?? MAX_MESSAGE_BYTES;
  }

  /** True when the stream may end here: no frame is half come. */
  get idle(): boolean {
    return this.#headerFill === 0;
  }

  /** How many more bytes complete what is begun: the header, or the message behind it. */
  get needed(): number {
    return this.#length < 0
      ? FRAME_HEADER_BYTES - this.#headerFill
      : this.#length - this.#gatheredFill;
  }

  /**
   * Takes the next bytes and calls `emit` with each message they complete, in order. A message
   * given to `emit` may be a view of `chunk`: it is valid during the call only. Throws MaglevError
   * `internal` on a length above the limit; the stream is then lost.
   */
  push(chunk: Uint8Array, emit: (message: Uint8Array) => void): void {
    let at = this.#headerFill === 0 ? 0 : this.#resume(chunk, emit);
    while (chunk.length - at >= FRAME_HEADER_BYTES) {
      const start = at + FRAME_HEADER_BYTES;
      const length = this.#lengthOf(chunk, at);
      if (chunk.length - start < length) break;
      at = start + length;
      emit(chunk.subarray(start, at));
    }
    if (at < chunk.length) this.#resume(chunk.subarray(at), emit);
  }

  /** Feeds the frame that is half come; returns how many bytes of `chunk` it used. */
  #resume(chunk: Uint8Array, emit: (message: Uint8Array) => void): number {
    let at = 0;
    if (this.#length < 0) {
      at = Math.min(chunk.length, FRAME_HEADER_BYTES - this.#headerFill);
      this.#header.set(chunk.subarray(0, at), this.#headerFill);
      this.#headerFill += at;
      if (this.#headerFill < FRAME_HEADER_BYTES) return at;
      this.#length = this.#lengthOf(this.#header, 0);
    }
    const part = chunk.subarray(at, at + this.#length - this.#gatheredFill);
    this.#gather(part);
    if (this.#gatheredFill === this.#length) {
      const message = this.#gathered.subarray(0, this.#length);
      this.#gathered = new Uint8Array(0);
      this.#gatheredFill = 0;
      this.#headerFill = 0;
      this.#length = -1;
      emit(message);
    }
    return at + part.length;
  }

  #gather(part: Uint8Array): void {
    const fill = this.#gatheredFill + part.length;
    if (fill > this.#gathered.length) {
      const size = Math.max(fill, GATHER_BYTES, 2 * this.#gathered.length);
      const grown = new Uint8Array(Math.min(this.#length, size));
      grown.set(this.#gathered.subarray(0, this.#gatheredFill));
      this.#gathered = grown;
    }
    this.#gathered.set(part, this.#gatheredFill);
    this.#gatheredFill = fill;
  }

  /** The length in the header at `at`, checked. */
  #lengthOf(bytes: Uint8Array, at: number): number {
    const length = word(bytes, at + LENGTH_OFFSET) >>> 0;
    if (length > this.#maxMessageBytes) {
      throw new MaglevError(
        "internal",
        `cannot read frame: need a message of at most ${this.#maxMessageBytes} bytes, have ${length}`,
      );
    }
    return length;
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
