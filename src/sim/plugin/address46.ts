/**
 * Addresses and prefixes as the lb plugin holds them: always 16 bytes, IPv4 in the last four with
 * twelve zeros before it, and the prefix length counted from the front of the 16. An address *is*
 * IPv4 when its first twelve bytes are zero, so ::1 and 0.0.0.1 are one and the same to it.
 *
 * Source: VPP src/vnet/ip/ip46_address.h, src/plugins/lb/util.c, src/vnet/ip/ip6_format.c.
 * PURE.
 */
import { type IpAddress, ipFromBytes, writeBytes } from "../../base/address.ts";

/** An address; `packed` is equal for equal addresses. */
export interface Address46 {
  /** 16 bytes. */
  readonly bytes: Uint8Array;
  /** The same as a text of 16 characters. */
  readonly packed: string;
}

/** The bytes of an IPv4 address that come before it. */
const IP4_PACKED = "\0".repeat(12);

/** The 16-byte form of an address. */
export function address46({ packed }: Pick<IpAddress, "packed">): Address46 {
  const bytes = new Uint8Array(16);
  writeBytes(bytes, packed, 16 - packed.length);
  return { bytes, packed: packed.padStart(16, "\0") };
}

/** True when the plugin takes it for IPv4 (`ip46_address_is_ip4`). */
export function isIp4(address: Address46): boolean {
  return address.packed.startsWith(IP4_PACKED);
}

/** True when the plugin takes the prefix for IPv4 (`ip46_prefix_is_ip4`). */
export function isIp4Prefix(address: Address46, length: number): boolean {
  return length >= 96 && isIp4(address);
}

/** Back to an address of the family that the plugin assigns to it. */
export function toIp(address: Address46): IpAddress {
  return ipFromBytes(isIp4(address) ? address.bytes.subarray(12) : address.bytes);
}

/** The length of a prefix in 16 bytes: a u8, which an IPv4 length over 159 overflows. */
export function length46(address: IpAddress, length: number): number {
  return (length + (address.family === 4 ? 96 : 0)) & 0xff;
}

/**
 * `address` with the bits after `length` cleared (`ip46_prefix_normalize`). For a length over
 * 128 VPP shifts by a negative number; what x86 makes of that is what happens here too.
 */
export function normalize(address: Address46, length: number): Address46 {
  const view = new DataView(new ArrayBuffer(16));
  const from = new DataView(address.bytes.buffer, address.bytes.byteOffset);
  const ones = 0xffffffffffffffffn;
  if (length > 0) {
    const high = length <= 64 ? BigInt.asUintN(64, ones << BigInt(64 - length)) : ones;
    const low = length <= 64 ? 0n : BigInt.asUintN(64, ones << BigInt((128 - length) & 63));
    view.setBigUint64(0, from.getBigUint64(0) & high);
    view.setBigUint64(8, from.getBigUint64(8) & low);
  }
  const bytes = new Uint8Array(view.buffer);
  return { bytes, packed: String.fromCharCode(...bytes) };
}

/** As VPP prints an address (`format_ip46_address`). */
export function formatAddress46(address: Address46): string {
  return isIp4(address) ? address.bytes.subarray(12).join(".") : formatIp6(address.bytes);
}

/** As VPP prints a prefix of the plugin (`format_ip46_prefix`). */
export function formatPrefix46(address: Address46, length: number): string {
  // A short prefix may begin with twelve zero bytes and is IPv6 all the same.
  return isIp4Prefix(address, length)
    ? `${address.bytes.subarray(12).join(".")}/${length - 96}`
    : `${formatIp6(address.bytes)}/${length}`;
}

/** As VPP prints 16 bytes: like RFC 5952, but a mapped IPv4 address stays hexadecimal. */
export function formatIp6(bytes: Uint8Array): string {
  const { text } = ipFromBytes(bytes);
  if (!text.includes(".")) return text;
  const group = (at: number) => ((bytes[at]! << 8) | bytes[at + 1]!).toString(16);
  return `::ffff:${group(12)}:${group(14)}`;
}
