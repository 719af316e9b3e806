import assert from "node:assert/strict";
import fc from "fast-check";
import { shareOut } from "./columns.ts";

Deno.test("shareOut() narrows the widest columns first, none below its minimum", () => {
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

Deno.test("shareOut() uses all available width, and no more", () => {
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
