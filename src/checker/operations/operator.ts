/**
 * Checks the requests of operators, and writes one log record for each request, allowed or refused.
 * The API handler writes the record from the checker's answer, because some requests never reach
 * the checker.
 */
import { isPlainLine } from "../../base/text.ts";
import {
  type BackendAction,
  MAX_REASON_LENGTH,
  type OperatorOptions,
  type SetWeightRequest,
} from "../../intent/request.ts";
import { notFound } from "../../base/nearest.ts";
import { MaglevError } from "../../base/errors.ts";
import { LATEST_MS, TOO_FAR_AWAY, type WallMs } from "../../base/instant.ts";
import type { LogFields, Logger } from "../../base/ports.ts";
import type { FrontendConfig } from "../../config/model.ts";
import { MAX_WEIGHT } from "../../health/weight.ts";
import type { Intent, OperatorId } from "../../intent/intent.ts";
import type { Durability } from "../../intent/ports.ts";
import { weightOf } from "../../config/pool_weights.ts";

/** The value that an action changed: a backend's state, or a weight. */
export interface BeforeAndAfter {
  /** Undefined for an unknown name. */
  readonly before: string | number | undefined;
  /** The same as `before` when nothing was done. */
  readonly after: string | number | undefined;
}

/** The outcome of a request: done, or refused with the reason. */
export type OperatorOutcome<T> =
  | (BeforeAndAfter & {
    readonly ok: true;
    /** The object of the request, as it is now. */
    readonly value: T;
    /** The intent that is now in force for it, if any. */
    readonly intent: Intent | undefined;
    /**
     * Resolves, soon and without failing, when the intents in force are saved on disk or saving has
     * failed. The action is in force already. A caller that answers an operator waits for this
     * first, and reports a failure as a warning.
     */
    readonly durable: Promise<Durability>;
  })
  | (BeforeAndAfter & { readonly ok: false; readonly error: MaglevError });

/** One `operator-action` record. */
export interface ActionRecord extends Partial<BeforeAndAfter> {
  /** Name of the method in the API. */
  readonly method: string;
  readonly arguments: LogFields;
  readonly by: OperatorId;
  readonly reason?: string | undefined;
  /** The reason of a refusal; absent when the request was done. */
  readonly error?: MaglevError | undefined;
}

/** Writes the record. */
export function logAction(logger: Logger, record: ActionRecord): void {
  logger.info("operator-action", {
    method: record.method,
    ...record.arguments,
    peer: record.by.peer,
    identity: record.by.identity,
    reason: record.reason,
    result: record.error?.code ?? "ok",
    err: record.error?.message,
    before: record.before,
    after: record.after,
  });
}

/** A refusal; nothing was changed. */
export function refused<T>(error: MaglevError, before?: string | number): OperatorOutcome<T> {
  return { ok: false, error, before, after: before };
}

/** The error in the reason or the end of an action, or undefined. */
export function checkOptions(
  options: OperatorOptions,
  { nowMs, canEnd, canBegin = canEnd }: {
    readonly nowMs: WallMs;
    readonly canEnd: boolean;
    /** Default: as `canEnd`. */
    readonly canBegin?: boolean;
  },
): MaglevError | undefined {
  const { reason = "", untilMs, fromMs } = options;
  const bad = (message: string) => new MaglevError("invalid-argument", message);
  if (reason.length > MAX_REASON_LENGTH) {
    return bad(
      `cannot take the reason: need at most ${MAX_REASON_LENGTH} characters, have ${reason.length}`,
    );
  }
  if (!isPlainLine(reason)) {
    return bad("cannot take the reason: need one line without control characters");
  }
  const beginning = fromMs === undefined
    ? undefined
    : problemOfInstant("the beginning (from)", fromMs, nowMs);
  if (beginning !== undefined) return bad(beginning);
  if (fromMs !== undefined && !canBegin) {
    return bad(
      "cannot take a beginning (from): only pauses, disables, drains and weights begin later",
    );
  }
  if (untilMs === undefined) return undefined;
  if (!canEnd) return bad("cannot take an end (until): only pauses, disables and weights end");
  const end = problemOfInstant("the end (until)", untilMs, fromMs ?? nowMs, fromMs !== undefined);
  return end === undefined ? undefined : bad(end);
}

/** `after` is the beginning, or the present time. */
function problemOfInstant(
  what: string,
  ms: WallMs,
  afterMs: WallMs,
  scheduled = false,
): string | undefined {
  if (ms > LATEST_MS) return `cannot take ${what}: ${TOO_FAR_AWAY}`;
  if (!Number.isInteger(ms)) {
    return `cannot take ${what}: need whole milliseconds of Unix time, have ${ms}`;
  }
  if (ms > afterMs) return undefined;
  const [have, after] = [ms, afterMs].map((each) => new Date(each).toISOString());
  const name = scheduled ? "the beginning" : "now";
  return `cannot take ${what}: need a time after ${name}, ${after}, have ${have}`;
}

/** The error in a request for an action on a backend, or undefined. */
export function checkAction(
  name: string,
  action: {
    readonly kind: BackendAction | "clear";
    readonly options: OperatorOptions;
    readonly fileEnabled: boolean;
    /** Unix time in milliseconds. */
    readonly nowMs: WallMs;
  },
): MaglevError | undefined {
  const { kind, options, fileEnabled, nowMs } = action;
  const canEnd = kind === "pause" || kind === "disable";
  const problem = checkOptions(options, { nowMs, canEnd });
  if (problem !== undefined) return problem;
  if (kind !== "disable" || options.untilMs === undefined || fileEnabled) return undefined;
  return new MaglevError(
    "failed-precondition",
    `cannot disable backend ${JSON.stringify(name)} until a time: ` +
      "the configuration disables it, so it would stay disabled then",
  );
}

/** The weight that `request` would replace, or the error in it. */
export function checkWeightRequest(
  request: SetWeightRequest,
  frontends: ReadonlyMap<string, { readonly config: FrontendConfig }>,
): number | MaglevError {
  const frontend = frontends.get(request.frontend)?.config;
  if (frontend === undefined) return notFound("frontend", request.frontend, frontends.keys());
  const pool = frontend.pools.find((other) => other.name === request.pool);
  if (pool === undefined) {
    const where = `pool of frontend ${JSON.stringify(frontend.name)} with the name`;
    return notFound(where, request.pool, frontend.pools.map((other) => other.name));
  }
  const weight = weightOf(frontend, request);
  if (weight === undefined) {
    const where = `backend in pool ${JSON.stringify(pool.name)} with the name`;
    return notFound(where, request.backend, pool.backends.map((other) => other.name));
  }
  if (!Number.isInteger(request.weight) || request.weight < 0 || request.weight > MAX_WEIGHT) {
    const wanted = `an integer from 0 to ${MAX_WEIGHT}`;
    return new MaglevError(
      "invalid-argument",
      `cannot set weight of backend ${JSON.stringify(request.backend)}: ` +
        `need ${wanted}, have ${request.weight}`,
    );
  }
  return weight;
}
