import assert from "node:assert/strict";
import fc from "fast-check";
import { printable, visibleWidth } from "./text.ts";
import { wrap } from "./wrap.ts";

Deno.test("wrap: at blanks, otherwise after a joint, otherwise anywhere", () => {
  const cases: [text: string, width: number, lines: string[]][] = [
    ["", 5, [""]],
    ["short", 5, ["short"]],
    ["one two three", 7, ["one two", "three"]],
    ["one two three", 8, ["one two", "three"]],
    ["2001:db8:aaaa:bbbb::1", 10, ["2001:db8:", "aaaa:bbbb:", ":1"]],
    ["a-bcdefghij", 6, ["a-bcde", "fghij"]],
    ["abcdefgh", 3, ["abc", "def", "gh"]],
    ["中文字符", 5, ["中文", "字符"]],
    ["e\u0301e\u0301e\u0301", 2, ["e\u0301e\u0301", "e\u0301"]],
    ["ab   cd", 3, ["ab", "cd"]],
    ["abc ", 3, ["abc"]],
    ["ab ", 3, ["ab "]],
    ["    ", 3, [""]],
  ];
  for (const [text, width, lines] of cases) assert.deepEqual(wrap(text, width), lines);
});

Deno.test("wrap: any text fits, and nothing but blanks is lost", () => {
  const texts = fc.string({ unit: "grapheme", maxLength: 200 }).map(printable);
  fc.assert(fc.property(texts, fc.integer({ min: 2, max: 40 }), (text, width) => {
    const lines = wrap(text, width);
    for (const line of lines) assert.ok(visibleWidth(line) <= width, JSON.stringify(line));
    assert.equal(lines.join("").replaceAll(/\s/g, ""), text.replaceAll(/\s/g, ""));
  }));
});

Deno.test("wrap: a text of megabytes is wrapped in linear time", () => {
  assert.equal(wrap("x".repeat(2_000_000), 80).length, 25_000);
});
