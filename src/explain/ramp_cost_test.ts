import assert from "node:assert/strict";
import { parseIp } from "../base/address.ts";
import { rampCost } from "./ramp_cost.ts";

/** Servers with weights of 100, of which the first rises. */
function cost(count: number, { length, steps = 3 }: { length: number; steps?: number }) {
  const servers = Array.from({ length: count }, (_, i) => ({
    address: parseIp(`10.0.0.${i + 1}`)!,
    weight: i === 0 ? 34 : 100,
    flush: false,
  }));
  return rampCost({ servers, at: 0, target: 100, length, steps });
}

Deno.test("rampCost(): the steps of a rise move more buckets than a single step", () => {
  for (const [count, length] of [[3, 1024], [9, 1024], [32, 1024], [32, 65_536]] as const) {
    const { moved, jump } = cost(count, { length });
    assert.ok(cost(count, { length, steps: 5 }).moved > moved);
    assert.ok(moved > jump && jump >= Math.floor(length / count), `${count}: ${moved}, ${jump}`);
  }
});

Deno.test("rampCost(): the only server with weight gets all buckets in its first step", () => {
  assert.deepEqual(cost(1, { length: 64 }), { moved: 64, jump: 64 });
});
