/**
 * The output of the lb plugin, to the byte: records of its dumps and text of its debug CLI.
 *
 * Source: VPP src/plugins/lb/api.c (dump handlers), lb.c (format functions), cli.c.
 * PURE.
 */
import { bytesOf } from "../../base/address.ts";
import type { Address46 } from "./address46.ts";
import { formatAddress46, formatIp6, formatPrefix46, isIp4Prefix, toIp } from "./address46.ts";
import { VIP_COUNTERS } from "./counters.ts";
import type { LbPlugin } from "./plugin.ts";
import type { DumpFilter, Server, ServerRecord, Vip, VipName, VipRecord } from "./types.ts";
import { olderServerText, type Release } from "./release.ts";
import { encapNumber } from "./vip_name.ts";

/** `lb_vip_dump`: all VIPs in use, with any filter. */
export function vipRecords(plugin: LbPlugin): VipRecord[] {
  const records: VipRecord[] = [];
  for (const vip of plugin.vips()) {
    if (!vip.used) continue;
    records.push({
      vip: shownName(vip),
      encap: encapNumber(vip.type),
      // One byte of a union is both; the second is a u32 that VPP forgets to swap.
      dscp: vip.encapByte,
      srvType: (vip.encapByte << 24) >>> 0,
      // Swapped to network order when stored and once more when sent.
      targetPort: ((vip.targetPort & 0xff) << 8) | (vip.targetPort >>> 8),
      flowTableLength: vip.tableLength & 0xffff,
    });
  }
  return records;
}

/**
 * `lb_as_v2_dump` and `lb_as_dump`: the servers of all VIPs, removed ones too, when the filter's
 * prefix is zero; else those of the VIPs whose 16 bytes equal the 16 bytes on the wire, which an
 * IPv4 prefix never does (it is at the front there and at the back here).
 */
export function serverRecords(plugin: LbPlugin, filter: DumpFilter): ServerRecord[] {
  const all = filter.raw.every((byte) => byte === 0);
  const records: ServerRecord[] = [];
  for (const vip of plugin.vips()) {
    if (!all && !matches(vip, filter)) continue;
    const name = shownName(vip);
    for (const server of plugin.serversOf(vip)) {
      records.push({
        vip: name,
        appSrv: toIp(server.address),
        flags: server.used ? 1 : 0,
        inUseSince: server.lastUsed,
        weight: server.weight,
        numBuckets: plugin.bucketsOf(vip, server),
      });
    }
  }
  return records;
}

/** `show lb vips verbose`. */
export function showVipsVerbose(plugin: LbPlugin, release: Release = "main"): string {
  let text = "";
  for (const vip of plugin.vips()) text += `${verboseVip(plugin, vip, release)}\n`;
  return text;
}

/** `show lb vips`. */
export function showVips(plugin: LbPlugin): string {
  let text = "";
  for (const vip of plugin.vips()) {
    text += `${vip.type} ${prefixText(vip)} new_size:${vip.tableLength} #as:${vip.servers.size}` +
      (vip.used ? "" : " removed") +
      (vip.port === 0 ? "" : `  protocol:${vip.protocol} port:${vip.port} `) +
      (vip.type === "ip4-l3dsr" ? `  dscp:${vip.encapByte}` : natText(vip)) + "\n";
  }
  return text;
}

/** `show lb` of a VPP that has seen no packet. */
export function showLb(plugin: LbPlugin): string {
  return `lb_main ip4-src-address: ${plugin.conf.ip4SrcAddress.text} \n` +
    ` ip6-src-address: ${formatIp6(bytesOf(plugin.conf.ip6SrcAddress))} \n` +
    ` #vips: ${plugin.vipCount + 1}\n #ass: ${plugin.serverCount}\n`;
}

function verboseVip(plugin: LbPlugin, vip: Vip, release: Release): string {
  let text = ` ${vip.type} [${vip.index}] ${prefixText(vip)}` +
    (vip.srcIpSticky ? " src_ip_sticky" : "") + (vip.used ? "" : " removed") + "\n" +
    `  new_size:${vip.tableLength}\n`;
  if (vip.port !== 0) text += `  protocol:${vip.protocol} port:${vip.port}\n`;
  // The NAT line has no line end of its own in VPP.
  text += vip.type === "ip4-l3dsr" ? `  dscp:${vip.encapByte}\n` : natText(vip, "  ");
  text += "  counters:\n";
  const counts = plugin.counters.vip(vip.index);
  VIP_COUNTERS.forEach((name, i) => text += `    ${name}: ${counts[i]}\n`);
  text += `  #as:${vip.servers.size}\n`;
  for (const server of plugin.serversOf(vip)) {
    const buckets = plugin.bucketsOf(vip, server);
    text += `    ${formatAddress46(server.address)} ` +
      (release === "main" ? serverText(server, buckets) : olderServerText(server, buckets));
  }
  return text;
}

function serverText(server: Server, buckets: number): string {
  return `weight:${server.weight} buckets:${buckets} flows:${server.flows} dpo:${server.dpo} ` +
    `${server.used ? "used" : " removed"}\n`;
}

/** VPP swaps the port, which it holds in host order, and prints it as it then is. */
function natText(vip: Vip, indent = " "): string {
  if (vip.type !== "ip4-nat4" && vip.type !== "ip6-nat6") return "";
  const port = ((vip.port & 0xff) << 8) | (vip.port >>> 8);
  const type = vip.encapByte === 0 ? "clusterip" : "nodeport";
  return `${indent}type:${type} port:${port} target_port:${vip.targetPort}`;
}

function shownName(vip: Vip): VipName {
  const len = isIp4Prefix(vip.prefix, vip.length) ? vip.length - 96 : vip.length;
  return {
    pfx: { address: toIp(vip.prefix), len },
    protocol: vip.protocol,
    port: vip.port,
  };
}

function prefixText(vip: Vip): string {
  return formatPrefix46(vip.prefix, vip.length);
}

function matches(vip: Vip, filter: DumpFilter): boolean {
  return vip.protocol === filter.protocol && vip.port === filter.port &&
    sameBytes(vip.prefix, filter.raw);
}

function sameBytes(address: Address46, raw: Uint8Array): boolean {
  return address.bytes.every((byte, i) => byte === raw[i]);
}
