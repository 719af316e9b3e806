/**
 * PURE. The steps of a tcp check, and the bytes that arrived and are not matched yet. Input is
 * untrusted: the bytes of an expectation are bounded, and so is the number of pieces in which they
 * may arrive, because an expression is matched again with each piece. Bytes that are expected
 * literally are looked for once (Knuth, Morris, Pratt), wherever the pieces are cut.
 */
import { invariant } from "../../base/assert.ts";
import type { TcpStep } from "../../config/model.ts";
import { bytesOfText } from "../../config/schema/bytes_text.ts";
import { compileBytesRegexp } from "../../config/schema/regexp.ts";

/** Maximum number of bytes without a match. */
export const MAX_UNMATCHED_BYTES = 16 * 1024;

/** Maximum number of pieces without a match. */
export const MAX_PIECES = 256;

/** How far a search came in the bytes that have arrived; begins with zeros. */
export interface Progress {
  /** Bytes that need not be read again. */
  at: number;
  /** Bytes before `at` that are the beginning of a match. */
  matched: number;
}

/** Finds an expectation in bytes, to which more may be appended. */
export interface Matcher {
  /** Index after the first match; -1 without one. The same `progress` continues the search. */
  endIn(bytes: Uint8Array, progress?: Progress): number;
}

/** A prepared step. */
export type Step =
  | { readonly kind: "send"; readonly bytes: Uint8Array }
  | { readonly kind: "expect"; readonly name: string; readonly matcher: Matcher };

/** The prepared steps of a check, which all its probes share. */
export function scriptOf(steps: readonly TcpStep[]): readonly Step[] {
  return steps.map(({ kind, text }) => {
    if (kind === "send") return { kind, bytes: bytesOfText(text) };
    const matcher = kind === "expect" ? literal(bytesOfText(text)) : compileBytesRegexp(text);
    return { kind: "expect", name: kind, matcher };
  });
}

/** Finds `wanted` itself, which is not empty. Reads each byte once. */
export function literal(wanted: Uint8Array): Matcher {
  const borders = bordersOf(wanted);
  return {
    endIn(bytes, progress = { at: 0, matched: 0 }) {
      let { at, matched } = progress;
      while (at < bytes.length) {
        const byte = bytes[at++];
        while (matched > 0 && byte !== wanted[matched]) matched = borders[matched - 1]!;
        if (byte === wanted[matched]) matched++;
        if (matched === wanted.length) return at;
      }
      progress.at = at;
      progress.matched = matched;
      return -1;
    },
  };
}

/** For each beginning of `wanted`: length of the longest shorter beginning with which it ends. */
function bordersOf(wanted: Uint8Array): Uint16Array {
  const borders = new Uint16Array(wanted.length);
  for (let i = 1, length = 0; i < wanted.length; i++) {
    while (length > 0 && wanted[i] !== wanted[length]) length = borders[length - 1]!;
    if (wanted[i] === wanted[length]) length++;
    borders[i] = length;
  }
  return borders;
}

/** The bytes that arrived in one conversation and are not matched yet. */
export class Unmatched {
  #bytes = new Uint8Array(256);
  #size = 0;
  #pieces = 0;
  /** The search for the current expectation; undefined: it has not begun. */
  #search: { readonly matcher: Matcher; readonly progress: Progress } | undefined;

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
  take(matcher: Matcher): boolean {
    if (this.#size === 0) return false;
    if (this.#search?.matcher !== matcher) {
      this.#search = { matcher, progress: { at: 0, matched: 0 } };
    }
    const end = matcher.endIn(this.#bytes.subarray(0, this.#size), this.#search.progress);
    if (end < 0) return false;
    this.#search = undefined;
    this.#bytes.copyWithin(0, end, this.#size);
    this.#size -= end;
    this.#pieces = this.#size === 0 ? 0 : 1;
    return true;
  }
}
