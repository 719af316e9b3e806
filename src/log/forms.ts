/**
 * PURE. The written forms of a log record, one line each. `json` and `text` are those of Go's slog,
 * so that what reads the logs of the reference reads these too; `pretty` is for a terminal.
 *
 *     json    {"time":"…","level":"INFO","msg":"backend-transition","backend":"nginx0"}
 *     text    time=… level=INFO msg=backend-transition backend=nginx0
 *     pretty  … INFO  backend-transition backend=nginx0
 *
 * A server's answer or VPP's text may hold anything: its control characters are written escaped.
 *
 * @see https://pkg.go.dev/log/slog
 */
import type { LogFields, LogLevel, LogValue } from "../base/ports.ts";
import { cut, formatTime, type LogRecord, MAX_FIELD_CHARACTERS } from "./record.ts";

/** `colored` is `pretty` with the colors of a terminal. */
export type LogFormat = "json" | "text" | "pretty" | "colored";

/** One line without its newline. */
export function formatRecord(record: LogRecord, format: LogFormat): string {
  switch (format) {
    case "json":
      return formatJson(record);
    case "text":
      return formatText(record);
    case "pretty":
      return formatPretty(record, PLAIN);
    case "colored":
      return formatPretty(record, COLORS);
  }
}

/** Keys of the record itself: a field of such a name would hide it, so `_` is put after it. */
const OWN_KEYS: ReadonlySet<string> = new Set(["time", "level", "msg"]);

type Written = readonly [key: string, value: Exclude<LogValue, undefined>];

/** The fields that have a value, under the names that are written. */
function written({ fields }: LogRecord): Written[] {
  const list: Written[] = [];
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) list.push([OWN_KEYS.has(key) ? `${key}_` : key, value]);
  }
  return list;
}

function formatJson(record: LogRecord): string {
  const head = `{"time":"${formatTime(record.timeMs)}","level":"${record.level.toUpperCase()}",` +
    `"msg":${jsonQuote(record.event)}`;
  return head + (shortJson(record.fields) ?? fieldsJson(record));
}

/** The end of the line by V8's own JSON, which makes far less garbage; undefined: it needs care. */
function shortJson(fields: LogFields): string | undefined {
  for (const key of OWN_KEYS) if (key in fields) return undefined;
  const json = JSON.stringify(fields);
  if (json.length > MAX_FIELD_CHARACTERS || !PLAIN_JSON.test(json)) return undefined;
  return json === "{}" ? "}" : `,${json.slice(1)}`;
}

function fieldsJson(record: LogRecord): string {
  let line = "";
  for (const [key, value] of written(record)) line += `,${jsonQuote(key)}:${jsonValue(value)}`;
  return line + "}";
}

function jsonValue(value: Exclude<LogValue, undefined>): string {
  if (typeof value === "string") return jsonQuote(value);
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "null";
  if (typeof value === "boolean") return String(value);
  return `[${value.map(jsonQuote).join(",")}]`;
}

// JSON escapes C0 itself, but neither DEL and C1 nor the characters that turn the direction of text
// or break lines in some readers.
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** JSON without a character that it leaves unescaped and a reader may not. */
const PLAIN_JSON = /^[ -~]*$/;

/** Texts that need no escaping: nearly all. */
const PLAIN_TEXT = /^[ !#-[\]-~]{0,256}$/;

function jsonQuote(text: string): string {
  if (PLAIN_TEXT.test(text)) return `"${text}"`;
  return JSON.stringify(cut(text)).replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function formatText(record: LogRecord): string {
  let line = `time=${formatTime(record.timeMs)} level=${record.level.toUpperCase()} ` +
    `msg=${goText(record.event)}`;
  for (const [key, value] of written(record)) line += ` ${goText(key)}=${goValue(value)}`;
  return line;
}

function goValue(value: Exclude<LogValue, undefined>): string {
  if (typeof value === "string") return goText(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return goText(`[${value.map(cut).join(" ")}]`);
}

/** Text that Go's TextHandler leaves unquoted: no space, `=`, `"` or unprintable character. */
const BARE = /^[^\s="\p{C}\p{Z}\ufffd]+$/u;

function goText(text: string): string {
  const bounded = cut(text);
  return BARE.test(bounded) ? bounded : goQuote(bounded);
}

// The characters that Go's strconv.Quote escapes: `"`, `\`, and what unicode.IsPrint refuses.
const GO_ESCAPED = /["\\]|(?! )[\p{C}\p{Z}]/gu;

const GO_ESCAPES: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  '"': '\\"',
  "\\": "\\\\",
};

function goQuote(text: string): string {
  // Half of a surrogate pair is not a character: Go would read it as U+FFFD.
  const escaped = text.toWellFormed().replace(GO_ESCAPED, (character) => {
    const code = character.codePointAt(0)!;
    const hex = code.toString(16);
    return GO_ESCAPES[character] ??
      (code < 0x80
        ? `\\x${hex.padStart(2, "0")}`
        : code < 0x10000
        ? `\\u${hex.padStart(4, "0")}`
        : `\\U${hex.padStart(8, "0")}`);
  });
  return `"${escaped}"`;
}

/** Escape sequences around the parts of a pretty line. */
interface Palette {
  readonly level: Readonly<Record<LogLevel, string>>;
  readonly dim: string;
  readonly end: string;
}

const PLAIN: Palette = {
  level: { debug: "", info: "", warn: "", error: "" },
  dim: "",
  end: "",
};

const COLORS: Palette = {
  level: { debug: "\x1b[2m", info: "\x1b[32m", warn: "\x1b[33m", error: "\x1b[31m" },
  dim: "\x1b[2m",
  end: "\x1b[0m",
};

function formatPretty(record: LogRecord, { level, dim, end }: Palette): string {
  let line = `${dim}${formatTime(record.timeMs)}${end} ` +
    `${level[record.level]}${record.level.toUpperCase().padEnd(5)}${end} ${record.event}`;
  for (const [key, value] of written(record)) {
    line += ` ${dim}${goText(key)}=${end}${goValue(value)}`;
  }
  return line;
}
