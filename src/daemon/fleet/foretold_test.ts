/**
 * What a fleet's plan foretells, against what a simulated VPP of each load balancer has afterwards.
 * Goal: equal buckets on each; and when something changed between plan and wish, no frontend that has
 * servers loses all, and nothing moves more than was foretold, but where the hold names it.
 */
import assert from "node:assert/strict";
import { MaglevError } from "../../base/errors.ts";
import { TOLERANCE } from "../../fleet/book/foretold.ts";
import { putWish } from "../../fleet/member/requests/requests.ts";
import type { ActualVip } from "../../vpp/lb/model.ts";
import { movedShare } from "../../forecast/vips.ts";
import { TableCache } from "../../vpp/lb/table_shift.ts";
import { mulberry32 } from "../../../tests/support/fakes/mulberry32.ts";
import { foretoldWorld } from "../../../tests/support/worlds/foretold_world.ts";

/** MAGLEV_FUZZ=10 makes it a thousand. */
const FLEETS = 100 * Number(Deno.env.get("MAGLEV_FUZZ") ?? 1);

function bucketsOf({ servers }: ActualVip): readonly string[] {
  return servers.map(({ address, buckets }) => `${address.text} ${buckets}`).sort();
}

function isServed({ servers }: ActualVip): boolean {
  return servers.some(({ weight }) => weight > 0);
}

function flowsOf({ servers, newFlowsTableLength, srcIpSticky }: ActualVip) {
  return { servers, length: newFlowsTableLength!, srcIpSticky: srcIpSticky! };
}

Deno.test("random fleets: foretold buckets are those of each VPP afterwards", async () => {
  const seen = { changed: 0, held: 0, vips: 0 };
  for (let seed = 1; seed <= FLEETS; seed++) {
    const { lbs, action, plans, done, stop } = foretoldWorld(mulberry32(seed));
    const { intent, request } = action();
    const { answers, plans: foretold } = await plans(request);
    const before = lbs.map(({ vips }) => vips());
    const { member: asked } = lbs[seed % 3]!;
    const result = await done(putWish(asked, { intent, force: false, plans: foretold }));
    assert.ok(!(result instanceof MaglevError), `seed ${seed}: ${String(result)}`);
    lbs.forEach(({ lb, member, sync, vips }, at) => {
      sync();
      const [own] = member.view.wishes;
      const here = own!.here;
      const why = `seed ${seed} ${lb} ${JSON.stringify(intent)} ${JSON.stringify(here)}`;
      if (here.kind === "held") {
        seen.held++;
        assert.match(here.reason, /would have no server$/, why);
        assert.ok(result.warning.includes(`${lb} holds it: ${here.reason}`), why);
      }
      const { plan } = answers[at]!;
      for (const [key, vip] of vips()) {
        seen.vips++;
        const told = plan!.vips.find(({ frontend }) => frontend === vip.frontend);
        if (told === undefined || here.kind === "held") {
          assert.deepEqual(bucketsOf(vip), bucketsOf(before[at]!.get(key)!), why);
          continue;
        }
        seen.changed++;
        const wanted = told.servers.flatMap(({ address, atOnce }) =>
          atOnce === undefined ? [] : [`${address} ${atOnce.buckets}`]
        );
        assert.deepEqual(bucketsOf(vip), wanted.sort(), why);
      }
    });
    await stop();
  }
  assert.ok(seen.changed > FLEETS, JSON.stringify(seen));
  assert.ok(seen.held > FLEETS / 50, JSON.stringify(seen));
});

Deno.test("random fleets that change between plan and wish: each hold has its cause", async () => {
  const seen = { moved: 0, unforeseen: 0, emptied: 0 };
  const tables = new TableCache(1 << 16);
  for (let seed = 1; seed <= FLEETS; seed++) {
    const random = mulberry32(seed);
    const { lbs, names, action, plans, done, stop } = foretoldWorld(random);
    const { intent, request } = action();
    const { plans: foretold } = await plans(request);
    for (const { engine, sync } of lbs) {
      for (const name of names) {
        if (random() < 0.3) random() < 0.7 ? engine.takeDown(name) : engine.bringUp(name);
      }
      sync();
    }
    const before = lbs.map(({ vips }) => vips());
    const result = await done(putWish(lbs[0]!.member, { intent, force: false, plans: foretold }));
    assert.ok(!(result instanceof MaglevError), `seed ${seed}: ${String(result)}`);
    lbs.forEach(({ lb, member, sync, vips }, at) => {
      sync();
      const [own] = member.view.wishes;
      const here = own!.here;
      const why = `seed ${seed} ${lb} ${JSON.stringify(intent)} ${JSON.stringify(here)}`;
      if (here.kind === "held") {
        const cause =
          /^frontend \S+ would have no server$|^[\d.]+ % of new flows of frontend \S+ would move, foretold were [\d.]+ %$/;
        assert.match(here.reason, cause, why);
        assert.ok(result.warning.includes(`${lb} holds it: ${here.reason}`), why);
        if (/foretold/.test(here.reason)) seen.unforeseen++;
        else seen.emptied++;
      }
      for (const [key, vip] of vips()) {
        const was = before[at]!.get(key)!;
        if (isServed(was)) assert.ok(isServed(vip), `${why}: ${vip.frontend} is empty`);
        const moved = movedShare(tables.shift(flowsOf(was), flowsOf(vip)));
        if (moved === 0) continue;
        seen.moved++;
        assert.equal(here.kind, "obeyed", why);
        const told = foretold.find((plan) => plan.lb === lb)?.shares.get(vip.frontend) ?? 0;
        assert.ok(
          moved <= told + TOLERANCE,
          `${why}: ${vip.frontend} moved ${moved}, told ${told}`,
        );
      }
    });
    await stop();
  }
  for (const count of Object.values(seen)) assert.ok(count > FLEETS / 20, JSON.stringify(seen));
});
