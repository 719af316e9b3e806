/**
 * The configuration as the daemon uses it: checked, with defaults filled in, durations in
 * milliseconds, addresses parsed. Maps keep the order of the file.
 */
import type { IpAddress } from "../base/address.ts";
import type { WallMs } from "../base/instant.ts";
import type { DnsRcode, DnsType } from "./schema/checks/datagram.ts";

export interface Config {
  readonly healthchecker: HealthcheckerConfig;
  /** Absent when the file has no `vpp.lb` section. */
  readonly vppLb: VppLbConfig | undefined;
  /** Absent: no file is written. */
  readonly announce?: AnnounceFileConfig;
  readonly healthchecks: ReadonlyMap<string, HealthcheckConfig>;
  readonly backends: ReadonlyMap<string, BackendConfig>;
  readonly frontends: ReadonlyMap<string, FrontendConfig>;
}

export interface HealthcheckerConfig {
  readonly transitionHistory: number;
  /** Name under /run/netns, empty for the daemon's own namespace. */
  readonly netns: string;
  /** Absent: the prober never takes itself to be cut off. */
  readonly isolation?: IsolationConfig;
}

/** How the prober finds out that it is cut off from the network. */
export interface IsolationConfig {
  /** At least two. */
  readonly targets: readonly IsolationTarget[];
  /** Targets that must answer; from 1 to their number. */
  readonly quorum: number;
  readonly maxHoldMs: number;
}

export interface IsolationTarget {
  readonly address: IpAddress;
  readonly type: "icmp" | "tcp";
  /** 0 for icmp. */
  readonly port: number;
}

export interface VppLbConfig {
  readonly syncIntervalMs: number;
  readonly ipv4SrcAddress: IpAddress;
  readonly ipv6SrcAddress: IpAddress;
  readonly stickyBucketsPerCore: number;
  readonly flowTimeoutMs: number;
  readonly startupMinDelayMs: number;
  readonly startupMaxDelayMs: number;
  readonly countersIntervalMs: number;
  readonly newFlowsTableLength: number;
  /** Percent of VIPs or servers that a reload may remove without the hash of its plan. */
  readonly maxRemoval: number;
}

export interface AnnounceFileConfig {
  /** Absolute path. */
  readonly file: string;
  readonly format: "bird" | "json" | "text";
  readonly onStop: "keep" | "withdraw";
  readonly onVppAway: "keep" | "withdraw";
}

export interface HealthcheckConfig {
  readonly name: string;
  /** 0 for icmp. */
  readonly port: number;
  readonly intervalMs: number;
  readonly fastIntervalMs: number;
  readonly downIntervalMs: number;
  readonly timeoutMs: number;
  readonly rise: number;
  readonly fall: number;
  /** Absent: a backend comes up as soon as its checks pass. */
  readonly damping?: DampingConfig;
  readonly probeIpv4Src: IpAddress | undefined;
  readonly probeIpv6Src: IpAddress | undefined;
  /** Absent: the servers have no agent. */
  readonly agent?: AgentConfig;
  readonly params: ProbeParams;
}

/** How backends that flap are held down; 0 < reuse < suppress. */
export interface DampingConfig {
  readonly halfLifeMs: number;
  readonly suppress: number;
  readonly reuse: number;
  readonly maxHoldMs: number;
}

/** The agent of a server, which lowers its state or weight. */
export interface AgentConfig {
  readonly port: number;
  readonly intervalMs: number;
}

export type ProbeType =
  | "icmp"
  | "tcp"
  | "http"
  | "https"
  | "grpc"
  | "dns"
  | "udp"
  | "agent"
  | "encap";

/** The parameters of each type of probe; plain data that can be sent to a worker. */
export type ProbeParams =
  | { readonly type: "icmp" }
  | ({ readonly type: "tcp"; readonly ssl: boolean } & TlsParams & StepParams)
  | ({ readonly type: "http" } & HttpParams)
  | ({ readonly type: "https" } & HttpParams & TlsParams)
  | ({ readonly type: "grpc"; readonly ssl: boolean } & GrpcParams & TlsParams)
  | ({ readonly type: "dns" } & DnsParams)
  | ({ readonly type: "udp" } & UdpParams)
  /** The agent beside another check; not a type in the file. */
  | { readonly type: "agent" }
  /** The check through VPP's tunnel beside another one; not a type in the file. */
  | ({ readonly type: "encap" } & EncapParams);

/** The packet to a VIP in a tunnel. */
export interface EncapParams {
  readonly vip: IpAddress;
  /** Port of the SYN; 0: an echo request. */
  readonly vipPort: number;
  /** Source of the outer packet, of the server's family. */
  readonly tunnelSource: IpAddress;
}

/** The question of a dns check, and what its answer must be. */
export interface DnsParams {
  /** Without a last dot; empty: the root. */
  readonly name: string;
  readonly qtype: DnsType;
  readonly transport: "udp" | "tcp";
  readonly rcode: DnsRcode;
  /** Source of the regular expression (RE2), empty when none. */
  readonly answer: string;
  readonly recursion: boolean;
}

/** The datagram of a udp check, and its answer; bytes as in the file (bytes_text.ts). */
export interface UdpParams {
  readonly send: string;
  /** Empty: any answer passes. */
  readonly expect: string;
  readonly silence: "fail" | "pass";
}

/** True for a probe that makes a TLS handshake. */
export function isTls(params: ProbeParams): boolean {
  return params.type === "https" || ("ssl" in params && params.ssl);
}

/** True for a probe that sends a datagram of UDP. */
export function isUdp(params: ProbeParams): boolean {
  return params.type === "udp" || (params.type === "dns" && params.transport === "udp");
}

/** The call of a grpc check. */
export interface GrpcParams {
  /** Empty: the server as a whole. */
  readonly service: string;
  /** `:authority`; empty: the backend's address. */
  readonly authority: string;
}

/** The conversation of a tcp check. */
export interface StepParams {
  /** At most 32, not empty; absent: the connection is enough. */
  readonly steps?: readonly TcpStep[];
}

/** One step of a conversation. */
export interface TcpStep {
  readonly kind: "send" | "expect" | "expect-regexp";
  /** As in the file: bytes (bytes_text.ts), or an expression (RE2). */
  readonly text: string;
}

export interface TlsParams {
  /** SNI; empty when it is not configured and `host` is not a name. */
  readonly serverName: string;
  readonly insecureSkipVerify: boolean;
  /** Protocols offered in the handshake (ALPN); empty: none. */
  readonly alpn: readonly string[];
  /** Authorities trusted instead of the system's; absent without a `ca-file`. */
  readonly ca?: CaFile;
  /** Absent: the probe shows no certificate. */
  readonly client?: ClientCertificate;
}

/** The certificate that probes show, as its files were when the configuration was read. */
export interface ClientCertificate {
  readonly certPath: string;
  readonly keyPath: string;
  /** PEM: the certificate and its chain. */
  readonly cert: string;
  /** PEM, not encrypted; a secret. */
  readonly key: string;
  /** All certificates of the file are valid from then until `validUntilMs`. */
  readonly validFromMs: WallMs;
  readonly validUntilMs: WallMs;
}

/** Certificate authorities out of a file, as they were when the configuration was read. */
export interface CaFile {
  readonly path: string;
  /** The file's certificates, and nothing else of it; so a changed file is a changed definition. */
  readonly pem: string;
}

export interface HttpParams {
  readonly path: string;
  /** Host header; empty: the backend's address (with brackets for IPv6). */
  readonly host: string;
  readonly method: "GET" | "HEAD" | "POST";
  /** Of a POST; empty: none. */
  readonly body: string;
  /** Extra request headers, in the file's order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Names of the probe's own headers that are left out, as the file writes them. */
  readonly removedHeaders: readonly string[];
  /** Accepted status codes as closed ranges, sorted and disjoint: `[[200, 299], [301, 301]]`. */
  readonly responseCodes: readonly (readonly [from: number, to: number])[];
  /** Source of the regular expression (RE2), empty when none. */
  readonly responseRegexp: string;
  /** Source of the expression that must not match, empty when none. */
  readonly responseRegexpNot: string;
  /** Absent: HTTP/1.1. */
  readonly http2?: true;
  /** Absent: redirects are not followed. */
  readonly redirects?: "follow-same-host";
  /** Absent: none. */
  readonly proxyProtocol?: "v1" | "v2";
  /** A header that the response must have, with a source of an expression (RE2). */
  readonly responseHeader?: { readonly name: string; readonly regexp: string };
}

export interface BackendConfig {
  readonly name: string;
  readonly address: IpAddress;
  /** Name of its healthcheck; undefined: a static backend. */
  readonly healthcheck: string | undefined;
  readonly enabled: boolean;
}

export type FrontendProtocol = "tcp" | "udp" | "any";

export interface FrontendConfig {
  readonly name: string;
  readonly description: string;
  /** The VIP. */
  readonly address: IpAddress;
  /** `any` exactly when port is 0. */
  readonly protocol: FrontendProtocol;
  /** 0: all ports. */
  readonly port: number;
  /** At least one; order is preference. */
  readonly pools: readonly PoolConfig[];
  readonly srcIpSticky: boolean;
  readonly flushOnDown: boolean;
  /** Absent: `close`. */
  readonly onAllDown?: "last-good";
  /** Absent: a server that comes up has its whole weight immediately. */
  readonly slowStart?: SlowStartConfig;
  /** Absent: its prefix is not announced. */
  readonly announce?: AnnounceConfig;
}

export interface SlowStartConfig {
  /** From the first step to the last. */
  readonly durationMs: number;
  /** 2 to 5, the whole weight included. */
  readonly steps: number;
}

export interface AnnounceConfig {
  /** Servers with weight in VPP; at least 1. */
  readonly minUp: number;
  readonly hysteresisMs: number;
}

/** A number, or a percentage from 1 to 100. */
export type Share = { readonly count: number } | { readonly percent: number };

export interface PoolConfig {
  readonly name: string;
  /** At least one, file order. */
  readonly backends: readonly PoolBackendConfig[];
  /** Absent: no brake. */
  readonly maxDown?: Share;
  /** Absent: no check through VPP's tunnel. */
  readonly encap?: EncapConfig;
}

/** The check of a pool's servers through VPP's tunnel. */
export interface EncapConfig {
  readonly mode: "warn" | "on";
  /** Absent: VPP's source address of the servers' family. */
  readonly source?: IpAddress;
}

export interface PoolBackendConfig {
  readonly name: string;
  /** Configured weight, 0 to 100. */
  readonly weight: number;
}
