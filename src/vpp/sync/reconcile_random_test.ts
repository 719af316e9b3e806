/**
 * A reconciler in a hostile world: the desired state changes, another program changes VPP, and VPP
 * is slow, refuses, crashes and restarts, at any moment. When this stops and an interval has
 * passed, VPP has the desired state.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { executeOn, readPlugin } from "../../../tests/support/worlds/plugin_lb.ts";
import { World } from "../../../tests/support/worlds/reconcile_world.ts";
import { arbitraryDesired } from "../../../tests/support/fakes/vips.ts";
import type { DesiredVip } from "../lb/model.ts";
import { vipKeyText } from "../lb/model.ts";
import { planVip } from "../../../tests/support/worlds/plans.ts";

type Act = (world: World) => Promise<void> | void;

/** Sets the desired VIPs; frontends have the key of their VIP as their name. */
function wish(world: World, vips: readonly DesiredVip[]): void {
  world.source.vips.clear();
  for (const vip of vips) world.source.vips.set(vipKeyText(vip), vip);
}

function setServers(world: World, pick: number, weights: readonly number[]): void {
  const frontends = world.source.frontends();
  const frontend = frontends[pick % Math.max(1, frontends.length)];
  const vip = frontend === undefined ? undefined : world.source.vips.get(frontend);
  if (vip === undefined) return;
  const servers = vip.servers.map((server, i) => {
    const weight = weights[i % weights.length]!;
    return { ...server, weight: Math.max(0, weight), flush: weight < 0 };
  });
  world.transition(frontend!, { ...vip, servers });
}

/** Another program deletes a VIP or adds an unknown one. */
function meddle(world: World, pick: number, vips: readonly DesiredVip[]): void {
  const { plugin } = world.lb;
  const there = readPlugin(plugin);
  const victim = there[pick % Math.max(1, there.length)];
  const operations = pick % 2 === 0
    ? planVip(undefined, victim, { weights: true })
    : vips.flatMap((vip) => planVip(vip, undefined, { weights: true }));
  for (const operation of operations) executeOn(plugin, operation);
}

const arbitraryAct: fc.Arbitrary<Act> = fc.oneof(
  fc.tuple(fc.nat(), fc.array(fc.integer({ min: -2, max: 3 }), { minLength: 1, maxLength: 4 })).map(
    ([pick, weights]): Act => (world) => setServers(world, pick, weights),
  ),
  arbitraryDesired().map((vips): Act => (world) => {
    wish(world, vips);
    world.reconciler.reload();
  }),
  fc.tuple(fc.nat(), arbitraryDesired()).map(([pick, vips]): Act => (world) =>
    meddle(world, pick, vips)
  ),
  fc.nat(20).map((count): Act => async (world) => {
    world.lb.release(count);
    await world.calm();
  }),
  fc.constant<Act>((world) => world.lb.hold()),
  fc.constant<Act>(async (world) => {
    world.lb.release();
    await world.calm();
  }),
  fc.nat(40_000).map((ms): Act => (world) => world.pass(ms)),
  fc.constantFrom(-6, -81, -73, -99).map((retval): Act => (world) => {
    let left = 3;
    world.lb.refuse = (text) => text.length % 3 === 0 && left-- > 0 ? retval : undefined;
  }),
  fc.boolean().map((fresh): Act => (world) => {
    const { plugin } = world.lb;
    world.die();
    world.lb = fresh ? world.vpp() : world.vpp(plugin);
    world.connection.connect(world.lb);
  }),
  fc.constant<Act>((world) => void world.reconciler.sync().catch(() => {})),
  fc.nat().map((pick): Act => (world) => {
    const frontends = world.source.frontends();
    const frontend = frontends[pick % Math.max(1, frontends.length)];
    if (frontend !== undefined) void world.reconciler.sync(frontend).catch(() => {});
  }),
);

for (const weights of [true, false]) {
  const what = weights ? "VPP" : "a VPP without weights";
  Deno.test(`Reconciler brings ${what} to the desired state after any history`, async () => {
    const property = fc.asyncProperty(
      arbitraryDesired(),
      fc.array(arbitraryAct, { maxLength: 25 }),
      async (vips, acts) => {
        const world = new World({}, {}, { weights });
        wish(world, vips);
        await world.start();
        for (const act of acts) await act(world);
        world.lb.refuse = () => undefined;
        world.lb.release();
        // The last refusals are read again within 10 s; two full runs correct the rest.
        await world.pass(60_001);
        assert.deepEqual(world.inVpp(), world.wanted());
        world.lb.calls.length = 0;
        await world.pass(30_000);
        assert.deepEqual(world.lb.writes, []);
        const state = world.reconciler.lbState()!;
        assert.deepEqual(state.vips.map(vipKeyText), readPlugin(world.lb.plugin).map(vipKeyText));
        await world.reconciler.stop();
        assert.equal(world.clock.timers, 0);
      },
    );
    await fc.assert(property, { numRuns: 500 });
  });
}
