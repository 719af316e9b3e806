/**
 * PURE. Bytes as a chunk (RFC 9112, 7.1), so that a chunk with its size is one write. The buffer is
 * used again and again: a page of 22 MB makes no garbage of its size.
 */

const SIZE_DIGITS = 5;
const [CR, LF] = [13, 10];

export class ChunkFrame {
  readonly #encoder = new TextEncoder();
  #buffer = new Uint8Array(0);

  /** `piece`, which is not empty, as a chunk; its bytes are valid until the next call. */
  put(piece: Uint8Array): Uint8Array {
    const size = `${piece.length.toString(16).padStart(SIZE_DIGITS, "0")}\r\n`;
    const end = size.length + piece.length;
    if (this.#buffer.length < end + 2) this.#buffer = new Uint8Array(end + 2);
    this.#encoder.encodeInto(size, this.#buffer);
    this.#buffer.set(piece, size.length);
    this.#buffer[end] = CR;
    this.#buffer[end + 1] = LF;
    return this.#buffer.subarray(0, end + 2);
  }
}
