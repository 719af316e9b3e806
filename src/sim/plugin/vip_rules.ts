/**
 * Finds VIPs that VPP's lb plugin refuses. A table length of 0 it takes for a power of two.
 *
 * Source: VPP src/plugins/lb/lb.c lb_vip_add().
 * PURE.
 */
import { MAX_TABLE_LENGTH } from "../../vpp/lb/new_flow_table.ts";
import { isIp4Prefix } from "./address46.ts";
import { ERRORS, type Retval, type Vip, type VipType } from "./types.ts";
import type { ResolvedName } from "./vip_name.ts";

/** A VIP that is to be added. */
export interface WantedVip extends ResolvedName {
  readonly type: VipType;
  readonly tableLength: number;
}

/** Why lb_vip_add() refuses, in its order of checks; 0 when it does not. */
export function vipRefusal(wanted: WantedVip, siblings: readonly Vip[]): Retval {
  const { protocol, port, type, tableLength } = wanted;
  if (siblings.some((vip) => vip.protocol === protocol && vip.port === port)) {
    return ERRORS.VALUE_EXIST;
  }
  if (port !== 0 && siblings.some((vip) => vip.port === 0)) return ERRORS.VALUE_EXIST;
  if (port === 0 && siblings.length > 0) return ERRORS.VALUE_EXIST;
  if (siblings.length > 0 && siblings[0]!.type !== type) return ERRORS.INVALID_ARGUMENT;
  if (!isPowerOfTwo(tableLength) || tableLength > MAX_TABLE_LENGTH) {
    return ERRORS.INVALID_MEMORY_SIZE;
  }
  if (isIp4Prefix(wanted.prefix, wanted.length) !== type.startsWith("ip4")) {
    return ERRORS.INVALID_ADDRESS_FAMILY;
  }
  return 0;
}

/** VPP's is_pow2(), which takes 0 for one. */
export function isPowerOfTwo(value: number): boolean {
  return value === 0 || (value & (value - 1)) === 0;
}
