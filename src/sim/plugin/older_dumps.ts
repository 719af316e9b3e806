/**
 * The dumps of the lb plugin up to VPP 26.06, faults and all; see release.ts.
 *
 * Source: VPP src/plugins/lb/api.c at v26.06.
 * PURE.
 */
import { toIp } from "./address46.ts";
import type { LbPlugin } from "./plugin.ts";
import type { ServerRecord, Vip, VipName, VipRecord } from "./types.ts";
import { VIP_TYPES } from "./types.ts";

/** `lb_vip_dump` of 26.06: removed VIPs too. */
export function olderVipRecords(plugin: LbPlugin): VipRecord[] {
  return [...plugin.vips()].map((vip) => ({
    vip: shownAsIs(vip),
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
  return [...plugin.vips()].flatMap((vip) =>
    [...plugin.serversOf(vip)].map((server) => ({
      vip: shownAsIs(vip),
      appSrv: toIp(server.address),
      flags: server.used ? 1 : 0,
      inUseSince: server.lastUsed,
      weight: 0,
      numBuckets: 0,
    }))
  );
}

/** The length as the plugin has it, and no protocol. */
function shownAsIs(vip: Vip): VipName {
  return { pfx: { address: toIp(vip.prefix), len: vip.length }, protocol: 0, port: vip.port };
}
