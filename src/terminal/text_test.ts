import assert from "node:assert/strict";
import fc from "fast-check";
import { printable, visibleWidth } from "./text.ts";

Deno.test("printable: control characters are shown as escapes", () => {
  const cases: [text: string, shown: string][] = [
    ["web1 ~ é 中 👍", "web1 ~ é 中 👍"],
    ["\x1b[31mred", "\\x1b[31mred"],
    ["a\nb\rc\td", "a\\nb\\rc\\td"],
    ["\x00\x07\x7f", "\\x00\\x07\\x7f"],
    ["\x9b31m\x85", "\\x9b31m\\x85"],
    ["\u202eabc\u2066", "\\u202eabc\\u2066"],
    ["a\u2028b\u2029", "a\\u2028b\\u2029"],
    ["zero\u200bwidth\ufeff\u00ad", "zero\\u200bwidth\\ufeff\\xad"],
    ["\u{e0041}", "\\u{e0041}"],
    ["\ud800x", "\\ud800x"],
    // These format characters are visible.
    ["\u0600", "\u0600"],
  ];
  for (const [text, shown] of cases) assert.equal(printable(text), shown);
});

Deno.test("printable: any text is harmless afterwards, and stays the same when repeated", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const shown = printable(text);
    assert.doesNotMatch(
      shown,
      /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u200b-\u200f\u202a-\u202e\u2066-\u2069]/u,
    );
    assert.equal(printable(shown), shown);
  }));
});

Deno.test("visibleWidth: columns of a terminal, not characters", () => {
  const cases: [text: string, width: number][] = [
    ["", 0],
    ["web1", 4],
    ["é", 1],
    ["e\u0301", 1],
    ["中文", 4],
    ["한국", 4],
    ["\u1112\u1161\u11ab", 2],
    ["ｗｅｂ", 6],
    ["👍", 2],
    ["🇩🇪", 2],
    ["→ ≠ … %", 7],
    ["ⓐ½", 2],
    ["नि", 2],
  ];
  for (const [text, width] of cases) assert.equal(visibleWidth(text), width, text);
});
