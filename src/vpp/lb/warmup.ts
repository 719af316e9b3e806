/**
 * Holds frontends back after a start until their backends are known (warm-up), because programming
 * unknown backends would empty VPP's tables.
 *
 *     0             min                       max
 *     | nothing is  | a frontend is released  | all others are released, with a full sync, except
 *     | released    | when all its backends   | frontends that the prober is blind to: these follow
 *     |             | are known               | when it no longer is
 *
 * It ends early when all are released. With both delays 0 it is over from the start. Each step
 * returns a new value; the time is an argument.
 */
import { later, type MonotonicMs } from "../../base/instant.ts";

/** Times in milliseconds of the same monotonic clock. */
export interface Warmup {
  /** No frontend is released before this time. */
  readonly minAtMs: MonotonicMs;
  /** At this time all frontends are released, except those that the prober is blind to. */
  readonly maxAtMs: MonotonicMs;
  /** Frontends released so far; meaningless once it is over. */
  readonly released: ReadonlySet<string>;
  /** True from max on: only frontends that the prober is blind to are still held back. */
  readonly late: boolean;
  /** Once true it stays true: all frontends follow health immediately. */
  readonly over: boolean;
}

/** The frontends at the time of a step. */
export interface WarmupView {
  /** Names of all configured frontends. */
  readonly frontends: readonly string[];
  /** True when all backends of the frontend are known. */
  known(frontend: string): boolean;
  /** True when no backend of the frontend is known, because probes were void. */
  blind(frontend: string): boolean;
}

/** The changes of a step. */
export interface WarmupStep {
  readonly warmup: Warmup;
  /** Frontends that this step released without ending warm-up, in the given order. */
  readonly released: readonly string[];
  /** Set by the step at max if warm-up goes on: the frontends that the prober is blind to. */
  readonly blind?: readonly string[];
  /** Set by the step that ended warm-up: every frontend was released, or max was reached. */
  readonly ended: "all-known" | "max" | undefined;
}

/** A warm-up that starts at `nowMs`. */
export function startWarmup(
  nowMs: MonotonicMs,
  delays: { readonly minMs: number; readonly maxMs: number },
): Warmup {
  return {
    minAtMs: later(nowMs, delays.minMs),
    maxAtMs: later(nowMs, Math.max(delays.minMs, delays.maxMs)),
    released: new Set(),
    late: false,
    over: delays.minMs <= 0 && delays.maxMs <= 0,
  };
}

/** The warm-up at `nowMs`. */
export function stepWarmup(warmup: Warmup, nowMs: MonotonicMs, view: WarmupView): WarmupStep {
  if (warmup.over) return { warmup, released: [], ended: undefined };
  const held = view.frontends.filter((frontend) => !warmup.released.has(frontend));
  if (nowMs >= warmup.maxAtMs) return stepAfterMax(warmup, held, view);
  if (nowMs < warmup.minAtMs) return { warmup, released: [], ended: undefined };
  const released = held.filter((frontend) => view.known(frontend));
  if (released.length === held.length) return { ...endWarmup(warmup, "all-known"), released };
  return { warmup: releaseFrontends(warmup, released), released, ended: undefined };
}

function stepAfterMax(warmup: Warmup, held: readonly string[], view: WarmupView): WarmupStep {
  const blind = held.filter((frontend) => view.blind(frontend));
  if (blind.length === 0) return endWarmup(warmup, "max");
  const stays = new Set(blind);
  const released = held.filter((frontend) => !stays.has(frontend));
  const after = { ...releaseFrontends(warmup, released), late: true };
  return { warmup: after, released, ended: undefined, ...(warmup.late ? {} : { blind }) };
}

/** The warm-up with these frontends released, for example by an operator's explicit sync. */
export function releaseFrontends(warmup: Warmup, frontends: readonly string[]): Warmup {
  if (warmup.over || frontends.length === 0) return warmup;
  return { ...warmup, released: new Set([...warmup.released, ...frontends]) };
}

/** True when changes of this frontend may go to VPP. */
export function isReleased(warmup: Warmup, frontend: string): boolean {
  return warmup.over || warmup.released.has(frontend);
}

/** When to step again if nothing else happens; undefined when it is over. */
export function nextWarmupStepMs(warmup: Warmup, nowMs: MonotonicMs): MonotonicMs | undefined {
  if (warmup.over || warmup.late) return undefined;
  return nowMs < warmup.minAtMs ? warmup.minAtMs : warmup.maxAtMs;
}

/** The warm-up ended by an operator's sync of everything. */
export function endWarmupNow(warmup: Warmup): Warmup {
  return { ...warmup, over: true };
}

function endWarmup(warmup: Warmup, ended: "all-known" | "max"): WarmupStep {
  return { warmup: endWarmupNow(warmup), released: [], ended };
}
