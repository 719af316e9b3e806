/**
 * Decides when an intent begins and ends. PURE.
 *
 *     an action            begins the intent that agrees with it, and ends one that does not
 *     its time has come    begins a scheduled one (schedule.ts)
 *     its time is over     ends it, with the opposite action: resume, enable, the file's weight; a
 *                          drain becomes the pause or disable that follows it
 *     a reload             ends it if its backend or entry is removed, or if the file's own value
 *                          changed: an entry's weight, a backend's `enabled` (see reload.ts)
 *     a start              as a reload, by the values kept on disk (restore.ts)
 *
 * A weight replaces one weight of the file. When that weight changed, the file was edited, and it
 * wins. A reload for any other reason keeps the weight, and a changed check keeps a pause or a
 * disable.
 */
import {
  earliest,
  EPOCH_MS,
  later,
  latest,
  LATEST_MS,
  type WallMs,
  wholeMs,
} from "../base/instant.ts";
import { toPlainLine } from "../base/text.ts";
import type { Config } from "../config/model.ts";
import type { Backend } from "../health/state.ts";
import {
  type BackendIntent,
  type DrainIntent,
  type Intent,
  type IntentBase,
  IntentSet,
  type LameduckIntent,
  type WeightIntent,
} from "./intent.ts";
import type { BackendAction, OperatorOptions, SetWeightRequest } from "./request.ts";
import { weightOf } from "../config/pool_weights.ts";

/** An intent that ended, with the reason. */
export interface DroppedIntent {
  readonly intent: Intent;
  readonly cause: string;
}

/** Longest peer or identity that is kept, in UTF-16 units. */
export const MAX_ID_LENGTH = 256;

/** The wall clock was set when it moved by so many milliseconds against the monotonic one. */
export const CLOCK_SET_MS = 1000;

/** Operator, reason and end of a new intent. */
interface Asked {
  readonly options: OperatorOptions;
  /** Unix time in milliseconds. */
  readonly nowMs: WallMs;
}

/** The intents after an action; `backend` is its state after it. */
export function afterAction(
  intentSet: IntentSet,
  action: Asked & {
    readonly kind: BackendAction;
    readonly backend: Backend;
    /** The file's `enabled` of the backend. */
    readonly fileEnabled: boolean;
  },
): IntentSet {
  const { kind, backend, fileEnabled } = action;
  if (kind === "pause" || (kind === "disable" && fileEnabled)) {
    const intent: BackendIntent = { kind, backend: backend.name, ...askedBy(action) };
    return intentSet.with(intentSet.asNewest(intent));
  }
  const intent = intentSet.localOfBackend(backend.name);
  // Every other action ends a drain.
  if (intent?.kind === "drain") return intentSet.without(intent);
  return intent === undefined || disagreement(intent, backend, fileEnabled) === undefined
    ? intentSet
    : intentSet.without(intent);
}

/** The intent of a requested drain, which ends at `untilMs`. */
export function drainOf(
  { backend, then, untilMs, forMs, force, ...action }:
    & Asked
    & Pick<DrainIntent, "backend" | "then" | "untilMs">
    & { readonly forMs: number; readonly force: boolean },
): DrainIntent {
  const asked = askedBy(action);
  const forced = force && asked.scheduled === true ? { force } : {};
  return { kind: "drain", backend, then, ...asked, untilMs, forMs, ...forced };
}

/** The intent of a requested lameduck. */
export function lameduckOf(asked: Asked): LameduckIntent {
  return { kind: "lameduck", ...askedBy(asked) };
}

/** The intent that follows a drain; undefined: new flows come back. */
export function afterDrainOf(
  { then, untilMs: _, forMs: __, force: ___, ...drain }: DrainIntent,
): BackendIntent | undefined {
  return then === "resume" ? undefined : { ...drain, kind: then, untilMs: undefined };
}

/** An intent whose lengths have not changed after the wall clock was set by `setMs`. */
export function redated(intent: Intent, setMs: number): Intent {
  if (Math.abs(setMs) < CLOCK_SET_MS) return intent;
  const moved = (ms: WallMs) => earliest(latest(later(ms, setMs), EPOCH_MS), LATEST_MS);
  const { fromMs, inMs, untilMs, forMs } = intent;
  const begins = intent.scheduled === true && inMs !== undefined && fromMs !== undefined;
  const ends = forMs !== undefined && untilMs !== undefined;
  return {
    ...intent,
    ...(begins ? { fromMs: moved(fromMs) } : {}),
    ...(ends ? { untilMs: moved(untilMs) } : {}),
  } as Intent;
}

/** The intents after some came to their ends by themselves, with the actions that follow. */
export function afterEnds(
  intentSet: IntentSet,
  { ended, config }: { readonly ended: readonly Intent[]; readonly config: Config },
): {
  readonly intentSet: IntentSet;
  readonly actions: readonly { readonly backend: string; readonly kind: BackendAction }[];
  /** Frontends with other weights, by themselves or through a backend. */
  readonly reweighed: {
    readonly frontends: readonly string[];
    readonly backends: readonly string[];
  };
} {
  const added: Intent[] = [];
  const actions: { backend: string; kind: BackendAction }[] = [];
  const frontends: string[] = [];
  const backends: string[] = [];
  for (const intent of ended) {
    if (intent.kind === "lameduck") continue;
    if (intent.kind === "weight") {
      frontends.push(intent.frontend);
    } else if (intent.kind === "drain") {
      backends.push(intent.backend);
      const next = afterDrainOf(intent);
      if (next === undefined) continue;
      // Disabling what the file disables is not an intent.
      const byFile = next.kind === "disable" && !config.backends.get(next.backend)!.enabled;
      if (!byFile) added.push(next);
      actions.push({ backend: intent.backend, kind: next.kind });
    } else {
      const kind = intent.kind === "pause" ? "resume" : "enable";
      actions.push({ backend: intent.backend, kind });
    }
  }
  return {
    intentSet: intentSet.replaced(ended, added),
    actions,
    reweighed: { frontends, backends },
  };
}

/** The intent of a weight in place of the file's; also for the file's own weight, which ends it. */
export function weightIntentOf(
  action: Asked & { readonly request: SetWeightRequest; readonly fileWeight: number },
): WeightIntent {
  const { frontend, pool, backend, weight } = action.request;
  return {
    kind: "weight",
    frontend,
    pool,
    backend,
    weight,
    instead: action.fileWeight,
    ...askedBy(action),
  };
}

/** The intents after a reload that gave these backends. */
export function afterReload(
  intentSet: IntentSet,
  { next, backends }: { readonly next: Config; readonly backends: ReadonlyMap<string, Backend> },
): { readonly intentSet: IntentSet; readonly dropped: readonly DroppedIntent[] } {
  const kept: Intent[] = [];
  const dropped: DroppedIntent[] = [];
  for (const intent of intentSet.all()) {
    if (intent.scope !== undefined) {
      // A reload ends nothing of the fleet; one that fits again is put in force by the caller.
      if ((gone(intent, next) ?? overtaken(intent, next)) === undefined) kept.push(intent);
      continue;
    }
    // An intent of the fleet that is more restrictive decides about the state.
    const isShadowed = intent.kind !== "weight" && intent.kind !== "lameduck" &&
      intent.scheduled !== true && intentSet.ofBackend(intent.backend) !== intent;
    const cause = gone(intent, next) ??
      (isShadowed ? overtaken(intent, next) : endedByFile(intent, { next, backends }));
    if (cause === undefined) kept.push(intent);
    else dropped.push({ intent, cause });
  }
  const isSame = kept.length === intentSet.all().length;
  return { intentSet: isSame ? intentSet : IntentSet.of(kept), dropped };
}

function endedByFile(
  intent: Intent,
  { next, backends }: { readonly next: Config; readonly backends: ReadonlyMap<string, Backend> },
): string | undefined {
  if (intent.kind === "lameduck") return undefined;
  if (intent.kind === "weight" || intent.scheduled === true) return overtaken(intent, next);
  const { enabled } = next.backends.get(intent.backend)!;
  return disagreement(intent, backends.get(intent.backend), enabled);
}

/** Why the file decides otherwise by now. */
export function overtaken(intent: Intent, config: Config): string | undefined {
  if (intent.kind === "lameduck") return undefined;
  if (intent.kind !== "weight") {
    return config.backends.get(intent.backend)!.enabled ? undefined : BY_FILE;
  }
  const weight = weightOf(config.frontends.get(intent.frontend), intent);
  return weight === intent.instead
    ? undefined
    : `the file's weight changed from ${intent.instead} to ${weight}`;
}

/** Returns which name of `intent` the configuration lacks. */
export function gone(intent: Intent, config: Config): string | undefined {
  if (intent.kind === "lameduck") {
    return config.announce === undefined ? "`maglev.announce` is gone" : undefined;
  }
  if (intent.kind !== "weight") {
    return config.backends.has(intent.backend) ? undefined : "the backend is gone";
  }
  const frontend = config.frontends.get(intent.frontend);
  if (frontend === undefined) return "the frontend is gone";
  const pool = frontend.pools.find(({ name }) => name === intent.pool);
  if (pool === undefined) return "the pool is gone";
  const has = pool.backends.some(({ name }) => name === intent.backend);
  return has ? undefined : "the backend is gone from the pool";
}

const BY_FILE = "the configuration disables the backend itself";

/** The reason why a backend is not as `intent` requires. */
function disagreement(
  intent: BackendIntent | DrainIntent,
  backend: Backend | undefined,
  fileEnabled: boolean,
): string | undefined {
  if (backend?.state === "disabled" && !fileEnabled) return BY_FILE;
  if (intent.kind === "drain") return undefined;
  const wanted = intent.kind === "pause" ? "paused" : "disabled";
  return backend?.state === wanted
    ? undefined
    : "the configuration changed the backend's `enabled`";
}

/** The common fields of an intent. */
export function askedBy({ options, nowMs }: Asked): IntentBase {
  const { by, reason = "", untilMs, forMs, fromMs, inMs } = options;
  const sinceMs = latest(EPOCH_MS, wholeMs(nowMs));
  return {
    by: { peer: clip(by.peer), identity: clip(by.identity) },
    reason,
    sinceMs,
    untilMs,
    ...(forMs === undefined ? {} : { forMs }),
    ...(fromMs === undefined ? {} : { fromMs, scheduled: true }),
    ...(fromMs === undefined || inMs === undefined ? {} : { inMs }),
  };
}

/** One line of bounded length: a certificate's name is its holder's choice. */
function clip(text: string): string {
  return toPlainLine(text.slice(0, MAX_ID_LENGTH));
}
