import assert from "node:assert/strict";
import { readActionBody, readDrainBody, readPlanBody, readWeightBody } from "./bodies.ts";

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

Deno.test("a scope is fleet, site=NAME or lb=NAME", () => {
  for (const scope of ["fleet", "site=ams", "lb=lb1"]) {
    const read = readActionBody(bytes({ scope }));
    assert.deepEqual(read, { kind: "ok", body: { scope } });
    assert.equal(readWeightBody(bytes({ scope, weight: "file" })).kind, "ok");
  }
  for (const scope of ["", "here", "site=", "lb=a b", 7, null]) {
    assert.deepEqual(readActionBody(bytes({ scope })), {
      kind: "bad",
      reason: "scope: need fleet, site=NAME or lb=NAME",
    });
  }
});

Deno.test("a drain with a scope has an end, and nothing follows it; so does its plan", () => {
  const scope = "fleet";
  const plan = (body: object) => readPlanBody(bytes({ action: "drain", backend: "b0", ...body }));
  for (const read of [(body: object) => readDrainBody(bytes(body)), plan]) {
    assert.equal(read({ scope, for_ms: 1000, force: true }).kind, "ok");
    assert.deepEqual(read({ scope }), {
      kind: "bad",
      reason: "for_ms: a drain with a scope needs it",
    });
    assert.deepEqual(read({ scope, for_ms: 1000, then: "pause" }), {
      kind: "bad",
      reason: "then: a drain with a scope does not have it",
    });
    assert.equal(read({ then: "pause" }).kind, "ok");
  }
});
