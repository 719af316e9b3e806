/**
 * PURE. Text as bytes to send, in chunks (RFC 9112, 7.1) or as it is, in one buffer that is used
 * again and again: a page of 22 MB makes no garbage of its size.
 */

/** Bytes of text that fit at a time. */
export const FRAME_BYTES = 128 * 1024;

/** A size in hexadecimal, of as many digits as the largest needs, and the end of its line. */
const SIZE_DIGITS = 5;
const BEFORE = SIZE_DIGITS + 2;
const [CR, LF] = [13, 10];

export class ChunkFrame {
  readonly #chunked: boolean;
  readonly #encoder = new TextEncoder();
  readonly #buffer = new Uint8Array(BEFORE + FRAME_BYTES + 2);

  constructor(chunked: boolean) {
    this.#chunked = chunked;
  }

  /**
   * The beginning of `text`, which is not empty, as bytes that are good until the next call, and
   * how many of its UTF-16 units that took.
   */
  put(text: string): { readonly bytes: Uint8Array; readonly read: number } {
    const room = this.#buffer.subarray(BEFORE, BEFORE + FRAME_BYTES);
    const { read, written } = this.#encoder.encodeInto(text, room);
    if (!this.#chunked) return { bytes: room.subarray(0, written), read };
    const size = `${written.toString(16).padStart(SIZE_DIGITS, "0")}\r\n`;
    this.#encoder.encodeInto(size, this.#buffer);
    const end = BEFORE + written;
    this.#buffer[end] = CR;
    this.#buffer[end + 1] = LF;
    return { bytes: this.#buffer.subarray(0, end + 2), read };
  }
}
