/**
 * Interfaces between the parts of the daemon. The edges implement them, src/daemon/ builds the
 * implementations, and tests use their own.
 */
import type { MonotonicMs, WallMs } from "./instant.ts";

/** A started timer. Cancelling one that fired or was cancelled does nothing. */
export interface Timer {
  cancel(): void;
}

/** Time. Two clocks that are never mixed: monotonic for what elapsed, wall for what is shown. */
export interface Clock {
  /** Milliseconds of a clock that never goes back; its zero means nothing. */
  monotonicMs(): MonotonicMs;
  /** Unix time in milliseconds, fractions allowed. */
  wallMs(): WallMs;
  /** Calls `fn` once, `delayMs` or a little later from now. */
  after(delayMs: number, fn: () => void): Timer;
}

/** A source of random numbers, uniform in [0, 1). */
export type Prng = () => number;

/** Levels of log records, the least first. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

export type LogLevel = typeof LOG_LEVELS[number];

/** A value a log record may carry; undefined leaves the field out. */
export type LogValue = string | number | boolean | undefined | readonly string[];

/**
 * Fields of a log record, in the order in which they are written. Names are kebab-case, and each
 * has one meaning in all events:
 *
 *     err      reason of a failure or refusal
 *     detail   result of a probe in words
 *     reason   the operator's reason, in the operator's words
 *     message  a finding or an explanation for people, when nothing failed
 *     by       the caller: a signal, an identity
 *     trigger  cause of a synchronization
 *
 * `time`, `level` and `msg` belong to the record itself. A duration ends in `-ms`.
 */
export type LogFields = Readonly<Record<string, LogValue>>;

/**
 * Structured log. `event` is one of the names of the specification (`backend-transition`, …):
 * they are an interface, so they are a closed type.
 */
export interface Logger {
  /** False when no output takes records of this level, so that the caller need not build one. */
  enabled(level: LogLevel): boolean;
  debug(event: LogEventName, fields?: LogFields): void;
  info(event: LogEventName, fields?: LogFields): void;
  warn(event: LogEventName, fields?: LogFields): void;
  error(event: LogEventName, fields?: LogFields): void;
}

export type LogEventName =
  | "maglevd-start"
  | "config-loaded"
  | "config-error"
  | "config-reload"
  | "config-warning"
  | "vpp-connect"
  | "vpp-connect-failed"
  | "vpp-disconnect"
  | "vpp-no-weights"
  | "vpp-ping-failed"
  | "vpp-platform"
  | "vpp-lb-state"
  | "vpp-lb-conf-set"
  | "vpp-lb-conf-set-failed"
  | "vpp-lb-read-failed"
  | "vpp-withheld"
  | "vpp-lbsync-vip-add"
  | "vpp-lbsync-vip-del"
  | "vpp-lbsync-vip-recreate"
  | "vpp-lbsync-as-add"
  | "vpp-lbsync-as-del"
  | "vpp-lbsync-as-weight"
  | "vpp-lbsync-as-flush"
  | "vpp-lbsync-vip-flush"
  | "vpp-lbsync-error"
  | "vpp-lbsync-drift"
  | "vpp-lbsync-done"
  | "vpp-counters"
  | "vpp-counters-error"
  | "vpp-warmup-start"
  | "vpp-warmup-hold"
  | "vpp-warmup-release"
  | "vpp-warmup-done"
  | "vpp-api-send"
  | "vpp-api-recv"
  | "backend-transition"
  | "frontend-transition"
  | "lameduck"
  | "backend-damped"
  | "damping-overridden"
  | "damping-unusable"
  | "damping-not-stored"
  | "damping-stored"
  | "backend-held"
  | "backend-released"
  | "frontend-held"
  | "frontend-released"
  | "slow-start-begin"
  | "slow-start-end"
  | "encap-failed"
  | "encap-passed"
  | "frontend-announced"
  | "frontend-withdrawn"
  | "announce-failed"
  | "announce-written"
  | "probe-start"
  | "probe-done"
  | "probe-void"
  | "probe-worker"
  | "prober-blind"
  | "prober-restored"
  | "client-certificate-expires"
  | "prober-isolated"
  | "prober-isolated-expired"
  | "prober-isolated-ended"
  | "operator-action"
  | "operator-actions-refused"
  | "operator-intent-restored"
  | "agent-report"
  | "agent-forgotten"
  | "agent-unknown-word"
  | "operator-intent-expired"
  | "operator-drain-done"
  | "operator-intent-begun"
  | "operator-intent-waiting"
  | "operator-intent-dropped"
  | "operator-shared-obeyed"
  | "operator-shared-ended"
  | "operator-intent-not-stored"
  | "operator-intent-stored"
  | "operator-intent-file-unusable"
  | "fleet-store"
  | "fleet-rollout"
  | "fleet-intent-held"
  | "fleet-write-settled"
  | "fleet-book-stored"
  | "fleet-book-not-stored"
  | "fleet-book-unusable"
  | "history-damaged"
  | "history-not-stored"
  | "history-stored"
  | "grpc-listen"
  | "grpc-reload"
  | "grpc-refused"
  | "grpc-error"
  | "metrics-listen"
  | "events-dropped"
  | "dashboard-start"
  | "dashboard-listen"
  | "dashboard-warning"
  | "dashboard-action"
  | "dashboard-login-failed"
  | "dashboard-error"
  | "dashboard-certificate"
  | "shutdown";
