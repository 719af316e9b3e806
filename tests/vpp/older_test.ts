/**
 * A real VPP without weights, in two ways: the VPP at hand with the weight messages hidden from its
 * table, and the lb plugin of 26.06 itself with its faults (MAGLEV_VPP_OLDER_PLUGINS). VPP's own
 * CLI checks the result.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { DesiredVip } from "../../src/vpp/lb/model.ts";
import { vipKeyText } from "../../src/vpp/lb/model.ts";
import { arbitraryDesired, desired } from "../support/fakes/vips.ts";
import { Rig } from "./rig.ts";
import { connectHiding } from "./hiding_transport.ts";
import { OLDER_PLUGINS, OLDER_REASON, type RunningVpp, SKIP_REASON, startVpp } from "./support.ts";
import { viewedVips } from "./view.ts";

const A = "192.0.2.1";

const VPPS = [
  { name: "with its weights hidden", skip: SKIP_REASON, vpp: {}, rig: { connect: connectHiding } },
  {
    name: "with the plugin of 26.06",
    skip: OLDER_REASON,
    vpp: { plugins: OLDER_PLUGINS },
    rig: {},
  },
];

function vppTest(
  name: string,
  fn: (vpp: RunningVpp, rig: Rig, another: () => Rig) => Promise<void>,
): void {
  for (const one of VPPS) {
    Deno.test({
      name: `VPP ${one.name} ${name}${one.skip}`,
      ignore: one.skip !== "",
      async fn() {
        await using vpp = await startVpp(one.vpp);
        await using rig = await new Rig(vpp, one.rig).start();
        await fn(vpp, rig, () => new Rig(vpp, one.rig));
      },
    });
  }
}

/** `192.0.2.1/32 6 80 gre4 sticky 1024: 10.0.0.1` for each VIP that is wanted, in order. */
function wanted(vips: readonly DesiredVip[]): string[] {
  return vips.map((vip) =>
    line(vipKeyText(vip), { ...vip, length: vip.newFlowsTableLength }, vip.servers)
  ).sort();
}

/** The same of VPP's output. */
async function there(vpp: RunningVpp): Promise<string[]> {
  return (await viewedVips(vpp)).map((vip) => {
    const encap = vip.type.slice("ip4-".length);
    const servers = vip.servers.map(({ address }) => ({ address: { text: address }, weight: 1 }));
    const buckets = vip.servers.reduce((sum, server) => sum + server.buckets, 0);
    assert.equal(buckets, servers.length === 0 ? 0 : vip.length, `${vip.key} takes all new flows`);
    return line(vip.key, { encap, srcIpSticky: vip.sticky, length: vip.length }, servers);
  }).sort();
}

function line(
  key: string,
  shape: { readonly encap: string; readonly srcIpSticky: boolean; readonly length: number },
  servers: readonly { readonly address: { readonly text: string }; readonly weight: number }[],
): string {
  const inUse = servers.filter(({ weight }) => weight > 0).map(({ address }) => address.text);
  const sticky = shape.srcIpSticky ? " sticky" : "";
  return `${key} ${shape.encap}${sticky} ${shape.length}: ${inUse.sort().join(" ")}`;
}

vppTest("goes from any configuration to any other without a refusal", async (vpp, rig) => {
  const { state } = rig.connection;
  assert.ok(state.kind === "connected" && !state.info.weights && !state.lb.capabilities.weights);
  assert.equal(rig.logger.of("vpp-no-weights").length, 1);
  for (const vips of fc.sample(arbitraryDesired(), { seed: 11, numRuns: 60 })) {
    await rig.wish(vips);
    assert.deepEqual(await there(vpp), wanted(vips));
    const again = await rig.reconciler.sync();
    assert.ok(Object.values(again.counts).every((count) => count === 0));
  }
  assert.deepEqual(rig.logger.of("vpp-lbsync-error"), []);
  assert.deepEqual(rig.logger.of("vpp-lbsync-drift"), []);
});

vppTest(
  "loses a server in program(), is corrected, and gets lb_conf once",
  async (vpp, rig) => {
    const key = `${A}/32 6 80`;
    const step = (servers: string) => {
      const vip = desired(A, servers);
      rig.source.vips.set(key, vip);
      const change = [{ frontend: key, vip }];
      rig.reconciler.program(change, { trigger: "transition", conf: rig.source.conf });
      return wanted([vip]);
    };
    await rig.wish([desired(A, "10.0.0.1=100 10.0.0.2=30")]);
    for (
      const servers of [
        "10.0.0.1=100 10.0.0.2=0!",
        "10.0.0.1=0 10.0.0.2=10",
        "10.0.0.1=0! 10.0.0.2=10",
        "10.0.0.1=0 10.0.0.2=0",
        "10.0.0.1=1 10.0.0.2=1",
      ]
    ) {
      const expected = step(servers);
      await rig.reconciler.sync();
      assert.deepEqual(await there(vpp), expected, servers);
    }
    assert.deepEqual(rig.logger.of("vpp-lbsync-drift"), []);
    assert.equal(rig.logger.of("vpp-lb-conf-set").length, 1);
    const { conf } = rig.reconciler.lbState()!;
    assert.equal(conf?.flowTimeoutS, 40);
    await vpp.cli(`lb as ${A}/32 protocol tcp port 80 10.0.0.1 del`);
    await vpp.cli("lb vip 192.0.2.9/32 encap gre4 new_len 64");
    const report = await rig.reconciler.sync();
    assert.deepEqual([report.counts.as_added, report.counts.vip_removed], [1, 1]);
    assert.equal(rig.logger.of("vpp-lbsync-drift").length, 2);
    assert.deepEqual(await there(vpp), wanted([desired(A, "10.0.0.1=1 10.0.0.2=1")]));
    assert.deepEqual(rig.logger.of("vpp-lbsync-error"), []);
  },
);

vppTest("is left as it is by a restarted daemon", async (vpp, rig, another) => {
  const vips = [
    desired(A, "10.0.0.1=100 10.0.0.2=0 10.0.0.3=7"),
    desired("2001:db8::1", "fd00::1=1"),
  ];
  await rig.wish(vips);
  const before = await vpp.cli("show lb vips verbose");
  await rig.reconciler.stop();
  await rig.connection.stop();
  await using other = another();
  for (const vip of vips) other.source.vips.set(vipKeyText(vip), vip);
  await other.start();
  await other.reconciler.sync();
  assert.equal(await vpp.cli("show lb vips verbose"), before);
  assert.deepEqual(other.logger.of("vpp-lbsync-as-add"), []);
  assert.deepEqual(other.logger.of("vpp-lbsync-as-del"), []);
});
