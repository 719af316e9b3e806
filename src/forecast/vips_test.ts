import assert from "node:assert/strict";
import { parseIp } from "../base/address.ts";
import { finish } from "../async/steps.ts";
import { type SmallConfig, smallConfig } from "../../tests/support/fakes/small_config.ts";
import { NO_MEMORY } from "../health/policy/memory.ts";
import type { BackendState } from "../health/state.ts";
import {
  changePlans,
  forecastVips,
  type LbForecast,
  movedShare,
  type VipForecast,
} from "./vips.ts";
import type { HealthView } from "./desired_frontends.ts";

type States = Readonly<Record<string, BackendState>>;

/** All backends up except those in `states`. */
function view(small: SmallConfig, states: States = {}): HealthView {
  const config = smallConfig({ newFlowsTableLength: 1024, ...small });
  return { config, frontends: config.frontends, stateOf: (name) => states[name] ?? "up" };
}

function forecast(
  now: HealthView,
  atOnce: HealthView,
  options: { settled?: HealthView; weights?: boolean } = {},
): LbForecast {
  const { settled = atOnce, weights = true } = options;
  return finish(forecastVips({ now, atOnce, settled, can: { weights } }));
}

/** `10.0.0.1 kept 100/256 100/342 100/256`: now, at once, settled; `!` marks a flush. */
function serversOf(vip: VipForecast): string[] {
  return vip.servers.map(({ address, change, flush, now, atOnce, settled }) => {
    const shares = [now, atOnce, settled].map((s) => s ? `${s.weight}/${s.buckets}` : "-");
    return [address.text, change + (flush ? "!" : ""), ...shares].join(" ");
  });
}

function onlyVip({ vips }: LbForecast): VipForecast {
  assert.equal(vips.length, 1);
  return vips[0]!;
}

const FOUR: SmallConfig = {
  backends: { a: {}, b: {}, c: {}, d: {} },
  frontends: { web: { pools: "a b c d" } },
};
const NO_OPERATIONS = {
  vipAdded: 0,
  vipRemoved: 0,
  vipRecreated: 0,
  asAdded: 0,
  asRemoved: 0,
  asWeightUpdated: 0,
};
const NO_SHIFT = { length: 1024, moved: 0, lost: 0, gained: 0, rehashed: false };

Deno.test("forecast: no change gives unchanged VIPs", () => {
  const result = forecast(view(FOUR), view(FOUR));
  const vip = onlyVip(result);
  assert.deepEqual([vip.change, vip.reason, vip.servers], ["unchanged", "", []]);
  assert.deepEqual([vip.atOnce, vip.settled], [NO_SHIFT, NO_SHIFT]);
  assert.deepEqual(result.operations, NO_OPERATIONS);
  // A server that was flushed when it was disabled is not flushed again.
  const out = view(FOUR, { a: "disabled", b: "paused" });
  assert.equal(onlyVip(forecast(out, out)).change, "unchanged");
});

Deno.test("forecast: weights as measured on VPP, before and after", () => {
  const after = { ...FOUR, frontends: { web: { pools: "a:50 b c d" } } };
  const result = forecast(view(FOUR), view(after));
  const vip = onlyVip(result);
  assert.deepEqual(
    [vip.frontend, vip.address.text, vip.prefixLength, vip.protocol, vip.port, vip.change],
    ["web", "192.0.2.1", 32, 6, 80, "changed"],
  );
  assert.deepEqual(serversOf(vip), [
    "10.0.0.1 reweighted 100/256 50/150 50/150",
    "10.0.0.2 kept 100/256 100/292 100/292",
    "10.0.0.3 kept 100/256 100/291 100/291",
    "10.0.0.4 kept 100/256 100/291 100/291",
  ]);
  assert.deepEqual(result.operations, { ...NO_OPERATIONS, asWeightUpdated: 1 });
  assert.equal(movedShare(vip.atOnce), vip.atOnce.moved / 1024);
  assert.ok(vip.atOnce.moved >= 106 && vip.atOnce.moved < 512, `${vip.atOnce.moved}`);
});

Deno.test("forecast: a restarted backend has no weight at once, and the same as before when settled", () => {
  const vip = onlyVip(forecast(view(FOUR), view(FOUR, { a: "unknown" }), { settled: view(FOUR) }));
  assert.equal(vip.change, "changed");
  assert.deepEqual(serversOf(vip)[0], "10.0.0.1 reweighted 100/256 0/0 100/256");
  assert.ok(vip.atOnce.moved >= 256);
  assert.deepEqual(vip.settled, NO_SHIFT);
});

Deno.test("forecast: a server that only gets weight when settled is a change, too", () => {
  const now = view(FOUR, { a: "unknown" });
  const vip = onlyVip(forecast(now, now, { settled: view(FOUR) }));
  assert.deepEqual([vip.change, vip.atOnce.moved], ["changed", 0]);
  assert.ok(vip.settled.moved >= 256);
  assert.deepEqual(serversOf(vip)[0], "10.0.0.1 kept 0/0 0/0 100/256");
});

Deno.test("forecast: the last server of a VIP loses all buckets, and gets them back", () => {
  const one: SmallConfig = { backends: { a: {} }, frontends: { web: { pools: "a" } } };
  const lost = onlyVip(forecast(view(one), view(one, { a: "down" })));
  assert.deepEqual(lost.atOnce, { ...NO_SHIFT, lost: 1024 });
  assert.deepEqual(serversOf(lost), ["10.0.0.1 reweighted! 100/1024 0/0 0/0"]);
  const back = onlyVip(forecast(view(one, { a: "down" }), view(one)));
  assert.deepEqual(back.atOnce, { ...NO_SHIFT, gained: 1024 });
});

Deno.test("forecast: added and removed VIPs, in VIP order, with the frontend's name at that time", () => {
  const pools = "a b";
  const backends = { a: {}, b: {} };
  const now = view({
    backends,
    frontends: {
      stays: { pools, address: "192.0.2.3" },
      goes: { pools, address: "192.0.2.1" },
      old: { pools, address: "192.0.2.4" },
    },
  });
  const after = view({
    backends,
    frontends: {
      comes: { pools, address: "192.0.2.2" },
      stays: { pools, address: "192.0.2.3" },
      new: { pools, address: "192.0.2.4" },
    },
  });
  const result = forecast(now, after);
  assert.deepEqual(result.vips.map((vip) => `${vip.address.text} ${vip.frontend} ${vip.change}`), [
    "192.0.2.1 goes removed",
    "192.0.2.2 comes added",
    "192.0.2.3 stays unchanged",
    "192.0.2.4 new unchanged",
  ]);
  assert.deepEqual(serversOf(result.vips[0]!), [
    "10.0.0.1 removed! 100/512 - -",
    "10.0.0.2 removed! 100/512 - -",
  ]);
  assert.deepEqual(result.vips[0]!.settled, { ...NO_SHIFT, lost: 1024 });
  assert.deepEqual(serversOf(result.vips[1]!), [
    "10.0.0.1 added - 100/512 100/512",
    "10.0.0.2 added - 100/512 100/512",
  ]);
  assert.deepEqual(result.vips[1]!.atOnce, { ...NO_SHIFT, gained: 1024 });
  assert.deepEqual(result.operations, {
    ...NO_OPERATIONS,
    vipAdded: 1,
    vipRemoved: 1,
    asAdded: 2,
    asRemoved: 2,
  });
});

Deno.test("forecast: a recreated VIP forgets its flows, and tables of two lengths are compared", () => {
  const result = forecast(view(FOUR), view({ ...FOUR, newFlowsTableLength: 4096 }));
  const vip = onlyVip(result);
  assert.deepEqual([vip.change, vip.reason], [
    "recreated",
    "new-flows-table-length 1024 to 4096",
  ]);
  assert.deepEqual(serversOf(vip)[0], "10.0.0.1 kept! 100/256 100/1024 100/1024");
  assert.equal(vip.atOnce.length, 4096);
  // By chance a quarter of the buckets has the same server.
  assert.ok(movedShare(vip.atOnce) > 0.5 && movedShare(vip.atOnce) < 1);
  assert.deepEqual(result.operations, {
    ...NO_OPERATIONS,
    vipAdded: 1,
    vipRemoved: 1,
    vipRecreated: 1,
    asAdded: 4,
    asRemoved: 4,
  });
  const sticky = { ...FOUR, frontends: { web: { pools: "a b c d", srcIpSticky: true } } };
  const rehashed = onlyVip(forecast(view(FOUR), view(sticky)));
  assert.deepEqual(rehashed.atOnce, { ...NO_SHIFT, moved: 768, rehashed: true });
  assert.equal(rehashed.reason, "src-ip-sticky false to true");
});

Deno.test("forecast: another address under the same name is another server", () => {
  const after = { ...FOUR, backends: { ...FOUR.backends, a: { address: "10.0.0.9" } } };
  const vip = onlyVip(forecast(view(FOUR), view(after)));
  assert.deepEqual(serversOf(vip).map((line) => line.split(" ").slice(0, 2).join(" ")), [
    "10.0.0.1 removed!",
    "10.0.0.2 kept",
    "10.0.0.3 kept",
    "10.0.0.4 kept",
    "10.0.0.9 added",
  ]);
});

Deno.test("forecast: in a VPP without weights all servers have the same share", () => {
  const now = { ...FOUR, frontends: { web: { pools: "a:1 b c d:0" } } };
  const after = { ...FOUR, frontends: { web: { pools: "a:50 b:0 c d:0" } } };
  const result = forecast(view(now), view(after), { weights: false });
  const vip = onlyVip(result);
  assert.deepEqual(serversOf(vip), [
    "10.0.0.1 kept 100/342 100/512 100/512",
    "10.0.0.2 removed 100/341 - -",
    "10.0.0.3 kept 100/341 100/512 100/512",
  ]);
  assert.deepEqual(result.operations, { ...NO_OPERATIONS, asRemoved: 1 });
  const weights = { ...FOUR, frontends: { web: { pools: "a:7 b:8 c:9 d:0" } } };
  assert.equal(onlyVip(forecast(view(now), view(weights), { weights: false })).change, "unchanged");
});

Deno.test("forecast: a VIP that VPP would refuse stays as it is, also when settled", () => {
  const all = { address: "192.0.2.1", pools: "a b" };
  const now = view({ ...FOUR, frontends: { all: { ...all, port: 0 } } });
  const both = { ...FOUR, frontends: { all: { ...all, port: 0 }, web: all } };
  const result = forecast(now, view(both, { a: "unknown" }), { settled: view(both) });
  const [kept, refused] = result.vips;
  assert.deepEqual([kept!.port, kept!.change], [0, "changed"]);
  assert.deepEqual([refused!.port, refused!.change], [80, "refused"]);
  assert.match(refused!.reason, /cannot share a prefix with/);
  for (const shift of [refused!.atOnce, refused!.settled]) {
    assert.deepEqual([shift.gained, shift.moved, shift.lost], [0, 0, 0]);
  }
  assert.deepEqual(serversOf(refused!), []);
  assert.equal(result.operations.vipAdded, 0);
});

Deno.test("forecast: without a vpp.lb section the default length applies", () => {
  const config = smallConfig(FOUR);
  const none: HealthView = { config, frontends: config.frontends, stateOf: () => "up" };
  assert.equal(onlyVip(forecast(none, none)).atOnce.length, 1024);
});

Deno.test("forecast stops at each VIP and before each table, even on one prefix", () => {
  const VIPS = 20;
  const backends = Object.fromEntries(
    Array.from({ length: 2 * VIPS }, (_, i) => [`b${i}`, { address: `10.0.1.${i}` }]),
  );
  const frontends = Object.fromEntries(
    Array.from({ length: VIPS }, (_, i) => [
      `f${i}`,
      { address: "192.0.2.1", port: 1000 + i, pools: `b${2 * i} b${2 * i + 1}` },
    ]),
  );
  const now = view({ backends, frontends });
  const stops = (atOnce: HealthView, settled: HealthView) => {
    const steps = forecastVips({ now, atOnce, settled, can: { weights: true } });
    let count = 0;
    while (steps.next().done !== true) count++;
    return count;
  };
  assert.ok(stops(now, now) >= VIPS);
  const paused = { ...now, stateOf: (): BackendState => "paused" };
  const half = {
    ...now,
    stateOf: (name: string): BackendState => Number(name.slice(1)) % 2 === 0 ? "up" : "down",
  };
  const [unchanged, changed] = [stops(now, now), stops(paused, half)];
  assert.ok(changed - unchanged >= 3 * VIPS, `${unchanged} ${changed}`);
});

Deno.test("forecast: a policy holds no weight in a VIP that the frontend moves to", () => {
  const backends = { a: {}, b: {} };
  const down = { a: "down", b: "down" } as const;
  const now = view({ backends, frontends: { web: { pools: "a b", maxDown: { count: 1 } } } }, down);
  const servers = [1, 2].map((n) => ({
    address: parseIp(`10.0.0.${n}`)!,
    weight: 100,
    flush: false,
  }));
  const past = new Map([["web", { memory: NO_MEMORY, servers }]]);
  const heldAt = (port: number) => {
    const frontends = { web: { pools: "a b", onAllDown: "last-good" as const, port } };
    const next = view({ backends, frontends }, down);
    const input = { past, now, atOnce: next, settled: next, can: { weights: true } };
    const { vips } = finish(forecastVips(input));
    const vip = vips.find((vip) => vip.port === port)!;
    const plans = finish(changePlans(input));
    const sent = plans.find((plan) => plan.vip.port === port)!.desired!.servers;
    assert.deepEqual(
      sent.map(({ weight }) => weight),
      vip.servers.length === 0 ? [0, 100] : vip.servers.map(({ atOnce }) => atOnce!.weight),
    );
    return vip.change === "unchanged" ? "unchanged" : serversOf(vip);
  };
  assert.equal(heldAt(80), "unchanged");
  assert.deepEqual(heldAt(81), ["10.0.0.1 added - 0/0 0/0", "10.0.0.2 added - 0/0 0/0"]);
});

Deno.test("forecast: a server has the names of the frontend's backends, before and after", () => {
  const now = view({
    backends: { a: { address: "10.0.0.1" }, b: { address: "10.0.0.2" } },
    frontends: { web: { pools: "a b" } },
  });
  const next = view({
    backends: {
      a: { address: "10.0.0.1" },
      new: { address: "10.0.0.2" },
      other: { address: "10.0.0.1" },
    },
    frontends: { web: { pools: "a:50 new" }, api: { pools: "other" } },
  });
  const { vips } = forecast(now, next);
  const named = vips.map(({ frontend, servers }) => [
    frontend,
    servers.map(({ address, backends }) => [address.text, ...backends].join(" ")),
  ]);
  assert.deepEqual(named, [
    ["web", ["10.0.0.1 a", "10.0.0.2 b new"]],
    ["api", ["10.0.0.1 other"]],
  ]);
});
