/** Calls of etcd after their connection was closed, as when a session ends between two calls. */
import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { CLOSED, EtcdCalls, KV } from "./calls.ts";
import { bytesOf } from "./session.ts";

const WAIT_MS = 2000;

Deno.test("a call after close() is rejected without being sent, and leaves no timer", async () => {
  const clock = new FakeClock();
  const calls = new EtcdCalls({ address: "127.0.0.1:1", clock });
  calls.close();
  await assert.rejects(calls.unary(KV.Range, { key: bytesOf("k") }, WAIT_MS), {
    code: "unavailable",
    message: CLOSED,
  });
  assert.equal(clock.timers, 0);
});

Deno.test("a request that cannot be made leaves no timer", async () => {
  const clock = new FakeClock();
  const calls = new EtcdCalls({ address: "127.0.0.1:1", clock });
  const bad = { limit: "many" } as unknown as { limit: bigint };
  await assert.rejects(calls.unary(KV.Range, bad, WAIT_MS));
  // It would cancel a call that was never made.
  clock.advance(WAIT_MS);
  assert.equal(clock.timers, 0);
  calls.close();
});
