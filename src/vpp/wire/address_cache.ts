/**
 * Caches addresses by their bytes. Dumps repeat the same addresses: every row has its VIP, and
 * every periodic dump every server. Making an address, with its canonical text, is most of the work
 * of reading a row. The table has one place per hash, so it is bounded and needs no eviction list;
 * an address that lost its place is made again.
 */
import { type IpAddress, ipFromBytes } from "../../base/address.ts";

const PLACES = 1 << 15;
const TABLE: (IpAddress | undefined)[] = new Array(PLACES).fill(undefined);

/** The address of the `length` (4 or 16) bytes at `at`; the same object for the same bytes, mostly. */
export function addressAt(bytes: Uint8Array, at: number, length: number): IpAddress {
  const place = hashOf(bytes, at, length) & (PLACES - 1);
  const known = TABLE[place];
  if (known !== undefined && isAt(known.packed, bytes, at, length)) return known;
  const made = ipFromBytes(bytes.subarray(at, at + length));
  TABLE[place] = made;
  return made;
}

/** FNV-1a with its high bits folded in, because the low bits depend mostly on the last bytes. */
function hashOf(bytes: Uint8Array, at: number, length: number): number {
  let hash = 0x811c9dc5;
  for (let i = at; i < at + length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash ^ (hash >>> 15);
}

function isAt(part: string, bytes: Uint8Array, at: number, length: number): boolean {
  if (part.length !== length) return false;
  for (let i = 0; i < length; i++) if (part.charCodeAt(i) !== bytes[at + i]) return false;
  return true;
}
