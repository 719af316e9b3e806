/// <reference lib="deno.ns" />
import assert from "node:assert/strict";
import { frontendVipKey, type MaglevdState } from "../../protocol.ts";
import { createLb } from "./lb.ts";
import type { Lb } from "./lb.ts";
import { addressRows, overviewRow, vipKeys } from "./overview.ts";
import { backend, entry, maglevd, web } from "./test_lb.ts";

const lbs = (...states: readonly Partial<MaglevdState>[]) =>
  states.map((state, index) => createLb(maglevd({ name: `lb${index + 1}`, ...state })));

const overviewRows = (lbs: readonly Lb[]) => vipKeys(lbs).map((key) => overviewRow(lbs, key)!);

Deno.test("equal load balancers: each VIP once, no difference", () => {
  const rows = overviewRows(lbs({}, {}));
  assert.equal(rows.length, 1);
  assert.deepEqual(rows[0]!.differences, []);
  assert.deepEqual(rows[0]!.sides.map(({ lb }) => lb), ["lb1", "lb2"]);
});

Deno.test("a VIP is the same by address, protocol and port, whatever its name", () => {
  const rows = overviewRows(lbs({}, { frontends: [web({ name: "shop" })] }));
  assert.equal(rows.length, 1);
  assert.deepEqual(rows[0]!.differences, []);
  const apart = overviewRows(lbs({}, { frontends: [web({ port: 81 })] }));
  assert.deepEqual(apart.map(({ differences }) => differences), [["not on lb2"], ["not on lb1"]]);
});

Deno.test("differences: state, pool, flags, backends and weights are named", () => {
  const differences = (state: Partial<MaglevdState>) =>
    overviewRows(lbs({}, state))[0]!.differences;
  assert.deepEqual(
    differences({ backends: [backend("w1", "down"), backend("w2"), backend("w3")] }),
    [
      "backend state",
    ],
  );
  assert.deepEqual(
    differences({ frontends: [web({ state: "down", active_pool: "", src_ip_sticky: true })] }),
    ["state", "active pool", "src-ip-sticky"],
  );
  assert.deepEqual(
    differences({
      frontends: [web({ pools: [{ name: "primary", backends: [entry("w1", 50), entry("w2")] }] })],
    }),
    ["backends", "weight"],
  );
});

Deno.test("a VIP that one load balancer announces and another withdraws is a difference", () => {
  const of = (announced: "announced" | "withdrawn") => ({ frontends: [web({ announced })] });
  const words = (a: "announced" | "withdrawn") =>
    overviewRows(lbs(of(a), of("announced")))[0]!.differences;
  assert.deepEqual(words("withdrawn"), ["announced"]);
  assert.deepEqual(words("announced"), []);
});

Deno.test("a load balancer that does not answer is shown, but not compared", () => {
  const down = { backends: [backend("w1", "down"), backend("w2"), backend("w3")] };
  assert.deepEqual(overviewRows(lbs({}, { ...down, connected: false }))[0]!.differences, []);
  const unread = overviewRows(
    lbs({}, { frontends: [], backends: [] }).map((lb, index) => {
      if (index === 1) {
        const { refreshed_ms: _, ...status } = lb.status;
        lb.status = status;
      }
      return lb;
    }),
  );
  assert.deepEqual(unread[0]!.differences, [], "its lists are not there yet");
});

Deno.test("servers are compared by address, with the entry that has weight", () => {
  const twice = web({
    pools: [
      { name: "primary", backends: [entry("w1", 100, 0), entry("w2")] },
      { name: "standby", backends: [entry("w1", 20)] },
    ],
  });
  const rows = addressRows(lbs({ frontends: [twice] }, {}), frontendVipKey(web()));
  assert.deepEqual(rows.map(({ address }) => address), ["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
  assert.deepEqual(rows[0]!.cells.map(({ lb, weight }) => [lb, weight]), [["lb1", 20], [
    "lb2",
    100,
  ]]);
  assert.deepEqual(rows[0]!.differs, ["weight", "effective weight"]);
  assert.deepEqual(rows[2]!.differs, ["backend"]);
});
