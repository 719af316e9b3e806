/**
 * The protocol buffer wire format, written. PURE.
 *
 * One buffer that grows; a nested message or a string is written first and its length put before
 * it, by moving it when the length needs more than the one byte kept free: most need no more.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
import { invariant } from "../../base/assert.ts";

/** Wire types in use. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const UTF8 = new TextEncoder();

/** What message() needs of a type. */
export interface Writable<T> {
  readonly write: (message: T, writer: Writer) => void;
}

/** Collects the bytes of one message. */
export class Writer {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #at = 0;

  /** `capacity`: bytes to begin with. */
  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** What was written; the writer is not to be used any more. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#at);
  }

  // Each of these writes a field: nothing at all when the value is the default, unless `always`.

  bool(field: number, value: boolean, always = false): void {
    if (!value && !always) return;
    this.tag(field, WIRE.varint);
    this.#room(1);
    this.#bytes[this.#at++] = value ? 1 : 0;
  }

  /** 0 to 2^32 - 1. */
  uint32(field: number, value: number, always = false): void {
    invariant(value >>> 0 === value, `${value} is no uint32`);
    if (value === 0 && !always) return;
    this.tag(field, WIRE.varint);
    this.#varint(value);
  }

  /** -2^31 to 2^31 - 1; an enum is written so too. */
  int32(field: number, value: number, always = false): void {
    if (value === 0 && !always) return;
    this.tag(field, WIRE.varint);
    this.#int32(value);
  }

  int64(field: number, value: bigint, always = false): void {
    invariant(BigInt.asIntN(64, value) === value, `${value} is no int64`);
    if (value === 0n && !always) return;
    this.tag(field, WIRE.varint);
    this.#varint64(BigInt.asUintN(64, value));
  }

  uint64(field: number, value: bigint, always = false): void {
    invariant(BigInt.asUintN(64, value) === value, `${value} is no uint64`);
    if (value === 0n && !always) return;
    this.tag(field, WIRE.varint);
    this.#varint64(value);
  }

  /** Minus zero is not the default. */
  double(field: number, value: number, always = false): void {
    if (Object.is(value, 0) && !always) return;
    this.tag(field, WIRE.fixed64);
    this.#room(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  bytes(field: number, value: Uint8Array, always = false): void {
    if (value.length === 0 && !always) return;
    this.tag(field, WIRE.bytes);
    this.#varint(value.length);
    this.#room(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  /** Lone surrogates become U+FFFD. */
  string(field: number, value: string, always = false): void {
    if (value === "" && !always) return;
    this.tag(field, WIRE.bytes);
    const start = this.begin();
    // At most three bytes for each UTF-16 unit.
    this.#room(value.length * 3);
    if (!this.#ascii(value)) {
      this.#at = start + UTF8.encodeInto(value, this.#bytes.subarray(start)).written;
    }
    this.end(start);
  }

  /** A message; undefined is nothing. */
  message<T>(field: number, type: Writable<T>, value: T | undefined): void {
    if (value === undefined) return;
    this.tag(field, WIRE.bytes);
    const start = this.begin();
    type.write(value, this);
    this.end(start);
  }

  /** Numbers in one field, as proto3 wants them. */
  int32s(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    this.tag(field, WIRE.bytes);
    const start = this.begin();
    for (const value of values) this.#int32(value);
    this.end(start);
  }

  tag(field: number, wire: number): void {
    this.#varint(field * 8 + wire);
  }

  /** Begins what is preceded by its length; the result is for end(). */
  begin(): number {
    this.#room(1);
    return ++this.#at;
  }

  /** Ends what begin() began. */
  end(start: number): void {
    const length = this.#at - start;
    if (length < 0x80) {
      this.#bytes[start - 1] = length;
      return;
    }
    const more = length < 0x4000 ? 1 : length < 0x20_0000 ? 2 : length < 0x1000_0000 ? 3 : 4;
    this.#room(more);
    this.#bytes.copyWithin(start + more, start, this.#at);
    this.#at = start - 1;
    this.#varint(length);
    this.#at += length;
  }

  /** False, with rubbish written, when the text has other characters. */
  #ascii(value: string): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at++] = code;
    }
    this.#at = at;
    return true;
  }

  #int32(value: number): void {
    invariant((value | 0) === value, `${value} is no int32`);
    if (value >= 0) this.#varint(value);
    else this.#varint64(BigInt.asUintN(64, BigInt(value)));
  }

  #varint(value: number): void {
    this.#room(5);
    while (value > 0x7f) {
      this.#bytes[this.#at++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    this.#bytes[this.#at++] = value;
  }

  #varint64(value: bigint): void {
    this.#room(10);
    let low = Number(value & 0xffff_ffffn) >>> 0;
    let high = Number(value >> 32n) >>> 0;
    while (high > 0) {
      this.#bytes[this.#at++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.#varint(low);
  }

  #room(count: number): void {
    const needed = this.#at + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
