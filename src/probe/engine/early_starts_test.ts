import assert from "node:assert/strict";
import { monotonic } from "../../../tests/support/fakes/instants.ts";
import { NEVER_MS } from "../../base/instant.ts";
import { EarlyStarts } from "./early_starts.ts";

Deno.test("EarlyStarts: the last added comes first, none before its soonest instant", () => {
  const early = new EarlyStarts<string>();
  const at = (ms: number) => early.take(monotonic(ms));
  early.add("a", monotonic(0), monotonic(10));
  early.add("later", monotonic(30), monotonic(10));
  early.add("b", monotonic(10), monotonic(10));
  assert.deepEqual([at(10), at(10), at(29)], ["b", "a", undefined]);
  assert.equal(early.nextMs, 30);
  assert.deepEqual([at(30), at(1000)], ["later", undefined]);
});

Deno.test("EarlyStarts.nextMs is past while one is ready, never without items", () => {
  const early = new EarlyStarts<string>();
  assert.equal(early.nextMs, NEVER_MS);
  early.add("a", monotonic(5), monotonic(0));
  assert.equal(early.nextMs, 5);
  early.add("b", monotonic(0), monotonic(0));
  assert.ok(early.nextMs < 0);
  early.take(monotonic(5));
  // "a" has become ready with "b", and was taken instead.
  assert.ok(early.nextMs < 5);
  early.take(monotonic(5));
  assert.equal(early.nextMs, NEVER_MS);
});
