/** The contract of LbApi for every implementation: in memory, a simulated VPP, a real one. */
import assert from "node:assert/strict";
import { actualVips } from "../../src/vpp/lb/actual.ts";
import type { ActualVip, DesiredVip } from "../../src/vpp/lb/model.ts";
import type { LbApi } from "../../src/vpp/ports.ts";
import { readLb } from "../../src/vpp/sync/read.ts";
import { RETVAL } from "../../src/vpp/wire/retval.ts";
import { RecordingLogger } from "../support/fakes/recording_logger.ts";
import { actual, desired, ip } from "../support/fakes/vips.ts";

/** An LbApi whose VPP has nothing. */
export interface LbApiHarness {
  readonly lb: LbApi;
  dispose(): Promise<void>;
}

/** One implementation. */
export interface LbApiCase {
  readonly name: string;
  /** True where its tests are not to run; the reason is in the name. */
  readonly ignore?: boolean;
  readonly weights: boolean;
  readonly open: () => Promise<LbApiHarness>;
}

const A = "192.0.2.1";
const WEB = desired(A);
const TLS = desired(A, "", { port: 443 });
const ANY = desired(A, "", { protocol: 255, port: 0 });
const SIX = desired("2001:db8::1", "", {
  encap: "gre6",
  srcIpSticky: true,
  port: 53,
  protocol: 17,
});
const [S1, S2, S9, S10] = ["10.0.0.1", "10.0.0.2", "10.0.0.9", "10.0.0.10"].map(ip);

async function read(lb: LbApi): Promise<ActualVip[]> {
  const logger = new RecordingLogger();
  const { vips } = await readLb(lb, logger);
  assert.deepEqual(logger.records, []);
  return actualVips(vips, () => assert.fail("the text lists every VIP"));
}

/** `192.0.2.1/32 6 80 gre4 1024: 10.0.0.1=100` for each VIP. */
function text({ address, prefixLength, protocol, port, ...vip }: ActualVip): string {
  const servers = vip.servers.map((server) => `${server.address.text}=${server.weight}`);
  const shape = `${vip.encap}${vip.srcIpSticky ? " sticky" : ""} ${vip.newFlowsTableLength}`;
  return `${address.text}/${prefixLength} ${protocol} ${port} ${shape}: ${servers.join(" ")}`;
}

/** Registers the suite for one implementation. */
export function lbApiContract({ name, ignore = false, weights, open }: LbApiCase): void {
  function test(title: string, fn: (lb: LbApi) => Promise<void>): void {
    Deno.test({
      name: `${name}: ${title}`,
      ignore,
      async fn() {
        const { lb, dispose } = await open();
        try {
          assert.equal(lb.capabilities.weights, weights);
          await fn(lb);
        } finally {
          await dispose();
        }
      },
    });
  }

  test("VIPs are added and deleted, and refused as the plugin refuses", async (lb) => {
    const retvals = await Promise.all([
      lb.addVip(WEB),
      lb.addVip(WEB),
      lb.addVip({ ...WEB, newFlowsTableLength: 2048, srcIpSticky: true }),
      lb.addVip(TLS),
      lb.addVip(ANY),
      lb.addVip(desired(A, "", { port: 8080, encap: "gre6" })),
      lb.addVip(SIX),
      lb.deleteVip(actual(A, "", { port: 443 })),
      lb.deleteVip(actual(A, "", { port: 443 })),
    ]);
    const { ok, valueExist, invalidArgument, noSuchEntry } = RETVAL;
    assert.deepEqual(retvals, [
      ok,
      valueExist,
      valueExist,
      ok,
      valueExist,
      invalidArgument,
      ok,
      ok,
      noSuchEntry,
    ]);
    assert.deepEqual((await read(lb)).map(text), [
      `${A}/32 6 80 gre4 1024: `,
      "2001:db8::1/128 17 53 gre6 sticky 1024: ",
    ]);
  });

  test("an IPv4 VIP may tunnel to IPv6 servers, an IPv6 one to IPv4, one for all ports", async (lb) => {
    const vips: readonly [DesiredVip, string][] = [
      [desired(A, "", { encap: "gre6" }), "fd00::1"],
      [desired("2001:db8::1", "", { encap: "gre4" }), "10.0.0.1"],
      [desired("192.0.2.2", "", { protocol: 255, port: 0 }), "10.0.0.1"],
    ];
    for (const [vip, server] of vips) {
      assert.deepEqual(
        await Promise.all([lb.addVip(vip), lb.addServer(vip, ip(server), 100)]),
        [0, 0],
      );
    }
    assert.deepEqual((await read(lb)).map(text), [
      `${A}/32 6 80 gre6 1024: fd00::1=100`,
      "192.0.2.2/32 255 0 gre4 1024: 10.0.0.1=100",
      "2001:db8::1/128 6 80 gre4 1024: 10.0.0.1=100",
    ]);
  });

  test("servers are added and deleted, and refused as the plugin refuses", async (lb) => {
    const retvals = await Promise.all([
      lb.addServer(WEB, S1!, 100),
      lb.addVip(WEB),
      ...[S10!, S9!, S1!, S2!].map((server) => lb.addServer(WEB, server, 100)),
      lb.addServer(WEB, S1!, 100),
      lb.addServer(WEB, ip("fd00::1"), 100),
      lb.deleteServer(WEB, S2!, false),
      lb.deleteServer(WEB, ip("10.0.0.77"), true),
    ]);
    const { noSuchEntry, valueExist, invalidAddressFamily } = RETVAL;
    assert.deepEqual(
      retvals,
      [noSuchEntry, 0, 0, 0, 0, 0, valueExist, invalidAddressFamily, 0, noSuchEntry],
    );
    const [vip, ...rest] = await read(lb);
    assert.deepEqual(rest, []);
    assert.equal(text(vip!), `${A}/32 6 80 gre4 1024: 10.0.0.1=100 10.0.0.9=100 10.0.0.10=100`);
    const buckets = vip!.servers.reduce((sum, server) => sum + (server.buckets ?? NaN), 0);
    assert.equal(buckets, 1024);
    assert.ok(vip!.poolIndex! > 0);
    // A deleted server is listed where servers are drained so; it can be flushed.
    assert.deepEqual(vip!.removed, weights ? [] : [{ address: S2, flushed: false }]);
    assert.equal(await lb.deleteServer(WEB, S2!, true), 0);
    // And comes back.
    assert.equal(await lb.addServer(WEB, S2!, 100), 0);
    assert.equal((await read(lb))[0]!.servers.length, 4);
  });

  test("settings are accepted, refused, and returned where VPP supports it", async (lb) => {
    const conf = {
      ip4SrcAddress: ip("192.0.2.250"),
      ip6SrcAddress: ip("2001:db8::250"),
      stickyBucketsPerCore: 2048,
      flowTimeoutS: 30,
    };
    assert.deepEqual(
      await Promise.all([lb.setConf(conf), lb.setConf({ ...conf, stickyBucketsPerCore: 3 })]),
      [0, -70],
    );
    const told = await lb.getConf();
    assert.deepEqual(told, weights ? conf : undefined);
  });

  test("the route of a VIP has an index, and a missing route is undefined", async (lb) => {
    assert.deepEqual(
      await Promise.all([lb.addVip(WEB), lb.addVip(TLS), lb.addVip(SIX)]),
      [0, 0, 0],
    );
    const [web, tls, six, none] = await Promise.all(
      [WEB, TLS, SIX, desired("192.0.2.77")].map((vip) => lb.routeIndex(vip)),
    );
    assert.ok(web! > 0 && six! > 0 && web !== six, `${web} ${six}`);
    assert.equal(tls, web, "VIPs of one prefix share its route");
    assert.equal(none, undefined, "the route that covers it is not returned");
  });

  if (weights) {
    test("weights are set, of servers in use only", async (lb) => {
      const retvals = await Promise.all([
        lb.addVip(WEB),
        lb.addServer(WEB, S1!, 10),
        lb.addServer(WEB, S2!, 0),
        lb.addServer(WEB, S9!, 1),
        lb.setWeight(WEB, S1!, 0, true),
        lb.setWeight(WEB, S2!, 100, false),
        lb.deleteServer(WEB, S9!, true),
        lb.setWeight(WEB, S9!, 5, false),
        lb.setWeight(TLS, S1!, 5, false),
      ]);
      const { noSuchEntry } = RETVAL;
      assert.deepEqual(retvals, [0, 0, 0, 0, 0, 0, 0, noSuchEntry, noSuchEntry]);
      assert.deepEqual((await read(lb)).map(text), [
        `${A}/32 6 80 gre4 1024: 10.0.0.1=0 10.0.0.2=100`,
      ]);
    });
  } else {
    test("weights and dumps are unavailable", async (lb) => {
      const missing = [lb.setWeight(WEB, S1!, 5, false), lb.dumpVips(), lb.dumpServers()];
      for (const one of missing) await assert.rejects(one, { code: "unimplemented" });
    });
  }
}
