/** Lines of the history: every byte of a file may be torn or wrong, and only its line is lost. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { WallMs } from "../base/instant.ts";
import type { LogFields } from "../base/ports.ts";
import { POLICY_EVENTS } from "../health/policy/changes.ts";
import {
  decodeRecords,
  encodeRecord,
  fieldOf,
  HISTORY_EVENTS,
  type HistoryRecord,
  historyRecord,
  keptFields,
  type KeptRecord,
  MAX_LINE_BYTES,
  MAX_TEXT,
  newRecord,
  pageOf,
} from "./record.ts";

const T0 = 1_700_000_000_000 as WallMs;

function record(id: number, fields: Readonly<Record<string, string>> = {}): HistoryRecord {
  const event = "backend-transition";
  return { id, ...newRecord({ timeMs: (T0 + id) as WallMs, event, fields }) };
}

function keptRecord(id: number, fields: LogFields = {}): KeptRecord {
  return { id, atMs: (T0 + id) as WallMs, event: "backend-transition", fields };
}

function fileOf(records: readonly HistoryRecord[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(records.flatMap((it) => [...encodeRecord(it)]));
}

Deno.test("every event of a policy is kept, and the API's page names all that are", async () => {
  for (const event of POLICY_EVENTS) assert.ok(HISTORY_EVENTS.has(event), event);
  const page = await Deno.readTextFile(new URL("../../docs/api.md", import.meta.url));
  const section = page.slice(page.indexOf("\n## History"), page.indexOf("\n## Fingerprints"));
  const named = [...section.matchAll(/`([a-z]+(?:-[a-z]+)*)`/g)].map(([, name]) => name!);
  const missing = [...HISTORY_EVENTS].filter((event) => !named.includes(event));
  assert.deepEqual(missing, []);
});

Deno.test("decodeRecords(encodeRecord()) has every record, whatever its texts", () => {
  const text = fc.string({ unit: "binary", maxLength: 20 });
  const fields = fc.array(fc.tuple(text, text), { maxLength: 6 });
  fc.assert(
    fc.property(fc.array(fields, { maxLength: 5 }), (lists) => {
      const records = lists.map((list, at) => record(at + 1, Object.fromEntries(list)));
      const decoded = decodeRecords(fileOf(records));
      assert.deepEqual(decoded, { records, damaged: 0, ended: true });
    }),
    { numRuns: 30 },
  );
});

Deno.test("decodeRecords() of a file torn at any byte has the lines before it", () => {
  const records = [record(1, { backend: "nginx0" }), record(2), record(3, { detail: "größer" })];
  const bytes = fileOf(records);
  const ends = records.map((_, at) => fileOf(records.slice(0, at + 1)).length);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const decoded = decodeRecords(bytes.slice(0, cut));
    // The newline alone may be missing.
    const whole = ends.filter((end) => end - 1 <= cut).length;
    assert.deepEqual(decoded.records, records.slice(0, whole), `cut at ${cut}`);
    assert.equal(decoded.ended, cut === 0 || ends.includes(cut));
    // What was torn does not harm what is written after it.
    const next = new Uint8Array([...bytes.slice(0, cut), 10, ...encodeRecord(record(9))]);
    assert.deepEqual(decodeRecords(next).records, [...records.slice(0, whole), record(9)]);
  }
});

Deno.test("decodeRecords() loses only the lines in which a byte is wrong", () => {
  const records = [1, 2, 3, 4].map((id) => record(id, { backend: `b${id}` }));
  const bytes = fileOf(records);
  for (let at = 0; at < bytes.length; at++) {
    const wrong = bytes.slice();
    wrong[at]! ^= 0x15;
    const { records: found, damaged } = decodeRecords(wrong);
    assert.ok(found.length >= 2, `byte ${at}`);
    assert.ok(damaged >= 1);
    for (const each of found) assert.deepEqual(each, records[each.id - 1]);
  }
});

Deno.test("decodeRecords() leaves out records that were written twice", () => {
  const [a, b, c] = [record(1), record(2), record(3)];
  assert.deepEqual(decodeRecords(fileOf([a, b, a, b, c])).records, [a, b, c]);
  assert.deepEqual(decodeRecords(fileOf([a, b, c]), 2).records, [c]);
});

Deno.test("newRecord() bounds its line, and leaves out fields without a value", () => {
  const many = Object.fromEntries(
    Array.from({ length: 60 }, (_, at) => [`f${at}`, "漢".repeat(2000)]),
  );
  const { fields } = record(1, many);
  assert.ok(fields.length > 3);
  assert.equal(fields[0]![1].length, 1000);
  assert.ok(
    encodeRecord({ ...record(1, many), id: Number.MAX_SAFE_INTEGER }).length <= MAX_LINE_BYTES,
  );
  const event = "config-reload";
  const some = newRecord({ timeMs: T0, event, fields: { a: undefined, b: ["x", "y"], c: true } });
  assert.deepEqual(some.fields, [["b", "x,y"], ["c", "true"]]);
});

Deno.test("keptFields() keeps short fields as they are, and bounds long ones, without another result", () => {
  const event = "config-reload";
  const short = { backend: "nginx0", ok: true, "took-ms": 1.5, none: undefined };
  assert.equal(keptFields({ timeMs: T0, event, fields: short }), short);
  const text = keptFields({ timeMs: T0, event, fields: { detail: "x".repeat(MAX_TEXT + 1) } });
  assert.equal(String(text.detail).length, MAX_TEXT);
  const long = { list: Array.from({ length: 600 }, () => "ab") };
  const bounded = keptFields({ timeMs: T0, event, fields: long });
  assert.equal(String(bounded.list).length, MAX_TEXT);
  const many = keptFields({ timeMs: T0, event, fields: { list: ["a", "b"] } });
  assert.deepEqual(many, { list: "a,b" });
  const value = fc.oneof(
    fc.string({ maxLength: 1100 }),
    fc.double(),
    fc.boolean(),
    fc.constant(undefined),
    fc.array(fc.string({ maxLength: 20 }), { maxLength: 3 }),
  );
  fc.assert(fc.property(fc.dictionary(fc.string(), value, { maxKeys: 45 }), (fields) => {
    const record = { timeMs: T0, event, fields };
    const kept = { id: 1, atMs: T0, event, fields: keptFields(record) };
    assert.deepEqual(historyRecord(kept), { id: 1, ...newRecord(record) });
    assert.ok(JSON.stringify(kept.fields).length <= MAX_LINE_BYTES);
  }));
});

Deno.test("pageOf() gives each record of a selection once, oldest first in a page", () => {
  const backends = fc.constantFrom("a", "b", "");
  fc.assert(fc.property(fc.array(backends), fc.integer({ min: 1, max: 5 }), (names, size) => {
    const kept = names.map((backend, at) => keptRecord(at + 1, { backend, "took-ms": at }));
    const records = kept.map(historyRecord);
    for (const backend of ["a", undefined]) {
      const found: HistoryRecord[] = [];
      let beforeId: number | undefined;
      do {
        const page = pageOf(kept, { backend, beforeId, size });
        assert.ok(page.records.length <= size);
        found.unshift(...page.records);
        beforeId = page.nextBeforeId;
        if (beforeId !== undefined) assert.equal(page.records.length, size);
      } while (beforeId !== undefined);
      assert.deepEqual(
        found,
        records.filter((it) => backend === undefined || fieldOf(it, "backend") === backend),
      );
    }
  }));
  const since = pageOf([keptRecord(1), keptRecord(2), keptRecord(3)], {
    sinceMs: (T0 + 2) as WallMs,
    size: 9,
  });
  assert.deepEqual(since.records.map(({ id }) => id), [2, 3]);
});
