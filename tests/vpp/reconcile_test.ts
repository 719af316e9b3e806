/**
 * The reconciler against a real VPP: the plugin accepts the plans made by our model of its rules,
 * and the result is the desired state.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { RETVAL } from "../../src/vpp/wire/retval.ts";
import { arbitraryDesired, desired, ip } from "../support/fakes/vips.ts";
import { CLOCK, Rig, wantedOf, withoutBuckets } from "./rig.ts";
import { API_KINDS, type ApiKind, type RunningVpp, SKIP_REASON, startVpp } from "./support.ts";
import { viewedVips } from "./view.ts";

const A = "192.0.2.1";

function vppTest(
  name: string,
  fn: (vpp: RunningVpp, rig: Rig, kind: ApiKind) => Promise<void>,
): void {
  for (const kind of API_KINDS) {
    Deno.test({
      name: `Reconciler on VPP, ${kind}: ${name}${SKIP_REASON}`,
      ignore: SKIP_REASON !== "",
      async fn() {
        await using vpp = await startVpp();
        await using rig = await new Rig(vpp, { kind }).start();
        await fn(vpp, rig, kind);
      },
    });
  }
}

vppTest("goes from any configuration to any other without a refusal", async (_, rig) => {
  for (const vips of fc.sample(arbitraryDesired(), { seed: 11, numRuns: 60 })) {
    await rig.wish(vips);
    assert.deepEqual(withoutBuckets(await rig.inVpp()), wantedOf(vips));
    const again = await rig.reconciler.sync();
    assert.ok(Object.values(again.counts).every((count) => count === 0));
  }
  assert.deepEqual(rig.logger.of("vpp-lbsync-error"), []);
  assert.deepEqual(rig.logger.of("vpp-lbsync-drift"), []);
});

vppTest("gives the same table for the same servers, after any history", async (_, rig) => {
  const full = desired(A, "10.0.0.1=100 10.0.0.2=50 10.0.0.3=100");
  await rig.wish([full]);
  const table = await rig.inVpp();
  await rig.wish([desired(A)]);
  assert.deepEqual(await rig.inVpp(), [`${A}/32 6 80 gre4 `]);
  await rig.wish([desired(A, "10.0.0.3=100")]);
  await rig.wish([desired(A, "10.0.0.2=50 10.0.0.3=100")]);
  await rig.wish([full]);
  assert.deepEqual(await rig.inVpp(), table);
});

vppTest("cuts a server in program() and corrects what others did", async (vpp, rig) => {
  await rig.wish([desired(A, "10.0.0.1=100 10.0.0.2=100")]);
  const cut = { frontend: `${A}/32 6 80`, vip: desired(A, "10.0.0.1=100 10.0.0.2=0!") };
  rig.source.vips.set(cut.frontend, cut.vip);
  rig.reconciler.program([cut], { trigger: "transition", conf: rig.source.conf });
  assert.deepEqual(await rig.inVpp(), [`${A}/32 6 80 gre4 10.0.0.1=100/1024,10.0.0.2=0/0`]);
  await vpp.cli(`lb as ${A}/32 protocol tcp port 80 10.0.0.1 del`);
  await vpp.cli("lb vip 192.0.2.9/32 encap gre4 new_len 64");
  const report = await rig.reconciler.sync();
  assert.deepEqual([report.counts.as_added, report.counts.vip_removed], [1, 1]);
  assert.equal(rig.logger.of("vpp-lbsync-drift").length, 2);
  assert.deepEqual(await rig.inVpp(), [`${A}/32 6 80 gre4 10.0.0.1=100/1024,10.0.0.2=0/0`]);
});

vppTest("programs a VPP that was killed within a second of its return", async (vpp, rig) => {
  await rig.wish([desired(A, "10.0.0.1=100")]);
  const before = await rig.inVpp();
  await vpp.kill("SIGKILL");
  await vpp.restart();
  const startMs = CLOCK.monotonicMs();
  const programmed = () => rig.reconciler.lbState()?.vips[0]?.servers.length === 1;
  while (!programmed()) {
    assert.ok(CLOCK.monotonicMs() - startMs < 1000, "programmed within a second");
    await rig.sleep(5);
  }
  assert.deepEqual(await rig.inVpp(), before);
});

vppTest("is left exactly as it is by stop()", async (vpp, rig, kind) => {
  await rig.wish([desired(A, "10.0.0.1=100 10.0.0.2=0!")]);
  const before = await rig.inVpp();
  await rig.reconciler.stop();
  await rig.connection.stop();
  await using other = new Rig(vpp, { kind });
  other.source.vips.set("web", desired(A, "10.0.0.1=100 10.0.0.2=0"));
  await other.start();
  assert.deepEqual(await other.inVpp(), before);
  assert.deepEqual(other.logger.of("vpp-lbsync-as-weight"), []);
});

vppTest(
  "recreates a VIP whose length, sticky flag or encap changes, because VPP cannot change it",
  async (vpp, rig) => {
    const shapes = [
      { newFlowsTableLength: 2048 },
      { newFlowsTableLength: 65536 },
      { newFlowsTableLength: 65536, srcIpSticky: true },
    ];
    await rig.wish([desired(A, "10.0.0.1=100 10.0.0.2=50")]);
    const { state } = rig.connection;
    assert.ok(state.kind === "connected");
    for (const shape of shapes) {
      const vip = desired(A, "10.0.0.1=100 10.0.0.2=50", shape);
      // Adding it again only reports that it exists, and changes nothing.
      assert.equal(await state.lb.addVip(vip), RETVAL.valueExist);
      await rig.wish([vip]);
      const [found] = await viewedVips(vpp);
      assert.equal(found!.length, shape.newFlowsTableLength);
      assert.equal(found!.sticky, shape.srcIpSticky ?? false);
      assert.equal(found!.servers.reduce((sum, one) => sum + one.buckets, 0), found!.length);
    }
    await rig.wish([desired(A, "fd00::1=100")]);
    const [other] = await viewedVips(vpp);
    assert.deepEqual([other!.type, other!.servers.length], ["ip4-gre6", 1]);
    assert.deepEqual(rig.logger.of("vpp-lbsync-vip-recreate").map(({ message }) => message), [
      "new-flows-table-length 1024 to 2048",
      "new-flows-table-length 2048 to 65536",
      "src-ip-sticky false to true",
      "encap gre4 to gre6",
    ]);
    assert.deepEqual(rig.logger.of("vpp-lbsync-error"), []);
  },
);

vppTest("gets lb_conf only when it has a different one", async (vpp, rig) => {
  await rig.reconciler.sync();
  assert.equal(rig.logger.of("vpp-lb-conf-set").length, 1);
  await rig.reconciler.sync();
  rig.source.conf = { ...rig.source.conf, flowTimeoutS: 77, ip4SrcAddress: ip("192.0.2.77") };
  rig.reconciler.reload();
  await rig.reconciler.sync();
  assert.equal(rig.logger.of("vpp-lb-conf-set").length, 2);
  assert.match(await vpp.cli("show lb"), /ip4-src-address: 192\.0\.2\.77 /);
  // Another program's change is corrected like any other.
  await vpp.cli("lb conf ip4-src-address 192.0.2.78 timeout 5");
  await rig.reconciler.sync();
  assert.match(await vpp.cli("show lb"), /ip4-src-address: 192\.0\.2\.77 /);
  assert.deepEqual(rig.logger.of("vpp-lbsync-error"), []);
});

vppTest(
  "gets a retry after a refusal: a VIP next to an all-ports VIP of another program",
  async (vpp, rig) => {
    await vpp.cli(`lb vip ${A}/32 encap gre4 new_len 64`);
    const key = `${A}/32 6 80`;
    rig.source.vips.set(key, desired(A, "10.0.0.1=100"));
    // One frontend: VIPs of others are not removed, so that one is in the way and is reported.
    const one = await rig.reconciler.sync(key);
    assert.deepEqual([one.failed, one.counts.vip_removed], [1, 0]);
    const all = await rig.reconciler.sync();
    assert.deepEqual([all.failed, all.counts.vip_removed, all.counts.vip_added], [0, 1, 1]);
    assert.deepEqual((await viewedVips(vpp)).map((vip) => vip.key), [key]);
  },
);
