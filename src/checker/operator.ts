/**
 * What an operator may ask of the checker, and the one record each request leaves, allowed or
 * refused.
 */
import { MaglevError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import type { LogFields, Logger } from "../base/ports.ts";
import type { FrontendConfig } from "../config/model.ts";
import { MAX_WEIGHT } from "../health/weight.ts";
import { weightOf } from "./registry.ts";

/** Who asks. */
export interface Operator {
  /** Address of the other side, `unix` for a unix socket. */
  readonly peer: string;
  /** Who that is, as far as it was proved; empty when it was not. */
  readonly identity: string;
  /** Why, in the operator's words. */
  readonly reason?: string | undefined;
}

/** What may be asked for a backend. */
export type BackendAction = "pause" | "resume" | "disable" | "enable";

/** The names of the actions, as the API has them. */
export const BACKEND_METHOD: Readonly<Record<BackendAction, string>> = {
  pause: "PauseBackend",
  resume: "ResumeBackend",
  disable: "DisableBackend",
  enable: "EnableBackend",
};

/** A weight to be put in place of the file's, until the next reload. */
export interface SetWeightRequest {
  readonly frontend: string;
  /** Name of the pool. */
  readonly pool: string;
  readonly backend: string;
  /** Integer, 0 to 100. */
  readonly weight: number;
}

/** One `operator-action` record. */
export interface ActionRecord {
  readonly method: string;
  readonly arguments: LogFields;
  readonly who: Operator;
  /** Why it was refused; absent when it was done. */
  readonly error?: MaglevError;
  /** The value before and after; absent when there is no such thing. */
  readonly before?: string | number;
  readonly after?: string | number;
}

/** Writes the record. */
export function logAction(logger: Logger, record: ActionRecord): void {
  logger.info("operator-action", {
    method: record.method,
    ...record.arguments,
    peer: record.who.peer,
    identity: record.who.identity,
    reason: record.who.reason,
    result: record.error?.code ?? "ok",
    error: record.error?.message,
    before: record.before,
    after: record.after,
  });
}

/** `not-found` with the nearest known name. */
export function notFound(kind: string, name: string, known: Iterable<string>): MaglevError {
  const near = nearest(name, known);
  const hint = near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`;
  return new MaglevError("not-found", `No ${kind} ${JSON.stringify(name)}${hint}`);
}

/** The weight that `request` would replace, or why it cannot be obeyed. */
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
      `Cannot set weight of backend ${JSON.stringify(request.backend)}: ` +
        `need ${wanted}, have ${request.weight}`,
    );
  }
  return weight;
}
