/** Latencies, tally and notes. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Histogram } from "./histogram.ts";
import { MAX_NOTES, Notes } from "./notes.ts";
import { shortDuration, shortMs } from "./texts.ts";
import { MAX_VALUE, MAX_VALUES, OTHERS, Tally } from "./tally.ts";
import { nearestRank, WINDOW, Window } from "./window.ts";

Deno.test("percentiles of the histogram are exact to 1.6 %, and never above the maximum", () => {
  const values = fc.array(fc.double({ min: 0.01, max: 60_000, noNaN: true }), { minLength: 1 });
  fc.assert(fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (list, share) => {
    const histogram = new Histogram();
    for (const value of list) histogram.add(value);
    const exact = nearestRank(Float64Array.from(list).sort(), share);
    const found = histogram.percentile(share)!;
    assert.ok(found >= exact * 0.999999 && found <= exact * 1.0157, `${found} for ${exact}`);
    assert.equal(histogram.maxMs, Math.max(...list));
    assert.equal(histogram.count, list.length);
  }));
});

Deno.test("a histogram without values has no percentiles; extreme values stay within it", () => {
  const histogram = new Histogram();
  assert.deepEqual([histogram.percentile(0.5), histogram.maxMs], [undefined, undefined]);
  for (const value of [0, 1e-9, 1e9]) histogram.add(value);
  assert.equal(histogram.percentile(1), 1e9);
});

Deno.test("the window has the newest results only", () => {
  const results = fc.array(fc.option(fc.double({ min: 0, max: 100, noNaN: true })), {
    maxLength: 250,
  });
  fc.assert(fc.property(results, (list) => {
    const window = new Window();
    for (const latency of list) {
      const latencyMs = latency ?? undefined;
      window.add({ ok: latency !== null, latencyMs, server: latency === null ? undefined : "a" });
    }
    const newest = list.slice(-WINDOW);
    const latencies = newest.filter((latency) => latency !== null).sort((a, b) => a - b);
    assert.equal(window.size, newest.length);
    assert.deepEqual(window.newest(60).map(({ latencyMs }) => latencyMs ?? null), list.slice(-60));
    assert.equal(window.percentiles()?.maxMs, latencies.at(-1));
    assert.equal(window.median(), latencies[Math.max(0, Math.ceil(latencies.length / 2) - 1)]);
    const okShare = newest.length === 0 ? undefined : latencies.length / newest.length;
    assert.equal(window.okShare, okShare);
    assert.deepEqual([...window.shares()], latencies.length === 0 ? [] : [["a", 1]]);
  }));
});

Deno.test("the tally bounds number and length of the values of servers", () => {
  const tally = new Tally();
  for (let i = 0; i < MAX_VALUES + 10; i++) tally.add(`server${i}`, i);
  assert.equal(tally.add("server3", 99), "server3");
  assert.equal(tally.add("y".repeat(1000), 100), OTHERS);
  const entries = tally.entries();
  assert.equal(entries.length, MAX_VALUES + 1);
  assert.deepEqual(entries.find(({ server }) => server === OTHERS), {
    server: OTHERS,
    count: 11,
    lastMs: 100,
  });
  assert.equal(new Tally().add("x".repeat(1000), 0).length, MAX_VALUE);
});

Deno.test("equal errors in a row are one note; the end of an outage replaces its begin", () => {
  const notes = new Notes();
  for (const atMs of [1, 2, 3]) notes.add({ kind: "net-err", text: "refused", atMs });
  notes.addOutage({ beginMs: 1, endMs: 1, text: "begins" });
  notes.add({ kind: "timeout", text: "none", atMs: 4 });
  notes.addOutage({ beginMs: 1, endMs: 5, text: "of 4ms" });
  assert.deepEqual(
    notes.all.map(({ kind, text, count, firstMs, lastMs }) =>
      `${kind} ${text} ${count} ${firstMs}-${lastMs}`
    ),
    ["net-err refused 3 1-3", "timeout none 1 4-4", "outage of 4ms 1 1-5"],
  );
  for (let atMs = 10; atMs < 50; atMs++) notes.add({ kind: "http-err", text: `${atMs}`, atMs });
  assert.equal(notes.all.length, MAX_NOTES);
  assert.equal(notes.all.at(-1)!.text, "49");
});

Deno.test("durations are short texts", () => {
  const cases: [number, string][] = [
    ...[[0, "0ms"], [730.4, "730ms"], [999.6, "1.00s"], [1430, "1.43s"]] as [number, string][],
    ...[[9996, "10.0s"], [59_960, "1m00s"], [123_000, "2m03s"]] as [number, string][],
    ...[[3_720_000, "1h02m"], [3 * 86_400_000 + 4 * 3_600_000, "3d04h"]] as [number, string][],
  ];
  for (const [ms, text] of cases) assert.equal(shortDuration(ms), text);
  assert.deepEqual([0.416, 9.996, 12.34, 730].map(shortMs), ["0.42", "10.0", "12.3", "730"]);
});
