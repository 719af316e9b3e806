/**
 * Intents that begin at a later time. PURE.
 *
 * A scheduled intent is in force from its beginning on. It then replaces an intent for the same
 * target, unless an operator requested that one later: the newest request counts whole. An intent
 * that was replaced does not come back. A beginning is crossed once: setting the clock back does
 * not end what has begun.
 */
import { MaglevError } from "../base/errors.ts";
import { later, type WallMs, wholeMs } from "../base/instant.ts";
import { weightOf } from "../config/pool_weights.ts";
import type { Config } from "../config/model.ts";
import { type Intent, type IntentSet, targetKey } from "./intent.ts";
import type { BackendAction, OperatorOptions } from "./request.ts";
import { askedBy, overtaken, redated } from "./rules.ts";

/** Most scheduled intents for one target. */
export const MAX_FOR_ONE = 16;
/**
 * Most scheduled intents. When all begin together in one frontend, the main thread works for half a
 * second. With the longest reasons and identities they are 5 MiB of the file's 16.
 */
export const MAX_SCHEDULED = 4000;

/** Why one more intent cannot be scheduled; undefined: it can. */
export function tooMany(intent: Intent, intents: IntentSet): MaglevError | undefined {
  const counts = [
    { have: intents.scheduledLike(intent).length, max: MAX_FOR_ONE, where: " for this target" },
    { have: intents.scheduled.length, max: MAX_SCHEDULED, where: "" },
  ];
  const full = counts.find(({ have, max }) => have >= max);
  return full && new MaglevError(
    "resource-exhausted",
    `cannot schedule it: need fewer than ${full.max} scheduled intents${full.where}, have ` +
      `${full.have}; cancel one, or wait until one begins`,
  );
}

/** The intent of an action that begins later; undefined: it begins now, or leaves no intent. */
export function scheduledAction(
  backend: string,
  { kind, options, nowMs }: {
    readonly kind: BackendAction | "clear";
    readonly options: OperatorOptions;
    readonly nowMs: WallMs;
  },
): Intent | undefined {
  if (options.fromMs === undefined || (kind !== "pause" && kind !== "disable")) return undefined;
  return { kind, backend, ...askedBy({ options, nowMs }) };
}

/** Why a scheduled intent cannot begin; undefined: it can. Its names are those of `config`. */
export function obstacle(
  intent: Intent,
  { intents, config, leftMs }: {
    readonly intents: IntentSet;
    readonly config: Config;
    /** Milliseconds until its end. */
    readonly leftMs: number;
  },
): string | undefined {
  if (leftMs <= 0) return "its time is over";
  const present = intents.ofTarget(intent);
  if (present !== undefined && present.sinceMs > intent.sinceMs) {
    return "a newer request is in force";
  }
  if (intent.kind !== "weight") return overtaken(intent, config);
  return weightOf(config.frontends.get(intent.frontend), intent) === intent.weight
    ? "the file has this weight"
    : undefined;
}

/**
 * The intent in force that follows from a scheduled one, of which `leftMs` are left. Its end is so far
 * from now also when the clock was set.
 */
export function begun(
  intent: Intent,
  { config, leftMs, nowMs }: {
    readonly config: Config;
    readonly leftMs: number;
    readonly nowMs: WallMs;
  },
): Intent {
  const { scheduled: _, inMs: __, ...rest } = intent;
  const { forMs, untilMs } = rest;
  const timed: Intent = forMs === undefined || untilMs === undefined
    ? rest
    : redated({ ...rest, forMs: leftMs }, wholeMs(later(nowMs, leftMs)) - untilMs);
  if (timed.kind !== "weight") return timed;
  return { ...timed, instead: weightOf(config.frontends.get(timed.frontend), timed)! };
}

/** The actions on a backend that end an intent. */
export function cancelled(
  intent: Intent,
): readonly { readonly backend: string; readonly kind: BackendAction }[] {
  if (intent.kind === "pause") return [{ backend: intent.backend, kind: "resume" }];
  return intent.kind === "disable" ? [{ backend: intent.backend, kind: "enable" }] : [];
}

/**
 * Intents that a scheduled one will replace: older ones for the same target, in force or
 * scheduled, that still last when it begins.
 */
export function replacedBy(intent: Intent, intents: IntentSet): readonly Intent[] {
  const { fromMs } = intent;
  if (fromMs === undefined) return [];
  return intents.all().filter((other) =>
    other !== intent && targetKey(other) === targetKey(intent) &&
    (other.fromMs === undefined || other.fromMs <= fromMs) &&
    (other.untilMs === undefined || other.untilMs > fromMs)
  );
}
