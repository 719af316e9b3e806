import assert from "node:assert/strict";
import fc from "fast-check";
import { parseIp } from "../../base/address.ts";
import { BucketShares } from "../../health/policy/bucket_share.ts";
import { newFlowTable } from "./new_flow_table.ts";

const weightsOfTable = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 40 });
const length = fc.constantFrom(16, 64, 1024, 2048);

function tableBuckets(weights: readonly number[], length: number): readonly number[] {
  const servers = weights.map((weight, i) => ({ address: parseIp(`10.0.0.${i + 1}`)!, weight }));
  return newFlowTable(servers, length).buckets;
}

function bucketsOf(weights: readonly number[], length: number): readonly number[] {
  const shares = new BucketShares({ weights, length });
  return weights.map((weight, at) => shares.bucketsOf(at, weight));
}

Deno.test("bucketsOf() of another weight equals the table with that weight", () => {
  const another = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 100 }));
  fc.assert(
    fc.property(weightsOfTable, length, another, (weights, length, [place, weight]) => {
      const at = place % weights.length;
      assert.equal(
        new BucketShares({ weights, length }).bucketsOf(at, weight),
        tableBuckets(weights.with(at, weight), length)[at],
      );
    }),
    { numRuns: 300, seed: 18 },
  );
});

Deno.test("the steps of all servers of a frontend read each weight a few times, and not n times", () => {
  let reads = 0;
  const weights = new Proxy(new Array<number>(1000).fill(100), {
    get(target, key) {
      reads++;
      return Reflect.get(target, key);
    },
  });
  const shares = new BucketShares({ weights, length: 1024 });
  const stepped = [...Array(1000).keys()]
    .map((at) => shares.stepWeight({ at, last: 100, step: 1, steps: 3 }));
  assert.equal(stepped.length, 1000);
  assert.ok(reads < 40 * 1000, `${reads} reads`);
});

Deno.test("bucketsOf() equals the plugin's table, for any weights and length", () => {
  fc.assert(
    fc.property(weightsOfTable, length, (weights, length) => {
      assert.deepEqual(
        bucketsOf(weights, length),
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
          const weight = new BucketShares({ weights, length })
            .stepWeight({ at: 0, last: weights[0]!, step, steps });
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
  const buckets = [10, 33, 50, 100].map((weight) => bucketsOf([...others, weight], 1024)[31]!);
  assert.deepEqual(buckets.map((n) => Math.min(n, 33)), buckets);
  assert.deepEqual(buckets, tableBuckets32(others));
});

function tableBuckets32(others: readonly number[]): readonly number[] {
  return [10, 33, 50, 100].map((weight) => tableBuckets([...others, weight], 1024)[31]!);
}
