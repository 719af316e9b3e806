import assert from "node:assert/strict";
import { settle } from "../../../tests/support/fakes/fake_clock.ts";
import { RunQueue } from "./run_queue.ts";
import type { RunRequest } from "./run_queue.ts";
import type { SyncReport } from "./report.ts";

function reportOf({ scope, trigger }: RunRequest): SyncReport {
  const counts = {
    vip_added: 0,
    vip_removed: 0,
    as_added: 0,
    as_removed: 0,
    as_weight_updated: 0,
  };
  return { scope, trigger, counts, failed: 0, deferred: 0, durationMs: 0 };
}

Deno.test("RunQueue merges waiting runs of a scope into one with all frontends and keys", async () => {
  const runs: RunRequest[] = [];
  const first = Promise.withResolvers<void>();
  const queue = new RunQueue(async (request) => {
    runs.push(request);
    if (runs.length === 1) await first.promise;
    return reportOf(request);
  }, () => assert.fail("no run fails"));
  void queue.push({ scope: "all", trigger: "connect" });
  const one = queue.push({ scope: "vip", trigger: "reread", keys: ["a", "b"] });
  const other = queue.push({ scope: "vip", trigger: "operator", frontends: ["web"] });
  const third = queue.push({ scope: "vip", trigger: "reread", keys: ["b", "c"] });
  assert.deepEqual([queue.waits("all"), queue.waits("vip")], [false, true]);
  const all = queue.push({ scope: "all", trigger: "reload" });
  assert.equal(queue.waits("all"), true);
  first.resolve();
  await settle();
  assert.deepEqual(runs, [
    { scope: "all", trigger: "connect" },
    { scope: "vip", trigger: "operator", frontends: ["web"], keys: ["a", "b", "c"] },
    { scope: "all", trigger: "reload" },
  ]);
  assert.equal(await one, await other);
  assert.equal(await one, await third);
  assert.equal((await all).trigger, "reload");
  assert.deepEqual([queue.waits("all"), queue.waits("vip")], [false, false]);
});
