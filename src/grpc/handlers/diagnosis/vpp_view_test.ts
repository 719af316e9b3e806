/** The view of VPP of an explanation, while VPP changes before, during and after its reading. */
import assert from "node:assert/strict";
import type { KnownVpp } from "../../../explain/vpp_view.ts";
import { settle } from "../../../../tests/support/fakes/fake_clock.ts";
import { desired } from "../../../../tests/support/fakes/vips.ts";
import { A, UP, World } from "../../../../tests/support/worlds/reconcile_world.ts";
import type { VppApi } from "../../calls/daemon_api.ts";
import { FRESH_MS, LbStateReader } from "../lb_state_reader.ts";
import { vppView } from "./vpp_view.ts";

const WEB = desired(A, UP);

async function setUp(settings: ConstructorParameters<typeof World>[1] = {}) {
  const world = await new World({ web: WEB }, settings).start();
  const { connection, reconciler } = world;
  const vpp = { connection, reconciler } as unknown as VppApi;
  const reader = new LbStateReader(world);
  return {
    world,
    view: () => vppView(vpp, reader),
    /** The view that is known, with the read that is held released. */
    async known(): Promise<KnownVpp> {
      const view = await vppView(vpp, reader);
      assert.ok(view.kind === "known");
      return view;
    },
  };
}

const serversOf = (view: KnownVpp) =>
  view.vip(WEB)?.servers.map(({ address, weight, buckets }) => [address.text, weight, buckets]);

Deno.test("vppView() has weights and buckets as read, also those of other programs", async () => {
  const { world, known } = await setUp();
  assert.deepEqual(serversOf(await known()), [["10.0.0.1", 100, 512], ["10.0.0.2", 100, 512]]);
  await world.lb.setWeight(WEB, WEB.servers[0]!.address, 0, false);
  await world.pass(FRESH_MS);
  const view = await known();
  assert.deepEqual(serversOf(view), [["10.0.0.1", 0, 0], ["10.0.0.2", 100, 1024]]);
  await world.reconciler.stop();
});

Deno.test("vppView() has what VPP acknowledged after the reading began", async () => {
  const { world, known } = await setUp();
  await known();
  // The same reading is used, because it is younger than a second.
  world.transition("web", desired(A, "10.0.0.1=100 10.0.0.2=0"));
  await world.calm();
  const cut = await known();
  assert.deepEqual(serversOf(cut), [["10.0.0.1", 100, 512], ["10.0.0.2", 0, undefined]]);
  world.transition("web", desired(A, "10.0.0.1=100 10.0.0.2=100"));
  await world.calm();
  assert.deepEqual(serversOf(await known())![1], ["10.0.0.2", 100, undefined], "and back");
  world.transition("web", desired(A, "10.0.0.1=100 10.0.0.2=100 10.0.0.3=7"));
  await world.calm();
  assert.deepEqual(serversOf(await known())![2], ["10.0.0.3", 7, undefined]);
  await world.reconciler.stop();
});

Deno.test("vppView() has since when a server has its weight", async () => {
  const { world, known } = await setUp();
  const address = "10.0.0.2";
  const start = (await known()).since(WEB, address)!;
  assert.equal(start.atLeast, false, "it was added on this connection");
  await world.pass(5000);
  world.transition("web", desired(A, "10.0.0.1=100 10.0.0.2=5"));
  await world.calm();
  const changed = (await known()).since(WEB, address)!;
  assert.deepEqual(changed, { atMs: start.atMs + 5000, atLeast: false });
  assert.deepEqual((await known()).since(WEB, "10.0.0.1"), start);
  // Another connection to the same VPP finds the weights there.
  await world.pass(5000);
  const { plugin } = world.lb;
  world.die();
  world.lb = world.vpp(plugin);
  world.connection.connect(world.lb);
  await world.calm();
  const found = (await known()).since(WEB, address)!;
  assert.deepEqual(found, { atMs: start.atMs + 10_000, atLeast: true });
  // A full comparison that finds the same changes nothing.
  await world.pass(30_000);
  assert.deepEqual((await known()).since(WEB, address), found);
  assert.equal((await known()).since(WEB, "10.0.0.9"), undefined);
  await world.reconciler.stop();
});

Deno.test("vppView() without VPP: off, away, lost during the reading", async () => {
  const { world, view } = await setUp();
  assert.deepEqual(await vppView(undefined, new LbStateReader(world)), { kind: "off" });
  world.lb.hold();
  const lost = view();
  await settle();
  world.die();
  const { kind } = await lost;
  assert.equal(kind, "away");
  assert.deepEqual(await view(), { kind: "away", reason: "gone" });
  await world.reconciler.stop();
});

Deno.test("vppView() has the frontends that warm-up holds back", async () => {
  const { world, known } = await setUp({ startupMinDelayMs: 5000, startupMaxDelayMs: 5000 });
  const early = await known();
  assert.equal(early.held("web"), true);
  assert.equal(early.vip(WEB), undefined);
  await world.pass(5000);
  assert.equal((await known()).held("web"), false);
  await world.reconciler.stop();
});
