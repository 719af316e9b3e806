/**
 * Interfaces between the checker (main thread) and the probe engine (workers).
 */
import type { IpAddress } from "../base/address.ts";
import type { WallMs } from "../base/instant.ts";
import type { ProbeResult } from "../health/state.ts";
import type { HealthcheckConfig, IsolationConfig } from "../config/model.ts";
import type { Lack } from "./lack.ts";

/** A target and its settings; `id` is small, dense and reused only after stop(). */
export interface ProbeTarget {
  /** Chosen by the checker, unique among started targets. */
  readonly id: number;
  /** Incremented with every start of this id: results of an older one are dropped. */
  readonly generation: number;
  /** Name of the backend, for log records. */
  readonly backend: string;
  readonly address: IpAddress;
  readonly healthcheck: HealthcheckConfig;
  /** Network namespace (`healthchecker.netns`), empty for the daemon's own. */
  readonly netns: string;
  /** Delay of the first probe: its share of the spread, chosen by the checker. */
  readonly firstDelayMs: number;
  /**
   * Delay after which the first probe may start, while the engine has nothing else to do; at most
   * `firstDelayMs`, which is the default.
   */
  readonly soonestMs?: number;
  /**
   * Reads the checker's rise/fall counter, at the start and after a crash of the worker; absent: as
   * on entering `unknown`.
   */
  readonly counter?: (() => number) | undefined;
}

/** One finished probe. */
export interface ProbeOutcome {
  readonly id: number;
  readonly generation: number;
  readonly result: ProbeResult;
  /** Unix time in milliseconds of the verdict. */
  readonly atMs: WallMs;
}

/** A probe that did not count because the prober itself was late or lacked something. */
export interface VoidProbe {
  readonly id: number;
  readonly generation: number;
  /** Lateness of the prober; 0 when there was another cause. */
  readonly latenessMs: number;
  /** For people: the lateness or the lack (file descriptors, a local port). */
  readonly reason?: string;
  /** The lack; absent: the prober was late. */
  readonly lack?: Lack | undefined;
}

/** A lack of this host because of which probes are void. */
export interface BlindSpot {
  readonly lack: Lack;
  /** For people. */
  readonly reason: string;
  /** Backends whose newest probe was void because of it; 0 for some seconds after the last. */
  readonly backends: number;
  /** Unix time in milliseconds. */
  readonly sinceMs: WallMs;
}

/** The threads that probe in one network namespace. */
export interface ProberView {
  /** Empty: the daemon's own. */
  readonly netns: string;
  readonly threads: number;
  /** Backends that they probe. */
  readonly backends: number;
  /** Empty while all is well. */
  readonly blind: readonly BlindSpot[];
  /** Why they take themselves to be cut off from the network; absent while they do not. */
  readonly isolated?: string;
  /** Why they did so until max-hold, while the targets are still away; absent otherwise. */
  readonly expired?: string;
}

/** The state of the engine that can be read at any time, without waiting. */
export interface ProberApi {
  /** By namespace, sorted. */
  probers(): readonly ProberView[];
  /** Why the newest probe of a backend was void; undefined when it was not. */
  voidReason(backend: string): string | undefined;
}

/** Statistics of the engine, for metrics. */
export interface ProbeStats {
  readonly probes: number;
  readonly voids: number;
  /** Lateness of probe starts in milliseconds since the last call: count, p50, p99, max. */
  readonly lateness: {
    readonly count: number;
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
  };
  /** Probes in flight now. */
  readonly inFlight: number;
}

/**
 * The engine: paces probes from start to start by the rise/fall counter (kept in the worker with
 * the same pure functions, so that a busy main thread delays no probe) and hands results back.
 */
export interface ProbeEngine extends ProberApi {
  /** Called with results in order of verdict, at most 1 ms after the oldest that could matter. */
  onOutcomes: (outcomes: readonly ProbeOutcome[]) => void;
  onVoid: (probe: VoidProbe) => void;
  /** Called with the start of each probe, while trace() is on. */
  onStart: (probe: { readonly id: number; readonly generation: number }) => void;
  /** Switches onStart on or off; off at first, because it costs a message per probe. */
  trace(on: boolean): void;
  /** Judges failures by these targets from now on; undefined: all failures count. */
  isolate?(config: IsolationConfig | undefined): void;
  /** Starts probing a target. A target that was already started with the same id is replaced. */
  start(target: ProbeTarget): void;
  /** Uses another address from the next probe on; pace, counter and generation stay. */
  readdress(id: number, address: IpAddress): void;
  /** Cancels the probe in flight within 10 ms, and forgets the target. Unknown ids are ignored. */
  stop(id: number): void;
  stats(): Promise<ProbeStats>;
  /**
   * False while the thread that probes a target is starting, hung or dead, so that silence about
   * the target proves nothing. Absent: always true.
   */
  answers?(id: number): boolean;
  /** Stops everything; resolves when workers are gone. Idempotent. */
  close(): Promise<void>;
}
