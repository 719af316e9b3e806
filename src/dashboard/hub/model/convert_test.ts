import assert from "node:assert/strict";
import {
  EncapInfo,
  FrontendInfo,
  Intent,
  PoolBackendInfo,
  PoolInfo,
  ProbeResult,
} from "../../../grpc/gen/maglev.ts";
import { create } from "../../../grpc/messages/codec.ts";
import { frontendOf, intentOf } from "./convert.ts";

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
  const thenOf = (then: string) => intentOf(create(Intent, { ...drain, then })).then;
  assert.deepEqual(["pause", "disable", "resume"].map(thenOf), ["pause", "disable", undefined]);
  const idOf = (more: Partial<Intent>) =>
    intentOf(create(Intent, { ...drain, id: "7", ...more })).id;
  assert.equal(idOf({ fromUnixNs: ns(5000), scheduled: true }), "7");
  assert.equal(idOf({}), undefined, "one in force is ended by its opposite");
});

Deno.test("a server has its check through VPP's tunnel only while that fails or is void", () => {
  const lastResult = { ok: false, layer: "L3", code: "L3ENCAP", detail: "deaf" };
  const encapOf = (encap: Partial<EncapInfo> | undefined) => {
    const info = encap && create(EncapInfo, { mode: "on", ...encap });
    const backends = [create(PoolBackendInfo, { name: "a", encap: info })];
    const pools = [create(PoolInfo, { name: "main", backends })];
    return frontendOf(create(FrontendInfo, { name: "web", pools })).pools[0]!.backends[0]!.encap;
  };
  for (const state of ["unknown", "passing"]) assert.equal(encapOf({ state }), undefined);
  assert.equal(encapOf(undefined), undefined);
  const failing = { state: "failing", lastResult: create(ProbeResult, lastResult) };
  assert.deepEqual(encapOf(failing), { failing: true, text: "deaf" });
  assert.deepEqual(encapOf({ ...failing, mode: "warn" }), {
    warn: true,
    failing: true,
    text: "deaf",
  });
  assert.deepEqual(encapOf({ state: "passing", blind: "no route" }), { text: "no route" });
});
