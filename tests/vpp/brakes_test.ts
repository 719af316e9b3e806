/**
 * The brakes on a real VPP that carries traffic: which flows move, and what VPP has, when the checks
 * of all servers fail. Skipped without MAGLEV_VPP_PREFIX.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { State } from "../../src/dashboard/protocol.ts";
import { createLb } from "../../src/dashboard/web/model/lb.ts";
import { notesOf } from "../../src/dashboard/web/model/notes.ts";
import { readUntil, until } from "../support/judges/until.ts";
import { type Frontend, withFrontend } from "../support/servers/frontend.ts";
import { grpcAddress } from "../support/worlds/grpc_stage.ts";
import { BucketWatch } from "./bucket_watch.ts";
import { A, B, C, D, FLOWS, LULL_MS, sending, world } from "./traffic_world.ts";
import type { RunningVpp } from "./support.ts";
import { view } from "./view.ts";
import { type FlowReport, NO_WIRE } from "./wire.ts";

const VIP = "192.0.2.1";
const KEY = `${VIP}/32 6 80`;

async function vppHas(vpp: RunningVpp, servers: readonly string[]): Promise<void> {
  const wanted = JSON.stringify(servers);
  await readUntil(
    async () => JSON.stringify((await view(vpp))[KEY]),
    (text) => text === wanted,
    { what: `VPP has ${wanted}` },
  );
}

/** Every flow has one server, the given one. */
function judgeAllOn(server: string, { flows }: FlowReport): void {
  assert.ok(Object.keys(flows).length > (FLOWS.steady + FLOWS.resting) / 2);
  for (const [flow, servers] of Object.entries(flows)) {
    assert.deepEqual(Object.keys(servers), [server], flow);
  }
}

Deno.test({
  name: `real VPP: last-good keeps the last server, over restarts of both${NO_WIRE}`,
  ignore: NO_WIRE !== "",
  fn: () =>
    world("socket", async ({ vpp, wire, servers, start }) => {
      await Promise.all([servers[2]!.close(), servers[3]!.close()]);
      let daemon = start();
      await daemon.seen((line) => line.msg === "vpp-warmup-done");
      await servers[1]!.close();
      await vppHas(vpp, [`${A} 100`, `${B} 0`]);
      const targets = [{ address: VIP, ...FLOWS }];
      const flows = await wire.flows(targets);
      await sleep(LULL_MS);

      await using watch = await BucketWatch.start(vpp);
      const kept = watch.seen[0]![KEY]!;
      let mark = daemon.mark;
      const failedMs = performance.now();
      await servers[0]!.close();
      const held = await daemon.seen((line) => line.msg === "frontend-held", { from: mark });
      assert.ok(performance.now() - failedMs < 1000, "held within a second");
      assert.equal(held.frontend, "held");
      await sleep(LULL_MS);
      daemon.process.signal("SIGKILL");
      await daemon.process.ended;
      daemon = start();
      await daemon.seen((line) => line.msg === "frontend-held");
      await daemon.seen((line) => line.msg === "vpp-warmup-done");
      await sleep(LULL_MS);
      judgeAllOn(A, await flows.stop());
      assert.deepEqual(watch.valuesOf(KEY), [kept], "no weight and no bucket changed");
      await watch[Symbol.asyncDispose]();
      const written = daemon.lines.filter(({ msg }) => /^vpp-lbsync-(as|vip)/.test(String(msg)));
      assert.deepEqual(written, [], "the next maglevd writes nothing, and flushes nothing");

      await vpp.kill("SIGKILL");
      await daemon.seen((line) => line.msg === "vpp-disconnect");
      await vpp.restart();
      await wire.plug(vpp);
      await wire.leadOut(vpp, "127.0.45.0/24");
      await vppHas(vpp, [`${A} 100`, `${B} 0`]);
      judgeAllOn(A, await sending(await wire.flows(targets)));

      mark = daemon.mark;
      servers[1]!.open();
      await daemon.seen((line) => line.msg === "frontend-released", { from: mark });
      const cut = await daemon.seen(
        (line) => line.msg === "vpp-lbsync-as-weight" && line.address === A,
        { from: mark },
      );
      assert.deepEqual([cut.weight, cut.flush], [0, true], "with the flush that was owed");
      await vppHas(vpp, [`${A} 0`, `${B} 100`]);
      judgeAllOn(B, await sending(await wire.flows(targets)));
    }, {
      held: {
        address: VIP,
        pools: { main: { b0: 100, b1: 100 } },
        extra: "on-all-down: last-good",
      },
    }),
});

Deno.test({
  name:
    `real VPP: all servers of a VIP fail under last-good, one after the other, and the first recovery ends it${NO_WIRE}`,
  ignore: NO_WIRE !== "",
  fn: () =>
    world("socket", async ({ vpp, wire, servers, start }) => {
      const daemon = start();
      await daemon.seen((line) => line.msg === "vpp-warmup-done");
      const all: readonly string[] = [A, B, C, D];
      await vppHas(vpp, all.map((server) => `${server} 100`));
      const server = `lb1=${await grpcAddress(daemon)}`;
      await withFrontend({ server }, async (frontend) => {
        const bannerIs = (wanted: boolean) =>
          readUntil(() => banner(frontend), (text) => (text !== undefined) === wanted, {
            what: `the dashboard ${wanted ? "has" : "no longer has"} a banner`,
            everyMs: 20,
          });
        await until(
          async () => (await frontend.ask("/view/api/state")).body.includes(`"b3"`),
          { what: "the dashboard has read maglevd" },
        );
        // As a browser that shows it.
        const stream = await fetch(`http://127.0.0.1:${frontend.port}/view/api/events?show=lb1`);
        const flows = await wire.flows([{ address: VIP, port: 80, steady: 200, resting: 0 }]);
        await sleep(1000);
        await using watch = await BucketWatch.start(vpp);
        let mark = daemon.mark;
        const failedMs = performance.now();
        await Promise.all(servers.map((server) => server.close()));
        await daemon.seen((line) => line.msg === "frontend-held", { from: mark });
        const heldMs = performance.now();
        await bannerIs(true);
        const shownMs = performance.now();
        assert.ok(heldMs - failedMs < 1000, `held after ${heldMs - failedMs} ms`);
        // Within a second where nothing else runs.
        assert.ok(shownMs - heldMs < 2000, `a banner after ${shownMs - heldMs} ms`);
        // Their probes have different phases: those that failed first were cut, the last is held.
        const changes = watch.seen.length;
        const kept = all.filter((server) =>
          watch.seen.at(-1)![KEY]!.includes(`${server} weight 100`)
        );
        assert.ok(kept.length > 0, JSON.stringify(watch.seen.at(-1)));
        await sleep(LULL_MS);
        assert.equal(watch.seen.length, changes, "no weight and no bucket changed in the hold");
        const { flows: seen } = await flows.stop();
        let unmoved = 0;
        for (const [flow, servers] of Object.entries(seen)) {
          const path = Object.keys(servers);
          assert.ok(kept.includes(path.at(-1)!), `${flow} ends at ${path.at(-1)}`);
          if (!kept.includes(path[0]!)) continue;
          assert.equal(path.length, 1, `${flow} moved, although its server is held`);
          unmoved++;
        }
        assert.ok(unmoved > 20, `${unmoved} of 200 flows began on a server that is held`);
        const flushed = daemon.lines.slice(mark).filter(({ msg, address, flush }) =>
          msg === "vpp-lbsync-as-weight" && flush === true && kept.includes(String(address))
        );
        assert.deepEqual(flushed, [], "no flow of a held server is flushed");

        mark = daemon.mark;
        const back = all.findIndex((server) => !kept.includes(server));
        servers[back]!.open();
        await daemon.seen((line) => line.msg === "frontend-released", { from: mark });
        await vppHas(vpp, all.map((server) => `${server} ${server === all[back] ? 100 : 0}`));
        await bannerIs(false);
        await stream.body!.cancel();
        const target = { address: VIP, port: 80, steady: 200, resting: 0 };
        judgeAllOn(all[back]!, await sending(await wire.flows([target])));
      });
    }, {
      held: {
        address: VIP,
        pools: { main: { b0: 100, b1: 100, b2: 100, b3: 100 } },
        extra: "on-all-down: last-good",
      },
    }, { operated: true, flowTimeout: "40s" }),
});

/** The dashboard's sentence about a held frontend, made as the page makes it. */
async function banner(frontend: Frontend): Promise<string | undefined> {
  const state: State = JSON.parse((await frontend.ask("/view/api/state")).body);
  const [maglevd] = state.maglevds;
  return notesOf(createLb(maglevd!), Date.now())
    .find(({ text }) => text === "held: no server is up, VPP keeps the last weights (held)")?.text;
}

Deno.test({
  name: `real VPP: four of four fail under max-down 50%, and over a restart of maglevd${NO_WIRE}`,
  ignore: NO_WIRE !== "",
  fn: () =>
    world("socket", async ({ vpp, wire, servers, start }) => {
      let daemon = start();
      await daemon.seen((line) => line.msg === "vpp-warmup-done");
      await vppHas(vpp, [`${A} 100`, `${B} 100`, `${C} 100`, `${D} 100`]);
      const flows = await wire.flows([{ address: VIP, port: 80, steady: 200, resting: 0 }]);
      await sleep(1000);
      let mark = daemon.mark;
      await Promise.all(servers.map((server) => server.close()));
      for (const _ of [1, 2]) {
        const line = await daemon.seen((line) => line.msg === "backend-held", { from: mark });
        mark = daemon.lines.indexOf(line) + 1;
      }
      const held = daemon.lines.filter(({ msg }) => msg === "backend-held")
        .map(({ backend }) => String(backend)).sort();
      const stay = held.map((name) => servers[Number(name.slice(1))]!.address);
      const wanted = [A, B, C, D].map((text) => `${text} ${stay.includes(text) ? 100 : 0}`);
      await vppHas(vpp, wanted);
      const flushed = daemon.lines.filter((line) =>
        line.msg === "vpp-lbsync-as-weight" && line.flush === true
      );
      assert.equal(flushed.length, 2, "those that went out, and no other");
      await sleep(1000);
      daemon.process.signal("SIGKILL");
      await daemon.process.ended;
      daemon = start();
      await daemon.seen((line) => line.msg === "vpp-warmup-done");
      await sleep(1000);
      const after = await flows.stop();
      await vppHas(vpp, wanted);
      // Flows of a server that is held stay there, whatever became of the others.
      let unmoved = 0;
      for (const [flow, seen] of Object.entries(after.flows)) {
        const [first, ...others] = Object.keys(seen);
        if (!stay.includes(first!)) {
          assert.ok(stay.includes(others.at(-1)!), `${flow} ends at ${others.at(-1)}`);
          continue;
        }
        assert.deepEqual(others, [], flow);
        unmoved++;
      }
      assert.ok(unmoved > 50, `${unmoved} of 200 flows were those of held servers`);

      mark = daemon.mark;
      const out = [0, 1, 2, 3].find((i) => !held.includes(`b${i}`))!;
      servers[out]!.open();
      const gone = await daemon.seen((line) => line.msg === "backend-released", { from: mark });
      assert.equal(gone.backend, held[0], "after the restart the order is by name");
    }, {
      held: {
        address: VIP,
        pools: { main: { b0: 100, b1: 100, b2: 100, b3: 100 } },
        maxDown: "50%",
      },
    }, { flowTimeout: "40s" }),
});
