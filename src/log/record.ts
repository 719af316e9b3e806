/** PURE. A log record and its bounds; forms.ts writes it. */
import type { WallMs } from "../base/instant.ts";
import type { LogEventName, LogFields, LogLevel, LogValue } from "../base/ports.ts";

/** One event, before the choice of form. */
export interface LogRecord {
  /** Unix time in milliseconds. */
  readonly timeMs: WallMs;
  readonly level: LogLevel;
  readonly event: LogEventName;
  readonly fields: LogFields;
}

/** Order of the levels: a handler of level L shows records of rank >= LEVEL_RANK[L]. */
export const LEVEL_RANK: Readonly<Record<LogLevel, number>> = {
  debug: 0,
  info: 1,
  warn: 2,
  error: 3,
};

/** Longest text of one field, in characters; the rest is cut and marked. */
export const MAX_FIELD_CHARACTERS = 4096;

/** The record with long texts cut, because up to a thousand are kept for each slow reader. */
export function boundedRecord(record: LogRecord): LogRecord {
  if (!hasLong(record.fields)) return record;
  const entries = Object.entries(record.fields);
  const fields = Object.fromEntries(entries.map(([key, value]) => [key, boundedValue(value)]));
  return { ...record, fields };
}

function hasLong(fields: LogFields): boolean {
  for (const key in fields) if (isLong(fields[key])) return true;
  return false;
}

function isLong(value: LogValue): boolean {
  if (typeof value === "string") return value.length > MAX_FIELD_CHARACTERS;
  return Array.isArray(value) && value.some(isLong);
}

function boundedValue(value: LogValue): LogValue {
  if (typeof value === "string") return cut(value);
  return Array.isArray(value) ? value.map(cut) : value;
}

/** Cuts a long text and marks it; a text that is cut already stays as it is. */
export function cut(text: string): string {
  if (text.length <= MAX_FIELD_CHARACTERS || /^… \(\d+ characters\)$/.test(tail(text))) return text;
  // A copy of its own: a part of a text keeps the whole of it in memory.
  const kept = structuredClone(text.slice(0, MAX_FIELD_CHARACTERS));
  return `${kept}… (${text.length} characters)`;
}

/** The text after the longest allowed length. */
function tail(text: string): string {
  return text.slice(MAX_FIELD_CHARACTERS, MAX_FIELD_CHARACTERS + 40);
}

/** The last time that was formatted: records come in bursts, many of one millisecond. */
let newest = { unixMs: NaN, text: "" };

/** RFC 3339 with milliseconds, UTC. A time out of range gives the epoch rather than an exception. */
export function formatTime(unixMs: WallMs): string {
  if (newest.unixMs === unixMs) return newest.text;
  const date = new Date(Number.isFinite(unixMs) && Math.abs(unixMs) <= 8.64e15 ? unixMs : 0);
  newest = { unixMs, text: date.toISOString() };
  return newest.text;
}
