import assert from "node:assert/strict";
import { candidateLines, commonPrefix } from "./listing.ts";

const list = (texts: string[]) => texts.map((text) => ({ text, help: "" }));

Deno.test("commonPrefix() ends at a whole letter", () => {
  assert.equal(commonPrefix(["web1", "web2", "web"]), "web");
  assert.equal(commonPrefix(["a", "b"]), "");
  assert.equal(commonPrefix(["one"]), "one");
  assert.equal(commonPrefix(["x😀", "x😁"]), "x");
  assert.equal(commonPrefix([]), "");
});

Deno.test("candidateLines() fills columns from top to bottom", () => {
  assert.deepEqual(candidateLines(list(["a", "bb", "ccc", "d", "e"]), 16), [
    "a    ccc  e",
    "bb   d",
  ]);
  assert.deepEqual(candidateLines(list(["日本", "b"]), 20), ["日本  b"]);
  assert.deepEqual(candidateLines(list(["a-long-name", "b"]), 5), ["a-long-name", "b"]);
});

Deno.test("candidateLines() has printable candidates, of a bounded number", () => {
  assert.deepEqual(candidateLines(list(["a\x1b[2J"]), 80), ["a\\x1b[2J"]);
  const lines = candidateLines(list(Array.from({ length: 5000 }, (_, i) => `name${i}`)), 80);
  assert.ok(lines.length < 60);
  assert.equal(lines.at(-1), "… and 4800 more");
});
