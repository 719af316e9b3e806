import assert from "node:assert/strict";
import fc from "fast-check";
import { nearest } from "./nearest.ts";

Deno.test("nearest returns the intended word, if any", () => {
  const known = ["interval", "fast-interval", "down-interval", "timeout", "rise", "fall"];
  const cases: [word: string, meant: string | undefined][] = [
    ["intervall", "interval"],
    ["itnerval", "interval"],
    ["fast_interval", "fast-interval"],
    ["TIMEOUT", "timeout"],
    ["timout", "timeout"],
    ["rize", "rise"],
    ["raise", "rise"],
    ["fal", "fall"],
    ["rise", "rise"],
    ["port", undefined],
    ["", undefined],
    ["zzzzzzzzzzzz", undefined],
  ];
  for (const [word, meant] of cases) assert.equal(nearest(word, known), meant, word);
});

Deno.test("nearest returns the first of equally near words, and undefined without known words", () => {
  assert.equal(nearest("nginx2", ["nginx0", "nginx1"]), "nginx0");
  assert.equal(nearest("nginx2", ["nginx1", "nginx0"]), "nginx1");
  assert.equal(nearest("nginx2", []), undefined);
});

/** The same distance by recursion over prefixes (optimal string alignment). */
function slowDistance(a: string, b: string): number {
  if (a === "" || b === "") return a.length + b.length;
  const [x, y] = [a.slice(0, -1), b.slice(0, -1)];
  const same = a.at(-1) === b.at(-1);
  const ways = [
    slowDistance(x, b) + 1,
    slowDistance(a, y) + 1,
    slowDistance(x, y) + (same ? 0 : 1),
  ];
  if (a.length > 1 && b.length > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1)) {
    ways.push(slowDistance(x.slice(0, -1), y.slice(0, -1)) + 1);
  }
  return Math.min(...ways);
}

const words = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 6 }).map((w) => w.join(""));

Deno.test("nearest finds the least distance within a third of the word, or nothing", () => {
  fc.assert(fc.property(words, fc.array(words, { maxLength: 6 }), (word, candidates) => {
    const limit = Math.max(1, Math.floor(word.length / 3));
    const least = Math.min(...candidates.map((candidate) => slowDistance(word, candidate)));
    const found = nearest(word, candidates);
    if (least > limit) assert.equal(found, undefined);
    else {
      assert.equal(
        found,
        candidates.find((candidate) => slowDistance(word, candidate) === least),
      );
    }
  }));
});

Deno.test("nearest finds a slip in a long word, but not another word of its length", () => {
  const long = "cache-17.eu-west.example.com";
  const known = [long, "cache-18.us-east.example.com", "x".repeat(long.length)];
  assert.equal(nearest("cahce-17.eu-wst.exampel.com", known), long);
  assert.equal(nearest("cache-17.ap-south.sample.net", known), undefined, "six edits and more");
});

Deno.test("nearest compares with known words up to its bound on work", () => {
  // 253 characters, the longest name, alike but for the last: each takes a band of 253 rows.
  const [shape, meant] = ["ab".repeat(124), "ab".repeat(124) + "bbbab"];
  let read = 0;
  function* known(count: number): Generator<string> {
    for (; read < count; read++) yield `${shape}${String(read).padStart(5, "0")}`;
    yield meant;
  }
  const word = "ba".repeat(124) + "bbbab";
  assert.equal(nearest(word, known(10)), meant);
  assert.equal(nearest(word, known(10_000)), undefined);
  assert.ok(read > 50 && read < 1000, `${read} of 10,000 were looked at`);
});
