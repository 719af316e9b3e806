/// <reference lib="deno.ns" />
import assert from "node:assert/strict";
import { countsOf, type Filter, FILTERS, matchFrontend, NO_FILTER, wrongCount } from "./filter.ts";
import type { Summary } from "./health.ts";
import { backend, web } from "./test_lb.ts";

const WELL: Summary = { health: "well", up: 2, total: 2, failing: [], held: [], differences: [] };
const BACKENDS = [backend("w1"), backend("w2", "down"), backend("w3")];

function match(filter: Partial<Filter>, summary: Partial<Summary> = {}) {
  const found = matchFrontend(web({ description: "The shop" }), {
    filter: { ...NO_FILTER, ...filter },
    summary: { ...WELL, ...summary },
    backend: (name) => BACKENDS.find((backend) => backend.name === name),
  });
  return found instanceof Set ? [...found] : found;
}

Deno.test("without a filter all rows pass", () => {
  assert.equal(match({}), "all");
  assert.equal(match({ search: "  " }), "all");
});

Deno.test("classes: a frontend passes with its health, or because something of it is held", () => {
  assert.equal(match({ show: new Set(["down"]) }), false);
  assert.equal(match({ show: new Set(["down", "well"]) }), "all");
  assert.equal(match({ show: new Set(["held"]) }), false);
  assert.equal(
    match({ show: new Set(["held"]) }, { held: [{ name: "w1", word: "paused" }] }),
    "all",
  );
});

Deno.test("search: over the frontend's words, else over rows, which then pass alone", () => {
  assert.equal(match({ search: "SHOP" }), "all");
  assert.equal(match({ search: "192.0.2.1:80" }), "all");
  assert.equal(match({ search: "degraded" }, { health: "degraded" }), "all");
  assert.deepEqual(match({ search: "w2" }), ["w2"]);
  assert.deepEqual(match({ search: "10.0.0." }), ["w1", "w2", "w3"]);
  assert.deepEqual(match({ search: "down" }), ["w2"]);
  assert.deepEqual(match({ search: "l4con" }), ["w2"]);
  assert.deepEqual(match({ search: "standby" }), ["w3"], "by pool");
  assert.equal(match({ search: "nothing" }), false);
});

Deno.test("search: several words must meet in the frontend and one row together", () => {
  assert.deepEqual(match({ search: "shop w2" }), ["w2"]);
  assert.deepEqual(match({ search: "tcp primary down" }), ["w2"]);
  assert.equal(match({ search: "w1 w2" }), false);
});

Deno.test("counts: each frontend counts once by health, and again when held", () => {
  const held = [{ name: "a", word: "paused" }];
  const counts = countsOf([
    WELL,
    { ...WELL, held },
    { ...WELL, health: "down" },
    { ...WELL, health: "fallback", held },
  ]);
  assert.deepEqual(FILTERS.map((name) => counts[name]), [1, 0, 1, 0, 0, 2, 2]);
  assert.equal(wrongCount(counts), 2);
});
