import assert from "node:assert/strict";
import fc from "fast-check";
import { VersionedMap } from "./versioned_map.ts";

Deno.test("VersionedMap: every snapshot stays what it was, whatever is set afterwards", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 300 }),
    fc.array(
      fc.oneof(
        fc.constant("snapshot" as const),
        fc.tuple(fc.integer({ min: 0, max: 299 }), fc.integer()),
      ),
      { maxLength: 60 },
    ),
    (size, steps) => {
      const entries = Array.from({ length: size }, (_, i) => [`k${i}`, i] as const);
      const map = new VersionedMap(entries);
      const model = new Map<string, number>(entries);
      const taken: [ReadonlyMap<string, number>, Map<string, number>][] = [];
      for (const step of steps) {
        if (step === "snapshot") taken.push([map.snapshot(), new Map(model)]);
        else if (step[0] < size) {
          map.set(`k${step[0]}`, step[1]);
          model.set(`k${step[0]}`, step[1]);
        }
      }
      taken.push([map.snapshot(), model]);
      for (const [view, expected] of taken) {
        assert.deepEqual([...view], [...expected]);
        assert.deepEqual([...view.keys()], [...expected.keys()]);
        assert.deepEqual([...view.values()], [...expected.values()]);
        assert.equal(view.size, expected.size);
        for (const [key, value] of expected) {
          assert.equal(view.get(key), value);
          assert.ok(view.has(key));
        }
      }
      for (const [key, value] of model) assert.equal(map.get(key), value);
    },
  ));
});

Deno.test("VersionedMap: a snapshot is the same object until something is set", () => {
  const map = new VersionedMap([["a", 1], ["b", 2]]);
  const first = map.snapshot();
  assert.equal(map.snapshot(), first);
  map.set("a", 3);
  assert.notEqual(map.snapshot(), first);
  assert.equal(first.get("a"), 1);
});

Deno.test("VersionedMap: unknown keys read undefined, and cannot be set", () => {
  const map = new VersionedMap([["a", 1]]);
  assert.equal(map.get("b"), undefined);
  assert.equal(map.snapshot().get("b"), undefined);
  assert.equal(map.snapshot().has("b"), false);
  assert.throws(() => map.set("b", 1), /no key b/);
  assert.throws(() => new VersionedMap([["a", 1], ["a", 2]]), /key a twice/);
});

Deno.test("VersionedMap: forEach tells value, key and the map", () => {
  const view = new VersionedMap([["a", 1], ["b", 2]]).snapshot();
  const seen: unknown[] = [];
  view.forEach((value, key, map) => seen.push([value, key, map === view]));
  assert.deepEqual(seen, [[1, "a", true], [2, "b", true]]);
});
