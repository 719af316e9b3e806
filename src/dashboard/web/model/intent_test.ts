/// <reference lib="deno.ns" />
import assert from "node:assert/strict";
import { drainWords, intentWords } from "./intent.ts";
import { vip } from "./test_lb.ts";

const NOW_MS = 1_700_000_000_000;

Deno.test("an intent in words: who, until when, why, each only where it is known", () => {
  const paused = { kind: "pause", since_ms: NOW_MS - 60_000 } as const;
  assert.equal(intentWords(paused, NOW_MS), "until an operator ends it");
  const whole = { ...paused, by: "alice", until_ms: NOW_MS + 3_580_000, reason: "new kernel" };
  assert.equal(intentWords(whole, NOW_MS), "by alice, ends in 59m 40s: new kernel");
  assert.equal(
    intentWords({ ...paused, reason: "a\u202eb" }, NOW_MS).slice(-9),
    "a\\u{202e}b".slice(-9),
  );
});

Deno.test("an intent to come: when it begins, before its end", () => {
  const times = { since_ms: NOW_MS, from_ms: NOW_MS + 7_200_000, until_ms: NOW_MS + 21_600_000 };
  assert.equal(
    intentWords({ kind: "disable", by: "eve", ...times }, NOW_MS),
    "by eve, begins in 2h, ends in 6h",
  );
});

Deno.test("a drain: what follows it and when, and the flows that it has left", () => {
  const drain = { kind: "drain", since_ms: 0, until_ms: NOW_MS + 61_000, then: "pause" } as const;
  assert.equal(intentWords({ ...drain, reason: "disk" }, NOW_MS), "then pause, in 1m 1s: disk");
  const flows = (...left: (number | undefined)[]) => {
    const vips = left.map((flows) => {
      const [server] = vip({ "10.0.0.1": 0 }).servers;
      return { ...vip({}), servers: [{ ...server!, ...(flows === undefined ? {} : { flows }) }] };
    });
    return drainWords([...vips, vip({ "10.0.0.2": 7 })], "10.0.0.1");
  };
  assert.equal(flows(3, 4), "up to 7 sticky flows left in 2 VIPs");
  assert.equal(flows(1), "up to 1 sticky flow left in 1 VIP");
  assert.equal(flows(0), "no sticky flows left");
  assert.equal(flows(3, undefined), "its flows are not known");
  assert.equal(flows(), "its flows are not known", "VPP was not read, or has no such server");
});
