/** Runs and transitions that change the same VIPs, or VIPs of one prefix, at the same time. */
import assert from "node:assert/strict";
import { A, B, ONE_DOWN, UP, World } from "../../../tests/support/worlds/reconcile_world.ts";
import { desired } from "../../../tests/support/fakes/vips.ts";

Deno.test("a full run gets its turn with a VIP that changes faster than VPP answers", async () => {
  const world = await new World({ web: desired(A, UP), dns: desired(B, UP) }).start();
  world.lb.hold();
  world.source.vips.delete("dns");
  world.reconciler.reload();
  const flap = (step: number) => {
    world.transition("web", desired(A, `10.0.0.1=100 10.0.0.2=${step % 100}`));
  };
  let answers = 0;
  for (; world.inVpp().length > 1 && answers < 50; answers++) {
    flap(2 * answers);
    flap(2 * answers + 1);
    world.lb.release(1);
    await world.calm();
  }
  // Four replies are for the reading, three for the two servers and the VIP.
  assert.ok(answers <= 12, `the VIP is gone after ${answers} answers`);
  world.lb.release();
  await world.calm();
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
});

Deno.test("a change of a neighbouring VIP that waited for a run is made after it", async () => {
  const tls = (servers: string) => desired(A, servers, { port: 443 });
  const world = await new World({ web: desired(A, UP), tls: tls(UP) }).start();
  world.lb.hold();
  world.transition("web", desired(A, ONE_DOWN));
  const report = world.reconciler.sync("web");
  world.lb.release(1);
  world.transition("web", desired(A, UP));
  await world.calm();
  // The reading is answered, and then the run waits for the second change of "web".
  world.lb.release(4);
  await world.calm();
  world.takeWrites();
  world.transition("tls", tls(ONE_DOWN));
  assert.deepEqual(world.takeWrites(), []);
  world.lb.release();
  await world.calm();
  await report;
  assert.deepEqual(world.inVpp(), world.wanted());
  await world.reconciler.stop();
});

Deno.test("an address goes from single ports to all ports and back while its servers change", async () => {
  const single = (servers: string) => ({
    web: desired(A, servers),
    tls: desired(A, servers, { port: 443 }),
  });
  const all = (servers: string) => ({ any: desired(A, servers, { protocol: 255, port: 0 }) });
  for (const [before, after] of [[single, all], [all, single]] as const) {
    // The time of the reload, in replies to the operations before it.
    for (const answered of [0, 1, 2]) {
      const world = await new World(before(UP)).start();
      const change = (step: number) => {
        for (const [name, vip] of Object.entries(after(`10.0.0.1=${step} 10.0.0.2=100`))) {
          world.transition(name, vip);
        }
      };
      world.lb.hold();
      for (const [name, vip] of Object.entries(before(ONE_DOWN))) world.transition(name, vip);
      world.lb.release(answered);
      await world.calm();
      world.source.vips.clear();
      for (const [name, vip] of Object.entries(after(UP))) world.source.vips.set(name, vip);
      world.reconciler.reload();
      for (let step = 1; step < 40; step++) {
        change(step);
        world.lb.release(1);
        await world.calm();
      }
      world.lb.release();
      await world.calm();
      assert.deepEqual(world.logger.of("vpp-lbsync-error"), []);
      assert.deepEqual(world.inVpp(), world.wanted());
      await world.reconciler.stop();
    }
  }
});

Deno.test("a conflict that stays is logged by the full run", async () => {
  const world = await new World({ web: desired(A, UP) }).start();
  world.source.vips.set("any", desired(A, UP, { protocol: 255, port: 0 }));
  world.reconciler.reload();
  world.program(["any"]);
  assert.deepEqual(world.logger.of("vpp-lbsync-error"), []);
  await world.calm();
  assert.equal(world.logger.of("vpp-lbsync-error").length, 1);
  world.program(["any"]);
  assert.equal(world.logger.of("vpp-lbsync-error").length, 2);
  // It is not logged while the full run waits for another run.
  const report = world.reconciler.sync("web");
  world.reconciler.reload();
  world.program(["any"]);
  assert.equal(world.logger.of("vpp-lbsync-error").length, 2);
  await world.calm();
  await report;
  assert.equal(world.logger.of("vpp-lbsync-error").length, 3);
  await world.reconciler.stop();
});

Deno.test("after a run without refusals the next refusal is read again immediately", async () => {
  const world = await new World({ web: desired(A, UP) }).start();
  for (const servers of [ONE_DOWN, UP, ONE_DOWN, UP]) {
    // Refused once; reading again repairs it.
    let left = 1;
    world.lb.refuse = () => left-- > 0 ? -6 : undefined;
    world.transition("web", desired(A, servers));
    await world.pass(0);
    assert.deepEqual(world.inVpp(), world.wanted());
  }
  await world.reconciler.stop();
});

Deno.test("sync() of a frontend in conflict with a VIP that a full run removes reports the final result", async () => {
  const any = desired(A, UP, { protocol: 255, port: 0 });
  for (const removed of [true, false]) {
    const world = await new World({ web: desired(A, UP), dns: desired(B, UP) }).start();
    world.source.vips.set("any", any);
    if (removed) world.source.vips.delete("web");
    // "dns" is being synced, "any" waits for it, and a full run waits after that.
    const dns = world.reconciler.sync("dns");
    const report = world.reconciler.sync("any");
    world.reconciler.reload();
    await world.calm();
    await dns;
    const { failed, deferred, counts } = await report;
    assert.deepEqual([failed, deferred], [removed ? 0 : 1, 0]);
    assert.equal(counts.vip_added, 0, "the full run had added it");
    assert.equal(world.inVpp().some((line) => line.includes(" 255 0 ")), removed);
    await world.reconciler.stop();
  }
});
