/**
 * A second implementation of the hash by which the lb plugin chooses a flow's bucket, to foretell the
 * way of single packets. For VPPs that are built with CRC32C, as those of x86-64 are.
 *
 * Source: VPP src/plugins/lb/node.c lb_node_get_hash(), src/vppinfra/lb_hash_hash.h.
 */
import { bytesOf, parseIp } from "../../../src/base/address.ts";

/** A TCP flow from a client to a VIP; addresses of one family. */
export interface Flow {
  readonly source: string;
  readonly sourcePort: number;
  readonly vip: string;
  readonly port: number;
}

/** Castagnoli's polynomial, reversed. */
const POLYNOMIAL = 0x82f63b78;
const BYTES = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? POLYNOMIAL : 0);
  return value;
});
/** The plugin hashes five words of 64 bits. */
const HASHED_BYTES = 40;

/** The hash of a flow; its bucket is the hash modulo the length of the VIP's table. */
export function vppFlowHash(flow: Flow, srcIpSticky: boolean): number {
  const input = new Uint8Array(HASHED_BYTES);
  const [source, vip] = [bytesOf(parseIp(flow.source)!), bytesOf(parseIp(flow.vip)!)];
  input.set(source, 0);
  input.set(vip, source.length);
  if (!srcIpSticky) {
    const view = new DataView(input.buffer);
    const at = source.length + vip.length;
    view.setUint16(at, flow.port);
    view.setUint16(at + 2, flow.sourcePort);
  }
  let hash = 0;
  for (const byte of input) hash = (hash >>> 8) ^ BYTES[(hash ^ byte) & 0xff]!;
  return hash >>> 0;
}
