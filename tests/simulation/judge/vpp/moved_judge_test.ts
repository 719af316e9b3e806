import assert from "node:assert/strict";
import type { VipForecast } from "../../../../src/forecast/vips.ts";
import { TableCache } from "../../../../src/vpp/lb/table_shift.ts";
import { ip } from "../../world/addresses.ts";
import { Dice } from "../../world/dice.ts";
import { movedDifference, type VppTable } from "./moved_judge.ts";

const VIP = { address: ip("198.51.100.1"), prefixLength: 32, protocol: 6, port: 80 };
const KEY = "198.51.100.1/32 6 80";

function randomTable(dice: Dice): VppTable {
  const texts = dice.shuffled([1, 2, 3, 4, 5].map((n) => `10.0.0.${n}`));
  const servers = texts.slice(0, dice.integer(0, 5)).map((text) => ({
    text,
    address: ip(text),
    weight: dice.pick([0, 1, 50, 100]),
  }));
  return { servers, length: dice.pick([16, 64]), isSticky: false };
}

function flowsOf({ servers, length }: VppTable) {
  return {
    servers: servers.map(({ text, weight }) => ({ address: ip(text), weight })),
    length,
    srcIpSticky: false,
  };
}

Deno.test("movedDifference(): none for a plan that is right, one for another figure", () => {
  const dice = new Dice(1);
  const cache = new TableCache(1 << 16);
  for (let i = 0; i < 200; i++) {
    const before = randomTable(dice);
    const after = randomTable(dice);
    const atOnce = cache.shift(flowsOf(before), flowsOf(after));
    const tables = { before: new Map([[KEY, before]]), after: new Map([[KEY, after]]) };
    const plan = (shift: typeof atOnce) =>
      [{ ...VIP, change: "changed", atOnce: shift }] as unknown as readonly VipForecast[];
    assert.equal(movedDifference(plan(atOnce), tables), undefined);
    const wrong = movedDifference(plan({ ...atOnce, moved: atOnce.moved + 1 }), tables);
    assert.match(wrong ?? "", /VIP 198.51.100.1\/32 6 80: \d+ buckets moved/);
  }
});
