/** The simulated VPP dies of what kills the real one; each case was seen there. */
import assert from "node:assert/strict";
import { monotonic } from "../../tests/support/fakes/instants.ts";
import { desired, ip } from "../../tests/support/fakes/vips.ts";
import { executeOn } from "../../tests/support/worlds/plugin_lb.ts";
import { SystemClock } from "../system/system_clock.ts";
import type { DesiredVip } from "../vpp/lb/model.ts";
import { startSimulator } from "./api_server.ts";
import { LbPlugin } from "./plugin/plugin.ts";
import { countTraffic } from "./plugin/traffic.ts";

const ALL = { protocol: 255, port: 0 } as const;

function programmed(...vips: readonly DesiredVip[]): LbPlugin {
  const plugin = new LbPlugin(monotonic(0));
  for (const vip of vips) {
    assert.equal(executeOn(plugin, { kind: "vip-add", vip }), 0);
    for (const server of vip.servers) {
      assert.equal(executeOn(plugin, { kind: "as-add", vip, ...server }), 0);
    }
  }
  return plugin;
}

function deathOf(plugin: LbPlugin, address: string, port = 0): string | undefined {
  const traffic = { address: ip(address), port, packets: 1, bytes: 100, kind: "first" as const };
  assert.ok(countTraffic(plugin, traffic));
  return plugin.death;
}

function chain(hops: number, shape: typeof ALL = ALL): readonly DesiredVip[] {
  return Array.from(
    { length: hops },
    (_, i) => desired(`192.0.2.${i + 1}`, `192.0.2.${i + 2}=100`, shape),
  );
}

Deno.test("a packet to a VIP that is its own server crashes VPP, and one to a VIP of weight 0 does not", () => {
  assert.match(
    deathOf(programmed(desired("192.0.2.1", "192.0.2.1=1", ALL)), "192.0.2.1")!,
    /SIGSEGV/,
  );
  assert.equal(
    deathOf(programmed(desired("192.0.2.1", "192.0.2.1=0", ALL)), "192.0.2.1"),
    undefined,
  );
});

Deno.test("a packet on a ring over both families crashes VPP", () => {
  const plugin = programmed(
    desired("192.0.2.1", "2001:db8::1=1", ALL),
    desired("2001:db8::1", "192.0.2.1=1", ALL),
  );
  assert.match(deathOf(plugin, "192.0.2.1")!, /SIGSEGV/);
});

Deno.test("a packet on a chain of VIPs crashes VPP when the headers exceed its headroom", () => {
  assert.equal(deathOf(programmed(...chain(4)), "192.0.2.1"), undefined);
  assert.match(deathOf(programmed(...chain(12)), "192.0.2.1")!, /SIGSEGV: 144 bytes/);
});

Deno.test("a packet to a VIP with a port that is a server of another is lost, and VPP survives", () => {
  const plugin = programmed(
    desired("192.0.2.1", "192.0.2.2=1", ALL),
    desired("192.0.2.2", "192.0.2.1=1", { protocol: 6, port: 80 }),
  );
  assert.equal(deathOf(plugin, "192.0.2.1"), undefined);
});

Deno.test("a packet to a server inside the prefix of its VIP crashes VPP", () => {
  const plugin = new LbPlugin(monotonic(0));
  const pfx = { address: ip("192.0.2.0"), len: 24 };
  const name = { pfx, protocol: 255, port: 0 };
  plugin.addVip({
    ...name,
    encap: 0,
    dscp: 0,
    type: 0,
    targetPort: 0,
    newFlowsTableLength: 4,
    srcIpSticky: false,
  });
  plugin.addServer(name, { address: ip("192.0.2.9"), weight: 1, flush: false });
  executeOn(plugin, { kind: "vip-add", vip: desired("198.51.100.1", "", ALL) });
  plugin.addServer(
    { pfx: { address: ip("198.51.100.1"), len: 32 }, protocol: 255, port: 0 },
    { address: ip("192.0.2.7"), weight: 1, flush: false },
  );
  assert.match(deathOf(plugin, "198.51.100.1")!, /SIGSEGV/);
});

Deno.test("the first packet crashes a VPP whose sticky table is too large, or has no bucket", () => {
  for (
    const [stickyBucketsPerCore, dies] of [[2 ** 25, false], [2 ** 26, true], [0, true]] as const
  ) {
    const plugin = programmed(desired("192.0.2.1", "10.0.0.1=1"));
    assert.equal(plugin.setConf({ ...plugin.conf, stickyBucketsPerCore }), 0);
    assert.equal(plugin.death, undefined);
    assert.equal(deathOf(plugin, "192.0.2.1", 80) !== undefined, dies, `${stickyBucketsPerCore}`);
  }
});

Deno.test("a table length of 0 crashes VPP immediately", () => {
  const plugin = new LbPlugin(monotonic(0));
  executeOn(plugin, {
    kind: "vip-add",
    vip: desired("192.0.2.1", "", { newFlowsTableLength: 0 }),
  });
  assert.match(plugin.death!, /2\^32 buckets/);
});

Deno.test("a simulated VPP that dies closes its sockets, and only restart() brings it back", async () => {
  const folder = await Deno.makeTempDir();
  const clock = new SystemClock();
  const simulator = await startSimulator({
    path: `${folder}/api.sock`,
    clock,
    statsBytes: 1 << 20,
  });
  const vip = desired("192.0.2.1", "");
  executeOn(simulator.plugin, { kind: "vip-add", vip });
  let added = 0;
  while (simulator.deaths.length === 0 && added < 10_000) {
    const address = ip(`10.0.${added >> 8}.${added & 255}`);
    executeOn(simulator.plugin, { kind: "as-add", vip, address, weight: 0 });
    added++;
  }
  // (1 MiB - 0.5 MiB) / (64 bytes * 2 threads), less 9 routes that were there.
  assert.equal(added, 4096 - 9 + 1);
  assert.deepEqual(simulator.deaths, ["SIGABRT: the stats segment is full"]);
  await assert.rejects(Deno.connect({ transport: "unix", path: `${folder}/api.sock` }));
  await simulator.restart();
  (await Deno.connect({ transport: "unix", path: `${folder}/api.sock` })).close();
  await simulator.stop();
  await Deno.remove(folder, { recursive: true });
});
