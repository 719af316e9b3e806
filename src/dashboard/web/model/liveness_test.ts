import assert from "node:assert/strict";
import { type Liveness, livenessOf } from "./liveness.ts";

const LIVE: Liveness = { kind: "live" };
const FACTS = {
  phase: { kind: "live" },
  heardMs: 9000,
  liveMs: 10_000,
  lackingMs: undefined,
} as const;

Deno.test("livenessOf() keeps the same object while the stream is live", () => {
  assert.equal(livenessOf(FACTS, LIVE, 10_000), LIVE);
  assert.deepEqual(livenessOf(FACTS, { kind: "stale", reason: "r", heardMs: 1 }, 10_000), LIVE);
});

Deno.test("livenessOf() is patient with a new connection, and keeps the reason of a failure", () => {
  const facts = { ...FACTS, phase: { kind: "connecting" } } as const;
  assert.equal(livenessOf(facts, LIVE, 13_000), LIVE);
  assert.deepEqual(livenessOf(facts, LIVE, 13_001), {
    ...{ kind: "stale", reason: "no answer yet", heardMs: 9000 },
  });
  const failed = { kind: "stale", reason: "refused", retryAtMs: 1, heardMs: 9000 } as const;
  const { retryAtMs: _, ...connecting } = failed;
  assert.deepEqual(livenessOf(facts, failed, 10_000), connecting);
  const waiting = { ...FACTS, phase: { kind: "waiting", untilMs: 7, reason: "r" } } as const;
  assert.deepEqual(livenessOf(waiting, LIVE, 10_000), {
    ...{ kind: "stale", reason: "r", retryAtMs: 7, heardMs: 9000 },
  });
});

Deno.test("livenessOf() is not live when a new state takes long, although the stream is", () => {
  const facts = { ...FACTS, lackingMs: 10_000 };
  assert.equal(livenessOf(facts, LIVE, 13_000), LIVE);
  const stale = { kind: "stale", reason: "a new state is being loaded", heardMs: 9000 };
  assert.deepEqual(livenessOf(facts, LIVE, 13_001), stale);
});
