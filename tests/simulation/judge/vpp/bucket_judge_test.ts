import assert from "node:assert/strict";
import { newFlowTable } from "../../../../src/vpp/lb/new_flow_table.ts";
import { ip } from "../../world/addresses.ts";
import { Dice } from "../../world/dice.ts";
import { bucketsOf } from "./bucket_judge.ts";

Deno.test("bucketsOf(): as in the tables of VPP, for random weights and lengths", () => {
  const dice = new Dice(1);
  for (let i = 0; i < 200; i++) {
    const addressOf = dice.oneIn(2)
      ? (n: number) => `10.0.${n % 3}.${n}`
      : (n: number) => `2001:db8::${n.toString(16)}`;
    const weights = new Map(
      Array.from({ length: dice.integer(0, 20) }, (_, n) => [
        addressOf(n),
        dice.pick([0, 1, 10, 50, 100, 255]),
      ]),
    );
    const length = dice.pick([1, 2, 16, 64, 1024]);
    const servers = [...weights].map(([address, weight]) => ({ address: ip(address), weight }));
    const { buckets } = newFlowTable(servers, length);
    assert.deepEqual([...bucketsOf(weights, length).values()], buckets);
  }
});
