import assert from "node:assert/strict";
import { VPPLBCounters, VPPLBVipCounters } from "../../../grpc/gen/maglev.ts";
import { create } from "../../../grpc/messages/codec.ts";
import { POINTS, RateHistory } from "./rate_history.ts";

const KEY = "192.0.2.1/32 tcp 80";

function counters(takenS: number, counts: Record<number, [number, number, number]>) {
  return create(VPPLBCounters, {
    takenAt: BigInt(takenS * 1000) * 1_000_000n,
    vips: Object.entries(counts).map(([port, [first, next, dropped]]) =>
      create(VPPLBVipCounters, {
        ...{ prefix: "192.0.2.1/32", protocol: "tcp", port: Number(port) },
        ...{ first: BigInt(first), next: BigInt(next), noServer: BigInt(dropped) },
      })
    ),
  });
}

Deno.test("rates are those between two readings; the first reading is a gap", () => {
  const rates = new RateHistory();
  const add = (takenS: number, first: number) =>
    rates.add(counters(takenS, { 80: [first, 10 * first, 0] }), 1000 * takenS)?.get(KEY);
  assert.equal(add(10, 100), null);
  assert.deepEqual(add(15, 200), [20, 200, 0]);
  assert.equal(add(15, 250), undefined, "the same reading as before");
  assert.deepEqual(add(20, 201), [0.2, 2, 0]);
  const shown = rates.of((ms) => ms + 0.2)[KEY]!;
  assert.deepEqual(shown.at_ms, [10_000, 15_000, 20_000]);
  assert.deepEqual(shown.first.map((rate) => rate && Math.round(10 * rate) / 10), [null, 20, 0.2]);
  assert.deepEqual(shown.dropped, [null, 0, 0]);
});

Deno.test("counters that went back, a pause and a clock that went back are gaps, not spikes", () => {
  const rates = new RateHistory();
  const add = (takenS: number, first: number) =>
    rates.add(counters(takenS, { 80: [first, 0, 0] }), 1000 * takenS)?.get(KEY);
  add(10, 1_000_000);
  assert.equal(add(15, 5), null);
  assert.deepEqual(add(20, 10), [1, 0, 0]);
  assert.equal(add(200, 1000), null, "a long pause");
  assert.equal(add(190, 1010), null, "a clock that was set");
  rates.interrupt();
  assert.equal(add(195, 1020), null);
  assert.deepEqual(add(200, 1030), [2, 0, 0]);
});

Deno.test("VIPs come and go; one that is gone leaves a gap, and is forgotten in the end", () => {
  const rates = new RateHistory();
  const both = { 80: [1, 1, 1], 81: [1, 1, 1] } as Record<number, [number, number, number]>;
  rates.add(counters(0, both), 0);
  rates.add(counters(5, both), 5000);
  rates.add(counters(10, { 80: [1, 1, 1] }), 10_000);
  const again = rates.add(counters(15, both), 15_000);
  assert.equal(again?.get("192.0.2.1/32 tcp 81"), null, "nothing is known of the time between");
  assert.deepEqual(rates.of((ms) => ms)["192.0.2.1/32 tcp 81"]!.first, [null, 0, null, null]);
  for (let reading = 4; reading < 4 + POINTS + 1; reading++) {
    rates.add(counters(5 * reading, { 80: [1, 1, 1] }), 5000 * reading);
  }
  assert.deepEqual(Object.keys(rates.of((ms) => ms)), [KEY]);
  assert.equal(rates.of((ms) => ms)[KEY]!.at_ms.length, POINTS);
});

Deno.test("VIPs whose names change with each reading do not pile up", () => {
  const rates = new RateHistory();
  for (let reading = 0; reading < 60; reading++) {
    const counts = Object.fromEntries(
      Array.from({ length: 1000 }, (_, at) => [1000 * reading + at, [1, 1, 1]]),
    ) as Record<number, [number, number, number]>;
    rates.add(counters(reading, counts), 1000 * reading);
  }
  assert.ok(Object.keys(rates.of((ms) => ms)).length <= 10_000);
});
