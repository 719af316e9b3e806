import assert from "node:assert/strict";
import { wall } from "../../tests/support/fakes/instants.ts";
import { formatRecord } from "./forms.ts";
import { boundedRecord, formatTime, type LogRecord, MAX_FIELD_CHARACTERS } from "./record.ts";

function record(fields: LogRecord["fields"]): LogRecord {
  return { timeMs: wall(1_767_225_600_123), level: "info", event: "backend-transition", fields };
}

Deno.test("boundedRecord() cuts long fields, once, and returns a short record unchanged", () => {
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

Deno.test("formatTime() survives invalid dates", () => {
  for (const bad of [NaN, Infinity, 1e300]) {
    assert.equal(formatTime(wall(bad)), "1970-01-01T00:00:00.000Z");
  }
});
