/** Converts VPP's state and the changes made to it to messages of the API. PURE. */
import type { ActualVip, LbConf, VipKey } from "../../vpp/lb/model.ts";
import { vipPrefix } from "../../vpp/lb/model.ts";
import type { SyncReport } from "../../vpp/sync/report.ts";
import type { ServerCounters, VipCounters, VppInfo as Vpp } from "../../vpp/ports.ts";
import { nanoseconds, unixNanoseconds } from "./convert.ts";
import {
  type SyncVPPLBStateResponse,
  type VPPInfo,
  VPPLBApplicationServer,
  type VPPLBConf,
  type VPPLBServerCounters,
  type VPPLBVIP,
  type VPPLBVipCounters,
} from "../gen/maglev.ts";
import { create } from "../messages/codec.ts";

/** The length of a table for which VPP reports 0, because it does not fit into the field. */
const UNTOLD_TABLE_LENGTH = 65_536;

/** `tcp`, `udp`, `any`, or the number. */
export function protocolName(protocol: number): string {
  return { 6: "tcp", 17: "udp", 255: "any" }[protocol] ?? String(protocol);
}

export function vppInfo(info: Vpp): VPPInfo {
  return {
    version: info.version,
    buildDate: info.buildDate,
    buildDirectory: info.buildDirectory,
    pid: info.pid,
    boottimeNs: info.bootAtMs === undefined ? 0n : unixNanoseconds(info.bootAtMs),
    connecttimeNs: unixNanoseconds(info.connectedAtMs),
    weights: info.weights,
  };
}

export function lbConf(conf: LbConf): VPPLBConf {
  return {
    ip4SrcAddress: conf.ip4SrcAddress.text,
    ip6SrcAddress: conf.ip6SrcAddress.text,
    stickyBucketsPerCore: conf.stickyBucketsPerCore,
    flowTimeout: conf.flowTimeoutS,
  };
}

/** Additions of an answer to VPP's state. */
export interface LbVipOptions {
  /** Names of the backends with an address; of the VIP's frontend only, when it has any. */
  readonly namesAt: (vip: VipKey, address: string) => readonly string[];
  /** Packets and bytes by the text of a server's address, where VPP has them. */
  readonly countersOf: (address: string) => ServerCounters | undefined;
}

export function lbVip(vip: ActualVip, { namesAt, countersOf }: LbVipOptions): VPPLBVIP {
  const named = (address: string) => ({ address, backends: namesAt(vip, address) });
  return {
    ...vipName(vip),
    encap: vip.encap,
    flowTableLength: vip.newFlowsTableLength || UNTOLD_TABLE_LENGTH,
    srcIpSticky: vip.srcIpSticky,
    applicationServers: [
      ...vip.servers.map(({ address, weight, buckets, figures }) => {
        const counters = countersOf(address.text);
        return create(VPPLBApplicationServer, {
          ...named(address.text),
          weight,
          flags: 1,
          numBuckets: buckets ?? 0,
          flows: figures?.flows,
          packets: count(counters?.packets),
          bytes: count(counters?.bytes),
        });
      }),
      ...vip.removed.map(({ address }) =>
        create(VPPLBApplicationServer, { ...named(address.text) })
      ),
    ],
  };
}

export function syncResponse(report: SyncReport): SyncVPPLBStateResponse {
  const { counts } = report;
  return {
    scope: report.scope,
    vipsAdded: counts.vip_added,
    vipsRemoved: counts.vip_removed,
    serversAdded: counts.as_added,
    serversRemoved: counts.as_removed,
    weightsUpdated: counts.as_weight_updated,
    failed: report.failed,
    durationNs: nanoseconds(report.durationMs),
  };
}

export function vipCounters(counts: VipCounters): VPPLBVipCounters {
  return {
    ...vipName(counts.vip),
    next: count(counts.next) ?? 0n,
    first: count(counts.first) ?? 0n,
    untracked: count(counts.untracked) ?? 0n,
    noServer: count(counts.noServer) ?? 0n,
    fibPackets: count(counts.fibPackets),
    fibBytes: count(counts.fibBytes),
  };
}

/** `backends`: names of the backends that have this address. */
export function serverCounters(
  { address, packets, bytes }: ServerCounters,
  backends: readonly string[],
): VPPLBServerCounters {
  return {
    address: address.text,
    backends,
    packets: count(packets) ?? 0n,
    bytes: count(bytes) ?? 0n,
  };
}

function vipName(vip: VipKey): { prefix: string; protocol: string; port: number } {
  return { prefix: vipPrefix(vip), protocol: protocolName(vip.protocol), port: vip.port };
}

/** NaN: VPP does not report it. */
function count(value: number | undefined): bigint | undefined {
  return value === undefined || Number.isNaN(value) ? undefined : BigInt(Math.round(value));
}
