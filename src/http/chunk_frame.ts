/**
 * PURE. Bytes as a chunk (RFC 9112, 7.1), so that a chunk with its size is one write. The buffer is
 * used again and again: a page of 22 MB makes no garbage of its size.
 */

/** A size in hexadecimal, padded so that it always takes as many bytes, and the end of its line. */
const SIZE_DIGITS = 8;
const BEFORE = SIZE_DIGITS + 2;
const [CR, LF] = [13, 10];

export class ChunkFrame {
  readonly #encoder = new TextEncoder();
  #buffer = new Uint8Array(0);

  /** `piece`, which is not empty, as a chunk; its bytes are valid until the next call. */
  put(piece: Uint8Array): Uint8Array {
    const end = BEFORE + piece.length;
    if (this.#buffer.length < end + 2) this.#buffer = new Uint8Array(end + 2);
    const size = `${piece.length.toString(16).padStart(SIZE_DIGITS, "0")}\r\n`;
    this.#encoder.encodeInto(size, this.#buffer);
    this.#buffer.set(piece, BEFORE);
    this.#buffer[end] = CR;
    this.#buffer[end + 1] = LF;
    return this.#buffer.subarray(0, end + 2);
  }
}
