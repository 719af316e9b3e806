import assert from "node:assert/strict";
import { parseIp } from "../../base/address.ts";
import type { DesiredVip } from "../lb/model.ts";
import { SentWeights } from "./sent_weights.ts";

function vip(weights: Readonly<Record<string, number>>): DesiredVip {
  return {
    address: parseIp("192.0.2.1")!,
    prefixLength: 32,
    protocol: 6,
    port: 80,
    encap: "gre4",
    srcIpSticky: false,
    newFlowsTableLength: 1024,
    servers: Object.entries(weights).map(([address, weight]) => ({
      address: parseIp(address)!,
      weight,
      flush: false,
    })),
  };
}

Deno.test("SentWeights: a withheld server keeps the weight that was sent before", () => {
  const sent = new SentWeights();
  const of = () => Object.fromEntries(sent.of(vip({})) ?? []);
  sent.sent(vip({ "10.0.0.1": 100, "10.0.0.2": 50 }), new Set());
  sent.sent(
    vip({ "10.0.0.1": 0, "10.0.0.2": 70, "10.0.0.3": 10 }),
    new Set(["10.0.0.2", "10.0.0.3"]),
  );
  assert.deepEqual(of(), { "10.0.0.1": 0, "10.0.0.2": 50 });
  sent.sent(vip({ "10.0.0.1": 0 }), new Set());
  assert.deepEqual(of(), { "10.0.0.1": 0 });
});

Deno.test("SentWeights.of() makes its map once, until other weights are sent", () => {
  const sent = new SentWeights();
  sent.sent(vip({ "10.0.0.1": 100 }), new Set());
  const first = sent.of(vip({}));
  assert.equal(sent.of(vip({})), first);
  sent.sent(vip({ "10.0.0.1": 50 }), new Set());
  assert.deepEqual([...sent.of(vip({}))!], [["10.0.0.1", 50]]);
});
