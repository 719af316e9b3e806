/** Converts the changes of one instant to events for the daemon and to log records. */
import type { WallMs } from "../base/instant.ts";
import type { Logger } from "../base/ports.ts";
import type { PolicyChange } from "../health/policy/changes.ts";
import type { FrontendState, ProbeResult } from "../health/state.ts";
import type { CheckerEvent } from "./ports.ts";
import type { FrontendChange, Registry } from "./registry.ts";
import type { NamedTransition } from "../health/state.ts";
import type { RunningTarget } from "./targets.ts";

/** The changes of one instant. */
export interface ChangeBatch {
  /** In the order in which they happened. */
  readonly transitions: readonly NamedTransition[];
  readonly changes: readonly FrontendChange[];
  /** The event that closes it, if there is one. */
  readonly last: CheckerEvent | undefined;
  /** Unix time in milliseconds. */
  readonly atMs: WallMs;
}

/** Input of changeBatchOf(). */
export interface Happened {
  readonly transitions: readonly NamedTransition[];
  /** Frontends whose weights changed for another reason. */
  readonly frontends: readonly string[];
  /** Unix time in milliseconds; the time of the last transition takes precedence. */
  readonly nowMs: WallMs;
}

/** Updates the frontends concerned in `registry`, and collects all changes. */
export function changeBatchOf(
  registry: Registry,
  { transitions, frontends, nowMs }: Happened,
): ChangeBatch {
  const touched = new Set(frontends);
  for (const { name } of transitions) {
    for (const frontend of registry.frontendsOf(name)) touched.add(frontend);
  }
  const { views, changes } = registry.refresh([...touched].sort());
  return {
    transitions,
    changes,
    last: views.length === 0 ? undefined : {
      kind: "program",
      frontends: views,
      config: registry.config,
      trigger: transitions.length > 0 ? "transition" : "weight",
    },
    atMs: transitions.at(-1)?.transition.atMs ?? nowMs,
  };
}

/** The events in order: backends, frontends, policies, then `program` or `reload`. */
export function eventsOf(
  batch: ChangeBatch,
  policyChanges: readonly PolicyChange[],
): CheckerEvent[] {
  const events: CheckerEvent[] = [];
  for (const { name, transition } of batch.transitions) {
    events.push({ kind: "backend", name, transition });
  }
  for (const { name, from, to } of batch.changes) {
    events.push({ kind: "frontend", name, transition: { from, to, atMs: batch.atMs } });
  }
  for (const change of policyChanges) {
    events.push({ kind: "policy", change, atMs: batch.atMs });
  }
  if (batch.last !== undefined) events.push(batch.last);
  return events;
}

/** Writes `backend-transition` and `frontend-transition` records, and those of policies. */
export function logChanges(
  logger: Logger,
  batch: ChangeBatch,
  policyChanges: readonly PolicyChange[],
): void {
  for (const { name, transition: { from, to, result } } of batch.transitions) {
    const { layer, code, detail } = result;
    logger.info("backend-transition", { backend: name, from, to, layer, code, detail });
  }
  for (const { name, from, to } of batch.changes) {
    logger.info("frontend-transition", { frontend: name, from, to });
  }
  for (const { event, frontend, pool, backend, message } of policyChanges) {
    const quiet = event.startsWith("slow-start") || event === "encap-passed";
    const level = quiet ? "info" : "warn";
    logger[level](event, { frontend, pool, backend, message });
  }
}

/** Logs each backend that no longer counts as up although no probe of its changed check failed. */
export function logSilent(logger: Logger, backends: readonly string[]): void {
  for (const backend of backends) {
    logger.warn("backend-transition", {
      backend,
      from: "unknown",
      to: "unknown",
      message: "its changed check brought no result in time: it no longer counts as up",
    });
  }
}

/** Writes a `probe-start` record, for a target that is known. */
export function logProbeStart(logger: Logger, target: RunningTarget | undefined): void {
  if (target === undefined) return;
  logger.debug("probe-start", { backend: target.backend, type: target.type });
}

/** Writes a `probe-done` record. */
export function logProbe(logger: Logger, target: RunningTarget, result: ProbeResult): void {
  const { backend, type } = target;
  const { ok, layer, code, detail } = result;
  const durationMs = Math.round(result.durationMs * 1000) / 1000;
  logger.debug("probe-done", {
    backend,
    type,
    ok,
    layer,
    code,
    detail,
    "duration-ms": durationMs,
  });
}

/** The frontends of `registry` whose state differs from before, in the file's order. */
export function changesSince(
  before: (frontend: string) => FrontendState,
  registry: Registry,
): readonly FrontendChange[] {
  const changes: FrontendChange[] = [];
  for (const [name, { state }] of registry.current.frontends) {
    const from = before(name);
    if (from !== state) changes.push({ name, from, to: state });
  }
  return changes;
}
