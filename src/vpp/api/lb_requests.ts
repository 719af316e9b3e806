/**
 * Converts values of lb/model.ts to fields of the requests that all releases of the lb plugin have.
 * The wire has no defaults, even where the API definitions list some, so every field is sent.
 * Source: VPP's src/plugins/lb/lb.api.
 */
import { MaglevError } from "../../base/errors.ts";
import type { VppClient } from "./client.ts";
import type { Retval } from "../ports.ts";
import {
  type ActualVip,
  type DesiredVip,
  type LbConf,
  type VipKey,
  VPP_ENCAPS,
} from "../lb/model.ts";
import type { AddressWithPrefix } from "../wire/codec.ts";
import {
  cliInband,
  type CliInbandReply,
  cliInbandReply,
  ipRouteLookup,
  type IpRouteLookupReply,
  ipRouteLookupReply,
  type LbAddDelVipV2,
  lbAddDelVipV2,
  lbAddDelVipV2Reply,
  type LbConf as LbConfRequest,
  lbConf,
  lbConfGet,
  type LbConfGetReply,
  lbConfGetReply,
  lbConfReply,
  lbFlushVip,
  lbFlushVipReply,
} from "../wire/messages.ts";
import { retvalName } from "../wire/retval.ts";

/** `IP_API_PROTO_RESERVED`: any protocol, as port 0 requires. */
export const PROTOCOL_ANY = 255;
/** `LB_API_SRV_TYPE_CLUSTERIP`; only NAT uses it. */
const SRV_TYPE_CLUSTERIP = 0;
/** A power of two, because VPP checks the length even when it deletes. */
const TABLE_LENGTH = 1024;

/** The result of a request whose reply has no other field. */
export const retvalOf = (reply: { readonly retval: number }): Retval => reply.retval;

export const SET_CONF = { request: lbConf, reply: lbConfReply, result: retvalOf };
export const GET_CONF = { request: lbConfGet, reply: lbConfGetReply, result: readConf };
export const VIP = { request: lbAddDelVipV2, reply: lbAddDelVipV2Reply, result: retvalOf };
export const FLUSH_VIP = { request: lbFlushVip, reply: lbFlushVipReply, result: retvalOf };
export const CLI = { request: cliInband, reply: cliInbandReply, result: readCli };

/** Finds only the prefix itself, not one that covers it. */
const EXACT = 1;
const ROUTE = { request: ipRouteLookup, reply: ipRouteLookupReply, result: readRoute };

/** LbApi.routeIndex() over a client, of any release. */
export async function routeIndex(client: VppClient, vip: VipKey): Promise<number | undefined> {
  if (client.table.missing([ipRouteLookup, ipRouteLookupReply]).length > 0) return undefined;
  const prefix = { address: vip.address, len: vip.prefixLength };
  return await client.request(ROUTE, { tableId: 0, exact: EXACT, prefix });
}

/** The fields of requests that identify a VIP. */
export interface VipFields {
  readonly pfx: AddressWithPrefix;
  readonly protocol: number;
  readonly port: number;
}

/** The fields of requests that identify `vip`. */
export function vipFields(vip: VipKey): VipFields {
  return {
    pfx: { address: vip.address, len: vip.prefixLength },
    protocol: vip.port === 0 ? PROTOCOL_ANY : vip.protocol,
    port: vip.port,
  };
}

/** `lb_conf` that sets `conf`. */
export function confBody(conf: LbConf): LbConfRequest {
  return {
    ip4SrcAddress: conf.ip4SrcAddress,
    ip6SrcAddress: conf.ip6SrcAddress,
    stickyBucketsPerCore: conf.stickyBucketsPerCore,
    flowTimeout: conf.flowTimeoutS,
  };
}

/** `lb_add_del_vip_v2` that adds `vip`. */
export function vipAddition(vip: DesiredVip): LbAddDelVipV2 {
  return { ...vipBody(vip), newFlowsTableLength: vip.newFlowsTableLength, isDel: false };
}

/** `lb_add_del_vip_v2` that deletes `vip`. */
export function vipDeletion(vip: ActualVip): LbAddDelVipV2 {
  return { ...vipBody(vip), newFlowsTableLength: TABLE_LENGTH, isDel: true };
}

/** Fields that adding and deleting a VIP share. */
function vipBody(
  vip: DesiredVip | ActualVip,
): Omit<LbAddDelVipV2, "newFlowsTableLength" | "isDel"> {
  return {
    ...vipFields(vip),
    encap: VPP_ENCAPS.indexOf(vip.encap),
    dscp: 0,
    type: SRV_TYPE_CLUSTERIP,
    targetPort: 0,
    nodePort: 0,
    srcIpSticky: vip.srcIpSticky,
  };
}

function readConf(reply: LbConfGetReply): LbConf {
  expectOk("lb_conf_get", reply.retval);
  return {
    ip4SrcAddress: reply.ip4SrcAddress,
    ip6SrcAddress: reply.ip6SrcAddress,
    stickyBucketsPerCore: reply.stickyBucketsPerCore,
    flowTimeoutS: reply.flowTimeout,
  };
}

function readRoute(reply: IpRouteLookupReply): number | undefined {
  return reply.retval === 0 ? reply.route.statsIndex : undefined;
}

function readCli(reply: CliInbandReply): string {
  expectOk("cli_inband", reply.retval);
  return reply.reply;
}

/** Throws MaglevError `internal` if VPP refused a request that should always succeed. */
export function expectOk(name: string, retval: number): void {
  if (retval !== 0) {
    throw new MaglevError("internal", `VPP refused ${name}: ${retvalName(retval)}`);
  }
}
