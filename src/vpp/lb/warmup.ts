/**
 * Warm-up: a restarted daemon knows nothing of its backends, and programming that would empty
 * VPP's tables. So it waits until it knows.
 *
 *     0            min                      max
 *     | nothing     | a frontend is released  | all the rest is released, with a full sync
 *     |             | when all its backends   |
 *     |             | are known               |
 *
 * Over early when all are released. Both delays 0: over from the start. A value that is replaced
 * by each step; it knows the time only from its arguments.
 */

/** Times in milliseconds of the same monotonic clock. */
export interface Warmup {
  /** No frontend is released before. */
  readonly minAtMs: number;
  /** All are released then. */
  readonly maxAtMs: number;
  /** Frontends released so far; means nothing once it is over. */
  readonly released: ReadonlySet<string>;
  /** Once true it stays true: VPP follows health without restraint. */
  readonly over: boolean;
}

/** What a step changed. */
export interface WarmupStep {
  readonly warmup: Warmup;
  /** Frontends this step released because they are known, in the order given. */
  readonly released: readonly string[];
  /** Set on the step that ended it: because every frontend was released, or because of max. */
  readonly ended: "all-known" | "max" | undefined;
}

/** A warm-up that starts at `nowMs`. */
export function startWarmup(
  nowMs: number,
  delays: { readonly minMs: number; readonly maxMs: number },
): Warmup {
  return {
    minAtMs: nowMs + delays.minMs,
    maxAtMs: nowMs + Math.max(delays.minMs, delays.maxMs),
    released: new Set(),
    over: delays.minMs <= 0 && delays.maxMs <= 0,
  };
}

/** The warm-up at `nowMs`, given which of the configured frontends are known. */
export function stepWarmup(
  warmup: Warmup,
  nowMs: number,
  view: { readonly frontends: readonly string[]; known(frontend: string): boolean },
): WarmupStep {
  if (warmup.over) return { warmup, released: [], ended: undefined };
  if (nowMs >= warmup.maxAtMs) return endWarmup(warmup, "max");
  if (nowMs < warmup.minAtMs) return { warmup, released: [], ended: undefined };
  const held = view.frontends.filter((frontend) => !warmup.released.has(frontend));
  const released = held.filter((frontend) => view.known(frontend));
  if (released.length === held.length) return { ...endWarmup(warmup, "all-known"), released };
  return { warmup: releaseFrontends(warmup, released), released, ended: undefined };
}

/** The warm-up with these frontends released, such as by an operator's explicit sync. */
export function releaseFrontends(warmup: Warmup, frontends: readonly string[]): Warmup {
  if (warmup.over || frontends.length === 0) return warmup;
  return { ...warmup, released: new Set([...warmup.released, ...frontends]) };
}

/** True when changes of this frontend may go to VPP. */
export function isReleased(warmup: Warmup, frontend: string): boolean {
  return warmup.over || warmup.released.has(frontend);
}

/** When to step again if nothing else happens; undefined when it is over. */
export function nextWarmupStepMs(warmup: Warmup, nowMs: number): number | undefined {
  if (warmup.over) return undefined;
  return nowMs < warmup.minAtMs ? warmup.minAtMs : warmup.maxAtMs;
}

/** The warm-up ended by an operator who asked for everything to be programmed. */
export function endWarmupNow(warmup: Warmup): Warmup {
  return { ...warmup, over: true };
}

function endWarmup(warmup: Warmup, ended: "all-known" | "max"): WarmupStep {
  return { warmup: endWarmupNow(warmup), released: [], ended };
}
