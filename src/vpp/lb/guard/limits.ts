/**
 * PURE. Values that VPP takes and does not survive. The configuration's own bounds are narrower;
 * this is the last look before a request.
 *
 * Source: VPP src/plugins/lb/lbhash.h lb_hash_alloc(), lb.c lb_vip_add(), vnet/ip/ip46_address.h.
 */
import type { IpAddress } from "../../../base/address.ts";
import type { ActualVip, DesiredVip, LbConf } from "../model.ts";

/** VPP's 32-bit size of a sticky table (64 bytes a bucket) overflows above it. */
export const MAX_STICKY_BUCKETS = 2 ** 25;
/** VPP compares times as signed numbers of seconds: a timeout near 2^31 has always passed. */
const MAX_FLOW_TIMEOUT_S = 2 ** 30;
/** `lb_vip_details` has 16 bits for it, in which 65536 is 0. */
const MAX_TABLE_LENGTH = 65536;

/** Why VPP would not survive these settings, or not work with them; undefined: it would. */
export function unsafeConf({ stickyBucketsPerCore, flowTimeoutS }: LbConf): string | undefined {
  if (!isPowerOfTwo(stickyBucketsPerCore, MAX_STICKY_BUCKETS)) {
    return `sticky-buckets-per-core ${stickyBucketsPerCore} ends VPP at its next packet; use a ` +
      `power of two from 1 to ${MAX_STICKY_BUCKETS}`;
  }
  if (!Number.isInteger(flowTimeoutS) || flowTimeoutS < 1 || flowTimeoutS > MAX_FLOW_TIMEOUT_S) {
    return `with flow-timeout ${flowTimeoutS} VPP remembers no flow; use whole seconds from 1 to 120`;
  }
  return undefined;
}

/** Why VPP would not survive this VIP, or take it for another one; undefined: it would not. */
export function unsafeVip({ address, newFlowsTableLength }: DesiredVip): string | undefined {
  if (!isPowerOfTwo(newFlowsTableLength, MAX_TABLE_LENGTH)) {
    return `new-flows-table-length ${newFlowsTableLength} ends VPP; use a power of two from 2 to ` +
      `${MAX_TABLE_LENGTH}`;
  }
  return unsafeAddress(address);
}

/** Why VPP would take this address for another one. */
export function unsafeAddress(address: IpAddress): string | undefined {
  if (address.family === 4 || address.bytes.slice(0, 12).some((byte) => byte !== 0)) {
    return undefined;
  }
  return `VPP takes ${address.text} for an IPv4 address; use the IPv4 form`;
}

/**
 * Why another program's VIP must be left to that program. VPP looks up the NAT mapping of a server
 * when it collects it, and crashes when two VIPs share one; the port of a NodePort stays in use.
 */
export function unremovable({ encap }: ActualVip): string | undefined {
  if (encap !== "nat4" && encap !== "nat6") return undefined;
  return `VPP may crash when servers of a ${encap} VIP are removed; remove it where it was made`;
}

function isPowerOfTwo(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= max &&
    Number.isInteger(Math.log2(value));
}
