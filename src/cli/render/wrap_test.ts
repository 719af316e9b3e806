import assert from "node:assert/strict";
import fc from "fast-check";
import { shareOut } from "./columns.ts";
import { printable, visibleWidth } from "./text.ts";
import { wrap } from "./wrap.ts";

Deno.test("wrap: at blanks, else behind a joint, else anywhere", () => {
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

Deno.test("wrap: a text of megabytes takes no time worth the name", () => {
  assert.equal(wrap("x".repeat(2_000_000), 80).length, 25_000);
});

Deno.test("shareOut: the widest give first, none more than it can", () => {
  const need = (natural: number, least = 4) => ({ natural, least: Math.min(natural, least) });
  const cases: [needs: ReturnType<typeof need>[], room: number, widths: number[] | undefined][] = [
    [[need(3), need(9)], 12, [3, 9]],
    [[need(3), need(9)], 11, [3, 8]],
    [[need(20), need(10)], 15, [8, 7]],
    [[need(20, 20), need(10)], 24, [20, 4]],
    [[need(20, 20), need(10)], 23, undefined],
    [[need(100), need(2), need(50)], 42, [20, 2, 20]],
    [[], 0, []],
  ];
  for (const [needs, room, widths] of cases) assert.deepEqual(shareOut(needs, room), widths);
});

Deno.test("shareOut: uses the room there is, and no more", () => {
  const needs = fc.array(
    fc.record({ natural: fc.nat(300), least: fc.nat(20) })
      .map(({ natural, least }) => ({ natural, least: Math.min(natural, least) })),
  );
  fc.assert(fc.property(needs, fc.nat(400), (needs, room) => {
    const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
    const natural = sum(needs.map((need) => need.natural));
    const widths = shareOut(needs, room);
    if (widths === undefined) assert.ok(sum(needs.map(({ least }) => least)) > room);
    else {
      assert.equal(sum(widths), Math.min(natural, room));
      for (const [at, { natural, least }] of needs.entries()) {
        assert.ok(widths[at]! >= least && widths[at]! <= natural);
      }
    }
  }));
});
