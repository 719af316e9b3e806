/**
 * Interfaces inside vpp/: between the client (wire side) and the reconciler (meaning side).
 */
import type { IpAddress } from "../base/address.ts";
import type { WallMs } from "../base/instant.ts";
import type { ServerDetails, VipDetails } from "./lb/actual.ts";
import type { StatsRoom } from "./lb/guard/stats_budget.ts";
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
  /** Flushes the flows of a VIP that VPP has: of another one, VPP flushes whatever it happens on. */
  flushVip(vip: VipKey): Promise<Retval>;
  /** All VIPs in use (`lb_vip_dump`): no servers, sticky flag or pool index in it. */
  dumpVips(): Promise<readonly VipDetails[]>;
  /** Servers of all VIPs (`lb_as_v2_dump` with a zero prefix), removed ones included. */
  dumpServers(): Promise<readonly ServerDetails[]>;
  /** Text of a debug CLI command (`cli_inband`). */
  cli(command: string): Promise<string>;
  /**
   * Index of the VIP's own route in `/net/route/to`, by `ip_route_lookup`; undefined when there is
   * none, or when this VPP cannot tell.
   */
  routeIndex(vip: VipKey): Promise<number | undefined>;
}

/** What is known of a connected VPP. */
export interface VppInfo {
  readonly version: string;
  readonly buildDate: string;
  readonly buildDirectory: string;
  readonly pid: number;
  /** Unix time in milliseconds of this connection. */
  readonly connectedAtMs: WallMs;
  /** Unix time in milliseconds of VPP's start; undefined where the stats segment does not tell. */
  readonly bootAtMs: WallMs | undefined;
  /** False for a VPP without weights (up to 26.06): a server of weight 0 is deleted there. */
  readonly weights: boolean;
}

/** The connection as its users see it; see connection.ts. */
export type ConnectionState =
  | { readonly kind: "disconnected"; readonly reason: string }
  | {
    readonly kind: "connected";
    readonly info: VppInfo;
    readonly lb: LbApi;
    /** Absent without the stats segment. */
    readonly stats?: StatsReader | undefined;
  };

/** Keeps one VPP connected for as long as it is started. */
export interface VppConnection {
  readonly state: ConnectionState;
  /**
   * Calls `listener`, which must not throw, on every change of state until the returned function
   * is called. Listeners are called in the order in which they subscribed.
   */
  subscribe(listener: (state: ConnectionState) => void): () => void;
  start(): void;
  /** Closes and stops retrying; resolves when nothing is left. Idempotent. */
  stop(): Promise<void>;
}

/** One number an element (`simple`), or packets and bytes (`combined`). */
export type CounterKind = "simple" | "combined";

/** A counter vector of the stats segment, and the elements wanted of it. */
export interface CounterQuery {
  /** Name in the segment's directory. */
  readonly name: string;
  readonly kind: CounterKind;
  /** Indices of the elements, ascending, none twice. */
  readonly indices: Uint32Array;
}

/**
 * What became of a read. The values of each query: one number for each index, or two, each the sum
 * over VPP's threads, rounded beyond 2^53, NaN where VPP has no such element. `busy`: VPP was
 * rearranging the segment all the time; soon it will not. `error`: it has not what it claims, or
 * not what was asked for.
 */
export type CountersRead =
  | { readonly kind: "ok"; readonly values: readonly Float64Array[] }
  | { readonly kind: "busy" }
  | { readonly kind: "error"; readonly message: string };

/** A read that can be made again and again. */
export interface PreparedRead {
  /** Reads everything at once, without waiting. */
  read(): CountersRead;
}

/** Reads counters of the connected VPP; valid as long as the connection. */
export interface StatsReader {
  prepare(queries: readonly CounterQuery[]): PreparedRead;
  /** How much room there is; undefined when the segment lacks it. Absent: never known. */
  room?(): StatsRoom | undefined;
}

/** The stats segment of a connection. */
export interface StatsSession {
  /** Unix time in milliseconds of VPP's start, if it tells. */
  readonly bootAtMs: WallMs | undefined;
  readonly reader: StatsReader;
  /** Called when it is no segment any more. */
  onEnd: (reason: string) => void;
  close(): void;
}

/** The VIPs of the connected VPP, with their indices in its pool: what counters are found by. */
export interface CountedVips {
  /** Another number whenever a VIP or a server's route came, went, or has another index. */
  readonly version: number;
  /** In VIP order. */
  vips(): readonly ActualVip[];
  /** The version since which a VIP has its index: a VIP recreated has another. */
  indexedSince(vip: VipKey): number;
  /**
   * Asks VPP for the indices of VIPs that were added since it was read. Resolves with why they
   * are not known yet, if so. Rejects with MaglevError as LbApi does.
   */
  learnIndices(): Promise<string | undefined>;
}

/** Counters of one VIP since it was added to VPP (a VIP recreated begins anew). */
export interface VipCounters {
  readonly vip: VipKey;
  /** Packets of flows that had a server already. */
  readonly next: number;
  /** First packets of flows. */
  readonly first: number;
  /** Packets of flows that were not remembered, for want of room. */
  readonly untracked: number;
  /** Packets dropped because there was no server. */
  readonly noServer: number;
  /** Of the VIP's route, which all VIPs of its prefix share; undefined where VPP does not tell. */
  readonly fibPackets: number | undefined;
  readonly fibBytes: number | undefined;
}

/** Packets and bytes that VPP sent to one server, over all its VIPs, since its route was made. */
export interface ServerCounters {
  readonly address: IpAddress;
  readonly packets: number;
  readonly bytes: number;
}

/** Counters of all VIPs at one time. */
export interface CountersSnapshot {
  /** Unix time in milliseconds at which they were read. */
  readonly takenAtMs: WallMs;
  /** VIPs in it, in VIP order: those of VPP whose counters are known. */
  readonly vips: readonly VipKey[];
  /** Counters of the VIP at this place of `vips`; made when asked for. */
  at(place: number): VipCounters;
  /** By address, each once: servers whose route is known. Made when asked for. */
  servers(): readonly ServerCounters[];
}

/** Where others see the counters. */
export interface CountersSource {
  /** The newest; undefined while there is none that is live. */
  readonly snapshot: CountersSnapshot | undefined;
  /** Called with each new snapshot, and with undefined when there is none any more. */
  onSnapshot: (snapshot: CountersSnapshot | undefined) => void;
}

/** Counts each message that passes; `result` is `ok` or VPP's error name for replies. */
export interface ApiObserver {
  message(name: string, direction: "send" | "recv", result: string): void;
}

/**
 * Everything that VPP should have, for full runs and warm-up; changes of single frontends are
 * handed to the reconciler. The daemon builds it from the checker, so that vpp/ and checker/ do
 * not import each other.
 */
export interface DesiredSource {
  /** Names of all frontends, in the file's order. */
  frontends(): readonly string[];
  /** The VIP wanted for a frontend now; undefined for an unknown frontend. */
  desired(frontend: string): DesiredVip | undefined;
  /** True when no backend of the frontend is `unknown` any more (paused and disabled are known). */
  known(frontend: string): boolean;
  /**
   * True when nothing is known of the frontend because probes were void: no backend is anything but
   * `unknown`, and the prober was blind to one at least.
   */
  blind(frontend: string): boolean;
  /** Global settings wanted. */
  lbConf(): LbConf;
}
