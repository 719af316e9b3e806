/** PURE. Bodies of actions: JSON objects whose fields are all known and valid. */
import type {
  ActionBody,
  CancelBody,
  DrainBody,
  PlanBody,
  SyncBody,
  WeightBody,
} from "../protocol.ts";
import { isScope } from "../../fleet/book/keys.ts";
import { BACKEND_ACTIONS } from "./routes.ts";

/** A body, or the reason why it cannot be used; it begins with the field, if there is one. */
export type Read<T> =
  | { readonly kind: "ok"; readonly body: T }
  | { readonly kind: "bad"; readonly reason: string };

/** Undefined: the value is valid. Otherwise what is needed. */
type Check = (value: unknown) => string | undefined;

interface Field {
  readonly check: Check;
  readonly required?: boolean;
}

type Fields<T> = { readonly [K in keyof Required<T>]: Field };

const text: Check = (value) => typeof value === "string" ? undefined : "need a text";
const name: Check = (value) =>
  typeof value === "string" && value !== "" ? undefined : "need a name";
/** Nanoseconds of a longer time do not fit into an int64. */
const MAX_MS = 9_000_000_000_000;
const isTime = (value: unknown) =>
  Number.isInteger(value) && Number(value) > 0 && Number(value) <= MAX_MS;
const duration: Check = (value) =>
  isTime(value) ? undefined : `need a whole number of milliseconds, from 1 to ${MAX_MS}`;
const instant: Check = (value) =>
  isTime(value) ? undefined : `need a Unix time in whole milliseconds, at most ${MAX_MS}`;
const weight: Check = (value) =>
  value === "file" || (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 100)
    ? undefined
    : 'need a whole number from 0 to 100, or "file"';
const action: Check = (value) =>
  [...BACKEND_ACTIONS, "drain", "weight"].some((known) => known === value)
    ? undefined
    : `need one of ${BACKEND_ACTIONS.join(", ")}, drain, weight`;
const drainEnd: Check = (value) =>
  value === "pause" || value === "disable" ? undefined : "need pause or disable";
const truth: Check = (value) => typeof value === "boolean" ? undefined : "need true or false";

const scope: Check = (value) =>
  typeof value === "string" && isScope(value) ? undefined : "need fleet, site=NAME or lb=NAME";

const ACTION_FIELDS: Fields<ActionBody> = {
  reason: { check: text },
  for_ms: { check: duration },
  until_ms: { check: instant },
  scope: { check: scope },
};
const DRAIN_FIELDS: Fields<DrainBody> = {
  reason: { check: text },
  for_ms: { check: duration },
  then: { check: drainEnd },
  force: { check: truth },
  scope: { check: scope },
};
const WEIGHT_FIELDS: Fields<WeightBody> = {
  ...ACTION_FIELDS,
  weight: { check: weight, required: true },
};
const SYNC_FIELDS: Fields<SyncBody> = { frontend: { check: name }, reason: { check: text } };
const CANCEL_FIELDS: Fields<CancelBody> = { reason: { check: text } };
const PLAN_FIELDS: Fields<PlanBody> = {
  ...DRAIN_FIELDS,
  ...ACTION_FIELDS,
  action: { check: action, required: true },
  backend: { check: name, required: true },
  frontend: { check: name },
  pool: { check: name },
  weight: { check: weight },
};

/** An empty body is an empty object. */
export function readActionBody(bytes: Uint8Array): Read<ActionBody> {
  return endsOnce(readObject<ActionBody>(bytes, ACTION_FIELDS));
}

export function readDrainBody(bytes: Uint8Array): Read<DrainBody> {
  return endsInFleet(readObject<DrainBody>(bytes, DRAIN_FIELDS));
}

/** A drain of the fleet ends by giving the server back. */
function endsInFleet<T extends DrainBody>(read: Read<T>): Read<T> {
  if (read.kind === "bad" || read.body.scope === undefined) return read;
  if (read.body.for_ms === undefined) return bad("for_ms: a drain with a scope needs it");
  return read.body.then === undefined ? read : bad("then: a drain with a scope does not have it");
}

export function readWeightBody(bytes: Uint8Array): Read<WeightBody> {
  return endsOnce(readObject<WeightBody>(bytes, WEIGHT_FIELDS));
}

export function readSyncBody(bytes: Uint8Array): Read<SyncBody> {
  return readObject<SyncBody>(bytes, SYNC_FIELDS);
}

export function readCancelBody(bytes: Uint8Array): Read<CancelBody> {
  return readObject<CancelBody>(bytes, CANCEL_FIELDS);
}

/**
 * A plan of a weight needs frontend, pool and weight; other plans must not have them. A plan of a
 * drain may have then and force, and has no until_ms.
 */
export function readPlanBody(bytes: Uint8Array): Read<PlanBody> {
  const read = endsOnce(readObject<PlanBody>(bytes, PLAN_FIELDS));
  if (read.kind === "bad") return read;
  const { body } = read;
  const isWeight = body.action === "weight";
  for (const field of ["frontend", "pool", "weight"] as const) {
    if (isWeight === (body[field] !== undefined)) continue;
    return bad(
      isWeight
        ? `${field}: a plan of a weight needs it`
        : `${field}: only a plan of a weight has it`,
    );
  }
  const isDrain = body.action === "drain";
  if (isDrain && body.scope !== undefined) return endsInFleet(read);
  if (isDrain && body.until_ms !== undefined) return bad("until_ms: a drain has for_ms");
  const stray = (["then", "force"] as const).find((field) => body[field] !== undefined);
  return isDrain || stray === undefined ? read : bad(`${stray}: only a plan of a drain has it`);
}

function bad(reason: string): { readonly kind: "bad"; readonly reason: string } {
  return { kind: "bad", reason };
}

function endsOnce<T extends ActionBody>(read: Read<T>): Read<T> {
  if (read.kind === "bad") return read;
  return read.body.for_ms !== undefined && read.body.until_ms !== undefined
    ? bad("until_ms: cannot be given together with for_ms")
    : read;
}

function readObject<T>(bytes: Uint8Array, fields: Fields<T>): Read<T> {
  const value = parse(bytes);
  if (typeof value === "string") return bad(value);
  if (value === null || Array.isArray(value)) return bad("the body is not a JSON object");
  const known = new Map<string, Field>(Object.entries(fields));
  for (const [key, content] of Object.entries(value)) {
    const field = known.get(key);
    if (field === undefined) {
      return bad(`${key.slice(0, 64)}: unknown field; known are ${[...known.keys()].join(", ")}`);
    }
    const reason = field.check(content);
    if (reason !== undefined) return bad(`${key}: ${reason}`);
  }
  for (const [key, { required }] of known) {
    if (required === true && !Object.hasOwn(value, key)) return bad(`${key}: it is missing`);
  }
  return { kind: "ok", body: value as T };
}

/** An object, array or null; a text: what is wrong. */
function parse(bytes: Uint8Array): object | null | string {
  if (bytes.length === 0) return {};
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return typeof value === "object" ? value : "the body is not a JSON object";
  } catch (error) {
    if (error instanceof SyntaxError) return `the body is not JSON: ${error.message}`;
    if (error instanceof TypeError) return "the body is not UTF-8";
    throw error;
  }
}
