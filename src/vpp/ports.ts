/**
 * Interfaces inside vpp/: between the client (wire side) and the reconciler (meaning side).
 */
import type { IpAddress } from "../base/address.ts";
import type { ActualVip, DesiredVip, LbCapabilities, LbConf, VipKey } from "./lb/model.ts";

/**
 * A way of bytes to and from VPP. Two implementations (unix socket, shared memory) and one in
 * memory for tests; tests/contract/ holds what all must do.
 */
export interface Transport {
  /** Message table of this VPP: `name_crc` → id, valid for this connection. */
  readonly table: ReadonlyMap<string, number>;
  /** What requests must carry as client_index. */
  readonly clientIndex: number;
  /** Queues one whole message (without frame header); written in order, soon, in few writes. */
  send(message: Uint8Array): void;
  /** Called with each whole message, in order. Set before anything is sent. */
  onMessage: (message: Uint8Array) => void;
  /** Called once when the transport ended, for whatever reason but close(). */
  onEnd: (reason: string) => void;
  /** Ends it; nothing is called afterwards. Idempotent. */
  close(): void;
}

/** What VPP answered to an operation: its retval (0: done, else see wire/retval.ts). */
export type Retval = number;

/**
 * The lb plugin's operations. Requests are written in the order of the calls, at the latest in
 * the next microtask, and pipelined. A returned promise rejects with MaglevError only when the
 * connection was lost (`unavailable`), its deadline passed, which ends the connection too
 * (`deadline-exceeded`), or it was never sent, such as for a full queue (`resource-exhausted`);
 * an operation VPP refused is a retval.
 */
export interface LbApi {
  readonly capabilities: LbCapabilities;
  /** Undefined when this VPP does not tell (it has no `lb_conf_get`, up to 26.06). */
  getConf(): Promise<LbConf | undefined>;
  setConf(conf: LbConf): Promise<Retval>;
  addVip(vip: DesiredVip): Promise<Retval>;
  deleteVip(vip: ActualVip): Promise<Retval>;
  addServer(vip: VipKey, address: IpAddress, weight: number): Promise<Retval>;
  deleteServer(vip: VipKey, address: IpAddress, flush: boolean): Promise<Retval>;
  /** Needs `capabilities.weights`, as do the dumps; else they reject with `unimplemented`. */
  setWeight(vip: VipKey, address: IpAddress, weight: number, flush: boolean): Promise<Retval>;
  /** All VIPs in use (`lb_vip_dump`): no servers, sticky flag or pool index in it. */
  dumpVips(): Promise<readonly VipDetails[]>;
  /** Servers of all VIPs (`lb_as_v2_dump` with a zero prefix), removed ones included. */
  dumpServers(): Promise<readonly ServerDetails[]>;
  /** Text of a debug CLI command (`cli_inband`). */
  cli(command: string): Promise<string>;
}

/** One lb_vip_details. */
export interface VipDetails extends VipKey {
  /** GRE4 0, GRE6 1, L3DSR 2, NAT4 3, NAT6 4. */
  readonly encap: number;
  /** 16 bits: 65536 reads 0. */
  readonly flowTableLength: number;
}

/** One lb_as_v2_details. */
export interface ServerDetails {
  readonly vip: VipKey;
  readonly address: IpAddress;
  /** In use when bit 0 is set. */
  readonly flags: number;
  readonly weight: number;
  readonly buckets: number;
}

/** What is known of a connected VPP. */
export interface VppInfo {
  readonly version: string;
  readonly buildDate: string;
  readonly buildDirectory: string;
  readonly pid: number;
  /** Unix time in milliseconds of this connection. */
  readonly connectedAtMs: number;
  /** Unix time in milliseconds of VPP's start; undefined until the stats segment is read. */
  readonly bootAtMs: number | undefined;
  /** False for a VPP without weights (up to 26.06): a server of weight 0 is deleted there. */
  readonly weights: boolean;
}

/** The connection as its users see it; see connection.ts. */
export type ConnectionState =
  | { readonly kind: "disconnected"; readonly reason: string }
  | { readonly kind: "connected"; readonly info: VppInfo; readonly lb: LbApi };

/** Keeps one VPP connected for as long as it is started. */
export interface VppConnection {
  readonly state: ConnectionState;
  /** Called on every change of state; a handler must not throw. */
  onChange: (state: ConnectionState) => void;
  start(): void;
  /** Closes and stops retrying; resolves when nothing is left. Idempotent. */
  stop(): Promise<void>;
}

/** Counts each message that passes; `result` is `ok` or VPP's error name for replies. */
export interface ApiObserver {
  message(name: string, direction: "send" | "recv", result: string): void;
}

/**
 * Where the reconciler learns what VPP should have. The daemon builds it from the checker's
 * snapshot and lb/desired.ts, so that vpp/ and checker/ do not know each other.
 */
export interface DesiredSource {
  /** Names of all frontends, in the file's order. */
  frontends(): readonly string[];
  /** The VIP wanted for a frontend now; undefined when there is no such frontend. */
  desired(frontend: string): DesiredVip | undefined;
  /** True when no backend of the frontend is `unknown` any more (paused and disabled are known). */
  known(frontend: string): boolean;
  /** Global settings wanted. */
  lbConf(): LbConf;
}
