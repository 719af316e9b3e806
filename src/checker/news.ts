/**
 * What became known at one instant, as events for the daemon and as records for the log.
 */
import type { Logger } from "../base/ports.ts";
import type { FrontendState, ProbeResult } from "../health/state.ts";
import type { CheckerEvent } from "./ports.ts";
import type { FrontendChange, Registry } from "./registry.ts";
import type { NamedTransition } from "./reload.ts";
import type { RunningTarget } from "./targets.ts";

/** Everything that happened at one instant. */
export interface News {
  /** In the order in which they happened. */
  readonly transitions: readonly NamedTransition[];
  readonly changes: readonly FrontendChange[];
  /** The event that closes it, if there is one. */
  readonly last: CheckerEvent | undefined;
  /** Unix time in milliseconds. */
  readonly atMs: number;
}

/** Backends first, then the frontends that follow from them, then what is to be done. */
export function eventsOf(news: News): CheckerEvent[] {
  const events: CheckerEvent[] = [];
  for (const { name, transition } of news.transitions) {
    events.push({ kind: "backend", name, transition });
  }
  for (const { name, from, to } of news.changes) {
    events.push({ kind: "frontend", name, transition: { from, to, atMs: news.atMs } });
  }
  if (news.last !== undefined) events.push(news.last);
  return events;
}

/** Writes `backend-transition` and `frontend-transition` records. */
export function logNews(logger: Logger, news: News): void {
  for (const { name, transition: { from, to, result } } of news.transitions) {
    const { layer, code, detail } = result;
    logger.info("backend-transition", { backend: name, from, to, layer, code, detail });
  }
  for (const { name, from, to } of news.changes) {
    logger.info("frontend-transition", { frontend: name, from, to });
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

/** `program` for these frontends (already sorted), or nothing when there are none. */
export function programEvent(
  frontends: readonly string[],
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
  for (const [name, { state }] of registry.snapshot().frontends) {
    const from = before(name);
    if (from !== state) changes.push({ name, from, to: state });
  }
  return changes;
}
