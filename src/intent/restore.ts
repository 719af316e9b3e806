/**
 * Puts operators' intents in force again at a start. PURE.
 *
 * Scheduled intents begin and end at their times also while nothing runs: one that began replaced
 * older ones, which do not come back at its end. A drain without force is the exception. Only the
 * checks decide whether it would take the last server, so it stays scheduled until then.
 */
import type { WallMs } from "../base/instant.ts";
import type { Config } from "../config/model.ts";
import { step } from "../health/machine.ts";
import type { Backend, NamedTransition } from "../health/state.ts";
import { type Intent, IntentSet, targetKey } from "./intent.ts";
import { afterDrainOf, type DroppedIntent, gone, overtaken } from "./rules.ts";

const REPLACED = "a newer request replaced it";

/** Input of restoreIntents(). */
export interface RestoreInput {
  readonly intents: readonly Intent[];
  readonly config: Config;
  /** Every backend of `config`, in its initial state. */
  readonly backends: ReadonlyMap<string, Backend>;
  /** Unix time in milliseconds. */
  readonly nowMs: WallMs;
  /** Older ones are dropped. */
  readonly maxAgeMs: number;
}

/** The kept intents that are in force again. */
export interface Restored {
  readonly intentSet: IntentSet;
  /** Every backend of the configuration, paused and disabled ones as such. */
  readonly backends: ReadonlyMap<string, Backend>;
  /** In the order of the set. */
  readonly transitions: readonly NamedTransition[];
  /** Those whose time was over while nothing ran. */
  readonly expired: readonly Intent[];
  readonly dropped: readonly DroppedIntent[];
}

/** Puts intents that were kept in force again; weights are left to the caller. */
export function restoreIntents(input: RestoreInput): Restored {
  const { config, nowMs, maxAgeMs } = input;
  const backends = new Map(input.backends);
  const transitions: NamedTransition[] = [];
  const { intents, expired, replaced } = afterDowntime(input.intents, nowMs);
  const dropped: DroppedIntent[] = replaced.map((intent) => ({ intent, cause: REPLACED }));
  const kept: Intent[] = [];
  for (const intent of intents) {
    const isShared = intent.scope !== undefined;
    // A load balancer that was taken out of service must not announce again by itself.
    const mayAge = !isShared && intent.kind !== "lameduck";
    const cause = mayAge && nowMs - (intent.fromMs ?? intent.sinceMs) > maxAgeMs
      ? "it is older than --state-max-age"
      : gone(intent, config) ?? overtaken(intent, config);
    if (cause !== undefined) {
      if (!isShared) dropped.push({ intent, cause });
      continue;
    }
    kept.push(intent);
    if (intent.scheduled === true) continue;
    if (intent.kind !== "pause" && intent.kind !== "disable") continue;
    const result = step(backends.get(intent.backend)!, { kind: intent.kind }, nowMs);
    if (!result.ok || result.transition === undefined) continue;
    backends.set(intent.backend, result.backend);
    transitions.push({ name: intent.backend, transition: result.transition });
  }
  return { intentSet: IntentSet.of(kept), backends, transitions, expired, dropped };
}

/** The stored intents at `nowMs`. */
function afterDowntime(stored: readonly Intent[], nowMs: WallMs): {
  /** In force or scheduled. */
  readonly intents: readonly Intent[];
  readonly expired: readonly Intent[];
  /** By a newer one. */
  readonly replaced: readonly Intent[];
} {
  const set = IntentSet.of(stored);
  const inForce = new Map(set.list().map((intent) => [targetKey(intent), intent]));
  const waiting: Intent[] = [];
  const expired: Intent[] = [];
  const replaced: Intent[] = [];
  for (const intent of set.scheduled) {
    const { scheduled: _, ...beginning } = intent;
    const { fromMs = nowMs } = beginning;
    const mayBegin = intent.kind !== "drain" || (intent.force === true && !isOver(intent, nowMs));
    if (fromMs > nowMs || !mayBegin) {
      (isOver(intent, nowMs) ? expired : waiting).push(intent);
      continue;
    }
    const key = targetKey(intent);
    const before = inForce.get(key);
    const present = before && lasting(before, fromMs);
    if (present !== undefined && present.sinceMs > intent.sinceMs) {
      replaced.push(intent);
      continue;
    }
    if (before !== undefined) (present === undefined ? expired : replaced).push(before);
    inForce.set(key, beginning);
  }
  const intents: Intent[] = [];
  for (const intent of inForce.values()) {
    const present = lasting(intent, nowMs);
    if (present === undefined) expired.push(intent);
    else intents.push(present);
  }
  return { intents: [...intents, ...waiting], expired, replaced };
}

/** The part of an intent in force that lasts at `atMs`: after a drain its pause or disable. */
function lasting(intent: Intent, atMs: WallMs): Intent | undefined {
  if (!isOver(intent, atMs)) return intent;
  return intent.kind === "drain" ? afterDrainOf(intent) : undefined;
}

function isOver({ untilMs }: Intent, atMs: WallMs): boolean {
  return untilMs !== undefined && untilMs <= atMs;
}
