/**
 * Values that go into and come out of the simulated lb plugin, and its error numbers.
 * Field meanings follow VPP's src/plugins/lb/lb.api.
 * PURE.
 */
import type { IpAddress } from "../../base/address.ts";
import type { Address46 } from "./address46.ts";
import type { Pool } from "./pool.ts";

/** VPP's result of a request: 0 or one of ERRORS (src/vnet/error.h). */
export type Retval = number;

/** The errors the lb plugin returns. */
export const ERRORS = {
  NO_SUCH_ENTRY: -6,
  INVALID_MEMORY_SIZE: -70,
  INVALID_ARGUMENT: -73,
  VALUE_EXIST: -81,
  INVALID_ADDRESS_FAMILY: -97,
} as const;

/** `lb_vip_type_t`: its number is the index, its text what VPP prints. */
export const VIP_TYPES = [
  "ip6-gre6",
  "ip6-gre4",
  "ip4-gre6",
  "ip4-gre4",
  "ip4-l3dsr",
  "ip4-nat4",
  "ip6-nat6",
] as const;

export type VipType = typeof VIP_TYPES[number];

/** `lb_conf`. */
export interface PluginConf {
  readonly ip4SrcAddress: IpAddress;
  readonly ip6SrcAddress: IpAddress;
  readonly stickyBucketsPerCore: number;
  readonly flowTimeout: number;
}

/** The name of a VIP in a request. `protocol` is ignored when the port is 0. */
export interface VipName {
  readonly pfx: { readonly address: IpAddress; readonly len: number };
  readonly protocol: number;
  readonly port: number;
}

/** `lb_add_del_vip_v2` that adds. */
export interface VipArguments extends VipName {
  /** GRE4 0, GRE6 1, L3DSR 2, NAT4 3, NAT6 4. */
  readonly encap: number;
  readonly dscp: number;
  readonly type: number;
  readonly targetPort: number;
  readonly newFlowsTableLength: number;
  readonly srcIpSticky: boolean;
}

/** A server added or changed. Weight 0 to 255: VPP's API does not hold it to 100. */
export interface ServerArguments {
  readonly address: IpAddress;
  readonly weight: number;
  readonly flush: boolean;
}

/** A VIP in the plugin's pool. */
export interface Vip {
  readonly index: number;
  readonly prefix: Address46;
  /** Of the 16 bytes. */
  readonly length: number;
  readonly protocol: number;
  readonly port: number;
  readonly type: VipType;
  readonly srcIpSticky: boolean;
  readonly tableLength: number;
  /** `encap_args`, a union: the first byte is dscp or srv_type. For other types it is left over from the slot's last VIP. */
  readonly encapByte: number;
  readonly targetPort: number;
  /** False once it is deleted; it stays until its servers are collected. */
  used: boolean;
  /** Second of its last collection. */
  collectedAt: number;
  /** Indices into the pool of servers, removed ones included. */
  readonly servers: Pool<number>;
  /** By the address's key: the server's slot in `servers`. */
  readonly slots: Map<string, number>;
  /** Buckets by server index; undefined until requested after the last change. */
  buckets: ReadonlyMap<number, number> | undefined;
}

/** An application server in the plugin's pool. */
export interface Server {
  readonly index: number;
  readonly address: Address46;
  readonly vipIndex: number;
  weight: number;
  /** False once it is deleted; it stays until it is collected. */
  used: boolean;
  /** Second of its deletion; a new server has what its slot's last one left. */
  lastUsed: number;
  /** Load-balance index of its route. */
  readonly dpo: number;
  /** Times its sticky entries were flushed. */
  flushes: number;
  /** Sticky entries as VPP counts them, expired ones included. The owner of the plugin sets it. */
  flows: number;
}

/** One VIP as `lb_vip_details` shows it. */
export interface VipRecord {
  readonly vip: VipName;
  readonly encap: number;
  readonly dscp: number;
  readonly srvType: number;
  readonly targetPort: number;
  readonly flowTableLength: number;
}

/** One server as `lb_as_v2_details` shows it. */
export interface ServerRecord {
  readonly vip: VipName;
  readonly appSrv: IpAddress;
  readonly flags: number;
  readonly inUseSince: number;
  readonly weight: number;
  readonly numBuckets: number;
}

/** A dump's filter: 16 raw bytes of the prefix as on the wire, protocol and port as they are. */
export interface DumpFilter {
  readonly raw: Uint8Array;
  readonly protocol: number;
  readonly port: number;
}

/** One eviction of sticky entries, for tests. */
export interface Flush {
  /** `192.0.2.1/32 6 80`. */
  readonly vip: string;
  /** Address of the server. */
  readonly server: string;
}
