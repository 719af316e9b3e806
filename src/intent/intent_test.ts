import assert from "node:assert/strict";
import fc from "fast-check";
import {
  anyIntents,
  backendIntent,
  textOfIntent,
  weightIntent,
} from "../../tests/support/fakes/intents.ts";
import { IntentSet } from "./intent.ts";

Deno.test("IntentSet: one pause or disable of a backend, one weight of a pool's entry", () => {
  const book = IntentSet.EMPTY
    .with(backendIntent("pause", "b"))
    .with(weightIntent("web/main/b", "3/100"))
    .with(weightIntent("web/spare/b", "4/100"))
    .with(backendIntent("disable", "b", { reason: "later" }))
    .with(weightIntent("web/main/b", "5/100"))
    .with(backendIntent("pause", "a"));
  assert.deepEqual(book.list().map(textOfIntent), [
    "pause a",
    "disable b",
    "web/main/b 5",
    "web/spare/b 4",
  ]);
  assert.equal(book.ofBackend("b")?.reason, "later");
  assert.equal(book.ofWeight({ frontend: "web", pool: "spare", backend: "b" })?.weight, 4);
  assert.equal(book.ofBackend("c"), undefined);
  assert.equal(book.ofWeight({ frontend: "web", pool: "none", backend: "b" }), undefined);
});

Deno.test("IntentSet keeps names apart that are equal when joined", () => {
  const book = IntentSet.of([weightIntent('a","b/c/d', "1/2"), weightIntent('a/b","c/d', "1/2")]);
  assert.equal(book.size, 2);
});

Deno.test("IntentSet is a value: with() and without() do not change it", () => {
  const one = IntentSet.EMPTY.with(backendIntent("pause", "a"));
  const two = one.with(backendIntent("pause", "b"));
  const back = two.without(backendIntent("disable", "b"));
  assert.deepEqual([IntentSet.EMPTY.size, one.size, two.size, back.size], [0, 1, 2, 1]);
  assert.equal(one.without(backendIntent("pause", "z")), one, "nothing to take away: the same");
});

Deno.test("IntentSet: the order of list() does not depend on the order of adding", () => {
  fc.assert(fc.property(anyIntents, (intents) => {
    const forwards = IntentSet.of(intents).all();
    assert.deepEqual(IntentSet.of([...intents].reverse()).all(), forwards);
    assert.equal(forwards.length, intents.length);
  }));
});
