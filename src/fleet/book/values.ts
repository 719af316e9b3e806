/**
 * PURE. The values of a fleet's keys: JSON with a version. They were written by others, so each is
 * judged whole; one that is too large, invalid or of a later version is kept and not obeyed.
 */
import type { WallMs } from "../../base/instant.ts";
import {
  fromRecord,
  isInstant,
  isRecord,
  isText,
  isWhole,
  type JsonRecord,
  toRecord,
} from "../../intent/file.ts";
import {
  type BackendIntent,
  type DrainIntent,
  intentId,
  type OperatorId,
  type WeightIntent,
} from "../../intent/intent.ts";
import { MAX_REASON_LENGTH } from "../../intent/request.ts";
import { MAX_ID_LENGTH } from "../../intent/rules.ts";
import { answerOf, answerRecord, type RolloutAnswer } from "./rollout/answer.ts";
import { type Foretold, plansOf, plansRecord } from "./foretold.ts";
import { isScope, keyOf, scopeOfKey } from "./keys.ts";

const VERSION = 1;
/** Longest value, in UTF-16 units. */
export const MAX_VALUE_LENGTH = 16 * 1024;
/** In place of a longer one, so that it costs no memory. */
export const TOO_LARGE_TEXT = " ".repeat(MAX_VALUE_LENGTH + 1);
/** Longest name, identity or version in a status. */
const MAX_NAME = 256;
/** Most held or unsuitable wishes in a status. */
export const MAX_LISTED = 50;

/** An intent with a scope, and how it came. A drain gives the server back at its end. */
export interface Wish {
  readonly intent: (BackendIntent | WeightIntent | DrainIntent) & { readonly scope: string };
  readonly id: string;
  /** Name of the load balancer that took the request. */
  readonly via: string;
  /** It is obeyed also where the guard would hold it. */
  readonly force: boolean;
  /** What its operator was shown; of other load balancers nothing was foretold. */
  readonly plans: readonly Foretold[];
}

/** A wish that was ended; who ended it stays visible. */
export interface Tombstone {
  readonly id: string;
  readonly by: OperatorId;
  readonly via: string;
  readonly reason: string;
  readonly atMs: WallMs;
  readonly cause: "ended" | "expired";
}

export type Value =
  | { readonly kind: "wish"; readonly wish: Wish }
  | { readonly kind: "ended"; readonly tombstone: Tombstone }
  /** `reason` is one of few words, for a metric. */
  | { readonly kind: "ignored"; readonly reason: "too-large" | "invalid" | "newer" };

/** The identity of a store's content. */
export interface Meta {
  readonly uuid: string;
  /** Number of times that an operator wrote a load balancer's book back. */
  readonly restored: number;
}

/** A wish that a load balancer does not obey, and the reason. */
export interface Unobeyed {
  readonly id: string;
  readonly reason: string;
}

/** A shared drain on one load balancer. */
export interface DrainHere {
  readonly id: string;
  /** VPP does not have weight 0 yet; it has, and flows may be left; none is left. */
  readonly state: "applying" | "draining" | "drained";
  /** Sticky flows left, expired ones included; undefined: not known. */
  readonly flows: number | undefined;
  /** What it waits for, or why none is left; may be empty. */
  readonly note: string;
}

/** What one load balancer publishes of itself. */
export interface Status {
  /** Of the process. */
  readonly instance: string;
  readonly version: string;
  readonly site: string;
  /** Its wall clock when it was written. */
  readonly wallMs: WallMs;
  /** Revision up to which it has applied the store. */
  readonly applied: number;
  readonly configHash: string;
  /** Held by its guard; the first MAX_LISTED. */
  readonly held: readonly Unobeyed[];
  /** Not applicable with its configuration; the first MAX_LISTED. */
  readonly unfit: readonly Unobeyed[];
  /** Progress of the drains that it obeys; the first MAX_LISTED. */
  readonly drains: readonly DrainHere[];
  /** Its answer to the fleet's rollout; absent without a rollout, and in older versions. */
  readonly rollout?: RolloutAnswer | undefined;
}

export function encodeWish({ intent, id, via, force, plans }: Wish): string {
  const plan = plans.length === 0 ? undefined : plansRecord(plans);
  return JSON.stringify({ v: VERSION, id, via, force, plan, intent: toRecord(intent) });
}

export function encodeTombstone({ id, by, via, reason, atMs, cause }: Tombstone): string {
  const { peer, identity } = by;
  return JSON.stringify({
    v: VERSION,
    id,
    via,
    ended: { peer, identity, reason, at_ms: atMs, cause },
  });
}

/** The value of an intent's key. */
export function decodeValue(key: string, text: string): Value {
  if (text.length > MAX_VALUE_LENGTH) return { kind: "ignored", reason: "too-large" };
  const record = parse(text);
  if (record === undefined) return INVALID;
  if (record.v !== VERSION) {
    const isLater = isWhole(record.v, Number.MAX_SAFE_INTEGER) && record.v > VERSION;
    return isLater ? { kind: "ignored", reason: "newer" } : INVALID;
  }
  const { id, via } = record;
  if (!isId(id) || !isText(via, MAX_NAME)) return INVALID;
  if (isRecord(record.ended)) {
    const tombstone = tombstoneOf(record.ended, { id, via });
    return tombstone === undefined ? INVALID : { kind: "ended", tombstone };
  }
  const intent = fromRecord(record.intent);
  const scope = scopeOfKey(key);
  if (scope === undefined || !isScope(scope)) return INVALID;
  if (intent === undefined || intent.scheduled === true) return INVALID;
  if (intent.kind === "lameduck") return INVALID;
  if (intent.kind === "drain" && intent.then !== "resume") return INVALID;
  const scoped = { ...intent, scope };
  if (keyOf(scoped) !== key || intentId(scoped) !== id) return INVALID;
  const plans = plansOf(record.plan);
  if (plans === undefined) return INVALID;
  return { kind: "wish", wish: { intent: scoped, id, via, force: record.force === true, plans } };
}

export function encodeMeta({ uuid, restored }: Meta): string {
  return JSON.stringify({ v: VERSION, uuid, restored });
}

/** Undefined: it is not one. */
export function decodeMeta(text: string): Meta | undefined {
  const record = text.length > MAX_VALUE_LENGTH ? undefined : parse(text);
  if (record?.v !== VERSION) return undefined;
  const { uuid, restored } = record;
  if (!isText(uuid, MAX_NAME) || uuid === "") return undefined;
  return isWhole(restored, Number.MAX_SAFE_INTEGER) ? { uuid, restored } : undefined;
}

export function encodeStatus(status: Status): string {
  // Long reasons: fewer of them, because a value that is too large is not read.
  for (let most = MAX_LISTED;; most = Math.floor(most / 2)) {
    const text = statusText(status, most);
    if (text.length <= MAX_VALUE_LENGTH || most === 0) return text;
  }
}

/** A status with so many entries of each list. */
function statusText(
  { instance, version, site, wallMs, applied, configHash, held, unfit, drains, rollout }: Status,
  most: number,
): string {
  return JSON.stringify({
    v: VERSION,
    instance,
    version,
    site,
    wall_ms: wallMs,
    applied,
    config_hash: configHash,
    held: held.slice(0, most),
    unfit: unfit.slice(0, most),
    ...(drains.length === 0 ? {} : { drains: drains.slice(0, most) }),
    ...(rollout === undefined ? {} : { rollout: answerRecord(rollout) }),
  });
}

/** Undefined: it is not one. */
export function decodeStatus(text: string): Status | undefined {
  const record = text.length > MAX_VALUE_LENGTH ? undefined : parse(text);
  if (record?.v !== VERSION) return undefined;
  const { instance, version, site, wall_ms: wallMs, applied, config_hash: configHash } = record;
  if (!isText(instance, MAX_NAME) || !isText(version, MAX_NAME) || !isText(site, MAX_NAME)) {
    return undefined;
  }
  if (!isText(configHash, MAX_NAME) || !isInstant(wallMs)) return undefined;
  if (!isWhole(applied, Number.MAX_SAFE_INTEGER)) return undefined;
  const held = unobeyedOf(record.held);
  const unfit = unobeyedOf(record.unfit);
  // Absent in a version without shared drains.
  const drains = drainsOf(record.drains ?? []);
  if (held === undefined || unfit === undefined || drains === undefined) return undefined;
  const rollout = answerOf(record.rollout);
  const status = { instance, version, site, wallMs, applied, configHash, held, unfit, drains };
  return rollout === undefined ? status : { ...status, rollout };
}

const INVALID: Value = { kind: "ignored", reason: "invalid" };

/** Longest reason of an unobeyed wish. */
export const MAX_UNOBEYED_LENGTH = 200;

function unobeyedOf(list: unknown): readonly Unobeyed[] | undefined {
  if (!Array.isArray(list) || list.length > MAX_LISTED) return undefined;
  const found: Unobeyed[] = [];
  for (const each of list) {
    if (!isRecord(each)) return undefined;
    const { id, reason } = each;
    if (!isId(id) || !isText(reason, MAX_UNOBEYED_LENGTH)) return undefined;
    found.push({ id, reason });
  }
  return found;
}

function drainsOf(list: unknown): readonly DrainHere[] | undefined {
  if (!Array.isArray(list) || list.length > MAX_LISTED) return undefined;
  const found: DrainHere[] = [];
  for (const each of list) {
    if (!isRecord(each)) return undefined;
    const { id, state, flows, note } = each;
    if (!isId(id) || !isText(note, MAX_UNOBEYED_LENGTH)) return undefined;
    if (state !== "applying" && state !== "draining" && state !== "drained") return undefined;
    if (flows !== undefined && !isWhole(flows, Number.MAX_SAFE_INTEGER)) return undefined;
    found.push({ id, state, flows, note });
  }
  return found;
}

function tombstoneOf(
  ended: JsonRecord,
  { id, via }: { readonly id: string; readonly via: string },
): Tombstone | undefined {
  const { peer, identity, reason, at_ms: atMs, cause } = ended;
  if (!isText(peer, MAX_ID_LENGTH) || !isText(identity, MAX_ID_LENGTH)) return undefined;
  if (!isText(reason, MAX_REASON_LENGTH) || !isInstant(atMs)) return undefined;
  if (cause !== "ended" && cause !== "expired") return undefined;
  return { id, via, by: { peer, identity }, reason, atMs, cause };
}

function isId(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{8}$/.test(value);
}

function parse(text: string): JsonRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
