/** The changes of one instant, as events for the daemon and as log records. */
import type { WallMs } from "../base/instant.ts";
import type { Logger } from "../base/ports.ts";
import type { FrontendState, ProbeResult } from "../health/state.ts";
import type { CheckerEvent, FrontendView } from "./ports.ts";
import type { FrontendChange, Registry } from "./registry.ts";
import type { NamedTransition } from "../health/state.ts";
import type { RunningTarget } from "./targets.ts";

/** Everything that happened at one instant. */
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
  /** Unix time in milliseconds; that of the last transition goes before it. */
  readonly nowMs: WallMs;
}

/** Works out the frontends that are concerned, in `registry`, and what follows from that. */
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
    last: programEvent(views, transitions.length > 0 ? "transition" : "weight"),
    atMs: transitions.at(-1)?.transition.atMs ?? nowMs,
  };
}

/** Backends first, then the frontends that follow from them, then what is to be done. */
export function eventsOf(batch: ChangeBatch): CheckerEvent[] {
  const events: CheckerEvent[] = [];
  for (const { name, transition } of batch.transitions) {
    events.push({ kind: "backend", name, transition });
  }
  for (const { name, from, to } of batch.changes) {
    events.push({ kind: "frontend", name, transition: { from, to, atMs: batch.atMs } });
  }
  if (batch.last !== undefined) events.push(batch.last);
  return events;
}

/** Writes `backend-transition` and `frontend-transition` records. */
export function logChanges(logger: Logger, batch: ChangeBatch): void {
  for (const { name, transition: { from, to, result } } of batch.transitions) {
    const { layer, code, detail } = result;
    logger.info("backend-transition", { backend: name, from, to, layer, code, detail });
  }
  for (const { name, from, to } of batch.changes) {
    logger.info("frontend-transition", { frontend: name, from, to });
  }
}

/** Logs each that no longer counts as up, though no probe of its changed check failed. */
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

/** `program` for these frontends (already sorted), or nothing for an empty list. */
function programEvent(
  frontends: readonly FrontendView[],
  trigger: "transition" | "weight",
): CheckerEvent | undefined {
  return frontends.length === 0 ? undefined : { kind: "program", frontends, trigger };
}

/** The frontends of `registry`, in the file's order, whose state is another than before. */
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
