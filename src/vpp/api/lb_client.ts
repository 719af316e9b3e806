/**
 * Converts values of lb/model.ts to requests of the lb plugin, for a VPP with weights. Source:
 * VPP's src/plugins/lb/lb.api.
 */
import { type IpAddress, ipFromBytes } from "../../base/address.ts";
import type { VppClient } from "./client.ts";
import type { DumpCall } from "./exchange.ts";
import {
  CLI,
  confBody,
  FLUSH_VIP,
  GET_CONF,
  PROTOCOL_ANY,
  retvalOf,
  routeIndex,
  SET_CONF,
  VIP,
  vipAddition,
  vipDeletion,
  vipFields,
} from "./lb_requests.ts";
import type { LbApi, Retval } from "../ports.ts";
import type { ServerDetails, VipDetails } from "../lb/actual.ts";
import type { ActualVip, DesiredVip, LbConf, VipKey } from "../lb/model.ts";
import type { AddressWithPrefix } from "../wire/codec.ts";
import {
  lbAddDelAsV2,
  lbAddDelAsV2Reply,
  lbAsSetWeight,
  lbAsSetWeightReply,
  type LbAsV2Details,
  lbAsV2Details,
  type LbAsV2Dump,
  lbAsV2Dump,
  lbConfGet,
  type LbVip,
  type LbVipDetails,
  lbVipDetails,
  type LbVipDump,
  lbVipDump,
} from "../wire/messages.ts";

/** A filter that matches every VIP. */
const ZERO_PREFIX: AddressWithPrefix = { address: ipFromBytes(new Uint8Array(4)), len: 0 };

const SERVER = { request: lbAddDelAsV2, reply: lbAddDelAsV2Reply, result: retvalOf };
const WEIGHT = { request: lbAsSetWeight, reply: lbAsSetWeightReply, result: retvalOf };
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
  readonly capabilities = { weights: true };
  readonly #client: VppClient;

  constructor(client: VppClient) {
    this.#client = client;
  }

  getConf(): Promise<LbConf | undefined> {
    if (this.#client.table.idOf(lbConfGet) === undefined) return Promise.resolve(undefined);
    return this.#client.request(GET_CONF, {});
  }

  setConf(conf: LbConf): Promise<Retval> {
    return this.#client.request(SET_CONF, confBody(conf));
  }

  addVip(vip: DesiredVip): Promise<Retval> {
    return this.#client.request(VIP, vipAddition(vip));
  }

  deleteVip(vip: ActualVip): Promise<Retval> {
    return this.#client.request(VIP, vipDeletion(vip));
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

  flushVip(vip: VipKey): Promise<Retval> {
    return this.#client.request(FLUSH_VIP, vipFields(vip));
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

  routeIndex(vip: VipKey): Promise<number | undefined> {
    return routeIndex(this.#client, vip);
  }
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
