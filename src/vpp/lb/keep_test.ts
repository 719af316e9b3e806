import assert from "node:assert/strict";
import { parseIp } from "../../base/address.ts";
import { withKeptWeights } from "./keep.ts";
import type { ActualVip, DesiredServer, DesiredVip } from "./model.ts";
import { planGroup } from "./plan.ts";

const ADDRESS = parseIp("192.0.2.1")!;
const COMMON = {
  address: ADDRESS,
  prefixLength: 32,
  protocol: 6,
  port: 80,
  encap: "gre4",
  srcIpSticky: false,
  newFlowsTableLength: 1024,
} as const;

/**
 * `"1:100 2:0? 3:0+7"`: 10.0.0.1 with weight 100, 10.0.0.2 with 0, which keeps VPP's weight, and
 * 10.0.0.3 with a reserve of 7.
 */
function wanted(text: string): DesiredVip {
  const servers = text.split(" ").map((word): DesiredServer => {
    const [, last, weight, keep, reserve] = /^(\d+):(\d+)(\??)(?:\+(\d+))?$/.exec(word)!;
    const server = { address: parseIp(`10.0.0.${last}`)!, weight: Number(weight), flush: false };
    if (reserve !== undefined) return { ...server, reserve: Number(reserve) };
    return keep === "?" ? { ...server, keep: true } : server;
  });
  return { ...COMMON, servers };
}

function actual(text: string): ActualVip {
  const servers = wanted(text).servers.map(({ address, weight }) => ({
    address,
    weight,
    buckets: undefined,
    flushed: false,
  }));
  return { ...COMMON, poolIndex: 0, servers, removed: [] };
}

function weightsOf(vip: DesiredVip): string {
  return vip.servers.map(({ address, weight }) => `${address.text.slice(7)}:${weight}`).join(" ");
}

Deno.test("a server that the prober is blind to keeps the weight that VPP has", () => {
  const cases: [wanted: string, actual: string | undefined, result: string][] = [
    ["1:0? 2:0?", "1:100 2:50", "1:100 2:50"],
    ["1:0? 2:0?", "1:0 2:50", "1:0 2:50"],
    ["1:0? 2:0", "1:100 2:50", "1:100 2:0"],
    ["1:0? 2:7", "2:50", "1:0 2:7"],
    ["1:0?", undefined, "1:0"],
    // A standby pool after a blind one serves only when no other server has weight.
    ["1:0? 2:7?", "1:100 2:0", "1:100 2:0"],
    ["1:0? 2:7?", "1:0 2:100", "1:0 2:100"],
    ["1:0? 2:7?", "1:0 2:0", "1:0 2:7"],
    ["1:0? 2:7?", undefined, "1:0 2:7"],
    // One that damping holds down serves only where the blind one has no weight, as in a new VPP.
    ["1:0? 2:0+7", "1:100 2:0", "1:100 2:0"],
    ["1:0? 2:0+7", "1:0 2:100", "1:0 2:7"],
    ["1:0? 2:0+7", undefined, "1:0 2:7"],
  ];
  for (const [wish, has, result] of cases) {
    const vip = withKeptWeights(wanted(wish), has === undefined ? undefined : actual(has));
    assert.equal(weightsOf(vip), result, `${wish} where VPP has ${has}`);
  }
});

Deno.test("withKeptWeights returns the same value when no server keeps its weight", () => {
  const vip = wanted("1:0 2:7");
  assert.equal(withKeptWeights(vip, actual("1:100 2:7")), vip);
});

Deno.test("planGroup sends nothing for a server that keeps its weight, with and without weights", () => {
  const plan = (can: { weights: boolean }) =>
    planGroup([wanted("1:0? 2:0")], [actual("1:100 2:100")], { ...can, remove: true })
      .flatMap(({ build, teardown }) => [...teardown, ...build])
      .map((operation) => `${operation.kind} ${"address" in operation && operation.address.text}`);
  assert.deepEqual(plan({ weights: true }), ["as-weight 10.0.0.2"]);
  assert.deepEqual(plan({ weights: false }), ["as-del 10.0.0.2"]);
});

Deno.test("planGroup adds a kept server with its weight when the VIP is recreated", () => {
  const vip = { ...wanted("1:0? 2:9"), srcIpSticky: true };
  const [plan] = planGroup([vip], [actual("1:100 2:9")], { weights: true, remove: true });
  assert.deepEqual(
    plan!.build.flatMap((operation) => operation.kind === "as-add" ? [operation.weight] : []),
    [100, 9],
  );
});
