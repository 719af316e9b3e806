/**
 * The reconciler against a real VPP: what is planned by our idea of the plugin's rules is what
 * the plugin takes, and what is there afterwards is what is wanted.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { arbitraryDesired, desired } from "../support/vips.ts";
import { CLOCK, Rig, wantedOf, withoutBuckets } from "./rig.ts";
import { API_KINDS, type ApiKind, type RunningVpp, SKIP_REASON, startVpp } from "./support.ts";

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

vppTest("gives the same table for the same servers, however they came", async (_, rig) => {
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

vppTest("cuts a server in transition() and corrects what others did", async (vpp, rig) => {
  await rig.wish([desired(A, "10.0.0.1=100 10.0.0.2=100")]);
  rig.source.vips.set(`${A}/32 6 80`, desired(A, "10.0.0.1=100 10.0.0.2=0!"));
  rig.reconciler.transition([`${A}/32 6 80`]);
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
