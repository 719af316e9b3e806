/**
 * The VIPs and application servers (AS) of VPP's load balancer as values, and their keys. Fields
 * have the meaning of VPP's src/plugins/lb/lb.api.
 */
import type { IpAddress } from "../../base/address.ts";
import type { MergedServer } from "../../health/frontend.ts";

/** The two encapsulations that this program sets. */
export type Encap = "gre4" | "gre6";

/** Encapsulations of VPP; the index is the number in its API (`vl_api_lb_encap_type_t`). */
export const VPP_ENCAPS = ["gre4", "gre6", "l3dsr", "nat4", "nat6"] as const;

/** IP protocol numbers a VIP may have; 255 means any, and goes with port 0. */
export type VipProtocol = 6 | 17 | 255;

/** The key of a VIP in VPP. This program sets host prefixes only (/32, /128). */
export interface VipKey {
  readonly address: IpAddress;
  /** 32 or 128 for ours; VPP may have others from another program. */
  readonly prefixLength: number;
  readonly protocol: number;
  readonly port: number;
}

/** The desired state of an application server. */
export type DesiredServer = MergedServer;

/** The desired state of a VIP. Servers in compareIp order, each address once. */
export interface DesiredVip extends VipKey {
  readonly prefixLength: 32 | 128;
  readonly protocol: VipProtocol;
  readonly encap: Encap;
  readonly srcIpSticky: boolean;
  readonly newFlowsTableLength: number;
  readonly servers: readonly DesiredServer[];
}

/** Figures of a server from the CLI's text at the last full read; the API lacks them. */
export interface ServerFigures {
  /**
   * Sticky entries that point to the server, over all threads. This is an upper bound of its flows,
   * because VPP counts expired entries until their place is used again.
   */
  readonly flows: number;
  /** Index of the server's host route in `/net/route/via` of the stats segment. */
  readonly routeIndex: number;
}

/** The state of an application server in VPP (in use; removed ones are RemovedServer). */
export interface ActualServer {
  readonly address: IpAddress;
  readonly weight: number;
  /** Buckets of the new-flow table; undefined when only known from our own operations. */
  readonly buckets: number | undefined;
  /**
   * True when this server was flushed on this connection since it last entered a flushing state.
   * VPP does not report this; the reconciler remembers it.
   */
  readonly flushed: boolean;
  /** Absent when the server was added after the last full read, or VPP did not print it. */
  readonly figures?: ServerFigures | undefined;
  /**
   * True when VPP has no flow to this server: on this connection it was added or flushed with
   * weight 0, and it has had no weight since.
   */
  readonly idle?: boolean;
}

/**
 * A deleted server that VPP keeps until its last flow has ended and it is collected. A VPP without
 * weights (LbCapabilities) also drains a server by deleting it, so a flush may still be due.
 */
export interface RemovedServer {
  readonly address: IpAddress;
  /** True when it was deleted with flush, or flushed since, on this connection. */
  readonly flushed: boolean;
}

/** Capabilities of a VPP that planning depends on. */
export interface LbCapabilities {
  /** False up to VPP 26.06, where a server is either in a VIP or not. */
  readonly weights: boolean;
}

/** The state of a VIP in VPP. Servers in compareIp order. */
export interface ActualVip extends VipKey {
  readonly encap: typeof VPP_ENCAPS[number];
  readonly srcIpSticky: boolean;
  /** 0 stands for 65536: the field of lb_vip_details is 16 bits wide. */
  readonly newFlowsTableLength: number;
  /** Index in VPP's pool of VIPs, and of its counters. Undefined when not read yet. */
  readonly poolIndex: number | undefined;
  readonly servers: readonly ActualServer[];
  /** In compareIp order, without those in `servers`. Only read from a VPP without weights. */
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
  /** Flushes a RemovedServer. If VPP has collected it meanwhile, it had no flow left. */
  | { readonly kind: "as-flush"; readonly vip: VipKey; readonly address: IpAddress }
  /** Flushes all flows of an existing VIP, including those that found no server. */
  | { readonly kind: "vip-flush"; readonly vip: VipKey; readonly reason: VipFlushReason };

/**
 * - `first-weight`: packets that came before any server had weight made their flows unsticky
 * - `all-servers`: replaces the flushes of all its servers
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

/** A VIP for people: `192.0.2.1:80/tcp`; an asterisk stands for all ports. */
export function vipLabel({ address, prefixLength, protocol, port }: VipKey): string {
  const { text } = address;
  const six = text.includes(":");
  const prefix = prefixLength === (six ? 128 : 32) ? text : `${text}/${prefixLength}`;
  return `${six ? `[${prefix}]` : prefix}:${port === 0 ? "*" : port}/${protocolName(protocol)}`;
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
