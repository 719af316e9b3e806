/**
 * Writes and reads VPP's API types in big-endian order, with bounds checks at every step. Bytes are
 * stored directly, without a DataView, so that nothing but the message itself is allocated. The
 * generated codecs (messages.ts) consist of calls to these two classes.
 */
import { type IpAddress, writeBytes } from "../../base/address.ts";
import { MaglevError } from "../../base/errors.ts";
import { addressAt } from "./address_cache.ts";
import type { AddressWithPrefix } from "./codec.ts";

const UTF8_ENCODER = new TextEncoder();
const UTF8_DECODER = new TextDecoder();
const NO_BYTES = new Uint8Array(0);

/** `vl_api_address_family_t`. */
const AF_IP4 = 0;
const AF_IP6 = 1;

/** Writes one message; every method throws MaglevError `invalid-argument` on a value that does not fit. */
export class Writer {
  readonly #name: string;
  #bytes: Uint8Array<ArrayBuffer>;
  #at = 0;

  /** `size` is the length of the message, or of its fixed part if the length varies. */
  constructor(name: string, size: number) {
    this.#name = name;
    this.#bytes = new Uint8Array(size);
  }

  /** The message. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#at === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, this.#at);
  }

  u8(value: number): void {
    if ((value & 0xff) !== value) throw this.#unfit("u8", value);
    const at = this.#reserve(1);
    this.#bytes[at] = value;
  }

  u16(value: number): void {
    if ((value & 0xffff) !== value) throw this.#unfit("u16", value);
    const at = this.#reserve(2);
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
  }

  u32(value: number): void {
    if ((value >>> 0) !== value) throw this.#unfit("u32", value);
    this.#put32(value);
  }

  i8(value: number): void {
    if ((value << 24) >> 24 !== value) throw this.#unfit("i8", value);
    const at = this.#reserve(1);
    this.#bytes[at] = value;
  }

  i16(value: number): void {
    if ((value << 16) >> 16 !== value) throw this.#unfit("i16", value);
    const at = this.#reserve(2);
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
  }

  i32(value: number): void {
    if ((value | 0) !== value) throw this.#unfit("i32", value);
    this.#put32(value);
  }

  u64(value: bigint): void {
    if (BigInt.asUintN(64, value) !== value) throw this.#unfit("u64", value);
    this.#put32(Number(value >> 32n));
    this.#put32(Number(value & 0xffffffffn));
  }

  i64(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw this.#unfit("i64", value);
    this.u64(BigInt.asUintN(64, value));
  }

  f64(value: number): void {
    const at = this.#reserve(8);
    new DataView(this.#bytes.buffer).setFloat64(at, value);
  }

  bool(value: boolean): void {
    const at = this.#reserve(1);
    this.#bytes[at] = value ? 1 : 0;
  }

  /** `u8 field[length]`. */
  bytes(value: Uint8Array, length: number): void {
    if (value.length !== length) throw this.#unfit(`u8[${length}]`, `${value.length} bytes`);
    const at = this.#reserve(length);
    this.#bytes.set(value, at);
  }

  /** `string field[size]`: padded with at least one NUL. */
  fixedString(value: string, size: number): void {
    const bytes = UTF8_ENCODER.encode(value);
    if (bytes.length >= size || value.includes("\0")) {
      throw this.#unfit(`string[${size}]`, JSON.stringify(value));
    }
    const at = this.#reserve(size);
    this.#bytes.set(bytes, at);
  }

  /** `string field[]`: a u32 length, then the bytes. */
  string(value: string): void {
    const bytes = value === "" ? NO_BYTES : UTF8_ENCODER.encode(value);
    this.u32(bytes.length);
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** `vl_api_ip4_address_t`. */
  ip4(value: IpAddress): void {
    if (value.family !== 4) throw this.#unfit("IPv4 address", value.text);
    const at = this.#reserve(4);
    writeBytes(this.#bytes, value.packed, at);
  }

  /** `vl_api_ip6_address_t`. */
  ip6(value: IpAddress): void {
    if (value.family !== 6) throw this.#unfit("IPv6 address", value.text);
    const at = this.#reserve(16);
    writeBytes(this.#bytes, value.packed, at);
  }

  /** `vl_api_address_t`: an IPv4 address uses the first four of sixteen bytes; the rest are 0. */
  address(value: IpAddress): void {
    const at = this.#reserve(17);
    this.#bytes[at] = value.family === 4 ? AF_IP4 : AF_IP6;
    writeBytes(this.#bytes, value.packed, at + 1);
  }

  /** `vl_api_prefix_t`. */
  prefix(value: AddressWithPrefix): void {
    this.address(value.address);
    this.u8(value.len);
  }

  /** Checks a list of fixed length: throws unless it has `length` elements. */
  exactly(list: readonly unknown[], length: number): void {
    if (list.length !== length) throw this.#unfit(`[${length}]`, `${list.length} elements`);
  }

  #put32(value: number): void {
    const at = this.#reserve(4);
    const bytes = this.#bytes;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
  }

  /** Reserves `size` zero bytes, growing the buffer if needed, and returns their offset. */
  #reserve(size: number): number {
    const at = this.#at;
    this.#at = at + size;
    if (this.#at > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#at, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
    }
    return at;
  }

  #unfit(type: string, value: unknown): MaglevError {
    return new MaglevError(
      "invalid-argument",
      `cannot encode ${this.#name}: need a value that fits ${type}, have ${String(value)}`,
    );
  }
}

/** Reads one message; every method throws MaglevError `internal` when bytes are missing. */
export class Reader {
  readonly #name: string;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(name: string, bytes: Uint8Array) {
    this.#name = name;
    this.#bytes = bytes;
  }

  /** Throws unless all bytes were read. */
  end(): void {
    if (this.#at !== this.#bytes.length) {
      throw this.#garbled(`${this.#at} bytes`, `${this.#bytes.length}`);
    }
  }

  u8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  u16(): number {
    const at = this.#take(2);
    return (this.#bytes[at]! << 8) | this.#bytes[at + 1]!;
  }

  u32(): number {
    return this.i32() >>> 0;
  }

  i8(): number {
    return (this.u8() << 24) >> 24;
  }

  i16(): number {
    return (this.u16() << 16) >> 16;
  }

  i32(): number {
    const at = this.#take(4);
    const bytes = this.#bytes;
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }

  u64(): bigint {
    const high = this.u32();
    return (BigInt(high) << 32n) | BigInt(this.u32());
  }

  i64(): bigint {
    return BigInt.asIntN(64, this.u64());
  }

  f64(): number {
    const at = this.#take(8);
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset).getFloat64(at);
  }

  bool(): boolean {
    const value = this.u8();
    if (value > 1) throw this.#garbled("a bool of 0 or 1", `${value}`);
    return value === 1;
  }

  /** `u8 field[length]`, copied. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.slice(at, at + length);
  }

  /** `string field[size]`: the text before the first NUL. */
  fixedString(size: number): string {
    const at = this.#take(size);
    let end = at;
    while (end < at + size && this.#bytes[end] !== 0) end++;
    return UTF8_DECODER.decode(this.#bytes.subarray(at, end));
  }

  /** `string field[]`. */
  string(): string {
    const length = this.u32();
    const at = this.#take(length);
    return UTF8_DECODER.decode(this.#bytes.subarray(at, at + length));
  }

  /** `vl_api_ip4_address_t`. */
  ip4(): IpAddress {
    const at = this.#take(4);
    return addressAt(this.#bytes, at, 4);
  }

  /** `vl_api_ip6_address_t`. */
  ip6(): IpAddress {
    const at = this.#take(16);
    return addressAt(this.#bytes, at, 16);
  }

  /** `vl_api_address_t`. */
  address(): IpAddress {
    const family = this.u8();
    if (family > AF_IP6) throw this.#garbled("an address family of 0 or 1", `${family}`);
    const at = this.#take(16);
    return addressAt(this.#bytes, at, family === AF_IP4 ? 4 : 16);
  }

  /** `vl_api_prefix_t`. */
  prefix(): AddressWithPrefix {
    const address = this.address();
    return { address, len: this.u8() };
  }

  /** Reads `count` elements by `element`; throws first when there are too few bytes for them. */
  list<T>(count: number, element: (reader: Reader) => T): T[] {
    if (count > this.#bytes.length - this.#at) {
      throw this.#garbled(`${count} list elements`, `${this.#bytes.length - this.#at} bytes`);
    }
    const list: T[] = [];
    for (let i = 0; i < count; i++) list.push(element(this));
    return list;
  }

  #take(size: number): number {
    const at = this.#at;
    if (size > this.#bytes.length - at) {
      throw this.#garbled(`at least ${at + size} bytes`, `${this.#bytes.length}`);
    }
    this.#at = at + size;
    return at;
  }

  #garbled(want: string, have: string): MaglevError {
    return new MaglevError("internal", `cannot decode ${this.#name}: need ${want}, have ${have}`);
  }
}
