/**
 * Intents as the text of a file, and back. PURE.
 *
 *     {"format":"maglevd operator intents","version":1,"checksum":"<hex>","intents":[
 *     {"kind":"disable","backend":"nginx0","peer":"…","identity":"…","reason":"…","since_ms":…,"until_ms":null},
 *     {"kind":"drain","backend":"nginx2","then":"disable","peer":"…","identity":"…","reason":"…",…},
 *     {"kind":"lameduck","peer":"…","identity":"…","reason":"…","since_ms":…,"until_ms":null},
 *     {"kind":"weight","frontend":"web","pool":"main","backend":"nginx1","weight":20,"instead":100,…}
 *     ]}
 *
 * A scheduled intent has two fields more: `from_ms`, and `scheduled`, which is false after its
 * beginning. So a clock that is set back does not end it. A scheduled drain may have `force`.
 *
 * Such a file decides about traffic, so it is accepted as a whole or not at all. A truncated file, or
 * one changed by another program, is refused with a reason. The checksum (SHA-256 of the list as
 * JSON) protects against accidents; it is not a signature. Of a file of a later version the entries
 * that this version has are accepted: a downgrade must not end a disable because of a drain.
 */
import { isPlainLine } from "../base/text.ts";
import { createHash } from "node:crypto";
import { LATEST_MS, TOO_FAR_AWAY, type WallMs } from "../base/instant.ts";
import { MAX_NAME_LENGTH } from "../config/schema/text_rules.ts";
import { MAX_WEIGHT } from "../health/weight.ts";
import { type Intent, intentKey, IntentSet } from "./intent.ts";
import { MAX_ID_LENGTH } from "./rules.ts";
import { MAX_REASON_LENGTH } from "./request.ts";

const FORMAT = "maglevd operator intents";
const VERSION = 1;
/** With drains, which version 1 lacks. A file without any is still written as version 1. */
const VERSION_WITH_DRAINS = 2;
/** With scheduled intents and lameduck too. */
const VERSION_WITH_BEGINNINGS = 3;
const LATEST = VERSION_WITH_BEGINNINGS;

/** Numbers of entries in a message. */
const MAX_SHOWN = 10;

/** Longest file that is read or written, in bytes: some 50,000 intents. */
export const MAX_INTENT_FILE_BYTES = 16 * 1024 * 1024;

export type DecodedIntents =
  | {
    readonly kind: "ok";
    readonly intents: readonly Intent[];
    /** Why some entries of a later version are not among them. */
    readonly dropped?: string;
  }
  | { readonly kind: "refused"; readonly message: string };

/** The text of a file with these intents; the same intents always give the same text. */
export function encodeIntents(intents: readonly Intent[]): string {
  const list = IntentSet.of(intents).all();
  const lines = list.map((intent) => JSON.stringify(toRecord(intent)));
  const version = Math.max(VERSION, ...list.map(versionOf));
  const head = { format: FORMAT, version, checksum: checksum(`[${lines.join(",")}]`) };
  const start = JSON.stringify(head).slice(0, -1);
  return `${start},"intents":[${lines.length === 0 ? "" : `\n${lines.join(",\n")}\n`}]}\n`;
}

/** The content of a file, or the reason why it is refused. */
export function decodeIntents(text: string): DecodedIntents {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return refused("not JSON, or truncated");
  }
  if (!isRecord(document) || document.format !== FORMAT) {
    return refused("not written by maglevd");
  }
  const { version } = document;
  if (!isWhole(version, Number.MAX_SAFE_INTEGER) || version < VERSION) {
    const have = JSON.stringify(version)?.slice(0, 40);
    return refused(`need a version from 1 on, have ${have}`);
  }
  if (!Array.isArray(document.intents) || Object.keys(document).length !== 4) {
    return refused("fields are not those of this version");
  }
  if (document.checksum !== checksum(JSON.stringify(document.intents))) {
    return refused("checksum mismatch: changed by another program, or corrupted on disk");
  }
  const intents: Intent[] = [];
  const unknown: number[] = [];
  for (const [at, record] of document.intents.entries()) {
    const decoded = fromRecord(record);
    const isLater = decoded !== undefined && versionOf(decoded) > version;
    // Only a fleet shares such a drain.
    const isShared = decoded?.kind === "drain" && decoded.then === "resume";
    const intent = isLater || isShared ? undefined : decoded;
    if (isTooFarAway(record)) {
      return refused(`cannot take the end (until_ms) of entry ${at + 1}: ${TOO_FAR_AWAY}`);
    }
    if (intent !== undefined) intents.push(intent);
    else if (version > LATEST) unknown.push(at + 1);
    else return refused(`entry ${at + 1} is not an intent of this version`);
  }
  if (new Set(intents.map(intentKey)).size !== intents.length) {
    return refused("two intents for one target");
  }
  if (unknown.length === 0) return { kind: "ok", intents };
  const shown = `${unknown.slice(0, MAX_SHOWN).join(", ")}${
    unknown.length > MAX_SHOWN ? ", …" : ""
  }`;
  const dropped = `version ${version} is later than ${LATEST}: cannot take ${unknown.length} of ` +
    `${document.intents.length} entries (${shown}); the others are in force`;
  return { kind: "ok", intents, dropped };
}

/** The first version that has such intents. */
function versionOf({ kind, fromMs }: Intent): number {
  if (fromMs !== undefined || kind === "lameduck") return VERSION_WITH_BEGINNINGS;
  return kind === "drain" ? VERSION_WITH_DRAINS : VERSION;
}

/** An object of JSON. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** An intent as a record of a file, without its scope. */
export function toRecord(intent: Intent): JsonRecord {
  const { kind, by, reason, sinceMs, untilMs } = intent;
  const what = kind === "weight"
    ? {
      frontend: intent.frontend,
      pool: intent.pool,
      backend: intent.backend,
      weight: intent.weight,
      instead: intent.instead,
    }
    : intent.kind === "drain"
    ? { backend: intent.backend, then: intent.then }
    : intent.kind === "lameduck"
    ? {}
    : { backend: intent.backend };
  const until_ms = untilMs ?? null;
  return {
    kind,
    ...what,
    peer: by.peer,
    identity: by.identity,
    reason,
    since_ms: sinceMs,
    until_ms,
    ...(intent.fromMs === undefined
      ? {}
      : { from_ms: intent.fromMs, scheduled: intent.scheduled === true }),
    ...(intent.kind === "drain" && intent.scheduled === true && intent.force === true
      ? { force: true }
      : {}),
  };
}

/** The intent of a record, or undefined. */
export function fromRecord(record: unknown): Intent | undefined {
  if (!isRecord(record)) return undefined;
  if (!("from_ms" in record)) return fromBasicRecord(record);
  const { from_ms: fromMs, scheduled, force, ...basic } = record;
  if (!isInstant(fromMs) || typeof scheduled !== "boolean") return undefined;
  const intent = fromBasicRecord(basic);
  if (intent === undefined || intent.kind === "lameduck") return undefined;
  const timed = { ...intent, fromMs, ...(scheduled ? { scheduled } : {}) };
  if (!("force" in record)) return timed;
  const forced = force === true && scheduled && timed.kind === "drain";
  return forced ? { ...timed, force } : undefined;
}

function fromBasicRecord(record: JsonRecord): Intent | undefined {
  const { kind, peer, identity, reason, since_ms: sinceMs, until_ms: until } = record;
  if (!isText(peer, MAX_ID_LENGTH) || !isText(identity, MAX_ID_LENGTH)) return undefined;
  if (!isText(reason, MAX_REASON_LENGTH) || !isInstant(sinceMs)) return undefined;
  if (until !== null && !isInstant(until)) return undefined;
  const asked = { by: { peer, identity }, reason, sinceMs, untilMs: until ?? undefined };
  const { backend } = record;
  const parts = Object.keys(record).length;
  if (kind === "lameduck") return parts === 6 ? { kind, ...asked } : undefined;
  if (!isName(backend)) return undefined;
  if (kind === "pause" || kind === "disable") {
    return parts === 7 ? { kind, backend, ...asked } : undefined;
  }
  if (kind === "drain") {
    const { then } = record;
    if (parts !== 8 || until === null) return undefined;
    if (then !== "pause" && then !== "disable" && then !== "resume") return undefined;
    return { kind, backend, then, ...asked, untilMs: until };
  }
  const { frontend, pool, weight, instead } = record;
  if (kind !== "weight" || parts !== 11 || !isName(frontend) || !isName(pool)) return undefined;
  if (!isWhole(weight, MAX_WEIGHT) || !isWhole(instead, MAX_WEIGHT)) return undefined;
  if (weight === instead) return undefined;
  return { kind, frontend, pool, backend, weight, instead, ...asked };
}

function isTooFarAway(record: unknown): boolean {
  return isRecord(record) && typeof record.until_ms === "number" && record.until_ms > LATEST_MS;
}

/** True for an object of JSON. */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True for one line of at most `maxLength`. */
export function isText(value: unknown, maxLength: number): value is string {
  return typeof value === "string" && value.length <= maxLength &&
    isPlainLine(value);
}

function isName(value: unknown): value is string {
  return isText(value, MAX_NAME_LENGTH) && value !== "";
}

/** True for whole milliseconds of Unix time. */
export function isInstant(value: unknown): value is WallMs {
  return isWhole(value, LATEST_MS);
}

/** True for a whole number from 0 to `max`. */
export function isWhole(value: unknown, max: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;
}

function checksum(list: string): string {
  return createHash("sha256").update(list).digest("hex");
}

function refused(message: string): DecodedIntents {
  return { kind: "refused", message };
}
