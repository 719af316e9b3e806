/**
 * How VPP lays its stats segment out: a header, and a directory of named entries, of which a
 * counter's points to a vector of threads, each pointing to a vector of numbers. What follows the
 * pointers is the shim's; here is what can be read in the copies it makes. All of it is another
 * process' memory: nothing is believed, and nothing makes these functions throw.
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

/** What the header says. */
export interface SegmentHeader {
  readonly version: number;
  /** Rises with every rearrangement. */
  readonly epoch: bigint;
  /** True while VPP rearranges it: what is read then is of no use. */
  readonly inProgress: boolean;
}

/** One entry of the directory. */
export interface SegmentEntry {
  /** One of ENTRY_TYPE, or another number. */
  readonly type: number;
  /** As VPP wrote it; bytes that are no UTF-8 become U+FFFD. */
  readonly name: string;
  /** The value's 64 bits: a number, or a pointer of VPP's. */
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

/** The entry that begins at `at`, of which all ENTRY_BYTES are there. */
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

/** A name as it stands in an entry, to be compared with many. */
export type EncodedName = Uint8Array;

/** `name` with the NUL behind it, which ends it in the segment too. */
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
 * A scalar's value. VPP writes a whole number, older releases a double, and the entry does not
 * tell which: the bits of a double of any size worth writing are beyond 2^53 as a whole number,
 * and no scalar counts that far. Undefined: neither.
 */
export function scalarValue(bits: bigint): number | undefined {
  if (bits <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(bits);
  const double = new Float64Array(BigUint64Array.of(bits).buffer)[0]!;
  return Number.isFinite(double) && double >= 0 ? double : undefined;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
