import assert from "node:assert/strict";
import { RateLimit } from "./rate_limit.ts";

Deno.test("RateLimit lets the burst pass, then the rate, and returns the time to wait", () => {
  const limit = new RateLimit({ rate: 10, burst: 3 });
  const takes = (nowMs: number, count: number) =>
    Array.from({ length: count }, () => limit.take(nowMs)).filter((taken) => taken).length;
  assert.equal(takes(5000, 5), 3);
  assert.equal(limit.waitMs(5000), 100);
  assert.equal(takes(5050, 1), 0);
  assert.equal(limit.waitMs(5050), 50);
  assert.equal(takes(5100, 5), 1);
  assert.equal(takes(60_000, 9), 3, "no more than the burst is saved up");
});
