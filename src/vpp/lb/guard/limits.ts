/**
 * PURE. Finds values that VPP accepts and does not survive. The configuration's own bounds are
 * narrower; this is the last check before a request.
 *
 * Source: VPP src/plugins/lb/lbhash.h lb_hash_alloc(), lb.c lb_vip_add(), vnet/ip/ip46_address.h.
 */
import type { IpAddress } from "../../../base/address.ts";
import type { ActualVip, DesiredVip, LbConf } from "../model.ts";

/** Above this, VPP's 32-bit size of a sticky table (64 bytes a bucket) overflows. */
export const MAX_STICKY_BUCKETS = 2 ** 25;
/** VPP compares times as signed 32-bit seconds, so a timeout near 2^31 has always expired. */
const MAX_FLOW_TIMEOUT_S = 2 ** 30;
/** The field of `lb_vip_details` has 16 bits, in which 65536 reads 0. */
const MAX_TABLE_LENGTH = 65536;

/** The reason why VPP would crash or not work with these settings; undefined when it works. */
export function unsafeConf({ stickyBucketsPerCore, flowTimeoutS }: LbConf): string | undefined {
  if (!isPowerOfTwo(stickyBucketsPerCore, MAX_STICKY_BUCKETS)) {
    return `sticky-buckets-per-core ${stickyBucketsPerCore} crashes VPP at its next packet; use a ` +
      `power of two from 1 to ${MAX_STICKY_BUCKETS}`;
  }
  if (!Number.isInteger(flowTimeoutS) || flowTimeoutS < 1 || flowTimeoutS > MAX_FLOW_TIMEOUT_S) {
    return `flow-timeout ${flowTimeoutS} makes VPP forget every flow; use whole seconds from 1 to 120`;
  }
  return undefined;
}

/** The reason why VPP would crash by this VIP, or misread its address; undefined when it works. */
export function unsafeVip({ address, newFlowsTableLength }: DesiredVip): string | undefined {
  if (!isPowerOfTwo(newFlowsTableLength, MAX_TABLE_LENGTH)) {
    return `new-flows-table-length ${newFlowsTableLength} crashes VPP; use a power of two from 2 to ` +
      `${MAX_TABLE_LENGTH}`;
  }
  return unsafeAddress(address);
}

/** The reason why VPP would misread this address; undefined when it would not. */
export function unsafeAddress(address: IpAddress): string | undefined {
  if (address.family === 4 || !address.packed.startsWith("\0".repeat(12))) {
    return undefined;
  }
  return `VPP treats ${address.text} as an IPv4 address; use the IPv4 form`;
}

/**
 * The reason why only the program that added this VIP may remove it; undefined for other VIPs. VPP
 * looks up the NAT mapping of a server when it collects the server, and crashes when two VIPs share
 * a mapping. The port of a NodePort stays in use.
 */
export function unremovable({ encap }: ActualVip): string | undefined {
  if (encap !== "nat4" && encap !== "nat6") return undefined;
  return `VPP may crash when servers of a ${encap} VIP are removed; remove it with the program ` +
    "that added it";
}

function isPowerOfTwo(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= max &&
    Number.isInteger(Math.log2(value));
}
