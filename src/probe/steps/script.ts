/**
 * PURE. The steps of a tcp check, and the bytes that arrived and are not matched yet. Input is
 * untrusted: the bytes of an expectation are bounded, and so is the number of pieces in which they
 * may arrive, because each piece is matched again.
 */
import { invariant } from "../../base/assert.ts";
import type { TcpStep } from "../../config/model.ts";
import { bytesOfText } from "../../config/schema/bytes_text.ts";
import { type BytesMatcher, compileBytesRegexp } from "../../config/schema/regexp.ts";

/** Maximum number of bytes without a match. */
export const MAX_UNMATCHED_BYTES = 16 * 1024;

/** Maximum number of pieces without a match. */
export const MAX_PIECES = 256;

/** A prepared step. */
export type Step =
  | { readonly kind: "send"; readonly bytes: Uint8Array }
  | { readonly kind: "expect"; readonly name: string; readonly matcher: BytesMatcher };

/** The prepared steps of a check, which all its probes share. */
export function scriptOf(steps: readonly TcpStep[]): readonly Step[] {
  return steps.map(({ kind, text }) => {
    if (kind === "send") return { kind, bytes: bytesOfText(text) };
    const matcher = kind === "expect" ? literal(bytesOfText(text)) : compileBytesRegexp(text);
    return { kind: "expect", name: kind, matcher };
  });
}

/** Finds `wanted` itself. */
export function literal(wanted: Uint8Array): BytesMatcher {
  return {
    endIn(bytes) {
      const last = bytes.length - wanted.length;
      for (let at = bytes.indexOf(wanted[0]!); at >= 0 && at <= last;) {
        if (wanted.every((byte, i) => bytes[at + i] === byte)) return at + wanted.length;
        at = bytes.indexOf(wanted[0]!, at + 1);
      }
      return -1;
    },
  };
}

/** The bytes that arrived in one conversation and are not matched yet. */
export class Unmatched {
  #bytes = new Uint8Array(256);
  #size = 0;
  #pieces = 0;

  get size(): number {
    return this.#size;
  }

  /** True when no more can be added, so that an expectation has failed. */
  get isFull(): boolean {
    return this.#size === MAX_UNMATCHED_BYTES || this.#pieces === MAX_PIECES;
  }

  /** Appends a piece as far as there is room. */
  add(piece: Uint8Array): void {
    invariant(!this.isFull, "a full conversation gets no more bytes");
    const fitting = piece.subarray(0, MAX_UNMATCHED_BYTES - this.#size);
    const size = this.#size + fitting.length;
    if (size > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(MAX_UNMATCHED_BYTES, Math.max(size, 4 * this.#size)));
      grown.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = grown;
    }
    this.#bytes.set(fitting, this.#size);
    this.#size = size;
    this.#pieces++;
  }

  /** True when `matcher` matches; then the bytes to the end of the match are gone. */
  take(matcher: BytesMatcher): boolean {
    if (this.#size === 0) return false;
    const end = matcher.endIn(this.#bytes.subarray(0, this.#size));
    if (end < 0) return false;
    this.#bytes.copyWithin(0, end, this.#size);
    this.#size -= end;
    this.#pieces = this.#size === 0 ? 0 : 1;
    return true;
  }
}
