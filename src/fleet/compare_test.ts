import assert from "node:assert/strict";
import { executeOn, readPlugin } from "../../tests/support/worlds/plugin_lb.ts";
import { wall } from "../../tests/support/fakes/instants.ts";
import { compared, FleetLb } from "../../tests/support/worlds/fleet_world.ts";
import type { SmallConfig } from "../../tests/support/fakes/small_config.ts";
import { type Answer, compareFleet } from "./compare.ts";
import { Tables, vipDifference } from "./difference.ts";
import { ALGORITHM, inputsPrint, tablePrint } from "./fingerprint.ts";
import type { VipSide, VipTable } from "./side.ts";
import { votesOf } from "./votes.ts";

const CONFIG: SmallConfig = {
  backends: { a: {}, b: {}, c: {} },
  frontends: { web: { pools: "a b | c" }, api: { pools: "b" } },
};
const WEB = "192.0.2.1/32 tcp 80";

function answer(rest: Partial<Answer> = {}): Answer {
  return { ...new FleetLb("", { config: CONFIG }).answer(), ...rest };
}

Deno.test("compareFleet() leaves out who is away, is of another algorithm, or contradicts itself", () => {
  const { members, verdict, differing } = compareFleet([
    { lb: "lb1", answer: answer() },
    { lb: "lb2", answer: "connection refused" },
    { lb: "lb3", answer: answer({ algorithm: "other-1", version: "9.9" }) },
    { lb: "lb4", answer: answer({ root: 7n }) },
    { lb: "lb5", answer: answer() },
  ]);
  assert.deepEqual(members.map(({ lb, excluded, sameAs }) => [lb, excluded, sameAs]), [
    ["lb1", "", undefined],
    ["lb2", "connection refused", undefined],
    ["lb3", "not comparable: version 9.9 makes other fingerprints", undefined],
    ["lb4", "not comparable: its answer contradicts itself", undefined],
    ["lb5", "", "lb1"],
  ]);
  assert.deepEqual([verdict, differing], ["incomplete", []]);
});

Deno.test("compareFleet() compares those of the algorithm that most have", () => {
  const other = answer({ algorithm: "other-1", version: "9.9", root: 1n });
  const { members, verdict } = compareFleet([
    { lb: "lb1", answer: answer() },
    { lb: "lb2", answer: other },
    { lb: "lb3", answer: other },
  ]);
  assert.deepEqual(members.map(({ excluded }) => excluded !== ""), [true, false, false]);
  assert.equal(verdict, "incomplete");
  assert.equal(compareFleet([]).verdict, "agree");
});

Deno.test("compareFleet() does not take a VPP that is away for one that agrees", () => {
  const away = answer();
  const vips = new Map([...away.vips].map(([key, vip]) => [key, { ...vip, actual: undefined }]));
  const { verdict, members, differing } = compareFleet([
    { lb: "lb1", answer: answer() },
    { lb: "lb2", answer: { ...away, vips, vpp: "away" } },
    { lb: "lb3", answer: { ...away, vips, vpp: "off" } },
  ]);
  assert.deepEqual(members.map(({ vppUnknown }) => vppUnknown), ["", "VPP is not connected", ""]);
  assert.deepEqual([verdict, differing], ["incomplete", []]);
});

Deno.test("a weight that follows from another server's failure is not a root", () => {
  const lbs = [
    new FleetLb("lb1", { config: CONFIG }),
    new FleetLb("lb2", { config: CONFIG, states: { a: "down", b: "down" }, sinceMs: 7000 }),
  ];
  const { differences } = compared(lbs);
  const web = differences.find(({ vip }) => vip === WEB)!;
  // The spare pool took over: c has weight on lb2 alone.
  assert.deepEqual(web.roots.map(({ cause, backends, sinceMs }) => [cause, backends, sinceMs]), [
    ["health", ["a"], 7000],
    ["health", ["b"], 7000],
  ]);
  assert.deepEqual(web.groups, [["lb1"], ["lb2"]]);
  assert.deepEqual(web.differing, { buckets: 1024, length: 1024 });
});

Deno.test("load balancers whose VPPs have no weights agree with each other, not with others", () => {
  const old = (lb: string) => new FleetLb(lb, { config: CONFIG, weights: false });
  assert.equal(compared([old("lb1"), old("lb2")]).comparison.verdict, "agree");
  const { differences } = compared([old("lb1"), new FleetLb("lb2", { config: CONFIG })]);
  const web = differences.find(({ vip }) => vip === WEB)!;
  assert.deepEqual(web.causes, ["vpp"]);
  assert.deepEqual(web.roots[0]!.views, [
    { lbs: ["lb1"], text: "VPP has no weights" },
    { lbs: ["lb2"], text: "VPP has weights" },
  ]);
});

Deno.test("one load balancer alone is compared with what its VPP should have", () => {
  const lb = new FleetLb("lb1", { config: CONFIG });
  assert.equal(compared([lb]).comparison.verdict, "agree");
  executeOn(lb.plugin, { kind: "vip-del", vip: readPlugin(lb.plugin)[0]! });
  const [difference] = compared([lb]).differences;
  assert.deepEqual(difference!.causes, ["vpp"]);
  assert.equal(difference!.roots[0]!.views[0]!.text, "VPP does not have the VIP");
  assert.deepEqual(difference!.differing, { buckets: 1024, length: 1024 });
});

function side(lb: string, wanted: Partial<VipTable>): VipSide {
  const table = {
    encap: "gre4",
    srcIpSticky: false,
    length: 64,
    servers: [{ address: "10.0.0.1", weight: 1 }],
    ...wanted,
  };
  return {
    ...{ lb, frontend: "web", policy: "", pools: ["p"], entries: [], weights: true, note: "" },
    ...{ encap: "gre4", srcIpSticky: false, length: 64, configSinceMs: wall(0) },
    wanted: table,
    actual: table,
  };
}

Deno.test("tables that no VPP can have are compared without building them", () => {
  const many = Array.from(
    { length: 5000 },
    (_, i) => ({ address: `10.1.${i >> 8}.${i & 255}`, weight: 1 }),
  );
  const bad: readonly Partial<VipTable>[] = [
    { length: 2 ** 40 },
    { length: 65 },
    { length: -1 },
    { servers: [{ address: "10.0.0.1", weight: 1e9 }] },
    { servers: [{ address: "\x1b[2J", weight: 1 }] },
    { servers: [{ address: "10.0.0.1", weight: 1 }, { address: "10.0.0.1", weight: 2 }] },
    { servers: many },
  ];
  for (const table of bad) {
    const sides = [side("lb1", { length: 32 }), side("lb2", table)];
    const difference = vipDifference(WEB, { sides, missing: [], tables: new Tables() });
    assert.equal(difference?.differing, undefined, JSON.stringify(table).slice(0, 80));
    assert.ok(difference !== undefined);
  }
  const sides = [side("lb1", {}), side("lb2", { servers: [{ address: "10.0.0.2", weight: 1 }] })];
  const differing = (tables: Tables) =>
    vipDifference(WEB, { sides, missing: [], tables })?.differing;
  assert.deepEqual(differing(new Tables()), { buckets: 64, length: 64 });
  assert.equal(differing(new Tables(100)), undefined, "the bound of all tables together");
});

Deno.test("fingerprints never change, because load balancers of two versions compare them", () => {
  const { wanted } = side("lb1", {});
  assert.equal(ALGORITHM, "maglev-1");
  assert.deepEqual(
    [tablePrint(wanted), inputsPrint(side("lb1", {}))].map((print) => print.toString(16)),
    ["40d515d28bd295de", "d2d96d030b173bac"],
  );
});

Deno.test("votesOf() lists servers that are not up everywhere, split votes first", () => {
  const server = (name: string, state: string) => ({
    ...{ name, address: `10.0.0.${name.length}`, state, code: "", sinceMs: wall(0) },
  });
  const rows = votesOf([
    { lb: "lb1", servers: [server("a", "up"), server("bb", "down"), server("ccc", "up")] },
    { lb: "lb2", servers: [server("ccc", "down"), server("bb", "down"), server("a", "up")] },
    { lb: "lb3", servers: [server("a", "up"), server("bb", "down"), server("dddd", "up")] },
  ]);
  assert.deepEqual(
    rows.map(({ name, split, votes }) => [name, split, votes.map((vote) => vote?.state)]),
    [
      ["ccc", true, ["up", "down", undefined]],
      ["dddd", true, [undefined, undefined, "up"]],
      ["bb", false, ["down", "down", "down"]],
    ],
  );
});
