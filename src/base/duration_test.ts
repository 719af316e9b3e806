import assert from "node:assert/strict";
import fc from "fast-check";
import { formatDuration, parseDuration } from "./duration.ts";

Deno.test("parseDuration accepts the inputs of Go's time.ParseDuration", () => {
  const cases: [text: string, ms: number][] = [
    ["0", 0],
    ["+0", 0],
    ["-0", 0],
    ["0s", 0],
    ["-0s", 0],
    ["5s", 5000],
    ["+5s", 5000],
    ["-5s", -5000],
    ["250ms", 250],
    ["1.5h", 5_400_000],
    ["1m30s", 90_000],
    ["1h2m3s4ms5us6ns", 3_723_004.005006],
    ["1s1s", 2000],
    ["3s2m", 123_000],
    [".5s", 500],
    ["1.s", 1000],
    ["2us", 0.002],
    ["2µs", 0.002],
    ["2μs", 0.002],
    ["7ns", 0.000007],
    ["0.3s", 300],
    ["1.005s", 1005],
    ["4.35s", 4350],
    ["0.1ms", 0.1],
    ["2562047h47m16s", 9_223_372_036_000],
  ];
  for (const [text, ms] of cases) assert.equal(parseDuration(text), ms, text);
});

Deno.test("parseDuration: rejects texts that are not durations", () => {
  const cases = [
    "",
    "+",
    "-",
    "5",
    "s",
    ".s",
    "--5s",
    "5 s",
    " 5s",
    "5s ",
    "5S",
    "1m30",
    "1d",
    "1e3s",
    "1,5s",
    "5s\n",
    "Infinitys",
    "NaN",
    "9999999999h",
    "1" + "0".repeat(400) + "s",
  ];
  for (const text of cases) assert.equal(parseDuration(text), undefined, JSON.stringify(text));
});

Deno.test("formatDuration: the shortest exact text", () => {
  const cases: [ms: number, text: string][] = [
    [0, "0s"],
    [-0, "0s"],
    [1, "1ms"],
    [1.5, "1.5ms"],
    [250, "250ms"],
    [999.999999, "999.999999ms"],
    [999.9999999, "1s"],
    [1000, "1s"],
    [1000.000001, "1.000000001s"],
    [1500, "1.5s"],
    [59_999.999_999_9, "1m"],
    [60_000, "1m"],
    [90_000, "1m30s"],
    [3_599_999.999_999_9, "1h"],
    [3_600_000, "1h"],
    [3_601_000, "1h1s"],
    [5_400_000, "1h30m"],
    [90_061_001, "25h1m1.001s"],
    [0.002, "2us"],
    [0.0025, "2.5us"],
    [0.000007, "7ns"],
    [0.0000001, "0s"],
    [-90_000, "-1m30s"],
    [-0.0000001, "0s"],
    [60_000.000001, "1m0.000000001s"],
    [300.1 - 0.1, "300ms"],
  ];
  for (const [ms, text] of cases) assert.equal(formatDuration(ms), text, `${ms}`);
});

Deno.test("parseDuration reads back what formatDuration writes, to the nanosecond", () => {
  const nanoseconds = fc.oneof(
    fc.integer({ min: 0, max: 2_000_000_000 }),
    // Up to 10 days: far beyond, a double of milliseconds has no room for nanoseconds.
    fc.maxSafeInteger().map((n) => Math.abs(n) % (10 * 86_400_000_000_000)),
    fc.integer({ min: 0, max: 100_000 }).map((ms) => ms * 1_000_000),
  );
  fc.assert(
    fc.property(nanoseconds, fc.boolean(), (ns, negative) => {
      const ms = (negative ? -ns : ns) / 1e6;
      const text = formatDuration(ms);
      const back = parseDuration(text);
      assert.ok(back !== undefined, text);
      assert.ok(Math.abs(back - ms) < 1e-6, `${ms} -> ${text} -> ${back}`);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("whole milliseconds survive exactly", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 10 ** 11 }), (ms) => {
    assert.equal(parseDuration(formatDuration(ms)), ms);
  }));
});

Deno.test("parseDuration: tenths and hundredths of a unit are exact milliseconds", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 99_999 }), (n) => {
    assert.equal(parseDuration(`${Math.floor(n / 1000)}.${String(n % 1000).padStart(3, "0")}s`), n);
  }));
});

Deno.test("parseDuration never throws, and returns finite numbers only", () => {
  const pieces = fc.constantFrom("1", "0", ".", "-", "+", "h", "m", "s", "ms", "u", "µs", "n", "9");
  fc.assert(fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
    const ms = parseDuration(parts.join(""));
    assert.ok(ms === undefined || Number.isFinite(ms));
  }));
});
