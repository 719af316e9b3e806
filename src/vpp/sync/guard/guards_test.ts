/** Operations that VPP would not survive are never sent, and are reported as withheld. */
import assert from "node:assert/strict";
import { executeOn } from "../../../../tests/support/worlds/plugin_lb.ts";
import { World } from "../../../../tests/support/worlds/reconcile_world.ts";
import { monotonic } from "../../../../tests/support/fakes/instants.ts";
import { actual, desired, ip } from "../../../../tests/support/fakes/vips.ts";
import { toIp } from "../../../sim/plugin/address46.ts";
import { LbPlugin } from "../../../sim/plugin/plugin.ts";
import { countTraffic } from "../../../sim/plugin/traffic.ts";
import type { DesiredVip } from "../../lb/model.ts";
import type { StatsReader } from "../../ports.ts";
import { withheldText } from "./withheld.ts";

const ALL = { protocol: 255, port: 0 } as const;
const A = "192.0.2.1";
const B = "192.0.2.2";

/** One packet to every all-ports VIP that VPP has. */
function packets(plugin: LbPlugin): void {
  for (const { prefix, used, port } of plugin.vips()) {
    if (!used || port !== 0) continue;
    const address = ip([...prefix.bytes.slice(12)].join("."));
    countTraffic(plugin, { address, port, packets: 1, bytes: 100, kind: "first" });
  }
}

function said(world: World): readonly string[] {
  return world.reconciler.withheld().map(withheldText);
}

const RINGS: readonly (readonly [name: string, vips: readonly DesiredVip[]])[] = [
  ["a VIP that is its own server", [desired(A, `${A}=100 10.0.0.1=100`, ALL)]],
  ["two VIPs that are each other's server", [
    desired(A, `${B}=100`, ALL),
    desired(B, `${A}=100`, ALL),
  ]],
  [
    "a chain of six VIPs",
    Array.from(
      { length: 6 },
      (_, i) => desired(`192.0.2.${i + 1}`, `192.0.2.${i + 2}=100 10.0.0.1=1`, ALL),
    ),
  ],
];

for (const [name, vips] of RINGS) {
  Deno.test(`${name} is not sent to VPP: no packet crashes it, log and list name the chain`, async () => {
    const world = await new World(Object.fromEntries(vips.map((vip, i) => [`f${i}`, vip]))).start();
    packets(world.lb.plugin);
    assert.equal(world.lb.plugin.death, undefined);
    const [first, ...rest] = said(world);
    assert.match(first!, /192\.0\.2\.\d+\/32 any 0: cannot program .*192\.0\.2\.1\/32 255 0 ->/);
    assert.deepEqual(rest, []);
    assert.equal(world.logger.of("vpp-withheld").length, 1);
    assert.equal(world.logger.of("vpp-withheld")[0]!.kind, "chain");
    assert.ok(world.stats.at(-1)!.failed > 0);
    // Logged once, not at every run.
    await world.pass(60_000);
    assert.equal(world.logger.of("vpp-withheld").length, 1);
    await world.reconciler.stop();
  });
}

Deno.test("a chain of four VIPs that ends in a real server is programmed", async () => {
  const vips = Array.from(
    { length: 4 },
    (_, i) => desired(`192.0.2.${i + 1}`, i < 3 ? `192.0.2.${i + 2}=100` : "10.0.0.1=100", ALL),
  );
  const world = await new World(Object.fromEntries(vips.map((vip, i) => [`f${i}`, vip]))).start();
  assert.deepEqual(world.inVpp(), world.wanted());
  assert.deepEqual(said(world), []);
  await world.reconciler.stop();
});

Deno.test("a server that is a VIP with a port is withheld; the other servers of its VIP are not", async () => {
  const world = await new World({
    all: desired(B, `${A}=100 10.0.0.1=100`, ALL),
    web: desired(A, "10.0.0.2=100"),
  }).start();
  assert.equal(said(world).length, 1);
  assert.match(said(world)[0]!, /cannot program server 192\.0\.2\.1: .*drops the packets/);
  assert.deepEqual(world.inVpp(), [
    `${A}/32 6 80 gre4 1024: 10.0.0.2=100`,
    `${B}/32 255 0 gre4 1024: 10.0.0.1=100`,
  ]);
  await world.reconciler.stop();
});

Deno.test("a reload whose old and new VIPs would form a ring succeeds in steps", async () => {
  const world = await new World({ a: desired(A, `${B}=100`, ALL) }).start();
  assert.deepEqual(world.inVpp(), world.wanted());
  // B is added with A as a server while A still has B.
  world.source.vips.clear();
  world.source.vips.set("b", desired(B, `${A}=100`, ALL));
  world.source.vips.set("a", desired(A, "10.0.0.1=100", ALL));
  world.lb.hold();
  world.reconciler.reload();
  for (let step = 0; world.lb.waiting > 0 && step < 100; step++) {
    world.lb.release(1);
    await world.calm();
    packets(world.lb.plugin);
    assert.equal(world.lb.plugin.death, undefined, `step ${step}`);
  }
  assert.deepEqual(world.inVpp(), world.wanted());
  assert.deepEqual(said(world), []);
  assert.deepEqual(world.logger.of("vpp-withheld"), []);
  await world.reconciler.stop();
});

Deno.test("a VIP keeps its last server until the one in its place no longer completes a ring", async () => {
  const C = "192.0.2.3";
  const world = await new World({
    a: desired(A, `${C}=100 10.0.0.1=0`, ALL),
    b: desired(B, `${A}=100 10.0.0.2=100`, ALL),
    c: desired(C, "10.0.0.3=100", ALL),
  }).start();
  // B is added to A while B still has A.
  world.source.vips.set("a", desired(A, `${B}=100 10.0.0.1=0`, ALL));
  world.source.vips.set("b", desired(B, "10.0.0.2=100", ALL));
  world.lb.hold();
  world.reconciler.reload();
  for (let step = 0; world.lb.waiting > 0 && step < 100; step++) {
    world.lb.release(1);
    await world.calm();
    packets(world.lb.plugin);
    assert.equal(world.lb.plugin.death, undefined, `step ${step}`);
    assert.match(world.inVpp()[0]!, /=100/, `step ${step}`);
  }
  assert.deepEqual(world.inVpp(), world.wanted());
  assert.deepEqual(said(world), []);
  await world.reconciler.stop();
});

Deno.test("a VIP that waits for a server flushes those that are out, and not the removed one", async () => {
  const C = "192.0.2.3";
  const world = await new World({
    a: desired(A, `${C}=100 10.0.0.1=100`, ALL),
    b: desired(B, `${A}=100 10.0.0.2=100`, ALL),
    c: desired(C, "10.0.0.3=100", ALL),
  }).start();
  const flushesAtFirst = flushes(world);
  // B is added to A while B still has A. Until then C serves, and 10.0.0.1 is disabled.
  world.source.vips.set("a", desired(A, `${B}=100 10.0.0.1=0!`, ALL));
  world.source.vips.set("b", desired(B, "10.0.0.2=100", ALL));
  world.lb.hold();
  world.reconciler.reload();
  let isOut = false;
  while (world.lb.waiting > 0) {
    world.lb.release(1);
    await world.calm();
    const [vip] = world.inVpp();
    if (!isOut && vip!.includes("10.0.0.1=0")) {
      isOut = true;
      assert.match(vip!, /192.0.2.3=100/);
      assert.ok(flushes(world) > flushesAtFirst);
    }
  }
  assert.ok(isOut);
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
});

/** Flushes of 10.0.0.1 in VIP A. */
function flushes({ lb: { plugin } }: World): number {
  const [vip] = [...plugin.vips()].filter(({ prefix }) => toIp(prefix).text === A);
  const servers = [...plugin.serversOf(vip!)];
  return servers.find(({ address }) => toIp(address).text === "10.0.0.1")!.flushes;
}

Deno.test("VIPs of another program count: during warm-up a server inside a wide VIP is withheld", async () => {
  const world = new World({ web: desired(A, "198.51.100.7=100") }, { startupMaxDelayMs: 60_000 });
  const name = {
    pfx: { address: ip("198.51.100.0"), len: 24 },
    protocol: 255,
    port: 0,
  };
  world.lb.plugin.addVip({
    ...name,
    encap: 0,
    dscp: 0,
    type: 0,
    targetPort: 0,
    newFlowsTableLength: 4,
    srcIpSticky: false,
  });
  world.lb.plugin.addServer(name, { address: ip("198.51.100.9"), weight: 1, flush: false });
  world.source.unknown.add("other");
  world.source.vips.set("other", desired(B, "10.0.0.1=0"));
  await world.start();
  assert.match(said(world)[0]!, /198\.51\.100\.7: the servers of VIPs form a ring/);
  assert.ok(!world.takeWrites().some((write) => write.includes("198.51.100.7")));
  // When the other program's VIP is removed, the server is added.
  await world.pass(60_000);
  await world.pass(30_000);
  assert.deepEqual(world.inVpp(), world.wanted());
  assert.deepEqual(said(world), []);
  await world.reconciler.stop();
});

Deno.test("weight never completes a ring: neither an operator's nor for another program's server", async () => {
  const world = await new World({ a: desired(A, `${A}=0 10.0.0.1=100`, ALL) }).start();
  assert.equal(said(world).length, 1);
  world.transition("a", desired(A, `${A}=100 10.0.0.1=100`, ALL));
  await world.calm();
  packets(world.lb.plugin);
  assert.equal(world.lb.plugin.death, undefined);
  // Another program adds it with weight 0; giving it weight is withheld, too.
  executeOn(world.lb.plugin, {
    kind: "as-add",
    vip: desired(A, "", ALL),
    address: ip(A),
    weight: 0,
  });
  await world.pass(30_000);
  packets(world.lb.plugin);
  assert.equal(world.lb.plugin.death, undefined);
  assert.ok(!world.takeWrites().includes(`as-weight ${A}/32 255 0 ${A} 100`));
  await world.reconciler.stop();
});

Deno.test("a NAT VIP of another program is left alone, and reported", async () => {
  const world = new World({ web: desired(A, "10.0.0.1=100") });
  const name = { pfx: { address: ip(B), len: 32 }, protocol: 17, port: 53 };
  world.lb.plugin.addVip({
    ...name,
    encap: 3,
    dscp: 0,
    type: 0,
    targetPort: 5353,
    newFlowsTableLength: 4,
    srcIpSticky: false,
  });
  await world.start();
  assert.deepEqual(said(world), [
    `${B}/32 udp 53: VPP may crash when servers of a nat4 VIP are removed; remove it with the ` +
    "program that added it",
  ]);
  assert.equal(world.inVpp().length, 2);
  await world.reconciler.stop();
});

Deno.test("values that crash VPP are withheld: lb_conf, table length, IPv6 treated as IPv4", async () => {
  const world = new World({
    length: desired(A, "10.0.0.1=100", { newFlowsTableLength: 0 }),
    mapped: desired("2001:db8::1", "::10.0.0.1=100 fd00::1=100"),
  });
  world.source.conf = { ...world.source.conf, stickyBucketsPerCore: 2 ** 26 };
  await world.start();
  assert.equal(world.lb.plugin.death, undefined);
  assert.ok(!world.takeWrites().includes("set-conf"));
  assert.deepEqual(said(world).map((line) => line.replace(/;.*/, "")), [
    `${A}/32 tcp 80: new-flows-table-length 0 crashes VPP`,
    "2001:db8::1/128 tcp 80: VPP treats ::a00:1 as an IPv4 address",
    "lb_conf: sticky-buckets-per-core 67108864 crashes VPP at its next packet",
  ]);
  // A valid configuration clears it.
  world.source.conf = { ...world.source.conf, stickyBucketsPerCore: 65536 };
  world.source.vips.set("length", desired(A, "10.0.0.1=100"));
  world.source.vips.delete("mapped");
  world.reconciler.reload();
  await world.calm();
  assert.deepEqual(said(world), []);
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
});

/** A VPP whose stats segment has a given size. */
class Room implements StatsReader {
  readonly #sizeBytes: number;
  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
  }
  prepare = () => ({ read: () => ({ kind: "busy" as const }) });
  room = () => ({ sizeBytes: this.#sizeBytes, threads: 2, routes: 8 });
}

Deno.test("servers without room in the stats segment are withheld and reported; half full is a warning", async () => {
  // (2 MiB - 1 MiB) * 0.8 / (64 bytes * 2 threads) is 6,553 routes, less some for counters of VIPs.
  const servers = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => `10.0.${(from + i) >> 8}.${(from + i) & 255}=1`).join(
      " ",
    );
  const vips = Array.from(
    { length: 8 },
    (_, i) => desired(`192.0.2.${i}`, servers(1000 * i, 1000)),
  );
  const world = new World(Object.fromEntries(vips.map((vip, i) => [`f${i}`, vip])));
  world.lb.plugin.onDeath = (reason) => assert.fail(reason);
  world.reconciler.start();
  world.connection.connect(world.lb, new Room(2 << 20));
  await world.calm();
  const routes = world.lb.plugin.routes.size;
  assert.ok(routes > 6500 && routes < 6560, `${routes}`);
  const [tight] = world.logger.of("vpp-platform");
  const [needed, available] = [tight!["needed-bytes"], tight!["available-bytes"]].map(Number);
  assert.ok(needed! > 1 << 19 && needed! < (1 << 19) + 256 && available === 1 << 20);
  assert.equal(world.logger.of("vpp-platform").length, 1);
  assert.deepEqual(said(world).map((line) => line.split(":")[0]), [
    "192.0.2.6/32 tcp 80",
    "192.0.2.7/32 tcp 80",
  ]);
  assert.match(
    said(world)[0]!,
    /cannot program server 10\.0\.\d+\.\d+, .* and \d+ more: VIPs and servers need \d+ bytes/,
  );
  assert.match(said(world)[1]!, /cannot program the VIP: /);
  assert.equal(world.reconciler.statsUse({ routes: 9000, vips: 8 })!.verdict, "full");
  await world.reconciler.stop();
});

Deno.test("removed servers make room once VPP has collected them", async () => {
  const plugin = new LbPlugin(monotonic(0), { statsBytes: 2 << 20 });
  plugin.onDeath = (reason) => assert.fail(reason);
  let most = 0;
  // VPP's vector of counters never becomes shorter.
  const routes = () => most = Math.max(most, plugin.routes.size + 8);
  const room = { room: () => ({ sizeBytes: 2 << 20, threads: 2, routes: routes() }) };
  const servers = (block: number) =>
    Array.from({ length: 6000 }, (_, i) => `10.${block}.${i >> 8}.${i & 255}=1`).join(" ");
  const world = new World({ web: desired(A, servers(1)) });
  world.lb = world.vpp(plugin);
  world.reconciler.start();
  world.connection.connect(world.lb, { prepare: new Room(0).prepare, ...room });
  await world.calm();
  assert.deepEqual(said(world), []);
  world.source.vips.set("web", desired(A, servers(2)));
  world.reconciler.reload();
  await world.calm();
  assert.match(said(world)[0]!, /cannot program server 10\.2\./);
  plugin.advance(monotonic(120_000));
  await world.pass(30_000);
  assert.deepEqual(said(world), []);
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
});

Deno.test("without a stats segment nothing is withheld because of room", async () => {
  const world = await new World({ web: desired(A, "10.0.0.1=100") }).start();
  assert.deepEqual([said(world), world.reconciler.statsUse({ routes: 1e9, vips: 0 })], [
    [],
    undefined,
  ]);
  await world.reconciler.stop();
});

Deno.test("a VIP that VPP refused or lost is never flushed", async () => {
  const world = new World({ web: desired(A, "10.0.0.1=100") });
  world.lb.refuse = (text) => text.startsWith("vip-add") ? -70 : undefined;
  await world.start();
  const flushes = () => world.takeWrites().filter((write) => write.startsWith("vip-flush"));
  assert.deepEqual(flushes(), []);
  world.lb.refuse = () => undefined;
  await world.pass(30_000);
  assert.deepEqual(flushes(), [`vip-flush ${A}/32 6 80`]);
  // Another program deletes it; then both servers go down, which would need one flush.
  world.transition("web", desired(A, "10.0.0.1=100 10.0.0.2=100"));
  await world.calm();
  executeOn(world.lb.plugin, { kind: "vip-del", vip: actual(A) });
  world.takeWrites();
  world.transition("web", desired(A, "10.0.0.1=0! 10.0.0.2=0!"));
  await world.calm();
  assert.deepEqual(world.takeWrites(), [
    `as-weight ${A}/32 6 80 10.0.0.1 0`,
    `as-weight ${A}/32 6 80 10.0.0.2 0`,
  ]);
  await world.pass(30_000);
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
});
