/** The daemon as the API sees it, and the observer of calls: interfaces only. */
import type { WallMs } from "../../base/instant.ts";
import type { Clock, LogFields, Logger } from "../../base/ports.ts";
import type { Checker } from "../../checker/checker.ts";
import type { ReloadOutline } from "../../checker/worked_reload.ts";
import type { FleetRequests } from "../../fleet/member/requests/requests.ts";
import type { ReloadForecast } from "../../forecast/forecast.ts";
import type { HistoryReader } from "../../history/history.ts";
import type { OperatorId } from "../../intent/intent.ts";
import type { LogBroadcaster } from "../../log/broadcaster.ts";
import type { ProberApi } from "../../probe/ports.ts";
import type { ApiTotals, CountersSource, VppConnection } from "../../vpp/ports.ts";
import type { DrainWatch } from "../../vpp/drain/watch.ts";
import type { Reconciler } from "../../vpp/sync/reconcile.ts";
import type { ServedMethod } from "./methods.ts";

/** The daemon as the handlers see it. */
export interface DaemonApi {
  readonly announcer?: AnnouncerApi;
  readonly checker: Pick<
    Checker,
    | "current"
    | "tally"
    | "snapshot"
    | "subscribe"
    | "pauseBackend"
    | "resumeBackend"
    | "disableBackend"
    | "clearBackend"
    | "drainBackend"
    | "drainProblem"
    | "cancelIntent"
    | "enableBackend"
    | "setLameduck"
    | "setWeight"
  >;
  /** Absent: no store of a fleet is configured. */
  readonly fleet?: FleetRequests | undefined;
  /** Undefined: VPP integration is off. */
  readonly vpp: VppApi | undefined;
  readonly config: ConfigApi;
  readonly readiness: ReadinessApi;
  readonly probers: ProberApi;
  readonly history: HistoryReader;
  readonly broadcaster: LogBroadcaster;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Unix time in milliseconds of the daemon's start. */
  readonly startedAtMs: WallMs;
}

/** The file of announced prefixes. */
export interface AnnouncerApi {
  /** Whether the prefix of a frontend is to be announced; undefined: it has no `announce`. */
  announced(frontend: string): boolean | undefined;
  /** Why routers may follow something else; empty: the file is as it should be. */
  readonly problem: string;
  /** The end of the write under way; undefined: the file is as it should be. */
  readonly written: Promise<void> | undefined;
}

/** Readiness of the daemon. */
export interface ReadinessApi {
  /** `reasons`: a sentence for each thing that is missing. */
  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] };
}

export interface VppApi {
  readonly connection: Pick<VppConnection, "state">;
  /** Unix time in milliseconds since which it is connected, or is not. */
  readonly sinceMs: WallMs;
  readonly reconciler: Pick<
    Reconciler,
    | "sync"
    | "lbState"
    | "vip"
    | "weightTime"
    | "weightChanges"
    | "released"
    | "warmedUp"
    | "warmup"
    | "withheld"
    | "statsUse"
    | "wasRecreated"
    | "recentDrifts"
    | "tables"
  >;
  readonly counters: Pick<CountersSource, "snapshot">;
  readonly drains: Pick<DrainWatch, "progress">;
  readonly calls: ApiTotals;
}

/** One error or warning: stage, rule, file, line, column, path, message. */
export interface ConfigFinding {
  readonly fields: LogFields;
  /** All of it in one line. */
  readonly text: string;
}

/** The result of checking the configuration file. */
export interface ConfigVerdict {
  readonly ok: boolean;
  readonly errors: readonly ConfigFinding[];
  readonly warnings: readonly ConfigFinding[];
}

/** The file whose text is in force. */
export interface ConfigInForce {
  readonly file: string;
  /** Unix time in milliseconds at which it was read. */
  readonly loadedAtMs: WallMs;
  /** SHA-256 of its text, in hexadecimal. */
  readonly hash: string;
  /** The place of the first error of the last reload, which was refused; empty: it was not. */
  readonly refusal: string;
}

/** The effect of a reload. */
export interface ReloadReport {
  readonly outline: ReloadOutline;
  /** The forecast of its effect on VPP; absent when that took too long to compute. */
  readonly forecast: ReloadForecast | undefined;
}

/** The result of a reload; the report is there when the verdict is ok. */
export interface ReloadOutcome {
  readonly verdict: ConfigVerdict;
  readonly report: ReloadReport | undefined;
}

/** A planned reload. */
export interface PlannedReload {
  readonly verdict: ConfigVerdict;
  /** Absent unless the verdict is ok. */
  readonly forecast: ReloadForecast | undefined;
  /** Names the plan; empty unless the verdict is ok. */
  readonly planHash: string;
  /** SHA-256 of the file that was planned, in hexadecimal; empty unless the verdict is ok. */
  readonly hash: string;
}

/** The configuration file. */
export interface ConfigApi {
  inForce(): ConfigInForce;
  /** Reads and checks the file as a reload would, and changes nothing. */
  check(): Promise<{
    readonly verdict: ConfigVerdict;
    /** SHA-256 of the text, in hexadecimal; empty unless ok. */
    readonly hash: string;
  }>;
  /** Applies the file when it is valid; with a `planHash`, only when plan() would return that. */
  reload(by: OperatorId, planHash: string): Promise<ReloadOutcome>;
  /** The effect that reload() would have now; the forecast is there when the verdict is ok. */
  plan(signal: AbortSignal): Promise<PlannedReload>;
}

/** Counts calls, for metrics. Methods are those of METHODS. */
export interface GrpcObserver {
  started(method: ServedMethod): void;
  /** `code` as in STATUS_NAMES; `seconds` from start to end. */
  handled(method: ServedMethod, code: string, seconds: number): void;
  received(method: ServedMethod): void;
  sent(method: ServedMethod): void;
}
