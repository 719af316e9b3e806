/**
 * What the API needs of the daemon, and what it tells: interfaces only.
 */
import type { Clock, LogFields, Logger } from "../base/ports.ts";
import type { Checker } from "../checker/checker.ts";
import type { ReloadForecast } from "../checker/forecast.ts";
import type { OperatorId } from "../checker/intent.ts";
import type { LogBroadcaster } from "../log/broadcaster.ts";
import type { CountersSource, VppConnection } from "../vpp/ports.ts";
import type { Reconciler } from "../vpp/reconcile.ts";
import type { ServedMethod } from "./methods.ts";

/** The daemon as the handlers see it. */
export interface DaemonDoor {
  readonly checker: Pick<
    Checker,
    | "snapshot"
    | "subscribe"
    | "pauseBackend"
    | "resumeBackend"
    | "disableBackend"
    | "enableBackend"
    | "setWeight"
  >;
  /** Undefined: VPP integration is off. */
  readonly vpp: VppDoor | undefined;
  readonly config: ConfigDoor;
  readonly readiness: ReadinessDoor;
  readonly broadcaster: LogBroadcaster;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Unix time in milliseconds of the daemon's start. */
  readonly startedAtMs: number;
}

/** Whether the daemon does its work. */
export interface ReadinessDoor {
  readiness(): { readonly ready: boolean };
}

export interface VppDoor {
  readonly connection: Pick<VppConnection, "state">;
  readonly reconciler: Pick<
    Reconciler,
    "sync" | "lbState" | "warmedUp" | "withheld" | "statsUse" | "wasRecreated"
  >;
  readonly counters: Pick<CountersSource, "snapshot">;
}

/** One error or warning of the configuration file: stage, rule, file, line, column, path, message. */
export interface ConfigFinding {
  readonly fields: LogFields;
  /** All of it in one line. */
  readonly text: string;
}

/** What was found in the configuration file. */
export interface ConfigVerdict {
  readonly ok: boolean;
  readonly errors: readonly ConfigFinding[];
  readonly warnings: readonly ConfigFinding[];
}

/** The configuration file. */
export interface ConfigDoor {
  /** Reads and judges the file, as a reload would, and changes nothing. */
  check(): Promise<ConfigVerdict>;
  /** Puts the file in force when nothing is wrong with it. */
  reload(by: OperatorId): Promise<ConfigVerdict>;
  /** What reload() would do now; the forecast is there when the verdict is ok. */
  plan(
    signal: AbortSignal,
  ): Promise<{ readonly verdict: ConfigVerdict; readonly forecast: ReloadForecast | undefined }>;
}

/** Counts calls, for metrics. Methods are those of METHODS. */
export interface GrpcObserver {
  started(method: ServedMethod): void;
  /** `code` as in STATUS_NAMES; `seconds` from start to end. */
  handled(method: ServedMethod, code: string, seconds: number): void;
  received(method: ServedMethod): void;
  sent(method: ServedMethod): void;
}
