/**
 * The lb plugin's operations over a client: values of lb/model.ts in, messages out. Defaults
 * written in the API definitions do not exist on the wire, so every field is sent.
 * Source: VPP's src/plugins/lb/lb.api.
 */
import { MaglevError } from "../base/errors.ts";
import { type IpAddress, ipFromBytes } from "../base/address.ts";
import type { VppClient } from "./client.ts";
import type { DumpCall } from "./exchange.ts";
import type { LbApi, Retval, ServerDetails, VipDetails } from "./ports.ts";
import type { ActualVip, DesiredVip, LbConf, VipKey } from "./lb/model.ts";
import type { AddressWithPrefix, MessageCodec } from "./wire/codec.ts";
import {
  cliInband,
  type CliInbandReply,
  cliInbandReply,
  lbAddDelAsV2,
  lbAddDelAsV2Reply,
  type LbAddDelVipV2,
  lbAddDelVipV2,
  lbAddDelVipV2Reply,
  lbAsSetWeight,
  lbAsSetWeightReply,
  type LbAsV2Details,
  lbAsV2Details,
  type LbAsV2Dump,
  lbAsV2Dump,
  lbConf,
  lbConfGet,
  type LbConfGetReply,
  lbConfGetReply,
  lbConfReply,
  type LbVip,
  type LbVipDetails,
  lbVipDetails,
  type LbVipDump,
  lbVipDump,
} from "./wire/messages.ts";
import { retvalName } from "./wire/retval.ts";

/** All messages that LbApi sends or expects. */
export const LB_MESSAGES: readonly MessageCodec<unknown>[] = [
  cliInband,
  cliInbandReply,
  lbConf,
  lbConfReply,
  lbConfGet,
  lbConfGetReply,
  lbAddDelVipV2,
  lbAddDelVipV2Reply,
  lbAddDelAsV2,
  lbAddDelAsV2Reply,
  lbAsSetWeight,
  lbAsSetWeightReply,
  lbVipDump,
  lbVipDetails,
  lbAsV2Dump,
  lbAsV2Details,
];

/** `vl_api_lb_encap_type_t`. */
export const ENCAP_NUMBER: Readonly<Record<ActualVip["encap"], number>> = {
  gre4: 0,
  gre6: 1,
  l3dsr: 2,
  nat4: 3,
  nat6: 4,
};

/** `IP_API_PROTO_RESERVED`: any protocol, and what goes with port 0. */
const PROTOCOL_ANY = 255;
/** `LB_API_SRV_TYPE_CLUSTERIP`; of meaning to NAT only. */
const SRV_TYPE_CLUSTERIP = 0;
/** A power of two, which VPP checks also where it deletes. */
const TABLE_LENGTH = 1024;

/** A filter that lets everything through. */
const ZERO_PREFIX: AddressWithPrefix = { address: ipFromBytes(new Uint8Array(4)), len: 0 };

const retvalOf = (reply: { readonly retval: number }): Retval => reply.retval;

const SET_CONF = { request: lbConf, reply: lbConfReply, result: retvalOf };
const GET_CONF = { request: lbConfGet, reply: lbConfGetReply, result: readConf };
const VIP = { request: lbAddDelVipV2, reply: lbAddDelVipV2Reply, result: retvalOf };
const SERVER = { request: lbAddDelAsV2, reply: lbAddDelAsV2Reply, result: retvalOf };
const WEIGHT = { request: lbAsSetWeight, reply: lbAsSetWeightReply, result: retvalOf };
const CLI = { request: cliInband, reply: cliInbandReply, result: readCli };
const VIPS: DumpCall<LbVipDump, LbVipDetails, VipDetails> = {
  request: lbVipDump,
  details: lbVipDetails,
  row: readVip,
};
const SERVERS: DumpCall<LbAsV2Dump, LbAsV2Details, ServerDetails> = {
  request: lbAsV2Dump,
  details: lbAsV2Details,
  row: readServer,
};

/** LbApi of ports.ts over one client; valid as long as the client is. */
export class LbClient implements LbApi {
  readonly #client: VppClient;

  constructor(client: VppClient) {
    this.#client = client;
  }

  getConf(): Promise<LbConf> {
    return this.#client.request(GET_CONF, {});
  }

  setConf(conf: LbConf): Promise<Retval> {
    return this.#client.request(SET_CONF, {
      ip4SrcAddress: conf.ip4SrcAddress,
      ip6SrcAddress: conf.ip6SrcAddress,
      stickyBucketsPerCore: conf.stickyBucketsPerCore,
      flowTimeout: conf.flowTimeoutS,
    });
  }

  addVip(vip: DesiredVip): Promise<Retval> {
    return this.#client.request(VIP, {
      ...vipBody(vip, vip.encap),
      newFlowsTableLength: vip.newFlowsTableLength,
      srcIpSticky: vip.srcIpSticky,
      isDel: false,
    });
  }

  deleteVip(vip: ActualVip): Promise<Retval> {
    return this.#client.request(VIP, {
      ...vipBody(vip, vip.encap),
      newFlowsTableLength: TABLE_LENGTH,
      srcIpSticky: vip.srcIpSticky,
      isDel: true,
    });
  }

  addServer(vip: VipKey, address: IpAddress, weight: number): Promise<Retval> {
    return this.#client.request(SERVER, {
      ...vipFields(vip),
      asAddress: address,
      weight,
      isDel: false,
      isFlush: false,
    });
  }

  deleteServer(vip: VipKey, address: IpAddress, flush: boolean): Promise<Retval> {
    return this.#client.request(SERVER, {
      ...vipFields(vip),
      asAddress: address,
      weight: 0,
      isDel: true,
      isFlush: flush,
    });
  }

  setWeight(vip: VipKey, address: IpAddress, weight: number, flush: boolean): Promise<Retval> {
    return this.#client.request(WEIGHT, {
      ...vipFields(vip),
      asAddress: address,
      weight,
      isFlush: flush,
    });
  }

  dumpVips(): Promise<readonly VipDetails[]> {
    const pfxMatcher = { le: 0, ge: 0 };
    return this.#client.dump(VIPS, {
      pfx: ZERO_PREFIX,
      pfxMatcher,
      protocol: PROTOCOL_ANY,
      port: 0,
    });
  }

  dumpServers(): Promise<readonly ServerDetails[]> {
    return this.#client.dump(SERVERS, { pfx: ZERO_PREFIX, protocol: 0, port: 0 });
  }

  cli(command: string): Promise<string> {
    return this.#client.request(CLI, { cmd: command });
  }
}

/** The fields by which requests name a VIP. */
function vipFields(vip: VipKey): { pfx: AddressWithPrefix; protocol: number; port: number } {
  return {
    pfx: { address: vip.address, len: vip.prefixLength },
    protocol: vip.port === 0 ? PROTOCOL_ANY : vip.protocol,
    port: vip.port,
  };
}

/** What adding and deleting a VIP have in common. */
function vipBody(
  vip: VipKey,
  encap: ActualVip["encap"],
): Omit<LbAddDelVipV2, "newFlowsTableLength" | "srcIpSticky" | "isDel"> {
  return {
    ...vipFields(vip),
    encap: ENCAP_NUMBER[encap],
    dscp: 0,
    type: SRV_TYPE_CLUSTERIP,
    targetPort: 0,
    nodePort: 0,
  };
}

function readConf(reply: LbConfGetReply): LbConf {
  demandOk("lb_conf_get", reply.retval);
  return {
    ip4SrcAddress: reply.ip4SrcAddress,
    ip6SrcAddress: reply.ip6SrcAddress,
    stickyBucketsPerCore: reply.stickyBucketsPerCore,
    flowTimeoutS: reply.flowTimeout,
  };
}

function readCli(reply: CliInbandReply): string {
  demandOk("cli_inband", reply.retval);
  return reply.reply;
}

function readVip(details: LbVipDetails): VipDetails {
  return {
    ...readKey(details.vip),
    encap: details.encap,
    flowTableLength: details.flowTableLength,
  };
}

function readServer(details: LbAsV2Details): ServerDetails {
  return {
    vip: readKey(details.vip),
    address: details.appSrv,
    flags: details.flags,
    weight: details.weight,
    buckets: details.numBuckets,
  };
}

function readKey(vip: LbVip): VipKey {
  return {
    address: vip.pfx.address,
    prefixLength: vip.pfx.len,
    protocol: vip.protocol,
    port: vip.port,
  };
}

/** For requests that VPP has no reason to refuse and that give a value. */
function demandOk(name: string, retval: number): void {
  if (retval !== 0) {
    throw new MaglevError("internal", `VPP refused ${name}: ${retvalName(retval)}`);
  }
}
