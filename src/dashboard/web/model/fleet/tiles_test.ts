import assert from "node:assert/strict";
import type { Fleet, FleetDifference } from "../../../protocol.ts";
import { rootOf, serverOf, tablesOf, tilesOf, viewsOf } from "./tiles.ts";
import { causesOf, overviewRow, withCauses } from "../overview.ts";
import { createLb } from "../lb.ts";
import { maglevd, web } from "../test_lb.ts";
import { frontendVipKey } from "../../../protocol.ts";

const ROOT: FleetDifference["roots"][number] = {
  cause: "health",
  address: "10.0.0.7",
  backends: ["b7"],
  views: [{ lbs: ["lb1", "lb2"], text: "up" }, { lbs: ["lb3"], text: "down L4TOUT" }],
  since_ms: 5,
};
const WEB: FleetDifference = {
  vip: "192.0.2.1/32 tcp 80",
  frontend: "web",
  roots: [ROOT],
  more_roots: 0,
  groups: [["lb1", "lb2"], ["lb3"]],
  differing: { buckets: 256, length: 1024 },
};
/** lb3 does not have it. */
const API: FleetDifference = {
  ...WEB,
  vip: "192.0.2.2/32 tcp 80",
  frontend: "api",
  groups: [["lb1", "lb2"]],
};

function fleet(change: Partial<Fleet> = {}): Fleet {
  const groups = [{ lbs: ["lb1", "lb2"], vips: 3, fleet: 0 }, { lbs: ["lb3"], vips: 3, fleet: 0 }];
  return { groups, apart: [], differences: [WEB, API], more: 0, repaired: [], ...change };
}

const short = (fleet: Fleet) =>
  tilesOf(fleet).map(({ lbs, kind, text, differences }) => [
    lbs.join(),
    kind,
    text,
    differences.map(({ frontend }) => frontend).join(),
  ]);

Deno.test("tilesOf() has a tile for each group of equal tables, with what differs in it", () => {
  assert.deepEqual(short(fleet()), [
    ["lb1,lb2", "first", "3 VIPs, equal tables", ""],
    ["lb3", "differs", "2 VIPs unlike lb1, at most 25 % of a VIP's new flows", "web,api"],
  ]);
  assert.deepEqual(
    short(fleet({ more: 4 }))[1]![2],
    "2 VIPs or more unlike lb1, at most 25 % of a VIP's new flows",
  );
});

Deno.test("tilesOf() states who is not compared, and whose VPP is not known", () => {
  const apart = [{ lb: "lb2", reason: "VPP is not connected" }, { lb: "lb4", reason: "no answer" }];
  assert.deepEqual(short(fleet({ apart, differences: [WEB] })), [
    ["lb1,lb2", "first", "3 VIPs, equal tables; lb2: VPP is not connected", ""],
    ["lb3", "differs", "1 VIP unlike lb1, at most 25 % of a VIP's new flows", "web"],
    ["lb4", "apart", "not compared: no answer", ""],
  ]);
  const alone = fleet({ groups: [{ lbs: ["lb1"], vips: 1, fleet: 0 }], differences: [] });
  assert.deepEqual(short(alone), [["lb1", "first", "1 VIP, nothing to compare with", ""]]);
});

Deno.test("tilesOf() compares groups with the first one of their own fleet", () => {
  const groups = [
    { lbs: ["a1"], vips: 1, fleet: 0 },
    { lbs: ["lb1", "lb2"], vips: 2, fleet: 1 },
    { lbs: ["lb3"], vips: 2, fleet: 1 },
  ];
  assert.deepEqual(short(fleet({ groups })).map(([lbs, kind]) => [lbs, kind]), [
    ["a1", "first"],
    ["lb1,lb2", "first"],
    ["lb3", "differs"],
  ]);
  assert.match(short(fleet({ groups }))[2]![2]!, /unlike lb1/);
});

Deno.test("a VIP whose tables are equal, but not as they should be, is shown at its load balancer", () => {
  const drift: FleetDifference = {
    ...WEB,
    groups: [["lb1", "lb2"]],
    roots: [{ ...ROOT, cause: "vpp", views: [{ lbs: ["lb2"], text: "VPP has weight 3" }] }],
  };
  const groups = [{ lbs: ["lb1", "lb2"], vips: 3, fleet: 0 }];
  assert.deepEqual(short(fleet({ groups, differences: [drift] })), [
    ["lb1,lb2", "first", "3 VIPs, equal tables", "web"],
  ]);
});

Deno.test("rootOf() is the root in which a load balancer is odd", () => {
  const config = { ...ROOT, cause: "config" as const, views: ROOT.views.toReversed() };
  const vpp = { ...ROOT, cause: "vpp" as const, views: [{ lbs: ["lb2"], text: "weight 3" }] };
  const both = { ...WEB, roots: [ROOT, config, vpp] };
  const causes = ["lb3", "lb1", "lb2", "lb9"].map((lb) => rootOf(both, [lb])!.cause);
  assert.deepEqual(causes, ["health", "config", "config", "health"]);
  assert.equal(rootOf({ ...WEB, roots: [ROOT, vpp] }, ["lb2"])!.cause, "vpp");
});

Deno.test("a difference in words: the odd ones first, and how many buckets", () => {
  assert.equal(serverOf(ROOT), "b7 10.0.0.7");
  assert.equal(serverOf({ ...ROOT, address: "" }), "the VIP");
  assert.equal(viewsOf(ROOT), "down L4TOUT on lb3; up on lb1, lb2");
  assert.equal(tablesOf(WEB), "lb1 = lb2 ≠ lb3: 256 of 1\u202f024 buckets, 25 %");
  const { differing: _, ...unknown } = WEB;
  assert.equal(tablesOf(unknown), "lb1 = lb2 ≠ lb3");
});

Deno.test("a cause that the lists do not show is added to the line of its VIP", () => {
  const key = frontendVipKey(web());
  const of = (cause: "health" | "config" | "vpp") =>
    causesOf(fleet({ differences: [{ ...WEB, vip: key, roots: [{ ...ROOT, cause }] }] })).get(key)!
      .join(" ");
  const lbs = [maglevd({ name: "lb1" }), maglevd({ name: "lb2" })].map(createLb);
  const row = overviewRow(lbs, key)!;
  assert.deepEqual(withCauses(row, "")!.differences, []);
  assert.deepEqual(withCauses(row, of("config"))!.differences, ["config"]);
  const other = createLb(maglevd({ name: "lb2", frontends: [web({ state: "down" })] }));
  const differs = overviewRow([lbs[0]!, other], key)!;
  assert.deepEqual(withCauses(differs, of("health"))!.differences, ["state"]);
  assert.deepEqual(withCauses(differs, of("vpp"))!.differences, ["state", "vpp"]);
  assert.equal(withCauses(undefined, "vpp"), undefined);
});
