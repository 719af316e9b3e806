import assert from "node:assert/strict";
import fc from "fast-check";
import { EventRing } from "./ring.ts";

Deno.test("EventRing returns exactly the events after a number, or undefined when some are gone", () => {
  const bounds = { ageMs: 100, events: 10, bytes: 100 };
  const step = fc.record({ waitMs: fc.nat(60), bytes: fc.integer({ min: 1, max: 40 }) });
  fc.assert(fc.property(fc.array(step, { maxLength: 600 }), fc.nat(600), (steps, asked) => {
    const ring = new EventRing<number>(bounds);
    const all: { seq: number; atMs: number; bytes: number }[] = [];
    let nowMs = 0;
    for (const { waitMs, bytes } of steps) {
      nowMs += waitMs;
      const entry = { seq: all.length + 1, atMs: nowMs, bytes };
      all.push(entry);
      ring.push(entry.seq, entry);
    }
    assert.ok(ring.size <= bounds.events && ring.bytes <= bounds.bytes);
    const expected = all.filter(({ seq }) => seq > asked);
    const isThere = expected.length <= bounds.events &&
      expected.every(({ atMs }) => nowMs - atMs <= bounds.ageMs) &&
      expected.reduce((sum, { bytes }) => sum + bytes, 0) <= bounds.bytes;
    const found = ring.after(asked, all.length);
    if (asked > all.length) assert.equal(found, undefined);
    else if (isThere) assert.deepEqual(found, expected.map(({ seq }) => seq));
    else assert.equal(found, undefined);
  }));
});

Deno.test("EventRing forgets by time, and forgets all by clear()", () => {
  const ring = new EventRing<string>({ ageMs: 100, events: 10, bytes: 100 });
  ring.push("a", { seq: 1, atMs: 0, bytes: 5 });
  assert.deepEqual(ring.after(0, 1), ["a"]);
  ring.expire(101);
  assert.equal(ring.after(0, 1), undefined);
  assert.deepEqual(ring.after(1, 1), []);
  ring.push("b", { seq: 2, atMs: 101, bytes: 5 });
  ring.clear();
  assert.equal(ring.after(1, 2), undefined);
  assert.equal(ring.bytes, 0);
  for (const seq of [-1, 0.5, NaN, 3]) assert.equal(ring.after(seq, 2), undefined);
});
