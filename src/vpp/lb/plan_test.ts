import assert from "node:assert/strict";
import fc from "fast-check";
import { executeOn, readPlugin } from "../../../tests/support/worlds/plugin_lb.ts";
import { monotonic } from "../../../tests/support/fakes/instants.ts";
import {
  actual,
  arbitraryDesired,
  desired,
  operationText,
} from "../../../tests/support/fakes/vips.ts";
import { LbPlugin } from "../../sim/plugin/plugin.ts";
import { acknowledge, forgetFlushes } from "./acknowledge.ts";
import type { ActualVip, DesiredVip, Operation } from "./model.ts";
import { vipKeyText } from "./model.ts";
import { desiredServers } from "./unweighted.ts";
import { plan, planVip } from "../../../tests/support/worlds/plans.ts";
import { operationsOf, planGroup } from "./plan.ts";

const VIP = "192.0.2.1";
const CAN = { weights: true };

/** `vip` whose servers of weight 0 are known to have no flows. */
function idle(vip: ActualVip): ActualVip {
  const servers = vip.servers.map((s) => (s.weight === 0 ? { ...s, idle: true } : s));
  return { ...vip, servers };
}

const CASES: readonly {
  name: string;
  desired: DesiredVip | undefined;
  actual: ActualVip | undefined;
  operations: readonly string[];
}[] = [
  { name: "no VIP at all", desired: undefined, actual: undefined, operations: [] },
  {
    name: "a VIP in its desired state",
    desired: desired(VIP, "10.0.0.1=100 10.0.0.2=0"),
    actual: actual(VIP, "10.0.0.1=100 10.0.0.2=0"),
    operations: [],
  },
  {
    name: "a missing VIP: servers in numeric order, a flushing one added with weight 0",
    desired: desired(VIP, "10.0.0.10=100 10.0.0.9=50 10.0.0.1=0!"),
    actual: undefined,
    operations: [
      "vip-add",
      "as-add 10.0.0.1 0",
      "as-add 10.0.0.9 50",
      "as-add 10.0.0.10 100",
      "vip-flush",
    ],
  },
  {
    name: "a VIP that is not desired: servers with flush, then the VIP",
    desired: undefined,
    actual: actual(VIP, "10.0.0.1=100 10.0.0.2=0"),
    operations: ["as-del 10.0.0.1", "as-del 10.0.0.2", "vip-flush", "vip-del"],
  },
  {
    name: "raises, adds, cuts, cuts with flush, deletes",
    desired: desired(VIP, "10.0.0.1=0! 10.0.0.2=10 10.0.0.4=90 10.0.0.5=5 10.0.0.6=100"),
    actual: actual(VIP, "10.0.0.1=100 10.0.0.2=20 10.0.0.3=1 10.0.0.4=0 10.0.0.6=99"),
    operations: [
      "as-weight 10.0.0.4 90",
      "as-weight 10.0.0.6 100",
      "as-add 10.0.0.5 5",
      "as-weight 10.0.0.2 10",
      "as-weight 10.0.0.1 0 flush",
      "as-del 10.0.0.3 flush",
    ],
  },
  {
    name: "a flush of a server whose weight is 0 already",
    desired: desired(VIP, "10.0.0.1=0!"),
    actual: actual(VIP, "10.0.0.1=0"),
    operations: ["as-weight 10.0.0.1 0 flush"],
  },
  {
    name: "no second flush for the same reason",
    desired: desired(VIP, "10.0.0.1=0!"),
    actual: actual(VIP, "10.0.0.1=0!"),
    operations: [],
  },
  {
    name: "a flushed server that another program gave weight is flushed again",
    desired: desired(VIP, "10.0.0.1=0!"),
    actual: actual(VIP, "10.0.0.1=7!"),
    operations: ["as-weight 10.0.0.1 0 flush"],
  },
  {
    name: "weight 0 without flush is a cut to 0, not a delete",
    desired: desired(VIP, "10.0.0.1=0"),
    actual: actual(VIP, "10.0.0.1=100"),
    operations: ["as-weight 10.0.0.1 0"],
  },
  {
    name: "another sticky flag recreates",
    desired: desired(VIP, "10.0.0.1=100", { srcIpSticky: true }),
    actual: actual(VIP, "10.0.0.1=100"),
    operations: ["as-del 10.0.0.1 flush", "vip-del", "vip-add", "as-add 10.0.0.1 100", "vip-flush"],
  },
  {
    name: "another encap recreates",
    desired: desired(VIP, "fd00::1=100"),
    actual: actual(VIP, "10.0.0.1=100"),
    operations: ["as-del 10.0.0.1 flush", "vip-del", "vip-add", "as-add fd00::1 100", "vip-flush"],
  },
  {
    name: "another table length recreates",
    desired: desired(VIP, "", { newFlowsTableLength: 2048 }),
    actual: actual(VIP),
    operations: ["vip-del", "vip-add"],
  },
  {
    name: "a table length of 65536 is read as 0 and is the same",
    desired: desired(VIP, "", { newFlowsTableLength: 65536 }),
    actual: actual(VIP, "", { newFlowsTableLength: 0 }),
    operations: [],
  },
  {
    name: "a first weight: one flush of the VIP, last, when no server has flows to keep",
    desired: desired(VIP, "10.0.0.1=100 10.0.0.2=50 10.0.0.3=0!"),
    actual: idle(actual(VIP, "10.0.0.1=0 10.0.0.2=0 10.0.0.3=0!")),
    operations: ["as-weight 10.0.0.1 100", "as-weight 10.0.0.2 50", "vip-flush"],
  },
  {
    name: "a first weight: no flush, when a server of weight 0 may have flows, paused or held",
    desired: desired(VIP, "10.0.0.1=100 10.0.0.2=0"),
    actual: actual(VIP, "10.0.0.1=0 10.0.0.2=0"),
    operations: ["as-weight 10.0.0.1 100"],
  },
  {
    name: "a first weight: no flush, when the server that gets it was paused with its flows",
    desired: desired(VIP, "10.0.0.1=100"),
    actual: actual(VIP, "10.0.0.1=0"),
    operations: ["as-weight 10.0.0.1 100"],
  },
  {
    name: "a first server: one flush of the VIP",
    desired: desired(VIP, "10.0.0.1=100"),
    actual: actual(VIP),
    operations: ["as-add 10.0.0.1 100", "vip-flush"],
  },
  {
    name: "another weight of a VIP that has some: no flush",
    desired: desired(VIP, "10.0.0.1=100 10.0.0.2=100"),
    actual: idle(actual(VIP, "10.0.0.1=100 10.0.0.2=0")),
    operations: ["as-weight 10.0.0.2 100"],
  },
  {
    name: "flushes of all servers as one flush of the VIP",
    desired: desired(VIP, "10.0.0.1=0! 10.0.0.2=0!"),
    actual: actual(VIP, "10.0.0.1=100 10.0.0.2=100"),
    operations: ["as-weight 10.0.0.1 0", "as-weight 10.0.0.2 0", "vip-flush"],
  },
  {
    name: "single flushes when a server keeps its flows",
    desired: desired(VIP, "10.0.0.1=0! 10.0.0.2=0! 10.0.0.3=0"),
    actual: actual(VIP, "10.0.0.1=100 10.0.0.2=100 10.0.0.3=100"),
    operations: [
      "as-weight 10.0.0.3 0",
      "as-weight 10.0.0.1 0 flush",
      "as-weight 10.0.0.2 0 flush",
    ],
  },
  {
    name: "from some servers to none",
    desired: desired(VIP),
    actual: actual(VIP, "10.0.0.1=100 10.0.0.2=100"),
    operations: ["as-del 10.0.0.1", "as-del 10.0.0.2", "vip-flush"],
  },
];

for (const { name, desired, actual, operations } of CASES) {
  Deno.test(`planVip() plans ${name}`, () => {
    assert.deepEqual(planVip(desired, actual, CAN).map((one) => operationText(one)), operations);
  });
}

function texts(operations: readonly Operation[]): string[] {
  return operations.map((operation) => operationText(operation, true));
}

Deno.test("planGroup() deletes all VIPs of a prefix before it adds one of another encap", () => {
  const wanted = [desired(VIP, "fd00::1=1"), desired(VIP, "fd00::1=1", { port: 443 })];
  const there = [actual(VIP), actual(VIP, "", { port: 443 })];
  assert.deepEqual(texts(operationsOf(planGroup(wanted, there, { remove: true, weights: true }))), [
    "vip-del 192.0.2.1/32 6 80",
    "vip-del 192.0.2.1/32 6 443",
    "vip-add 192.0.2.1/32 6 80",
    "as-add 192.0.2.1/32 6 80 fd00::1 1",
    "vip-flush 192.0.2.1/32 6 80",
    "vip-add 192.0.2.1/32 6 443",
    "as-add 192.0.2.1/32 6 443 fd00::1 1",
    "vip-flush 192.0.2.1/32 6 443",
  ]);
});

Deno.test("planGroup() deletes an all-ports VIP before it adds one of a port", () => {
  const there = [actual(VIP, "", { protocol: 255, port: 0 })];
  assert.deepEqual(
    texts(operationsOf(planGroup([desired(VIP)], there, { remove: true, weights: true }))),
    [
      "vip-del 192.0.2.1/32 255 0",
      "vip-add 192.0.2.1/32 6 80",
    ],
  );
});

Deno.test("planGroup() defers a VIP, with a reason, when it conflicts with one that stays", () => {
  const wanted = [desired(VIP, "fd00::1=1")];
  const there = [actual(VIP, "10.0.0.1=1"), actual(VIP, "", { port: 443 })];
  const [only, ...rest] = planGroup(wanted, there, { remove: false, weights: true });
  assert.deepEqual(rest, []);
  assert.deepEqual(operationsOf([only!]), []);
  assert.equal(only!.recreate, undefined);
  assert.equal(
    only!.conflict,
    "encap gre6 cannot share a prefix with protocol 6 port 443 with gre4",
  );
});

Deno.test("planGroup() defers a VIP that conflicts with a deferred one", () => {
  // 80 cannot become gre6 because of 443, so 8080 cannot be added as gre6 because of both.
  const wanted = [desired(VIP, "fd00::1=1"), desired(VIP, "fd00::1=1", { port: 8080 })];
  const there = [actual(VIP, "10.0.0.1=1"), actual(VIP, "", { port: 443 })];
  const plans = planGroup(wanted, there, { remove: false, weights: true });
  assert.deepEqual(operationsOf(plans), []);
  assert.deepEqual(plans.map((one) => one.conflict === undefined), [false, false]);
});

Deno.test("planGroup() adds the first of two desired VIPs that exclude each other", () => {
  const wanted = [desired(VIP), desired(VIP, "", { protocol: 255, port: 0 })];
  const plans = planGroup(wanted, [], { remove: true, weights: true });
  assert.deepEqual(texts(operationsOf(plans)), ["vip-add 192.0.2.1/32 6 80"]);
});

Deno.test("plan() without remove never removes a VIP", () => {
  assert.deepEqual(plan([], [actual(VIP, "10.0.0.1=100")], { remove: false, weights: true }), []);
});

Deno.test("plan() removes VIPs that are not configured, of any encap and prefix length", () => {
  const there = [
    actual("198.51.100.0", "", { prefixLength: 24, encap: "l3dsr" }),
    actual(VIP, "", { encap: "nat4" }),
  ];
  assert.deepEqual(texts(operationsOf(plan([], there, { remove: true, weights: true }))), [
    "vip-del 192.0.2.1/32 6 80",
    "vip-del 198.51.100.0/24 6 80",
  ]);
});

/** A plugin programmed with these states in turn, including the remains of the earlier ones. */
function pluginWith(states: readonly (readonly DesiredVip[])[], can = CAN): LbPlugin {
  const plugin = new LbPlugin(monotonic(0));
  for (const state of states) {
    const plans = plan(state, readPlugin(plugin, can), { remove: true, ...can });
    for (const operation of operationsOf(plans)) assert.equal(executeOn(plugin, operation), 0);
  }
  return plugin;
}

function weighted(vips: readonly (ActualVip | DesiredVip)[]): Set<string> {
  return new Set(
    vips.filter((vip) => vip.servers.some((server) => server.weight > 0)).map(vipKeyText),
  );
}

for (const can of [{ weights: true }, { weights: false }]) {
  const what = `${can.weights ? "with" : "without"} weights`;
  Deno.test(`plan() ${what} reaches the desired state, and never leaves a VIP without servers in between`, () => {
    const state = arbitraryDesired();
    const property = fc.property(fc.array(state, { maxLength: 2 }), state, (before, wanted) => {
      const plugin = pluginWith(before, can);
      const actual = readPlugin(plugin, can);
      const options = { remove: true, ...can };
      const plans = plan(wanted, actual, options);
      const known = new Map(actual.map((vip) => [vipKeyText(vip), vip]));
      const recreated = new Set(plans.filter((p) => p.recreate !== undefined).map((p) => p.key));
      const after = weighted(wanted);
      const throughout = [...weighted(actual)].filter((key) =>
        after.has(key) && !recreated.has(key)
      );
      for (const operation of operationsOf(plans)) {
        assert.equal(executeOn(plugin, operation), 0, operationText(operation, true));
        const present = weighted(readPlugin(plugin, can));
        for (const key of throughout) assert.ok(present.has(key), key);
        const key = vipKeyText(operation.vip);
        const target = plans.find((p) => p.key === key)!.desired;
        const flushing = (address: string) =>
          target?.servers.some((s) => s.flush && s.address.text === address) ?? false;
        const next = acknowledge(known.get(key), operation, { flushing });
        if (next === undefined) known.delete(key);
        else known.set(key, next);
      }
      const found = readPlugin(plugin, can);
      const possible = wanted.map((vip) => ({ ...vip, servers: desiredServers(vip, can).servers }));
      assert.deepEqual(found.map(bare).sort(byKey), possible.map(bare).sort(byKey));
      const kept = [...known.values()];
      assert.deepEqual(kept.map(bare).sort(byKey), found.map(bare).sort(byKey));
      assert.deepEqual(operationsOf(plan(wanted, kept, options)), []);
      // Nor does a restarted daemon, except for flushes, which it cannot remember.
      const again = operationsOf(plan(wanted, found, options)).filter((one) => !isFlush(one));
      assert.deepEqual(again, []);
    });
    fc.assert(property, { numRuns: 300 });
  });
}

/** True for an operation that changes no bucket. */
function isFlush(operation: Operation): boolean {
  return operation.kind === "as-flush" || operation.kind === "vip-flush" ||
    (operation.kind === "as-weight" && operation.weight === operation.previousWeight);
}

Deno.test("plan() without remove is never refused by the plugin and removes nothing", () => {
  fc.assert(
    fc.property(arbitraryDesired(), arbitraryDesired(), (before, wanted) => {
      const plugin = pluginWith([before]);
      const there = readPlugin(plugin);
      for (const operation of operationsOf(plan(wanted, there, { remove: false, weights: true }))) {
        assert.equal(executeOn(plugin, operation), 0, operationText(operation, true));
      }
      const left = new Set(readPlugin(plugin).map(vipKeyText));
      for (const vip of there) assert.ok(left.has(vipKeyText(vip)));
    }),
    { numRuns: 300 },
  );
});

Deno.test("plan() does not depend on the order of VIPs and servers", () => {
  const shuffled = (vips: readonly DesiredVip[]) =>
    fc.shuffledSubarray([...vips], { minLength: vips.length, maxLength: vips.length });
  const given = arbitraryDesired().chain((vips) => fc.tuple(fc.constant(vips), shuffled(vips)));
  fc.assert(
    fc.property(given, given, ([wanted, wantedToo], [there, thereToo]) => {
      const one = plan(wanted, readPlugin(pluginWith([there])), { remove: true, weights: true });
      const other = plan(wantedToo, readPlugin(pluginWith([thereToo])), {
        remove: true,
        weights: true,
      });
      assert.deepEqual(texts(operationsOf(other)), texts(operationsOf(one)));
    }),
    { numRuns: 100 },
  );
});

Deno.test("planVip() goes from servers to none and back", () => {
  const full = desired(VIP, "10.0.0.1=100 10.0.0.2=100");
  const plugin = pluginWith([[full]]);
  for (const wanted of [desired(VIP), full]) {
    for (const operation of planVip(wanted, readPlugin(plugin)[0], CAN)) {
      assert.equal(executeOn(plugin, operation), 0);
    }
    assert.deepEqual(readPlugin(plugin).map(bare), [bare(wanted)]);
  }
});

Deno.test("forgetFlushes() makes a server due for a flush again after it left its flushing state", () => {
  const flushed = actual(VIP, "10.0.0.1=0! 10.0.0.2=0!");
  const next = forgetFlushes(flushed, desired(VIP, "10.0.0.1=0! 10.0.0.2=0"));
  assert.deepEqual(next.servers.map((server) => server.flushed), [true, false]);
  assert.deepEqual(
    planVip(desired(VIP, "10.0.0.1=0! 10.0.0.2=0!"), next, CAN).map((one) => operationText(one)),
    ["as-weight 10.0.0.2 0 flush"],
  );
  assert.equal(forgetFlushes(next, desired(VIP, "10.0.0.1=0! 10.0.0.2=0")), next);
});

Deno.test("forgetFlushes() keeps the flush of a damped server that VPP removed", () => {
  const { servers, ...vip } = actual(VIP, "10.0.0.1=100");
  const [address] = desired(VIP, "10.0.0.2=0").servers.map((server) => server.address);
  const known: ActualVip = { ...vip, servers, removed: [{ address: address!, flushed: true }] };
  const now = desired(VIP, "10.0.0.1=100 10.0.0.2=0");
  const damped: DesiredVip = {
    ...now,
    servers: now.servers.map((s) => s.weight === 0 ? { ...s, spared: true } : s),
  };
  assert.equal(forgetFlushes(known, damped), known);
  assert.equal(forgetFlushes(known, now).removed[0]!.flushed, false);
});

function bare(vip: DesiredVip | ActualVip) {
  return {
    key: vipKeyText(vip),
    encap: vip.encap,
    sticky: vip.srcIpSticky,
    length: vip.newFlowsTableLength & 0xffff,
    servers: vip.servers.map((server) => `${server.address.text} ${server.weight}`),
  };
}

function byKey(a: { key: string }, b: { key: string }): number {
  return a.key < b.key ? -1 : 1;
}
