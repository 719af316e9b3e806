import assert from "node:assert/strict";
import { ip } from "../../../../tests/support/fakes/vips.ts";
import { wall } from "../../../../tests/support/fakes/instants.ts";
import { KEPT_MS, MAX_KEPT, RecentDrifts } from "./recent_drifts.ts";

function drifts(count: number, found: string) {
  const vip = { address: ip("192.0.2.1"), prefixLength: 32, protocol: 6, port: 80 };
  return Array.from({ length: count }, () => ({ vip, found: [found], expected: ["x"] }));
}

Deno.test("RecentDrifts keeps drifts for a minute, the newest first, at most 100", () => {
  const recent = new RecentDrifts();
  const texts = (nowMs: number) => recent.list(wall(nowMs)).map(({ found }) => found[0]);
  recent.found(drifts(2, "a"), wall(1000));
  recent.found(drifts(1, "b"), wall(2000));
  assert.deepEqual(texts(2000), ["b", "a", "a"]);
  assert.deepEqual(texts(1000 + KEPT_MS), ["b", "a", "a"]);
  assert.deepEqual(texts(1001 + KEPT_MS), ["b"]);
  recent.found(drifts(MAX_KEPT + 50, "c"), wall(3000));
  assert.equal(texts(3000).length, MAX_KEPT);
  assert.ok(texts(3000).every((text) => text === "c"));
  assert.deepEqual(texts(-KEPT_MS), [], "the clock was set back");
});
