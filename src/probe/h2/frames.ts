/** PURE. Frames of HTTP/2 (RFC 9113): writing them, and cutting them out of a stream of bytes. */

export const FRAME = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
} as const;

export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;
export const PADDED = 8;
export const PRIORITY = 0x20;

/** Maximum size of a payload that a peer may send, because no other was announced. */
export const MAX_FRAME_BYTES = 16_384;

const HEADER_BYTES = 9;

/** One frame; the payload is valid until the next call of the cutter. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Uint8Array;
}

/** The bytes of a frame. */
export function frameBytes({ type, flags, stream, payload }: Frame): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length * 256 + type);
  view.setUint8(4, flags);
  view.setUint32(5, stream);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/** Cuts a stream of bytes into frames. */
export class FrameCutter {
  #rest = new Uint8Array(0);

  /**
   * Calls `use` with each frame that is complete, until it returns false. Returns false when a frame
   * is too large or `use` returned false.
   */
  feed(bytes: Uint8Array, use: (frame: Frame) => boolean): boolean {
    let all = bytes;
    if (this.#rest.length > 0) {
      all = new Uint8Array(this.#rest.length + bytes.length);
      all.set(this.#rest);
      all.set(bytes, this.#rest.length);
    }
    let at = 0;
    while (all.length - at >= HEADER_BYTES) {
      const view = new DataView(all.buffer, all.byteOffset + at, HEADER_BYTES);
      const length = view.getUint32(0) >>> 8;
      if (length > MAX_FRAME_BYTES) return false;
      if (all.length - at < HEADER_BYTES + length) break;
      const payload = all.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length);
      const stream = view.getUint32(5) & 0x7fff_ffff;
      at += HEADER_BYTES + length;
      if (!use({ type: view.getUint8(3), flags: view.getUint8(4), stream, payload })) return false;
    }
    this.#rest = all.slice(at);
    return true;
  }
}
