/**
 * The result of a synchronisation in numbers, for the log, metrics and the operator who requested
 * it.
 */
import type { MonotonicMs } from "../../base/instant.ts";
import type { Logger } from "../../base/ports.ts";
import type { Operation } from "../lb/model.ts";

/** `all`: the whole of VPP was compared; `vip`: single VIPs only. */
export type SyncScope = "all" | "vip";

/** The trigger of a synchronisation. */
export type SyncTrigger =
  | "connect"
  | "interval"
  | "reload"
  | "transition"
  | "weight"
  | "operator"
  | "warm-up"
  /** An operation failed, so the known state is in doubt. */
  | "reread"
  /** The last attempt to read VPP failed. */
  | "retry";

/** Operations VPP acknowledged, by kind; names are those of `maglev_vpp_lbsync_total`. */
export interface SyncCounts {
  readonly vip_added: number;
  readonly vip_removed: number;
  readonly as_added: number;
  readonly as_removed: number;
  readonly as_weight_updated: number;
}

/** One finished synchronisation. */
export interface SyncReport {
  readonly scope: SyncScope;
  readonly trigger: SyncTrigger;
  readonly counts: SyncCounts;
  /** Operations that VPP refused or did not answer, and VIPs with withheld operations. */
  readonly failed: number;
  /**
   * VIPs left alone because they conflict with a VIP that a waiting full run may remove. Whether
   * it does is not known yet.
   */
  readonly deferred: number;
  /** From the start of the run to the last reply, reading included. */
  readonly durationMs: number;
}

/** The count that an acknowledged operation adds to; plain flushes are not counted. */
export const COUNT_OF: Readonly<Record<Operation["kind"], keyof SyncCounts | undefined>> = {
  "vip-add": "vip_added",
  "vip-del": "vip_removed",
  "as-add": "as_added",
  "as-del": "as_removed",
  "as-weight": "as_weight_updated",
  "as-flush": undefined,
  "vip-flush": undefined,
};

/** Options of SyncBatch. */
export interface SyncBatchOptions {
  readonly scope: SyncScope;
  readonly trigger: SyncTrigger;
  readonly startMs: MonotonicMs;
  /** Called once when everything was sent and answered. */
  readonly onFinish: (batch: SyncBatch) => void;
}

/** A synchronisation under way: counts its outcomes until the last reply. */
export class SyncBatch {
  readonly scope: SyncScope;
  readonly trigger: SyncTrigger;
  readonly startMs: MonotonicMs;
  /** Resolves when it is finished; never rejects. */
  readonly finished: Promise<void>;
  #counts: Record<keyof SyncCounts, number> = {
    vip_added: 0,
    vip_removed: 0,
    as_added: 0,
    as_removed: 0,
    as_weight_updated: 0,
  };
  #failed = 0;
  #deferred = 0;
  #lost = false;
  #pending = 0;
  #sealed = false;
  readonly #finish: () => void;

  constructor(options: SyncBatchOptions) {
    this.scope = options.scope;
    this.trigger = options.trigger;
    this.startMs = options.startMs;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.finished = promise;
    this.#finish = () => {
      options.onFinish(this);
      resolve();
    };
  }

  /** True when the connection ended before everything was answered. */
  get lost(): boolean {
    return this.#lost;
  }

  get failed(): number {
    return this.#failed;
  }

  /** A VIP's operations were sent. */
  begin(): void {
    this.#pending++;
  }

  /** A VIP's operations were all answered. */
  end(): void {
    this.#pending--;
    if (this.#sealed && this.#pending === 0) this.#finish();
  }

  done(kind: Operation["kind"]): void {
    const count = COUNT_OF[kind];
    if (count !== undefined) this.#counts[count]++;
  }

  fail(): void {
    this.#failed++;
  }

  defer(): void {
    this.#deferred++;
  }

  lose(): void {
    this.#lost = true;
  }

  /** Nothing more will be sent. */
  seal(): void {
    this.#sealed = true;
    if (this.#pending === 0) this.#finish();
  }

  /** The report at `nowMs`, on the same clock as startMs. */
  report(nowMs: MonotonicMs): SyncReport {
    return {
      scope: this.scope,
      trigger: this.trigger,
      counts: { ...this.#counts },
      failed: this.#failed,
      deferred: this.#deferred,
      durationMs: nowMs - this.startMs,
    };
  }
}

/** Adds up two synchronisations; the second was made for the deferred VIPs of the first. */
export function together(first: SyncReport, second: SyncReport): SyncReport {
  const sum = (count: keyof SyncCounts) => first.counts[count] + second.counts[count];
  return {
    ...second,
    counts: {
      vip_added: sum("vip_added"),
      vip_removed: sum("vip_removed"),
      as_added: sum("as_added"),
      as_removed: sum("as_removed"),
      as_weight_updated: sum("as_weight_updated"),
    },
    failed: first.failed + second.failed + second.deferred,
    deferred: 0,
    durationMs: first.durationMs + second.durationMs,
  };
}

/** Logs the report; at debug level when there was nothing to do. */
export function logReport(report: SyncReport, logger: Logger): void {
  const level = didAnything(report) ? "info" : "debug";
  if (!logger.enabled(level)) return;
  logger[level]("vpp-lbsync-done", {
    scope: report.scope,
    trigger: report.trigger,
    ...Object.fromEntries(
      Object.entries(report.counts).map(([kind, count]) => [kind.replaceAll("_", "-"), count]),
    ),
    failed: report.failed,
    "duration-ms": Math.round(report.durationMs * 1000) / 1000,
  });
}

/** True when the synchronisation changed anything or failed to. */
function didAnything(report: SyncReport): boolean {
  return report.failed > 0 || Object.values(report.counts).some((count) => count > 0);
}
