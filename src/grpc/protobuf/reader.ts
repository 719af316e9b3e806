/**
 * The protocol buffer wire format, read. What comes from a client may be anything: whatever is
 * not a message is a DecodeError, found without reading beyond the end and without making more
 * than the bytes that came can fill. PURE.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
import { WIRE } from "./writer.ts";

/** The bytes are no message of the type wanted. */
export class DecodeError extends Error {
  override name = "DecodeError";
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Most messages within one. An empty one is two bytes, and hundreds of them in memory: whoever may
 * send megabytes could take gigabytes. 10,000 backends are 20,000, a plan of 1,000 VIPs with 16
 * servers each some 70,000.
 */
export const MAX_MESSAGES = 500_000;

/** What message() needs of a type: reads to the end. */
export interface Readable<T> {
  readonly read: (reader: Reader) => T;
}

/** Reads one message. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #end: number;
  #messages = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = bytes.length;
  }

  /** True when the message, or the part that message() reads, is read to its end. */
  get atEnd(): boolean {
    return this.#at >= this.#end;
  }

  /** `field << 3 | type`; never of field 0. */
  tag(): number {
    const tag = this.#varint();
    if (tag >>> 3 === 0) throw new DecodeError("a field of number 0");
    return tag;
  }

  bool(): boolean {
    const [low, high] = this.#varint64();
    return low !== 0 || high !== 0;
  }

  /** Of a longer value the low 32 bits, as the format wants it. */
  uint32(): number {
    return this.#varint64()[0];
  }

  int32(): number {
    return this.#varint64()[0] | 0;
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  uint64(): bigint {
    const [low, high] = this.#varint64();
    return (BigInt(high) << 32n) | BigInt(low);
  }

  double(): number {
    this.#need(8);
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  bytes(): Uint8Array {
    const end = this.#lengthEnd();
    const value = this.#bytes.slice(this.#at, end);
    this.#at = end;
    return value;
  }

  string(): string {
    const end = this.#lengthEnd();
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    try {
      return UTF8.decode(part);
    } catch {
      throw new DecodeError("a text that is no UTF-8");
    }
  }

  message<T>(type: Readable<T>): T {
    if (++this.#messages > MAX_MESSAGES) {
      throw new DecodeError(`more than ${MAX_MESSAGES} messages`);
    }
    const outer = this.#end;
    this.#end = this.#lengthEnd();
    const value = type.read(this);
    this.#end = outer;
    return value;
  }

  /** Numbers in one field, after those that `values` has. */
  int32s(values: number[]): void {
    const end = this.#lengthEnd();
    const outer = this.#end;
    this.#end = end;
    while (!this.atEnd) values.push(this.int32());
    this.#end = outer;
  }

  /** Passes over a field that is not known. */
  skip(tag: number): void {
    switch (tag & 7) {
      case WIRE.varint:
        this.#varint64();
        return;
      case WIRE.fixed64:
        return this.#pass(8);
      case WIRE.bytes:
        this.#at = this.#lengthEnd();
        return;
      case WIRE.fixed32:
        return this.#pass(4);
      default:
        // 3 and 4 are groups, which proto3 does not have.
        throw new DecodeError(`wire type ${tag & 7}`);
    }
  }

  #lengthEnd(): number {
    const length = this.#varint();
    this.#need(length);
    return this.#at + length;
  }

  #pass(count: number): void {
    this.#need(count);
    this.#at += count;
  }

  #need(count: number): void {
    if (count > this.#end - this.#at) throw new DecodeError("it ends within a field");
  }

  /** A number of at most 32 bits: tags and lengths. */
  #varint(): number {
    const [low, high] = this.#varint64();
    if (high !== 0) throw new DecodeError("a length or tag of more than 32 bits");
    return low;
  }

  /** Low and high half. */
  #varint64(): [low: number, high: number] {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= this.#end) throw new DecodeError("it ends within a number");
      const byte = this.#bytes[this.#at++]!;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) return [low >>> 0, high >>> 0];
    }
    throw new DecodeError("a number of more than ten bytes");
  }
}
