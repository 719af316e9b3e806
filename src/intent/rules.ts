/**
 * When an intent begins, ends and gives way. PURE.
 *
 *     an action            the intent that agrees with it, or none
 *     its time is over     the action's opposite: resume, enable, the file's weight
 *     a reload             what it names is gone, or the file's own value of it changed: an
 *                          entry's weight, a backend's `enabled` (see reload.ts)
 *     a start              the same, by what was kept on disk; also when too old, or at its end
 *
 * A weight stands in place of the very weight of the file that it was put in place of. When that one
 * changed, the file was edited, and it wins. A reload for any other reason leaves the weight alone,
 * and so does a changed check leave a pause or a disable.
 */
import { toPlainLine } from "../base/text.ts";
import type { Config } from "../config/model.ts";
import { step } from "../health/machine.ts";
import type { Backend } from "../health/state.ts";
import { type BackendIntent, type Intent, IntentBook, type WeightIntent } from "./intent.ts";
import type { BackendAction, OperatorOptions, SetWeightRequest } from "./request.ts";
import { weightOf } from "../config/pool_weights.ts";
import type { NamedTransition } from "../health/state.ts";

/** An intent that is no longer, and why. */
export interface DroppedIntent {
  readonly intent: Intent;
  readonly cause: string;
}

/** Longest peer or identity that is kept, in UTF-16 units. */
export const MAX_ID_LENGTH = 256;

/** Who, why and until when of a new intent. */
interface Asked {
  readonly options: OperatorOptions;
  /** Unix time in milliseconds. */
  readonly nowMs: number;
}

/** The book after an action that was done; `backend` is as it is now. */
export function afterAction(
  book: IntentBook,
  action: Asked & {
    readonly kind: BackendAction;
    readonly backend: Backend;
    /** The file's `enabled` of the backend. */
    readonly fileEnabled: boolean;
  },
): IntentBook {
  const { kind, backend, fileEnabled } = action;
  if (kind === "pause" || (kind === "disable" && fileEnabled)) {
    return book.with({ kind, backend: backend.name, ...askedBy(action) });
  }
  const intent = book.ofBackend(backend.name);
  return intent === undefined || disagreement(intent, backend, fileEnabled) === undefined
    ? book
    : book.without(intent);
}

/** The book after a weight was set in place of the file's. */
export function afterWeight(
  book: IntentBook,
  action: Asked & { readonly request: SetWeightRequest; readonly fileWeight: number },
): IntentBook {
  const { frontend, pool, backend, weight } = action.request;
  const intent: WeightIntent = {
    kind: "weight",
    frontend,
    pool,
    backend,
    weight,
    instead: action.fileWeight,
    ...askedBy(action),
  };
  return weight === action.fileWeight ? book.without(intent) : book.with(intent);
}

/** The book after a reload that gave these backends. */
export function afterReload(
  book: IntentBook,
  { next, backends }: { readonly next: Config; readonly backends: ReadonlyMap<string, Backend> },
): { readonly book: IntentBook; readonly dropped: readonly DroppedIntent[] } {
  const kept: Intent[] = [];
  const dropped: DroppedIntent[] = [];
  for (const intent of book.list()) {
    const cause = gone(intent, next) ?? endedByFile(intent, { next, backends });
    if (cause === undefined) kept.push(intent);
    else dropped.push({ intent, cause });
  }
  return { book: dropped.length === 0 ? book : IntentBook.of(kept), dropped };
}

function endedByFile(
  intent: Intent,
  { next, backends }: { readonly next: Config; readonly backends: ReadonlyMap<string, Backend> },
): string | undefined {
  if (intent.kind === "weight") return overtaken(intent, next);
  const { enabled } = next.backends.get(intent.backend)!;
  return disagreement(intent, backends.get(intent.backend), enabled);
}

/** What restoreIntents works from. */
export interface RestoreInput {
  readonly intents: readonly Intent[];
  readonly config: Config;
  /** Every backend of `config`, just begun. */
  readonly backends: ReadonlyMap<string, Backend>;
  /** Unix time in milliseconds. */
  readonly nowMs: number;
  /** Older ones are dropped. */
  readonly maxAgeMs: number;
}

/** What of the kept intents is in force again. */
export interface Restored {
  readonly book: IntentBook;
  /** Every backend of the configuration, paused and disabled ones as such. */
  readonly backends: ReadonlyMap<string, Backend>;
  /** In the order of the book. */
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
  const expired: Intent[] = [];
  const dropped: DroppedIntent[] = [];
  const kept: Intent[] = [];
  for (const intent of IntentBook.of(input.intents).list()) {
    if (intent.untilMs !== undefined && intent.untilMs <= nowMs) {
      expired.push(intent);
      continue;
    }
    const cause = nowMs - intent.sinceMs > maxAgeMs
      ? "it is older than --state-max-age"
      : gone(intent, config) ?? overtaken(intent, config);
    if (cause !== undefined) {
      dropped.push({ intent, cause });
      continue;
    }
    kept.push(intent);
    if (intent.kind === "weight") continue;
    const result = step(backends.get(intent.backend)!, { kind: intent.kind }, nowMs);
    if (!result.ok || result.transition === undefined) continue;
    backends.set(intent.backend, result.backend);
    transitions.push({ name: intent.backend, transition: result.transition });
  }
  return { book: IntentBook.of(kept), backends, transitions, expired, dropped };
}

/** Why the file decides otherwise by now. */
function overtaken(intent: Intent, config: Config): string | undefined {
  if (intent.kind !== "weight") {
    return config.backends.get(intent.backend)!.enabled ? undefined : BY_FILE;
  }
  const weight = weightOf(config.frontends.get(intent.frontend), intent);
  return weight === intent.instead
    ? undefined
    : `the file's weight changed from ${intent.instead} to ${weight}`;
}

/** What the configuration no longer has of what `intent` names. */
function gone(intent: Intent, config: Config): string | undefined {
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

/** Why a backend is not as `intent` wants it. */
function disagreement(
  intent: BackendIntent,
  backend: Backend | undefined,
  fileEnabled: boolean,
): string | undefined {
  if (backend?.state === "disabled" && !fileEnabled) return BY_FILE;
  const wanted = intent.kind === "pause" ? "paused" : "disabled";
  return backend?.state === wanted
    ? undefined
    : "the configuration changed the backend's `enabled`";
}

function askedBy({ options, nowMs }: Asked) {
  const { by, reason = "", untilMs } = options;
  const sinceMs = Math.max(0, Math.floor(nowMs));
  return { by: { peer: clip(by.peer), identity: clip(by.identity) }, reason, sinceMs, untilMs };
}

/** One line of bounded length: a certificate's name is its holder's choice. */
function clip(text: string): string {
  return toPlainLine(text.slice(0, MAX_ID_LENGTH));
}
