import assert from "node:assert/strict";
import fc from "fast-check";
import {
  boundedRecord,
  formatRecord,
  formatTime,
  type LogRecord,
  MAX_FIELD_CHARACTERS,
} from "./record.ts";

function record(fields: LogRecord["fields"]): LogRecord {
  return { timeMs: 1_767_225_600_123, level: "info", event: "backend-transition", fields };
}

Deno.test("formatRecord() writes one JSON object with time, level, msg and the fields in order", () => {
  const line = formatRecord(
    record({ backend: "nginx0", ok: true, took_ms: 1.5, none: undefined, list: ["a", "b"] }),
    "json",
  );
  assert.equal(
    line,
    '{"time":"2026-01-01T00:00:00.123Z","level":"info","msg":"backend-transition",' +
      '"backend":"nginx0","ok":true,"took_ms":1.5,"list":["a","b"]}',
  );
});

Deno.test("formatRecord() lets no field hide the record's own time, level and msg", () => {
  const parsed = JSON.parse(formatRecord(record({ msg: "x", level: "y", time: "z" }), "json"));
  assert.deepEqual([parsed.msg, parsed.level], ["backend-transition", "info"]);
  assert.deepEqual([parsed.msg_, parsed.level_, parsed.time_], ["x", "y", "z"]);
});

Deno.test("formatRecord() writes text with quotes only where they are needed", () => {
  const line = formatRecord(
    record({ vip: "192.0.2.1/32", detail: "connection refused", empty: "", n: 3 }),
    "text",
  );
  assert.equal(
    line,
    "2026-01-01T00:00:00.123Z INFO  backend-transition vip=192.0.2.1/32 " +
      'detail="connection refused" empty="" n=3',
  );
});

Deno.test("formatRecord() lets no control or direction character through, in either form", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (text, key) => {
      for (const format of ["json", "text"] as const) {
        const line = formatRecord(record({ [format === "json" ? key : "k"]: text }), format);
        // deno-fmt-ignore
        assert.ok(![...line].some((c) => {
        const code = c.codePointAt(0)!;
        return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code === 0x2028 || code === 0x2029 ||
          (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
      }), JSON.stringify(line));
        if (format === "json" && !["time", "level", "msg"].includes(key)) {
          assert.equal(JSON.parse(line)[key], text);
        }
      }
    }),
  );
});

Deno.test("formatRecord() cuts a field that is too long and says how long it was", () => {
  const text = "x".repeat(MAX_FIELD_CHARACTERS + 1);
  const parsed = JSON.parse(formatRecord(record({ text }), "json"));
  assert.equal(parsed.text, `${text.slice(1)}… (${text.length} characters)`);
  const whole = text.slice(1);
  assert.equal(JSON.parse(formatRecord(record({ text: whole }), "json")).text, whole);
});

Deno.test("boundedRecord() cuts what is too long, once, and keeps a record without it as it is", () => {
  const short = record({ text: "x".repeat(MAX_FIELD_CHARACTERS), list: ["a"], count: 1 });
  assert.equal(boundedRecord(short), short);
  const long = "y".repeat(MAX_FIELD_CHARACTERS + 5);
  const cut = `${long.slice(5)}… (${long.length} characters)`;
  const bounded = boundedRecord(
    record({ text: long, list: ["a", long], none: undefined, ok: true }),
  );
  assert.deepEqual(bounded.fields, { text: cut, list: ["a", cut], none: undefined, ok: true });
  assert.deepEqual(boundedRecord(bounded), bounded);
  assert.equal(JSON.parse(formatRecord(bounded, "json")).text, cut);
});

Deno.test("formatTime() survives times that are no date", () => {
  for (const bad of [NaN, Infinity, 1e300]) {
    assert.equal(formatTime(bad), "1970-01-01T00:00:00.000Z");
  }
});
