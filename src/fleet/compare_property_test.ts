/**
 * Random fleets on the simulator's plugin. Equal configurations in any order have equal
 * fingerprints; each single change has its cause, VIP, backend and number of buckets. The buckets
 * come from a second implementation of the table and from the plugin's `num_buckets`.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { SmallConfig } from "../../tests/support/fakes/small_config.ts";
import { backendIntent, weightIntent } from "../../tests/support/fakes/intents.ts";
import { ip } from "../../tests/support/fakes/vips.ts";
import { referenceTable } from "../../tests/support/judges/reference_table.ts";
import { compared, FleetLb, type FleetShape } from "../../tests/support/worlds/fleet_world.ts";
import { readPlugin } from "../../tests/support/worlds/plugin_lb.ts";
import { newFlowTable } from "../vpp/lb/new_flow_table.ts";
import type { Cause } from "./roots.ts";

interface Entry {
  readonly name: string;
  readonly weight: number;
}

interface File {
  /** Addresses by name. */
  readonly backends: Readonly<Record<string, string>>;
  readonly frontends: Readonly<
    Record<string, { readonly pools: readonly (readonly Entry[])[]; readonly sticky: boolean }>
  >;
  readonly length: number;
}

/** Numbers from a list, again and again: they decide the order of a shuffled file. */
function shuffled<T>(items: readonly T[], draw: () => number): T[] {
  return items.map((item) => ({ item, rank: draw() }))
    .sort((a, b) => a.rank - b.rank).map(({ item }) => item);
}

function configOf(file: File, draw: () => number = () => 0): SmallConfig {
  return {
    backends: Object.fromEntries(
      shuffled(Object.entries(file.backends), draw).map(([name, address]) => [name, { address }]),
    ),
    frontends: Object.fromEntries(
      shuffled(Object.entries(file.frontends), draw).map(([name, { pools, sticky }]) => [name, {
        pools: pools.map((pool) =>
          shuffled(pool, draw).map(({ name, weight }) => `${name}:${weight}`).join(" ")
        ).join(" | "),
        srcIpSticky: sticky,
        address: "192.0.2.1",
        port: Number(name.slice(1)) + 80,
      }]),
    ),
    newFlowsTableLength: file.length,
  };
}

const NAMES = ["b0", "b1", "b2", "b3", "b4", "b5"];

const anyFile: fc.Arbitrary<File> = fc.record({
  length: fc.constantFrom(64, 256),
  frontends: fc.array(
    fc.record({
      // The first pool serves: each has two servers of weight at least.
      pools: fc.array(
        fc.uniqueArray(
          fc.record({ name: fc.constantFrom(...NAMES), weight: fc.integer({ min: 1, max: 100 }) }),
          { minLength: 2, maxLength: 5, selector: ({ name }) => name },
        ),
        { minLength: 2, maxLength: 3 },
      ),
      sticky: fc.boolean(),
    }),
    { minLength: 1, maxLength: 3 },
  ),
}).map(({ length, frontends }) => ({
  length,
  backends: Object.fromEntries(NAMES.map((name, i) => [name, `10.0.0.${i + 1}`])),
  frontends: Object.fromEntries(frontends.map((frontend, i) => [`f${i}`, frontend])),
}));

const KINDS = [
  "weight",
  "order",
  "sticky",
  "length",
  "server",
  "missing",
  "health",
  "disable",
  "weight intent",
  "drift",
] as const;
type Kind = typeof KINDS[number];

const CAUSE: Readonly<Record<Kind, Cause>> = {
  weight: "config",
  order: "config",
  sticky: "config",
  length: "config",
  server: "config",
  missing: "config",
  health: "health",
  disable: "intent",
  "weight intent": "intent",
  drift: "vpp",
};

/** Another load balancer with one change in frontend `f0`, about its first server. */
function changed(kind: Kind, file: File): { shape: FleetShape; drift?: boolean } {
  const web = file.frontends.f0!;
  const [first, ...rest] = web.pools[0]!;
  const { name, weight } = first!;
  const other = weight === 1 ? 2 : weight - 1;
  const withPools = (pools: File["frontends"][string]["pools"]): FleetShape => ({
    config: configOf({ ...file, frontends: { ...file.frontends, f0: { ...web, pools } } }),
  });
  const later = web.pools.slice(1);
  switch (kind) {
    case "weight":
      return { shape: withPools([[{ name, weight: other }, ...rest], ...later]) };
    case "order":
      return { shape: withPools([...later, web.pools[0]!]) };
    case "sticky": {
      const f0 = { ...web, sticky: !web.sticky };
      return { shape: { config: configOf({ ...file, frontends: { ...file.frontends, f0 } }) } };
    }
    case "length":
      return { shape: { config: configOf({ ...file, length: file.length * 2 }) } };
    case "server":
      return { shape: withPools([rest, ...later]) };
    case "missing": {
      const { f0: _, ...frontends } = file.frontends;
      return { shape: { config: configOf({ ...file, frontends }) } };
    }
    case "health":
      return { shape: { config: configOf(file), states: { [name]: "down" } } };
    case "disable":
      return { shape: { config: configOf(file), intents: [backendIntent("disable", name)] } };
    case "weight intent": {
      const intents = [weightIntent(`f0/pool0/${name}`, `${other}/${weight}`)];
      return { shape: { config: configOf(file), intents } };
    }
    case "drift":
      return { shape: { config: configOf(file) }, drift: true };
  }
}

/** Buckets in which the plugins' tables of a VIP differ, counted with the second implementation. */
function differingBuckets(lbs: readonly FleetLb[], port: number): readonly [number, number] {
  const owners = lbs.map((lb) => {
    const vip = readPlugin(lb.plugin).find((each) => each.port === port);
    if (vip === undefined) return [];
    const length = vip.newFlowsTableLength;
    const { buckets } = newFlowTable(vip.servers, length);
    assert.deepEqual(vip.servers.map((server) => server.buckets), buckets, "num_buckets");
    const table = referenceTable(vip.servers, length);
    return [...table].map((place) => vip.servers[place]?.address.text);
  });
  const length = Math.max(...owners.map((each) => each.length));
  const [left, right] = owners.map((each) =>
    Array.from({ length }, (_, bucket) => each[bucket % each.length])
  );
  return [left!.filter((owner, bucket) => owner !== right![bucket]).length, length];
}

Deno.test("compareFleet() finds nothing between files in another order", () => {
  fc.assert(
    fc.property(anyFile, fc.infiniteStream(fc.nat()), (file, numbers) => {
      const draw = () => numbers.next().value;
      const lbs = ["lb1", "lb2", "lb3"].map((lb) =>
        new FleetLb(lb, { config: configOf(file, draw) })
      );
      const { comparison } = compared(lbs);
      assert.equal(comparison.verdict, "agree");
      assert.deepEqual(comparison.differing, []);
      assert.deepEqual(comparison.members.map(({ sameAs }) => sameAs), [undefined, "lb1", "lb1"]);
      assert.equal(comparison.vips.length, Object.keys(file.frontends).length);
    }),
    { numRuns: 40 },
  );
});

Deno.test("a single change has its cause, VIP, backend and number of buckets", () => {
  const seen = new Set<Kind>();
  fc.assert(
    fc.property(anyFile, fc.constantFrom(...KINDS), (file, kind) => {
      const same = ["lb1", "lb2"].map((lb) => new FleetLb(lb, { config: configOf(file) }));
      const { shape, drift = false } = changed(kind, file);
      const odd = new FleetLb("lb3", { sinceMs: 5000, ...shape });
      const { name } = file.frontends.f0!.pools[0]![0]!;
      const address = file.backends[name]!;
      if (drift) {
        const vip = readPlugin(odd.plugin).find(({ port }) => port === 80)!;
        odd.plugin.setWeight(
          { pfx: { address: vip.address, len: 32 }, protocol: 6, port: 80 },
          { address: ip(address), weight: 0, flush: false },
        );
      }
      const { comparison, differences } = compared([...same, odd]);
      // Equal pools in another order are the same file.
      if (comparison.verdict === "agree") {
        assert.equal(kind, "order");
        return;
      }
      seen.add(kind);
      assert.equal(comparison.verdict, "differ");
      const web = differences.find(({ vip }) => vip === "192.0.2.1/32 tcp 80");
      assert.ok(web !== undefined, `${kind}: ${comparison.differing}`);
      assert.deepEqual(web.causes, [CAUSE[kind]], JSON.stringify(web));
      if (["weight", "order", "sticky", "server", "missing", "drift"].includes(kind)) {
        assert.equal(differences.length, 1, "the other VIPs agree");
      }
      const roots = web.roots.filter((root) => root.address === address);
      if (["weight", "server", "health", "disable", "weight intent", "drift"].includes(kind)) {
        assert.deepEqual(roots.map(({ backends }) => backends), [[name]]);
        assert.equal(web.roots.length, 1, JSON.stringify(web.roots));
      }
      const views = web.roots[0]!.views;
      assert.deepEqual(views.at(-1)!.lbs, ["lb3"], "the odd one comes last");
      if (kind === "missing") {
        assert.deepEqual(views.map(({ text }) => text), ["in the file", "not in the file"]);
        return;
      }
      if (kind !== "drift") assert.equal(web.roots[0]!.sinceMs === undefined, false);
      if (kind === "health") assert.equal(web.roots[0]!.sinceMs, 5000);
      assert.ok(web.differing !== undefined);
      const { buckets, length } = web.differing;
      // A changed hash gives an expectation, which no table shows.
      if (kind === "sticky") return;
      assert.deepEqual([buckets, length], differingBuckets([same[0]!, odd], 80), kind);
    }),
    { numRuns: 150 },
  );
  assert.deepEqual([...seen].sort(), [...KINDS].sort());
});
