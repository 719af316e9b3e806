/**
 * Interfaces inside vpp/: between the client, which handles messages, and the reconciler, which
 * handles VIPs.
 */
import type { IpAddress } from "../base/address.ts";
import type { WallMs } from "../base/instant.ts";
import type { ServerDetails, VipDetails } from "./lb/actual.ts";
import type { StatsRoom } from "./lb/guard/stats_budget.ts";
import type { ActualVip, DesiredVip, LbCapabilities, LbConf, VipKey } from "./lb/model.ts";

/**
 * Carries messages to and from VPP. There are two implementations (unix socket, shared memory) and
 * one in memory for tests; tests/contract/ tests the rules for all.
 */
export interface Transport {
  /** Message table of this VPP: `name_crc` → id, valid for this connection. */
  readonly table: ReadonlyMap<string, number>;
  /** The client_index that requests must carry. */
  readonly clientIndex: number;
  /** Queues one whole message, without frame header. Messages are soon written, in order. */
  send(message: Uint8Array): void;
  /** Called with each whole message, in order. Set before anything is sent. */
  onMessage: (message: Uint8Array) => void;
  /** Called once when the transport ends, except by close(). */
  onEnd: (reason: string) => void;
  /** Ends the transport; no callback is called afterwards. Idempotent. */
  close(): void;
}

/** The retval of VPP's reply to an operation (0: done; see wire/retval.ts). */
export type Retval = number;

/**
 * The lb plugin's operations. Requests are pipelined, and written in the order of the calls, at the
 * latest in the next microtask. An operation that VPP refuses resolves with a retval. A promise
 * rejects with MaglevError only in three cases: the connection was lost (`unavailable`), the
 * deadline passed, which also ends the connection (`deadline-exceeded`), or the request was never
 * sent, for example because the queue is full (`resource-exhausted`).
 */
export interface LbApi {
  readonly capabilities: LbCapabilities;
  /** Undefined when this VPP does not report its settings (up to 26.06, without `lb_conf_get`). */
  getConf(): Promise<LbConf | undefined>;
  setConf(conf: LbConf): Promise<Retval>;
  addVip(vip: DesiredVip): Promise<Retval>;
  deleteVip(vip: ActualVip): Promise<Retval>;
  addServer(vip: VipKey, address: IpAddress, weight: number): Promise<Retval>;
  deleteServer(vip: VipKey, address: IpAddress, flush: boolean): Promise<Retval>;
  /** Needs `capabilities.weights`, as do the dumps; otherwise rejects with `unimplemented`. */
  setWeight(vip: VipKey, address: IpAddress, weight: number, flush: boolean): Promise<Retval>;
  /** Flushes the flows of a VIP. VPP must have it: otherwise VPP flushes arbitrary flows. */
  flushVip(vip: VipKey): Promise<Retval>;
  /** All VIPs in use (`lb_vip_dump`), without servers, sticky flag and pool index. */
  dumpVips(): Promise<readonly VipDetails[]>;
  /** Servers of all VIPs (`lb_as_v2_dump` with a zero prefix), including removed ones. */
  dumpServers(): Promise<readonly ServerDetails[]>;
  /** Output of a debug CLI command (`cli_inband`). */
  cli(command: string): Promise<string>;
  /**
   * Index of the VIP's own route in `/net/route/to`, by `ip_route_lookup`; undefined when VPP has
   * no route for the VIP alone, or does not report it.
   */
  routeIndex(vip: VipKey): Promise<number | undefined>;
}

/** The identity and capabilities of a connected VPP. */
export interface VppInfo {
  readonly version: string;
  readonly buildDate: string;
  readonly buildDirectory: string;
  readonly pid: number;
  /** Unix time in milliseconds of this connection. */
  readonly connectedAtMs: WallMs;
  /** Unix time in milliseconds of VPP's start; undefined if the segment does not report it. */
  readonly bootAtMs: WallMs | undefined;
  /** False for a VPP without weights (up to 26.06): a server of weight 0 is deleted there. */
  readonly weights: boolean;
}

/** The state of the connection for its users; see connection.ts. */
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
  /** Closes and stops retrying; resolves when everything is closed. Idempotent. */
  stop(): Promise<void>;
}

/** `simple`: one number for each element; `combined`: packets and bytes. */
export type CounterKind = "simple" | "combined";

/** A counter vector of the stats segment, and the elements to read. */
export interface CounterQuery {
  /** Name in the segment's directory. */
  readonly name: string;
  readonly kind: CounterKind;
  /** Indices of the elements, ascending, each once. */
  readonly indices: Uint32Array;
}

/**
 * The outcome of a read.
 *
 * - `ok`: the values of each query, one number for each index (`simple`) or two (`combined`). Each
 *   is the sum over VPP's threads, rounded beyond 2^53, or NaN when VPP lacks the element.
 * - `busy`: VPP was rearranging the segment during all tries; try again soon.
 * - `error`: the segment is inconsistent, or lacks a counter of the query.
 */
export type CountersRead =
  | { readonly kind: "ok"; readonly values: readonly Float64Array[] }
  | { readonly kind: "busy" }
  | { readonly kind: "error"; readonly message: string };

/** A read that can be repeated. */
export interface PreparedRead {
  /** Reads all values, synchronously. */
  read(): CountersRead;
}

/** Reads counters of the connected VPP; valid for as long as the connection. */
export interface StatsReader {
  prepare(queries: readonly CounterQuery[]): PreparedRead;
  /** The room in the segment; undefined when it cannot be read now. Absent: never known. */
  room?(): StatsRoom | undefined;
}

/** The stats segment of a connection. */
export interface StatsSession {
  /** Unix time in milliseconds of VPP's start; undefined if VPP does not report it. */
  readonly bootAtMs: WallMs | undefined;
  readonly reader: StatsReader;
  /** Called when the memory is no longer a valid segment. */
  onEnd: (reason: string) => void;
  close(): void;
}

/** The VIPs of the connected VPP, with their indices in its pool, by which counters are found. */
export interface CountedVips {
  /** Rises whenever a VIP or a server's route is added, removed, or gets another index. */
  readonly version: number;
  /** In VIP order. */
  vips(): readonly ActualVip[];
  /** The version since which a VIP has its index; a recreated VIP gets another one. */
  indexedSince(vip: VipKey): number;
  /**
   * Reads the indices of VIPs that were added since VPP was read. Resolves with the reason if they
   * are still unknown. Rejects with MaglevError as LbApi does.
   */
  learnIndices(): Promise<string | undefined>;
}

/** Counters of one VIP since it was added to VPP (a recreated VIP starts at 0). */
export interface VipCounters {
  readonly vip: VipKey;
  /** Packets of flows that already had a server. */
  readonly next: number;
  /** First packets of flows. */
  readonly first: number;
  /** Packets of flows that were not remembered, because the table was full. */
  readonly untracked: number;
  /** Packets dropped because there was no server. */
  readonly noServer: number;
  /** Of the VIP's route, shared by all VIPs of its prefix; undefined if VPP does not report it. */
  readonly fibPackets: number | undefined;
  readonly fibBytes: number | undefined;
}

/** Packets and bytes that VPP sent to one server, over all its VIPs, since its route was added. */
export interface ServerCounters {
  readonly address: IpAddress;
  readonly packets: number;
  readonly bytes: number;
}

/** Counters of all VIPs at one time. */
export interface CountersSnapshot {
  /** Unix time in milliseconds at which they were read. */
  readonly takenAtMs: WallMs;
  /** The VIPs of VPP whose counters are known, in VIP order. */
  readonly vips: readonly VipKey[];
  /** Counters of the VIP at this place of `vips`; computed on demand. */
  at(place: number): VipCounters;
  /** Servers whose route is known, by address, each once; computed on demand. */
  servers(): readonly ServerCounters[];
}

/** Publishes the counters. */
export interface CountersSource {
  /** The newest snapshot; undefined while there is no live one. */
  readonly snapshot: CountersSnapshot | undefined;
  /** Called with each new snapshot, and with undefined when it is withdrawn. */
  onSnapshot: (snapshot: CountersSnapshot | undefined) => void;
}

/** Messages that have passed since the start. They go on changing. */
export interface ApiTotals {
  readonly sent: number;
  /** Replies that were errors. */
  readonly errors: number;
}

/** Counts each message that passes; `result` is `ok` or VPP's error name for replies. */
export interface ApiObserver {
  message(name: string, direction: "send" | "recv", result: string): void;
}

/**
 * The desired state of VPP, for full runs and warm-up. Changes of single frontends are passed to
 * the reconciler directly. The daemon builds this source from the checker, so that vpp/ and
 * checker/ do not import each other.
 */
export interface DesiredSource {
  /** Names of all frontends, in the file's order. */
  frontends(): readonly string[];
  /** The VIP that a frontend should have now; undefined for an unknown frontend. */
  desired(frontend: string): DesiredVip | undefined;
  /** True when no backend of the frontend is still `unknown` (paused and disabled are known). */
  known(frontend: string): boolean;
  /**
   * True when nothing is known of the frontend because probes were void: all backends are
   * `unknown`, and the prober was blind to at least one. Never while one of them is drained.
   */
  blind(frontend: string): boolean;
  /** The desired global settings. */
  lbConf(): LbConf;
}
