/**
 * Decodes the layout of VPP's stats segment: a header, and a directory of named entries. The entry
 * of a counter points to a vector of threads, each of which points to a vector of numbers. The shim
 * follows these pointers; this file decodes the copies that it makes of header and directory. The
 * memory is another process', so no value is trusted, and none makes these functions throw.
 *
 * Source: VPP src/vlib/stats/shared.h, stats.h.
 * PURE.
 */

/** Bytes of the header. */
export const HEADER_BYTES = 40;
/** Bytes of an entry of the directory. */
export const ENTRY_BYTES = 144;
/** STAT_SEGMENT_VERSION: the layout described here. */
export const LAYOUT_VERSION = 2;

/** Byte offsets inside an entry. */
const VALUE_AT = 8;
const NAME_AT = 16;

/** `stat_directory_type_t`: the types that are read. */
export const ENTRY_TYPE = { scalar: 1, simple: 2, combined: 3, gauge: 9 } as const;

/** The decoded header. */
export interface SegmentHeader {
  readonly version: number;
  /** Rises with every rearrangement. */
  readonly epoch: bigint;
  /** True while VPP rearranges it, so that what is read is invalid. */
  readonly inProgress: boolean;
}

/** One entry of the directory. */
export interface SegmentEntry {
  /** One of ENTRY_TYPE, or another number. */
  readonly type: number;
  /** As VPP wrote it; invalid UTF-8 becomes U+FFFD. */
  readonly name: string;
  /** The 64 bits of the value: a number, or a pointer in VPP. */
  readonly bits: bigint;
}

/** Reads HEADER_BYTES bytes. */
export function decodeHeader(bytes: Uint8Array): SegmentHeader {
  const view = viewOf(bytes);
  return {
    version: Number(view.getBigUint64(0, true)),
    epoch: view.getBigUint64(16, true),
    inProgress: view.getBigUint64(24, true) !== 0n,
  };
}

/** Decodes the entry at `at`; all its ENTRY_BYTES must be there. */
export function decodeEntry(bytes: Uint8Array, at: number): SegmentEntry {
  const view = viewOf(bytes);
  const name = bytes.subarray(at + NAME_AT, at + ENTRY_BYTES);
  const end = name.indexOf(0);
  return {
    type: view.getUint32(at, true),
    name: new TextDecoder().decode(end < 0 ? name : name.subarray(0, end)),
    bits: view.getBigUint64(at + VALUE_AT, true),
  };
}

/** A name in the form of an entry, to be compared with many. */
export type EncodedName = Uint8Array;

/** `name` with the final NUL that it has in the segment too. */
export function encodeName(name: string): EncodedName {
  return new TextEncoder().encode(`${name}\0`);
}

/** True when the entry at `at` has this name and one of these types. */
export function isEntry(
  bytes: Uint8Array,
  at: number,
  wanted: { readonly name: EncodedName; readonly types: readonly number[] },
): boolean {
  const { name, types } = wanted;
  if (name.length > ENTRY_BYTES - NAME_AT) return false;
  for (let i = 0; i < name.length; i++) if (bytes[at + NAME_AT + i] !== name[i]) return false;
  return types.includes(viewOf(bytes).getUint32(at, true));
}

/** Index of the entry of this name and one of these types, or -1. */
export function findEntry(
  entries: Uint8Array,
  wanted: { readonly name: EncodedName; readonly types: readonly number[] },
): number {
  const count = Math.floor(entries.length / ENTRY_BYTES);
  for (let i = 0; i < count; i++) if (isEntry(entries, i * ENTRY_BYTES, wanted)) return i;
  return -1;
}

/**
 * The value of a scalar; undefined if the bits are not a valid one. VPP writes an integer, older
 * releases a double, and the entry does not distinguish them. But the bits of any realistic double
 * exceed 2^53 as an integer, and no scalar counts that far.
 */
export function scalarValue(bits: bigint): number | undefined {
  if (bits <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(bits);
  const double = new Float64Array(BigUint64Array.of(bits).buffer)[0]!;
  return Number.isFinite(double) && double >= 0 ? double : undefined;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
