import assert from "node:assert/strict";
import fc from "fast-check";
import { parseIp } from "../../base/address.ts";
import { bucketsOf, stepWeight } from "../../health/policy/bucket_share.ts";
import { newFlowTable } from "./new_flow_table.ts";

const weightsOfTable = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 40 });
const length = fc.constantFrom(16, 64, 1024, 2048);

function tableBuckets(weights: readonly number[], length: number): readonly number[] {
  const servers = weights.map((weight, i) => ({ address: parseIp(`10.0.0.${i + 1}`)!, weight }));
  return newFlowTable(servers, length).buckets;
}

Deno.test("bucketsOf() equals the plugin's table, for any weights and length", () => {
  fc.assert(
    fc.property(weightsOfTable, length, (weights, length) => {
      assert.deepEqual(
        weights.map((_, at) => bucketsOf({ weights, length }, at)),
        tableBuckets(weights, length),
      );
    }),
    { numRuns: 300, seed: 26 },
  );
});

Deno.test("stepWeight() is the least weight that reaches its share of the buckets", () => {
  let shared = 0;
  fc.assert(
    fc.property(
      weightsOfTable.filter((weights) => weights[0]! > 0),
      length,
      fc.integer({ min: 2, max: 5 }),
      (weights, length, steps) => {
        const sum = weights.reduce((total, weight) => total + weight, 0);
        const at = (weight: number) => tableBuckets(weights.with(0, weight), length)[0]!;
        const whole = at(weights[0]!);
        for (let step = 1; step <= steps; step++) {
          const weight = stepWeight({ weights, length }, { at: 0, step, steps });
          if (sum <= length) {
            assert.equal(weight, Math.ceil((weights[0]! * step) / steps));
            continue;
          }
          shared++;
          assert.ok(at(weight) * steps >= whole * step);
          assert.ok(weight === 1 || at(weight - 1) * steps < whole * step);
        }
      },
    ),
    { numRuns: 200, seed: 26 },
  );
  assert.ok(shared > 100);
});

Deno.test("bucketsOf(): 32 servers in 1,024 buckets are filled by levels", () => {
  const others = new Array<number>(31).fill(100);
  const buckets = [10, 33, 50, 100].map((weight) =>
    bucketsOf({ weights: [...others, weight], length: 1024 }, 31)
  );
  assert.deepEqual(buckets.map((n) => Math.min(n, 33)), buckets);
  assert.deepEqual(buckets, tableBuckets32(others));
});

function tableBuckets32(others: readonly number[]): readonly number[] {
  return [10, 33, 50, 100].map((weight) => tableBuckets([...others, weight], 1024)[31]!);
}
