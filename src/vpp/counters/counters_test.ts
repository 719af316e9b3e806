/** Tests VppCounters over the simulator's plugin, in memory. */
import assert from "node:assert/strict";
import { PluginLb } from "../../../tests/support/worlds/plugin_lb.ts";
import { PluginStats } from "../../../tests/support/worlds/plugin_stats.ts";
import { World } from "../../../tests/support/worlds/reconcile_world.ts";
import { wall } from "../../../tests/support/fakes/instants.ts";
import { desired, ip, type VipShape } from "../../../tests/support/fakes/vips.ts";
import { countTraffic, type TrafficKind } from "../../sim/plugin/traffic.ts";
import { VppCounters } from "./counters.ts";
import { CountersPlan } from "./plan.ts";
import type { DesiredVip } from "../lb/model.ts";
import { vipKeyText } from "../lb/model.ts";
import type { CountersRead, CountersSnapshot } from "../ports.ts";

const A = "192.0.2.1";
const B = "192.0.2.2";
const SIX = "2001:db8::1";
const UP = "10.0.0.1=100";
const INTERVAL_MS = 5000;
const BUSY: CountersRead = { kind: "busy" };

class CountersWorld extends World {
  readonly segment = new PluginStats(() => this.lb.plugin.counters);
  readonly counters: VppCounters;
  readonly published: string[] = [];
  intervalMs = INTERVAL_MS;

  constructor(wanted: Readonly<Record<string, DesiredVip>>) {
    super(wanted);
    this.counters = new VppCounters({
      connection: this.connection,
      counted: () => this.reconciler.counted(),
      clock: this.clock,
      logger: this.logger,
      intervalMs: () => this.intervalMs,
    });
    this.counters.onSnapshot = (snapshot) => this.published.push(text(snapshot));
  }

  override async start(): Promise<this> {
    this.reconciler.start();
    this.counters.start();
    await this.join();
    return this;
  }

  async join(): Promise<void> {
    this.connection.connect(this.lb, this.segment);
    await this.calm();
    await this.pass(100);
  }

  traffic(address: string, kind: TrafficKind, packets: number, shape: VipShape = {}): void {
    const traffic = { address: ip(address), port: shape.port ?? 80, packets, bytes: 60 * packets };
    assert.ok(countTraffic(this.lb.plugin, { ...traffic, kind }));
  }

  now(): string {
    return text(this.counters.snapshot);
  }

  async stop(): Promise<void> {
    await Promise.all([this.counters.stop(), this.reconciler.stop()]);
    assert.equal(this.clock.timers, 0);
  }
}

/** `192.0.2.1/32 6 80 next+first+untracked+no_server packets/bytes` of each VIP. */
function text(snapshot: CountersSnapshot | undefined): string {
  if (snapshot === undefined) return "none";
  return snapshot.vips.map((vip, i) => {
    const counters = snapshot.at(i);
    assert.equal(counters.vip, vip);
    const { next, first, untracked, noServer, fibPackets, fibBytes } = counters;
    return `${vipKeyText(vip)} ${next}+${first}+${untracked}+${noServer} ${fibPackets}/${fibBytes}`;
  }).join(", ");
}

Deno.test("VppCounters publishes the counters of each VIP and its route, every interval", async () => {
  const shape = { port: 443 };
  const world = await new CountersWorld({
    six: desired(SIX, "fd00::1=100"),
    web: desired(A, UP),
    tls: desired(A, UP, shape),
    b: desired(B, UP),
  }).start();
  const zero = `${A}/32 6 80 0+0+0+0 0/0, ${A}/32 6 443 0+0+0+0 0/0, ${B}/32 6 80 0+0+0+0 0/0, ` +
    `${SIX}/128 6 80 0+0+0+0 0/0`;
  assert.deepEqual(world.published, [zero]);
  assert.equal(world.counters.snapshot!.takenAtMs, 1_700_000_000_000);
  world.traffic(A, "first", 3);
  world.traffic(A, "next", 27);
  world.traffic(A, "no-server", 10, shape);
  world.traffic(B, "untracked", 5);
  world.traffic(SIX, "next", 11);
  assert.equal(world.now(), zero, "a snapshot does not change");
  await world.pass(INTERVAL_MS);
  // Both VIPs of a prefix have the counters of its only route.
  assert.equal(
    world.now(),
    `${A}/32 6 80 27+3+0+0 40/2400, ${A}/32 6 443 0+0+0+10 40/2400, ` +
      `${B}/32 6 80 0+0+5+0 5/300, ${SIX}/128 6 80 11+0+0+0 11/660`,
  );
  world.lb.calls.length = 0;
  await world.pass(10 * INTERVAL_MS);
  assert.equal(world.published.length, 12);
  const asked = world.lb.calls.filter((call) => call.startsWith("route"));
  assert.deepEqual(asked, [], "known indices are not read again");
  await world.stop();
});

Deno.test("VppCounters includes a VIP that was added later from the next run on", async () => {
  const world = await new CountersWorld({ web: desired(A, UP) }).start();
  world.transition("b", desired(B, UP));
  await world.calm();
  world.traffic(B, "next", 4);
  world.lb.calls.length = 0;
  await world.pass(INTERVAL_MS);
  assert.equal(world.now(), `${A}/32 6 80 0+0+0+0 0/0, ${B}/32 6 80 4+0+0+0 4/240`);
  assert.deepEqual(
    world.lb.calls,
    ["cli show lb vips verbose", `route ${B}/32 6 80`],
    "one command for all indices, and one lookup for the new route",
  );
  await world.stop();
});

Deno.test("VppCounters counts each server once over all its VIPs", async () => {
  const world = await new CountersWorld({
    web: desired(A, "10.0.0.1=100 10.0.0.2=50"),
    tls: desired(A, "10.0.0.1=100", { port: 443 }),
  }).start();
  const servers = () => {
    const counted = world.counters.snapshot?.servers() ?? [];
    return counted.map(({ address, packets, bytes }) => `${address.text} ${packets}/${bytes}`);
  };
  assert.deepEqual(servers(), ["10.0.0.1 0/0", "10.0.0.2 0/0"]);
  world.traffic(A, "next", 30);
  world.traffic(A, "first", 5, { port: 443 });
  world.traffic(A, "no-server", 99);
  await world.pass(INTERVAL_MS);
  // Each packet of 60 bytes leaves in GRE over IPv4, which adds 24.
  assert.deepEqual(servers(), [`10.0.0.1 25/${25 * 84}`, `10.0.0.2 10/${10 * 84}`]);
  world.transition("tls", desired(A, "10.0.0.1=0", { port: 443 }));
  await world.pass(INTERVAL_MS);
  assert.deepEqual(servers(), [`10.0.0.1 25/${25 * 84}`, `10.0.0.2 10/${10 * 84}`]);
  world.transition("web", desired(A, "10.0.0.1=100"));
  await world.pass(INTERVAL_MS);
  assert.deepEqual(servers(), [`10.0.0.1 25/${25 * 84}`], "a removed server is not counted");
  world.transition("web", desired(A, "10.0.0.1=100 10.0.0.3=100"));
  await world.pass(INTERVAL_MS);
  assert.deepEqual(
    servers().length,
    1,
    "an added server has no index before the next full read",
  );
  await world.reconciler.sync();
  await world.pass(INTERVAL_MS);
  assert.deepEqual(servers(), [`10.0.0.1 25/${25 * 84}`, "10.0.0.3 0/0"]);
  await world.stop();
});

Deno.test("VppCounters leaves a recreated VIP out until its index is known, then starts at zero", async () => {
  const world = await new CountersWorld({ web: desired(A, UP), b: desired(B, UP) }).start();
  world.traffic(A, "next", 100);
  world.traffic(B, "next", 7);
  await world.pass(INTERVAL_MS);
  assert.match(world.now(), /^192\.0\.2\.1\/32 6 80 100\+0\+0\+0 100\/6000/);
  // The deletion is sent but not answered; from now on the index may be another VIP's.
  world.lb.hold();
  world.transition("web", desired(A, UP, { srcIpSticky: true }));
  await world.calm();
  await world.clock.advanceAsync(INTERVAL_MS);
  world.lb.release();
  await world.calm();
  world.traffic(A, "first", 2);
  await world.pass(INTERVAL_MS);
  assert.equal(world.now(), `${A}/32 6 80 0+2+0+0 2/120, ${B}/32 6 80 7+0+0+0 7/420`);
  assert.ok(
    world.published.every((line) => !/192\.0\.2\.1\/32 6 80 (102|100\+2)/.test(line)),
    world.published.join("\n"),
  );
  await world.stop();
});

Deno.test("VppCounters reads no VIP by the index of one whose deletion is under way", async () => {
  const world = await new CountersWorld({ web: desired(A, UP), b: desired(B, UP) }).start();
  world.traffic(A, "next", 100);
  world.lb.hold();
  world.transition("web", desired(A, UP, { srcIpSticky: true }));
  assert.deepEqual(
    world.reconciler.counted()!.vips().map(({ poolIndex }) => poolIndex === undefined),
    [true, false],
  );
  world.lb.release();
  await world.calm();
  await world.stop();
});

Deno.test("VppCounters discards a reply about a VIP that was recreated meanwhile", async () => {
  const world = await new CountersWorld({ web: desired(A, UP) }).start();
  world.transition("b", desired(B, UP));
  await world.calm();
  world.lb.hold();
  // The VIP is recreated after the command that reads the indices was sent.
  await world.clock.advanceAsync(INTERVAL_MS);
  assert.deepEqual(world.lb.calls.at(-1), "cli show lb vips verbose");
  world.transition("b", desired(B, UP, { srcIpSticky: true }));
  world.lb.release(1);
  await world.calm();
  assert.equal(world.reconciler.counted()!.vips()[1]!.poolIndex, undefined);
  world.lb.release();
  await world.calm();
  assert.deepEqual(world.now(), `${A}/32 6 80 0+0+0+0 0/0`);
  world.traffic(B, "next", 6);
  await world.pass(INTERVAL_MS);
  assert.equal(world.now(), `${A}/32 6 80 0+0+0+0 0/0, ${B}/32 6 80 6+0+0+0 6/360`);
  await world.stop();
});

Deno.test("VppCounters looks up the route of a recreated VIP again, even if the pool index is the same", async () => {
  const world = await new CountersWorld({ web: desired(A), b: desired(B, UP) }).start();
  world.traffic(A, "next", 100);
  await world.pass(INTERVAL_MS);
  assert.match(world.now(), /^192\.0\.2\.1\/32 6 80 100\+0\+0\+0 100\/6000/);
  const before = world.reconciler.counted()!.vips()[0]!.poolIndex;
  world.source.vips.delete("web");
  world.reconciler.reload();
  await world.calm();
  world.lb.plugin.collect();
  // Another VIP gets the index of its route.
  world.transition("b", desired(B, `${UP} 10.0.0.9=100`));
  await world.calm();
  world.source.vips.set("web", desired(A));
  world.reconciler.reload();
  await world.calm();
  world.traffic(A, "first", 3);
  await world.pass(INTERVAL_MS);
  assert.equal(world.reconciler.counted()!.vips()[0]!.poolIndex, before);
  assert.equal(world.now(), `${A}/32 6 80 0+3+0+0 3/180, ${B}/32 6 80 0+0+0+0 0/0`);
  await world.stop();
});

Deno.test("VppCounters retries when VPP rearranges its segment, then gives up until the next run", async () => {
  const world = await new CountersWorld({ web: desired(A, UP) }).start();
  world.traffic(A, "next", 1);
  world.segment.instead.push(BUSY, { kind: "error", message: "it lies" }, BUSY);
  await world.pass(INTERVAL_MS + 60);
  assert.equal(world.now(), `${A}/32 6 80 1+0+0+0 1/60`);
  assert.deepEqual(world.logger.of("vpp-counters-error"), []);
  // A VPP that died while it held the lock.
  world.segment.instead.push(...Array.from({ length: 20 }, () => BUSY));
  await world.pass(INTERVAL_MS - 60);
  assert.equal(world.now(), `${A}/32 6 80 1+0+0+0 1/60`, "it still retries");
  await world.pass(1000);
  assert.equal(world.now(), "none", "stale counters are withdrawn");
  await world.pass(INTERVAL_MS);
  assert.deepEqual(world.logger.of("vpp-counters-error").map(({ err }) => err), [
    "cannot read the stats segment: VPP keeps rearranging it",
  ]);
  await world.pass(INTERVAL_MS);
  assert.equal(world.now(), `${A}/32 6 80 1+0+0+0 1/60`);
  assert.ok(world.segment.reads < 40);
  await world.stop();
});

Deno.test("VppCounters logs an error once, and again after a success", async () => {
  const world = await new CountersWorld({ web: desired(A, UP) }).start();
  const lie = () =>
    Array.from({ length: 10 }, () => ({ kind: "error", message: "it lies" } as const));
  world.segment.instead.push(...lie(), ...lie());
  await world.pass(3 * INTERVAL_MS);
  world.segment.instead.push(...lie());
  await world.pass(2 * INTERVAL_MS);
  const errors = world.logger.of("vpp-counters-error").map(({ err }) => err);
  assert.deepEqual(errors, ["it lies", "it lies"]);
  await world.stop();
});

Deno.test("VppCounters leaves out VIPs whose counters VPP lacks, and routes that it does not report", async () => {
  const world = await new CountersWorld({ web: desired(A, UP), b: desired(B, UP) }).start();
  const nan = Float64Array.of(NaN, 1);
  const one = Float64Array.of(1, 1);
  world.segment.instead.push({
    kind: "ok",
    values: [one, one, nan, one, Float64Array.of(1, 1, NaN, NaN)],
  });
  await world.pass(INTERVAL_MS);
  assert.equal(world.now(), `${B}/32 6 80 1+1+1+1 undefined/undefined`);
  await world.stop();
});

Deno.test("VppCounters goes on with the known indices when VPP's text cannot be parsed", async () => {
  const world = await new CountersWorld({ web: desired(A, UP) }).start();
  world.lb.verboseText = "something else";
  world.transition("b", desired(B, UP));
  await world.calm();
  world.traffic(A, "next", 2);
  await world.pass(3 * INTERVAL_MS);
  assert.equal(world.now(), `${A}/32 6 80 2+0+0+0 2/120`);
  const errors = world.logger.of("vpp-counters-error").map(({ err }) => err);
  assert.deepEqual(errors.length, 1);
  assert.match(String(errors[0]), /^show lb vips verbose: line 1: expected a VIP/);
  world.lb.verboseText = undefined;
  await world.pass(INTERVAL_MS);
  assert.match(world.now(), /192\.0\.2\.2\/32/);
  await world.stop();
});

Deno.test("VppCounters withdraws the counters of a VPP that ended; those of the next start at zero", async () => {
  const world = await new CountersWorld({ web: desired(A, UP) }).start();
  world.traffic(A, "next", 9);
  await world.pass(INTERVAL_MS);
  world.die();
  assert.equal(world.now(), "none");
  assert.equal(world.published.at(-1), "none");
  await world.pass(3 * INTERVAL_MS);
  assert.equal(world.now(), "none");
  world.lb = new PluginLb();
  await world.join();
  await world.pass(100);
  assert.equal(world.now(), `${A}/32 6 80 0+0+0+0 0/0`);
  assert.deepEqual(world.logger.of("vpp-counters-error"), []);
  await world.stop();
});

Deno.test("VppCounters ignores replies of a lost connection", async () => {
  const world = await new CountersWorld({ web: desired(A, UP) }).start();
  world.transition("b", desired(B, UP));
  await world.calm();
  world.lb.hold();
  await world.pass(INTERVAL_MS);
  const before = world.published.length;
  world.connection.disconnect();
  world.lb.release();
  await world.calm();
  assert.deepEqual(world.published.slice(before), ["none"]);
  await world.stop();
});

Deno.test("VppCounters follows a new interval, and does nothing without a stats segment", async () => {
  const world = await new CountersWorld({ web: desired(A, UP) }).start();
  world.intervalMs = 1000;
  world.counters.reload();
  await world.pass(10_000);
  assert.equal(world.published.length, 11);
  world.connection.disconnect();
  world.connection.connect(world.lb);
  await world.pass(10_000);
  assert.equal(world.now(), "none");
  world.counters.reload();
  await world.stop();
});

Deno.test("VppCounters reads as often when reloads come more often than that", async () => {
  const world = await new CountersWorld({ web: desired(A, UP) }).start();
  for (let i = 0; i < 20; i++) {
    await world.pass(INTERVAL_MS / 2);
    world.counters.reload();
  }
  assert.equal(world.published.length, 11);
  await world.stop();
});

Deno.test("VppCounters with no VIPs publishes an empty snapshot", async () => {
  const world = await new CountersWorld({}).start();
  assert.deepEqual(world.published, [""]);
  assert.equal(world.segment.reads, 0, "a VPP without VIPs may lack the counters");
  await world.stop();
});

Deno.test("VppCounters.stop() ends a run that waits", async () => {
  const world = await new CountersWorld({ web: desired(A, UP) }).start();
  world.segment.instead.push(...Array.from({ length: 20 }, () => BUSY));
  await world.pass(INTERVAL_MS);
  await world.stop();
  assert.equal(world.now(), "none");
});

Deno.test("a plan of servers only, whose VIP is being recreated, reads nothing", () => {
  const servers = [{ address: ip("10.0.0.1"), routeIndex: 12 }];
  const plan = new CountersPlan({ vips: [], servers }, {
    prepare: () => assert.fail("nothing is read"),
  });
  const read = plan.read();
  assert.ok(read.kind === "ok");
  const snapshot = plan.snapshot(read.values, wall(1));
  assert.deepEqual([snapshot.vips, snapshot.servers()], [[], []]);
});

Deno.test("a plan reads ascending indices, each once, for any order of VIPs", () => {
  const vip = (n: number) => ({ ...desired(`192.0.2.${n}`) });
  let asked: number[][] = [];
  const vips = [
    { vip: vip(1), poolIndex: 9, routeIndex: 5 },
    { vip: vip(2), poolIndex: 4, routeIndex: undefined },
    { vip: vip(3), poolIndex: 7, routeIndex: 3 },
    { vip: vip(4), poolIndex: 8, routeIndex: 5 },
  ];
  const servers = [
    { address: ip("10.0.0.1"), routeIndex: 12 },
    { address: ip("10.0.0.2"), routeIndex: 11 },
  ];
  const plan = new CountersPlan({ vips, servers }, {
    prepare(queries) {
      asked = queries.map(({ indices }) => [...indices]);
      const values = queries.map(({ kind, indices }) =>
        Float64Array.from([...indices].flatMap((i) => kind === "simple" ? [i] : [i, 10 * i]))
      );
      return { read: () => ({ kind: "ok", values }) };
    },
  });
  const read = plan.read();
  assert.ok(read.kind === "ok");
  assert.deepEqual(asked, [[4, 7, 8, 9], [4, 7, 8, 9], [4, 7, 8, 9], [4, 7, 8, 9], [3, 5], [
    11,
    12,
  ]]);
  const snapshot = plan.snapshot(read.values, wall(1));
  const rows = snapshot.vips.map((_, i) => snapshot.at(i));
  assert.deepEqual(rows.map(({ next, fibPackets, fibBytes }) => [next, fibPackets, fibBytes]), [
    [9, 5, 50],
    [4, undefined, undefined],
    [7, 3, 30],
    [8, 5, 50],
  ]);
  assert.deepEqual(snapshot.servers(), [
    { address: ip("10.0.0.1"), packets: 12, bytes: 120 },
    { address: ip("10.0.0.2"), packets: 11, bytes: 110 },
  ]);
  assert.throws(() => snapshot.at(4), /snapshot has a VIP 4/);
});
