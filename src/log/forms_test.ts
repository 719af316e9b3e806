import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { wall } from "../../tests/support/fakes/instants.ts";
import { LOG_EVENTS } from "../../tests/support/judges/log_contract.ts";
import { parseLogfmt } from "../../tests/support/judges/logfmt.ts";
import { readByPython } from "../../tests/support/judges/python_json.ts";
import type { LogFields, LogLevel } from "../base/ports.ts";
import { formatRecord } from "./forms.ts";
import { type LogRecord, MAX_FIELD_CHARACTERS } from "./record.ts";

const TIME = "2026-01-01T00:00:00.123Z";

function record(fields: LogFields, level: LogLevel = "info"): LogRecord {
  return { timeMs: wall(1_767_225_600_123), level, event: "backend-transition", fields };
}

/** Values as a server, VPP, an operator or a file may give them. */
const HOSTILE: LogFields = {
  plain: "192.0.2.1/32",
  empty: "",
  space: "connection refused",
  equals: "a=b",
  quote: 'say "hi"',
  backslash: "C:\\maglev",
  newline: 'one\ntwo level=ERROR msg=forged\r\n{"level":"ERROR"}',
  tab: "a\tb\vc\fd\be\x07f\0g",
  escape: "\x1b[2J\x1b]0;title\x07",
  "c1-control": "\u0085\u009b2J",
  delete: "a\x7fb",
  direction: "abc\u202edef\u2066x\u2069\u200f",
  "line-separator": "a\u2028b\u2029c",
  "no-break-space": "a\u00a0b",
  emoji: "🦭 seal",
  replacement: "a\ufffdb",
  private: "\ue000\u{e0001}",
  long: "x".repeat(MAX_FIELD_CHARACTERS + 10),
  number: 0.1,
  negative: -0,
  huge: 1e21,
  "not-a-number": NaN,
  truth: true,
  list: ["a", "b c", 'd"e\n'],
  none: undefined,
  msg: "x",
  level: "y",
  time: "z",
};

/** The same as both forms write them, before any quoting. */
function expected(
  fields: LogFields,
  list: (items: readonly string[]) => unknown,
): [string, unknown][] {
  return Object.entries(fields).filter(([, value]) => value !== undefined).map(([key, value]) => [
    ["time", "level", "msg"].includes(key) ? `${key}_` : key,
    typeof value === "object"
      ? list(value)
      : typeof value === "string" && value.length > MAX_FIELD_CHARACTERS
      ? `${value.slice(0, MAX_FIELD_CHARACTERS)}… (${value.length} characters)`
      : value,
  ]);
}

Deno.test("every event in every level is a line of JSON with slog's keys, also with hostile values", async () => {
  const records = LOG_EVENTS.flatMap((event) =>
    (["debug", "info", "warn", "error"] as const).map((level) => ({
      ...record(HOSTILE, level),
      event,
    }))
  );
  const read = await readByPython(records.map((one) => formatRecord(one, "json")));
  assert.equal(read.length, records.length);
  for (const [index, { event, level }] of records.entries()) {
    const own = [["time", TIME], ["level", level.toUpperCase()], ["msg", event]];
    const fields = expected({ ...HOSTILE, "not-a-number": "" }, (items) => items)
      .map(([key, value]) =>
        key === "not-a-number" ? [key, null] : [key, Object.is(value, -0) ? 0 : value]
      );
    assert.deepEqual(read[index], [...own, ...fields]);
  }
});

Deno.test("every event in every level is a line of slog's text, also with hostile values", () => {
  for (const event of LOG_EVENTS) {
    for (const level of ["debug", "info", "warn", "error"] as const) {
      const line = formatRecord({ ...record(HOSTILE, level), event }, "text");
      const own = [["time", TIME], ["level", level.toUpperCase()], ["msg", event]];
      const fields = expected(HOSTILE, (items) => `[${items.join(" ")}]`)
        .map(([key, value]) => [key, String(value)]);
      assert.deepEqual(parseLogfmt(line), [...own, ...fields]);
    }
  }
});

Deno.test("formatRecord() writes one JSON object with time, level, msg and the fields in order", () => {
  const fields = { backend: "nginx0", ok: true, "took-ms": 1.5, none: undefined, list: ["a", "b"] };
  assert.equal(
    formatRecord(record(fields), "json"),
    '{"time":"2026-01-01T00:00:00.123Z","level":"INFO","msg":"backend-transition",' +
      '"backend":"nginx0","ok":true,"took-ms":1.5,"list":["a","b"]}',
  );
});

Deno.test("formatRecord() writes the same JSON for plain fields, alone and next to others", () => {
  const value = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(undefined),
    fc.array(fc.string(), { maxLength: 3 }),
  );
  const own = formatRecord(record({ msg: "x", time: "z" }), "json");
  assert.ok(own.endsWith(',"msg_":"x","time_":"z"}'), own);
  const key = fc.string({ minLength: 1 }).filter((text) =>
    !["time", "level", "msg"].includes(text)
  );
  fc.assert(fc.property(fc.dictionary(key, value), (fields) => {
    const line = formatRecord(record(fields), "json");
    // A field that needs care, after all others: an index would come first.
    const other = formatRecord(record({ ...fields, "\u2028": "" }), "json");
    assert.equal(other.replace(/,?"\\u2028":""/, ""), line);
  }));
});

// Left: what Go 1.22's log/slog writes for these values, taken from its documentation and source.
const GO_TEXT:
  readonly (readonly [written: string, value: string | number | boolean | string[]])[] = [
    ["nginx0", "nginx0"],
    ["192.0.2.1/32", "192.0.2.1/32"],
    ['""', ""],
    ['"connection refused"', "connection refused"],
    ['"a=b"', "a=b"],
    ['"say \\"hi\\""', 'say "hi"'],
    ["C:\\maglev", "C:\\maglev"],
    ['"C:\\\\my maglev"', "C:\\my maglev"],
    ['"a\\nb\\tc\\x00\\x1b\\a"', "a\nb\tc\0\x1b\x07"],
    ['"\\u0085\\u202e\\u2028\\u00a0"', "\u0085\u202e\u2028\u00a0"],
    ['"\\U000e0001"', "\u{e0001}"],
    ["é→🦭", "é→🦭"],
    ['"a\ufffdb"', "a\ufffdb"],
    ['"a\ufffdb"', "a\ud800b"],
    ["3", 3],
    ["true", true],
    ["[a]", ["a"]],
    ['"[a b]"', ["a", "b"]],
  ];

Deno.test("text form quotes exactly like Go's TextHandler", () => {
  for (const [written, value] of GO_TEXT) {
    const line = formatRecord(record({ k: value }), "text");
    assert.equal(line, `time=${TIME} level=INFO msg=backend-transition k=${written}`);
  }
});

Deno.test("formatRecord() escapes control and direction characters in every form", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (text, key) => {
      for (const format of ["json", "text", "pretty"] as const) {
        const line = formatRecord(record({ [key]: text, other: [text] }), format);
        assert.ok(!/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(line), JSON.stringify(line));
        const own = ["time", "level", "msg"].includes(key);
        if (format === "json" && !own && key !== "other") assert.equal(JSON.parse(line)[key], text);
        // A bare or quoted key is one word; an empty one is written as "".
        if (format === "text") assert.equal(parseLogfmt(line)[3]?.[1], text.toWellFormed());
      }
    }),
  );
});

Deno.test("pretty form is a line of time, level, event and fields; colors only on request", () => {
  const fields = { vip: "192.0.2.1/32", detail: "connection refused" };
  const plain = `${TIME} WARN  backend-transition vip=192.0.2.1/32 detail="connection refused"`;
  assert.equal(formatRecord(record(fields, "warn"), "pretty"), plain);
  const colored = formatRecord(record(fields, "warn"), "colored");
  assert.ok(colored.includes("\x1b[33mWARN \x1b[0m"), JSON.stringify(colored));
  assert.equal(stripVTControlCharacters(colored), plain);
});

Deno.test("formatRecord() cuts a field that is too long and adds its length", () => {
  const text = "x".repeat(MAX_FIELD_CHARACTERS + 1);
  const parsed = JSON.parse(formatRecord(record({ text }), "json"));
  assert.equal(parsed.text, `${text.slice(1)}… (${text.length} characters)`);
  const whole = text.slice(1);
  assert.equal(JSON.parse(formatRecord(record({ text: whole }), "json")).text, whole);
});
