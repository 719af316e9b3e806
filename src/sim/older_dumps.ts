/**
 * The dumps of the lb plugin up to VPP 26.06, faults and all; see release.ts.
 *
 * Source: VPP src/plugins/lb/api.c at v26.06.
 * PURE.
 */
import type { LbPlugin } from "./plugin.ts";
import { serverRecords, shownName } from "./plugin_show.ts";
import type { ServerRecord, VipName, VipRecord } from "./plugin_types.ts";
import { VIP_TYPES } from "./plugin_types.ts";

/** `lb_vip_dump` of 26.06: removed VIPs too. */
export function olderVipRecords(plugin: LbPlugin): VipRecord[] {
  return [...plugin.vips()].map((vip) => ({
    vip: olderName(shownName(vip)),
    encap: VIP_TYPES.indexOf(vip.type),
    dscp: vip.encapByte,
    srvType: (vip.encapByte << 24) >>> 0,
    targetPort: ((vip.targetPort & 0xff) << 8) | (vip.targetPort >>> 8),
    // The u32 is swapped and then cut to 16 bits.
    flowTableLength: vip.tableLength >>> 16,
  }));
}

/** `lb_as_dump` of 26.06. */
export function olderServerRecords(plugin: LbPlugin): ServerRecord[] {
  const all = { raw: new Uint8Array(16), protocol: 0, port: 0 };
  return serverRecords(plugin, all).map((record) => ({ ...record, vip: olderName(record.vip) }));
}

function olderName({ pfx, port }: VipName): VipName {
  const len = pfx.address.family === 4 ? pfx.len + 96 : pfx.len;
  return { pfx: { address: pfx.address, len }, protocol: 0, port };
}
