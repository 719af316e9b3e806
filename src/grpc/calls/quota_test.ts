import assert from "node:assert/strict";
import { Places, tooManyWatchers } from "./quota.ts";

const KNOWN = { known: true };
const STRANGER = { known: false };

Deno.test("Places: strangers cannot take the places of those who are known, nor the other way", () => {
  const places = new Places({ known: 2, strangers: 1 });
  const leave = places.take(STRANGER);
  assert.ok(leave !== undefined);
  assert.equal(places.take(STRANGER), undefined);
  const first = places.take(KNOWN);
  assert.ok(first !== undefined && places.take(KNOWN) !== undefined);
  assert.equal(places.take(KNOWN), undefined);
  leave();
  assert.equal(places.take(KNOWN), undefined, "a stranger's place is a stranger's");
  assert.ok(places.take(STRANGER) !== undefined);
  first();
  first();
  assert.ok(places.take(KNOWN) !== undefined);
  assert.equal(places.take(KNOWN), undefined, "a place is given back once");
});

Deno.test("tooManyWatchers tells whose places are taken", () => {
  const counts = { known: 2, strangers: 1 };
  assert.equal(tooManyWatchers(KNOWN, counts).message, "2 watchers already connected");
  assert.match(tooManyWatchers(STRANGER, counts).message, /^1 watchers from other hosts without/);
  assert.equal(tooManyWatchers(KNOWN, counts).code, "resource-exhausted");
});
