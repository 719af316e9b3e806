/// <reference lib="deno.ns" />
import assert from "node:assert/strict";
import { advance, outagesOf, runsOf, stripCharacter, worse, worsenNewest } from "./strip.ts";
import { backend } from "./test_lb.ts";

Deno.test("the worse of two characters wins, and a gap loses against everything", () => {
  assert.equal(worse("u", "d"), "d");
  assert.equal(worse("x", "f"), "x");
  for (const character of "up?fxd") assert.equal(worse(".", character), character);
});

Deno.test("stripCharacter() separates failing from down, and asserts nothing without a prober", () => {
  assert.equal(stripCharacter(backend("w1")), "u");
  assert.equal(
    stripCharacter(backend("w1", "up", { last_result: { ok: false, code: "L4TOUT" } })),
    "f",
  );
  assert.equal(stripCharacter(backend("w1", "down")), "d");
  assert.equal(stripCharacter(backend("w1", "up", { blind: "netns is gone" })), ".");
  assert.equal(stripCharacter(backend("w1", "removed")), ".");
});

Deno.test("advance() and worsenNewest() keep the length", () => {
  assert.equal(worsenNewest("uuu", "d"), "uud");
  assert.equal(worsenNewest("uud", "u"), "uud");
  assert.equal(worsenNewest("", "d"), "");
  assert.equal(advance("abc", 2, "u"), "cuu");
  assert.equal(advance("abc", 1e9, "u"), "uuu");
  assert.equal(advance("abc", -1, "u"), "abc");
});

Deno.test("runsOf() leaves gaps out", () => {
  assert.deepEqual(runsOf("..uud."), [
    { character: "u", start: 2, length: 2 },
    { character: "d", start: 4, length: 1 },
  ]);
  assert.deepEqual(runsOf(""), []);
});

Deno.test("outagesOf() gives begin and end of all that was not up", () => {
  assert.deepEqual(outagesOf(".uddu?", 6000, 1000), [
    { word: "down", fromMs: 2000, untilMs: 4000 },
    { word: "unknown", fromMs: 5000, untilMs: 6000 },
  ]);
  assert.deepEqual(outagesOf("uuu", 3000, 1000), []);
});
