import assert from "node:assert/strict";
import { Intent } from "../../../grpc/gen/maglev.ts";
import { create } from "../../../grpc/messages/codec.ts";
import { intentOf } from "./convert.ts";

const ns = (ms: number) => BigInt(ms) * 1_000_000n;

Deno.test("an intent is in force since it began; one to come has the time of its beginning", () => {
  const drain = { kind: "drain", then: "pause", sinceUnixNs: ns(1000), untilUnixNs: ns(9000) };
  const times = (more: Partial<Intent>) => {
    const { since_ms, from_ms, until_ms } = intentOf(create(Intent, { ...drain, ...more }));
    return [since_ms, from_ms, until_ms];
  };
  assert.deepEqual(times({}), [1000, undefined, 9000]);
  assert.deepEqual(times({ fromUnixNs: ns(5000), scheduled: true }), [1000, 5000, 9000]);
  assert.deepEqual(times({ fromUnixNs: ns(5000), scheduled: false }), [5000, undefined, 9000]);
  const idOf = (more: Partial<Intent>) =>
    intentOf(create(Intent, { ...drain, id: "7", ...more })).id;
  assert.equal(idOf({ fromUnixNs: ns(5000), scheduled: true }), "7");
  assert.equal(idOf({}), undefined, "one in force is ended by its opposite");
});
