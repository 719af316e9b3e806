/// <reference lib="deno.ns" />
import assert from "node:assert/strict";
import {
  addressPort,
  formatAge,
  formatCount,
  formatLatency,
  formatPackets,
  formatRate,
  formatShare,
  localInstant,
  plural,
  utcInstant,
  visible,
} from "./format.ts";

Deno.test("formatAge() shows two neighbouring units and drops an empty one", () => {
  const [s, m, h, d] = [1000, 60_000, 3_600_000, 86_400_000];
  assert.equal(formatAge(0), "0s");
  assert.equal(formatAge(999), "0s");
  assert.equal(formatAge(59 * s + 999), "59s");
  assert.equal(formatAge(m), "1m");
  assert.equal(formatAge(3 * m + 12 * s), "3m 12s");
  assert.equal(formatAge(h + 59 * s), "1h");
  assert.equal(formatAge(2 * h + 5 * m), "2h 5m");
  assert.equal(formatAge(4 * d + 3 * h + 59 * m), "4d 3h");
  assert.equal(formatAge(-5000), "0s");
});

Deno.test("formatRate() has three digits at most and never 1000 of a unit", () => {
  const rates = [0, 0.04, 7.5, 99.94, 99.96, 120, 999.4, 999.6, 3400, 999_950, 12_300_000];
  assert.deepEqual(
    rates.map(formatRate),
    ["0", "0", "7.5", "99.9", "100", "120", "999", "1 k", "3.4 k", "1 M", "12.3 M"],
  );
});

Deno.test("formatPackets() has the unit of network people", () => {
  assert.deepEqual([0, 7.5, 3400].map(formatPackets), ["0 pps", "7.5 pps", "3.4 kpps"]);
});

Deno.test("formatLatency(), formatCount(), formatShare() and plural() round for people", () => {
  assert.deepEqual([0.04, 0.3, 1.2, 999, 1250].map(formatLatency), [
    "0.0 ms",
    "0.3 ms",
    "1 ms",
    "999 ms",
    "1.25 s",
  ]);
  assert.equal(formatCount(1024), "1\u202f024");
  assert.equal(formatCount(1_234_567), "1\u202f234\u202f567");
  assert.deepEqual([0, 0.0001, 0.125, 1].map(formatShare), ["0 %", "<0.1 %", "12.5 %", "100 %"]);
  assert.equal(plural(1, "server"), "1 server");
  assert.equal(plural(2, "server"), "2 servers");
});

Deno.test("instants outside of a date's range are unknown, not an exception", () => {
  assert.equal(utcInstant(0), "1970-01-01T00:00:00Z");
  assert.equal(utcInstant(9e15), "unknown");
  assert.equal(localInstant(9e15), "unknown");
});

Deno.test("visible() writes characters that hide or turn the text around as numbers", () => {
  assert.equal(visible("a\u202eb\u0000\u200d"), "a\\u{202e}b\\u{0}\\u{200d}");
  assert.equal(visible("<b>ä日</b>"), "<b>ä日</b>");
});

Deno.test("addressPort() puts IPv6 in brackets and leaves port 0 out", () => {
  assert.equal(addressPort("192.0.2.1", 80), "192.0.2.1:80");
  assert.equal(addressPort("2001:db8::1", 443), "[2001:db8::1]:443");
  assert.equal(addressPort("2001:db8::1", 0), "2001:db8::1");
});
