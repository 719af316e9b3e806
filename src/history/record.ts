/**
 * A record of the history, as a line of a file and back, and the selection of a page. PURE.
 *
 * A record is a log record of one of HISTORY_EVENTS, whose names and fields are an interface
 * already. Those of policies are all kept.
 *
 * Each line has a checksum of its own:
 *
 *     <8 hex digits of CRC-32> {"id":7,"at_ms":…,"event":"backend-transition","fields":[["backend","nginx0"],…]}
 *
 * A crash at any byte, or a damaged disk, loses the lines that it hit and no other.
 */
import { crc32 } from "node:zlib";
import { LATEST_MS, type WallMs } from "../base/instant.ts";
import type { LogEventName, LogFields, LogValue } from "../base/ports.ts";
import { POLICY_EVENTS } from "../health/policy/changes.ts";

/** Events that are kept. */
export const HISTORY_EVENTS: ReadonlySet<string> = new Set<LogEventName>([
  "maglevd-start",
  "shutdown",
  "config-reload",
  "backend-transition",
  "frontend-transition",
  "lameduck",
  ...POLICY_EVENTS,
  "agent-report",
  "agent-forgotten",
  "frontend-announced",
  "frontend-withdrawn",
  "announce-failed",
  "announce-written",
  "operator-action",
  "operator-actions-refused",
  "operator-intent-restored",
  "operator-intent-expired",
  "operator-drain-done",
  "operator-intent-begun",
  "operator-intent-waiting",
  "operator-intent-dropped",
  "operator-intent-not-stored",
  "operator-shared-obeyed",
  "operator-shared-ended",
  "fleet-rollout",
  "prober-blind",
  "prober-restored",
  "prober-isolated",
  "prober-isolated-expired",
  "prober-isolated-ended",
  "vpp-connect",
  "vpp-disconnect",
  "vpp-withheld",
  "vpp-lbsync-drift",
  "vpp-warmup-done",
]);

/** Longest text of one field, in UTF-16 units; the rest is cut. */
export const MAX_TEXT = 1000;
/** Most fields of a record; the others are left out. */
export const MAX_FIELDS = 40;
/** Most bytes of a line; a longer record loses its last fields. */
export const MAX_LINE_BYTES = 16 * 1024;

/** One event. */
export interface HistoryRecord {
  /** Rises with each record, also over restarts; at least 1. */
  readonly id: number;
  /** Unix time in milliseconds. */
  readonly atMs: WallMs;
  /** A name of HISTORY_EVENTS; of another version perhaps another one. */
  readonly event: string;
  /** Name and text of each field, in the order of the log record. */
  readonly fields: readonly (readonly [name: string, text: string])[];
}

/** A record before it has an id. */
export type NewRecord = Omit<HistoryRecord, "id">;

/**
 * A record in memory. While it is short its fields are those of the log record: ten thousand come
 * at a start, few are ever read, and texts of their own would cost more than all else of a record.
 */
export interface KeptRecord extends Omit<HistoryRecord, "fields"> {
  readonly fields: LogFields;
}

/** Fields to keep; long ones are bounded. */
export function keptFields(record: Parameters<typeof newRecord>[0]): LogFields {
  return isShort(record.fields) ? record.fields : Object.fromEntries(newRecord(record).fields);
}

/** True when the texts are far below the bounds of a record. */
function isShort(fields: LogFields): boolean {
  let characters = 0;
  for (const name in fields) {
    const value = fields[name];
    if (Array.isArray(value)) return false;
    characters += name.length + (typeof value === "string" ? value.length : SCALAR_CHARACTERS);
    if (characters > MAX_TEXT) return false;
  }
  return true;
}

/** Most characters of a number. */
const SCALAR_CHARACTERS = 25;

/** The whole record, for a reader or the disk. */
export function historyRecord({ id, atMs, event, fields }: KeptRecord): HistoryRecord {
  return { id, ...newRecord({ timeMs: atMs, event, fields }) };
}

/** The record of an event, with bounded fields. */
export function newRecord(
  { timeMs, event, fields }: {
    readonly timeMs: WallMs;
    readonly event: string;
    readonly fields: LogFields;
  },
): NewRecord {
  const texts = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .slice(0, MAX_FIELDS)
    .map(([name, value]) => [name, cut(textOf(value))] as const);
  const record = { atMs: timeMs, event, fields: texts };
  if (isShort(fields)) return record;
  // A unit of UTF-16 has at most three bytes, so most records need not be encoded.
  while (
    JSON.stringify(texts).length * 3 > MAX_LINE_BYTES / 2 &&
    encodeRecord({ id: Number.MAX_SAFE_INTEGER, ...record }).length > MAX_LINE_BYTES
  ) texts.pop();
  return record;
}

function textOf(value: LogValue): string {
  return Array.isArray(value) ? value.join(",") : String(value);
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
}

/** The text of a field; empty without it. */
export function fieldOf({ fields }: Pick<HistoryRecord, "fields">, name: string): string {
  return fields.find(([key]) => key === name)?.[1] ?? "";
}

/** The line of a record, with its newline. */
export function encodeRecord({ id, atMs, event, fields }: HistoryRecord): Uint8Array {
  const json = JSON.stringify({ id, at_ms: atMs, event, fields });
  return new TextEncoder().encode(`${checksum(json)} ${json}\n`);
}

/** The records of a file, and the number of lines that are damaged. */
export interface DecodedRecords {
  readonly records: readonly HistoryRecord[];
  readonly damaged: number;
  /** False when the last line has no newline: the next one must begin with one. */
  readonly ended: boolean;
}

/**
 * The records of a file whose ids rise from `afterId` on. Others were written twice, because a
 * write that failed may have reached the disk.
 */
export function decodeRecords(bytes: Uint8Array, afterId = 0): DecodedRecords {
  const text = new TextDecoder().decode(bytes);
  const records: HistoryRecord[] = [];
  let damaged = 0;
  let last = afterId;
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const record = decodeLine(line);
    if (record === undefined) damaged++;
    else if (record.id > last) {
      records.push(record);
      last = record.id;
    }
  }
  return { records, damaged, ended: text === "" || text.endsWith("\n") };
}

function decodeLine(line: string): HistoryRecord | undefined {
  const json = line.slice(9);
  if (line[8] !== " " || line.slice(0, 8) !== checksum(json)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { id, at_ms: atMs, event, fields } = value as Readonly<Record<string, unknown>>;
  if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 1) return undefined;
  if (typeof atMs !== "number" || !(Math.abs(atMs) <= LATEST_MS)) return undefined;
  if (typeof event !== "string" || !Array.isArray(fields) || !fields.every(isField)) {
    return undefined;
  }
  return { id, atMs: atMs as WallMs, event, fields };
}

function isField(value: unknown): value is readonly [string, string] {
  return Array.isArray(value) && value.length === 2 &&
    value.every((part) => typeof part === "string");
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(8, "0");
}

/** A selection of records. */
export interface HistoryQuery {
  /** Only records with this field `backend`; undefined: all. */
  readonly backend?: string | undefined;
  readonly frontend?: string | undefined;
  /** Only records from this time on (Unix milliseconds). */
  readonly sinceMs?: WallMs | undefined;
  /** Only records with a smaller id. */
  readonly beforeId?: number | undefined;
  /** Most records of the page; at least 1. */
  readonly size: number;
}

/** The newest records of a selection. */
export interface HistoryPage {
  /** Oldest first. */
  readonly records: readonly HistoryRecord[];
  /** `beforeId` of the page with older ones; undefined: this is the last page. */
  readonly nextBeforeId: number | undefined;
}

/** The page of `records`, which are in order of their ids. */
export function pageOf(records: readonly KeptRecord[], query: HistoryQuery): HistoryPage {
  const { beforeId = Infinity, size } = query;
  const page: HistoryRecord[] = [];
  for (let at = records.length - 1; at >= 0; at--) {
    const record = records[at]!;
    if (record.id >= beforeId || !fits(record, query)) continue;
    if (page.length === size) {
      const oldest = page.at(-1)!;
      return { records: page.reverse(), nextBeforeId: oldest.id };
    }
    page.push(historyRecord(record));
  }
  return { records: page.reverse(), nextBeforeId: undefined };
}

function fits(
  { atMs, fields }: KeptRecord,
  { backend, frontend, sinceMs }: HistoryQuery,
): boolean {
  if (sinceMs !== undefined && atMs < sinceMs) return false;
  if (backend !== undefined && textOf(fields.backend ?? "") !== backend) return false;
  return frontend === undefined || textOf(fields.frontend ?? "") === frontend;
}
