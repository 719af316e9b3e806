import assert from "node:assert/strict";
import fc from "fast-check";
import { monotonic } from "../../../tests/support/fakes/instants.ts";
import { LatenessHistogram, StallMemory, voidThresholdMs } from "./lateness.ts";

Deno.test("LatenessHistogram's percentiles are within a bucket of the exact ones", () => {
  const late = fc.oneof(
    fc.double({ min: -5, max: 90, noNaN: true }),
    fc.double({ min: 0, max: 60_000, noNaN: true }),
  );
  fc.assert(fc.property(fc.array(late, { minLength: 1, maxLength: 300 }), (list) => {
    const histogram = new LatenessHistogram();
    for (const value of list) histogram.add(value);
    const sorted = list.map((value) => Math.max(0, value)).sort((a, b) => a - b);
    const { count, p50, p99, max } = histogram.summary();
    assert.equal(count, list.length);
    assert.equal(max, sorted.at(-1));
    for (const [share, value] of [[0.5, p50], [0.99, p99]] as const) {
      const exact = sorted[Math.ceil(sorted.length * share) - 1]!;
      assert.ok(value >= exact - 1e-9, `${value} is below ${exact}`);
      const width = exact < 99.9 ? 0.1 : 10;
      if (exact < 9000) assert.ok(value <= exact + width + 1e-9, `${value} is far above ${exact}`);
    }
  }));
});

Deno.test("LatenessHistogram can be taken, sent and merged", () => {
  const [a, b, sum] = [new LatenessHistogram(), new LatenessHistogram(), new LatenessHistogram()];
  assert.deepEqual(sum.summary(), { count: 0, p50: 0, p99: 0, max: 0 });
  for (let i = 0; i < 98; i++) a.add(1);
  b.add(50);
  b.add(70);
  sum.merge(structuredClone(a.take()));
  sum.merge(structuredClone(b.take()));
  const { count, p50, p99, max } = sum.summary();
  assert.equal(count, 100);
  assert.ok(p50 >= 1 && p50 < 1.2);
  assert.ok(p99 >= 50 && p99 < 50.2);
  assert.equal(max, 70);
  assert.equal(a.summary().count, 0);
});

Deno.test("voidThresholdMs() is 200 ms or half the timeout", () => {
  assert.equal(voidThresholdMs(100), 200);
  assert.equal(voidThresholdMs(400), 200);
  assert.equal(voidThresholdMs(2000), 1000);
});

Deno.test("StallMemory.worstSince() is the longest stall since an instant", () => {
  const stalls = new StallMemory();
  const note = (dueMs: number, nowMs: number) => stalls.note(monotonic(dueMs), monotonic(nowMs));
  const worstSince = (sinceMs: number) => stalls.worstSince(monotonic(sinceMs));
  note(1000, 1019); // too short to matter
  assert.equal(worstSince(0), 0);
  note(2000, 2900);
  note(4000, 4300);
  assert.equal(worstSince(0), 900);
  assert.equal(worstSince(2899), 900);
  // A probe that started when the stall ended did not suffer from it.
  assert.equal(worstSince(2900), 300);
  assert.equal(worstSince(4300), 0);
  note(4900, 5000);
  note(4400, 5000);
  note(4800, 5000);
  assert.equal(worstSince(4300), 600, "of several that end together the worst counts");
  for (let i = 0; i < 1100; i++) note(5000 + 1000 * i, 5200 + 1000 * i);
  assert.equal(worstSince(0), 200, "the oldest are forgotten");
});

Deno.test("StallMemory.worstSince() adds as many stalls as are asked for, one that lasts included", () => {
  const stalls = new StallMemory();
  const worstSince = (sinceMs: number, count: number, openMs = 0) =>
    stalls.worstSince(monotonic(sinceMs), count, openMs);
  for (const [i, lateMs] of [70, 30, 90, 50].entries()) {
    stalls.note(monotonic(1000 * i), monotonic(1000 * i + lateMs));
  }
  assert.equal(worstSince(-1, 1), 90);
  assert.equal(worstSince(-1, 2), 160);
  assert.equal(worstSince(-1, 9), 240);
  assert.equal(worstSince(100, 2), 140, "the first ended before");
  assert.equal(worstSince(-1, 2, 80), 170);
  assert.equal(worstSince(9000, 2, 80), 80);
  assert.equal(worstSince(9000, 2, -3), 0, "a timer that is not due yet is not late");
});
