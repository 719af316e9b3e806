/**
 * PURE. A log record and its two written forms. What comes from outside (a server's answer, a
 * VPP's text) may be anything: no control character of it reaches the log.
 */
import type { LogEventName, LogFields, LogLevel, LogValue } from "../base/ports.ts";

/** One event, before the choice of form. */
export interface LogRecord {
  /** Unix time in milliseconds. */
  readonly timeMs: number;
  readonly level: LogLevel;
  readonly event: LogEventName;
  readonly fields: LogFields;
}

export type LogFormat = "json" | "text";

/** Order of the levels: a handler of level L shows records of rank >= LEVEL_RANK[L]. */
export const LEVEL_RANK: Readonly<Record<LogLevel, number>> = {
  debug: 0,
  info: 1,
  warn: 2,
  error: 3,
};

/** Longest text of one field, in characters; the rest is cut and said to be. */
export const MAX_FIELD_CHARACTERS = 4096;

/**
 * The same record without what is too long: it may be kept for readers that are behind, a thousand
 * records for each.
 */
export function boundedRecord(record: LogRecord): LogRecord {
  const entries = Object.entries(record.fields);
  if (!entries.some(([, value]) => isLong(value))) return record;
  const fields = Object.fromEntries(entries.map(([key, value]) => [key, boundedValue(value)]));
  return { ...record, fields };
}

function isLong(value: LogValue): boolean {
  if (typeof value === "string") return value.length > MAX_FIELD_CHARACTERS;
  return Array.isArray(value) && value.some(isLong);
}

function boundedValue(value: LogValue): LogValue {
  if (typeof value === "string") return cut(value);
  return Array.isArray(value) ? value.map(cut) : value;
}

/** Cut to the longest text, and said to be; what was cut before stays as it is. */
function cut(text: string): string {
  if (text.length <= MAX_FIELD_CHARACTERS || /^… \(\d+ characters\)$/.test(tail(text))) return text;
  // A copy of its own: a part of a text keeps the whole of it in memory.
  const kept = structuredClone(text.slice(0, MAX_FIELD_CHARACTERS));
  return `${kept}… (${text.length} characters)`;
}

/** What is behind the longest text. */
function tail(text: string): string {
  return text.slice(MAX_FIELD_CHARACTERS, MAX_FIELD_CHARACTERS + 40);
}

// C0 is escaped by JSON itself. DEL, C1 and the characters that turn the direction of text or
// break lines in some readers are not.
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Keys of the record itself: a field of such a name would hide it, so it gets a `_` behind. */
const OWN_KEYS: ReadonlySet<string> = new Set(["time", "level", "msg"]);

/** One line without its newline, in the form asked for. */
export function formatRecord(record: LogRecord, format: LogFormat): string {
  return format === "json" ? formatJson(record) : formatText(record);
}

/** RFC 3339 with milliseconds, UTC. A time out of range gives the epoch rather than an exception. */
export function formatTime(unixMs: number): string {
  const date = new Date(Number.isFinite(unixMs) && Math.abs(unixMs) <= 8.64e15 ? unixMs : 0);
  return date.toISOString();
}

function formatJson(record: LogRecord): string {
  let line = `{"time":"${formatTime(record.timeMs)}","level":"${record.level}","msg":${
    quote(record.event)
  }`;
  for (const [key, value] of Object.entries(record.fields)) {
    if (value === undefined) continue;
    line += `,${quote(OWN_KEYS.has(key) ? `${key}_` : key)}:${jsonValue(value)}`;
  }
  return line + "}";
}

function formatText(record: LogRecord): string {
  let line = `${formatTime(record.timeMs)} ${record.level.toUpperCase().padEnd(5)} ${record.event}`;
  for (const [key, value] of Object.entries(record.fields)) {
    if (value === undefined) continue;
    line += ` ${key}=${textValue(value)}`;
  }
  return line;
}

function jsonValue(value: Exclude<LogValue, undefined>): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "null";
  if (typeof value === "boolean") return String(value);
  return `[${value.map(quote).join(",")}]`;
}

function textValue(value: Exclude<LogValue, undefined>): string {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : value.join(",");
  return /^[\w.:/@%+,[\]-]+$/.test(text) && text.length <= MAX_FIELD_CHARACTERS
    ? text
    : quote(text);
}

function quote(text: string): string {
  return JSON.stringify(cut(text)).replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
