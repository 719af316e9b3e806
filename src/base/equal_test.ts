import assert from "node:assert/strict";
import fc from "fast-check";
import { isDeepStrictEqual } from "node:util";
import { isEqual } from "./equal.ts";

Deno.test("isEqual() agrees with the runtime's comparison of plain data", () => {
  const data = fc.jsonValue({ maxDepth: 3 });
  fc.assert(fc.property(data, data, (a, b) => {
    assert.equal(isEqual(a, b), isDeepStrictEqual(a, b));
    assert.ok(isEqual(a, structuredClone(a)));
  }));
});

Deno.test("isEqual() distinguishes an absent key from an undefined one, and a list from an object", () => {
  assert.ok(!isEqual({ a: undefined }, {}));
  assert.ok(!isEqual({ a: undefined }, { b: undefined }));
  assert.ok(!isEqual([], {}));
  assert.ok(!isEqual({ toString: 1 }, { other: 1 }));
  assert.ok(isEqual(NaN, NaN));
});
