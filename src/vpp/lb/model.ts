/**
 * VPP's load balancer as values: what a VIP and an application server (AS) are, and their keys.
 * Field meanings follow VPP's src/plugins/lb/lb.api.
 */
import type { IpAddress } from "../../base/address.ts";
import type { MergedServer } from "../../health/frontend.ts";

/** Encapsulations; the two we program. */
export type Encap = "gre4" | "gre6";

/** Encapsulations of VPP; the index is the number in its API (`vl_api_lb_encap_type_t`). */
export const VPP_ENCAPS = ["gre4", "gre6", "l3dsr", "nat4", "nat6"] as const;

/** IP protocol numbers a VIP may have; 255 means any, and goes with port 0. */
export type VipProtocol = 6 | 17 | 255;

/** The key of a VIP in VPP. We program host prefixes only (/32, /128). */
export interface VipKey {
  readonly address: IpAddress;
  /** 32 or 128 for ours; VPP may hold others that another program made. */
  readonly prefixLength: number;
  readonly protocol: number;
  readonly port: number;
}

/** An application server as wanted. */
export type DesiredServer = MergedServer;

/** A VIP as wanted. Servers in compareIp order, no address twice. */
export interface DesiredVip extends VipKey {
  readonly prefixLength: 32 | 128;
  readonly protocol: VipProtocol;
  readonly encap: Encap;
  readonly srcIpSticky: boolean;
  readonly newFlowsTableLength: number;
  readonly servers: readonly DesiredServer[];
}

/** Figures that VPP printed of a server at the last full read; the API lacks them. */
export interface ServerFigures {
  /**
   * Sticky entries that point to the server, over all threads. An upper bound of its flows: VPP
   * counts expired entries until their place is used again.
   */
  readonly flows: number;
  /** Index of the server's host route in `/net/route/via` of the stats segment. */
  readonly routeIndex: number;
}

/** An application server as VPP has it (in use; removed ones are not listed). */
export interface ActualServer {
  readonly address: IpAddress;
  readonly weight: number;
  /** Buckets of the new-flow table; undefined when only known from our own operations. */
  readonly buckets: number | undefined;
  /**
   * True when we flushed this server since it last entered a flushing state, on this connection.
   * VPP does not tell; the reconciler remembers.
   */
  readonly flushed: boolean;
  /** Absent for a server that was added since the last full read, or that VPP did not print. */
  readonly figures?: ServerFigures | undefined;
  /**
   * True when no flow of VPP goes to this server: with weight 0 it was added, or flushed, on this
   * connection, and it has had no weight since.
   */
  readonly idle?: boolean;
}

/**
 * A server that was deleted and that VPP keeps until its last flow ended and it is collected.
 * Without weights (LbCapabilities) deleting is also how a server is drained, so that its flows
 * may still have to be flushed.
 */
export interface RemovedServer {
  readonly address: IpAddress;
  /** True when it was deleted with flush, or flushed since; as far as this connection knows. */
  readonly flushed: boolean;
}

/** Capabilities of a VPP that matter to planning. */
export interface LbCapabilities {
  /** False up to VPP 26.06: a server is in or out, and VPP does not know it otherwise. */
  readonly weights: boolean;
}

/** A VIP as VPP has it. Servers in compareIp order. */
export interface ActualVip extends VipKey {
  readonly encap: typeof VPP_ENCAPS[number];
  readonly srcIpSticky: boolean;
  /** 0 stands for 65536: the field of lb_vip_details is 16 bits wide. */
  readonly newFlowsTableLength: number;
  /** Index in VPP's pool of VIPs: the counters' index. Undefined when not read yet. */
  readonly poolIndex: number | undefined;
  readonly servers: readonly ActualServer[];
  /** In compareIp order; none is in `servers`. Read from a VPP without weights only. */
  readonly removed: readonly RemovedServer[];
}

/** Global settings of the plugin (`lb_conf`). */
export interface LbConf {
  readonly ip4SrcAddress: IpAddress;
  readonly ip6SrcAddress: IpAddress;
  readonly stickyBucketsPerCore: number;
  /** Seconds. */
  readonly flowTimeoutS: number;
}

/** One operation on VPP. Operations of one VIP are applied in order; VIPs are independent. */
export type Operation =
  | { readonly kind: "vip-add"; readonly vip: DesiredVip }
  | { readonly kind: "vip-del"; readonly vip: ActualVip }
  | {
    readonly kind: "as-add";
    readonly vip: VipKey;
    readonly address: IpAddress;
    readonly weight: number;
  }
  | {
    readonly kind: "as-del";
    readonly vip: VipKey;
    readonly address: IpAddress;
    /** The last known weight of the server; for the log only. */
    readonly weight: number;
    readonly flush: boolean;
  }
  | {
    readonly kind: "as-weight";
    readonly vip: VipKey;
    readonly address: IpAddress;
    readonly weight: number;
    readonly previousWeight: number;
    readonly flush: boolean;
  }
  /** Flushes a RemovedServer. VPP may have collected it meanwhile: then it had no flow left. */
  | { readonly kind: "as-flush"; readonly vip: VipKey; readonly address: IpAddress }
  /** Flushes all flows of a VIP that VPP has, those that found no server included. */
  | { readonly kind: "vip-flush"; readonly vip: VipKey; readonly reason: VipFlushReason };

/**
 * - `first-weight`: packets that came before there was a server keep their flows from being sticky
 * - `all-servers`: stands for the flushes of all its servers
 */
export type VipFlushReason = "first-weight" | "all-servers";

/** `192.0.2.1/32`. */
export function vipPrefix(key: VipKey): string {
  return `${key.address.text}/${key.prefixLength}`;
}

/** A string that is equal for equal VIPs: `192.0.2.1/32 6 80`. */
export function vipKeyText(key: VipKey): string {
  return `${key.address.text}/${key.prefixLength} ${key.protocol} ${key.port}`;
}

/** `tcp`, `udp`, `any`, or the number of another protocol. */
export function protocolName(protocol: number): string {
  return protocol === 6
    ? "tcp"
    : protocol === 17
    ? "udp"
    : protocol === 255
    ? "any"
    : `${protocol}`;
}
