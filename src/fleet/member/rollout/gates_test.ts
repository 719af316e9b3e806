/** Gates of a rollout when load balancers are away, restart, or see servers in turn. */
import assert from "node:assert/strict";
import { BY, fleet, okOf, refusalOf } from "../../../../tests/support/worlds/rollout_world.ts";
import { stepRollout } from "../requests/rollout.ts";
import { LASTING_MS, LOOK_MS } from "./follower.ts";
import { RESTARTED } from "./own_gates.ts";

Deno.test("a canary that is away holds its wave and revert, also for a process that never saw it", async () => {
  await using world = fleet();
  const { deploy, after, start, haveIt, lbs, server, add, done, clock } = world;
  await after(2000);
  deploy("lb1", "lb2", "lb3");
  okOf(await start("site=ams/rest", { bakeMs: 30_000 }));
  const [one, two, three] = lbs as [typeof lbs[number], typeof lbs[number], typeof lbs[number]];
  one.store.cut();
  server.expire(one.store);
  for (const { member } of [two, three]) await member.stop();
  const again = [["lb2", "ams", two] as const, ["lb3", "fra", three] as const].map(
    ([lb, site, { files }]) => add({ lb, site, rollout: files }),
  );
  for (const { member } of again) member.start();
  await after(200_000);
  assert.deepEqual(haveIt(), ["lb1", "lb2"]);
  const asked = { force: false, by: BY, reason: "", nowMs: clock.wallMs() };
  const { member } = again[0]!;
  assert.match(
    refusalOf(await done(stepRollout(member, { ...asked, step: "next" }))),
    /lb1 is away/,
  );
  okOf(await done(stepRollout(member, { ...asked, step: "revert" })));
  await after(60_000);
  assert.deepEqual([haveIt(), member.rollout?.rollout?.state], [["lb1"], "reverting"]);
  for (const each of again) {
    await each.member.stop();
    each.checker.stop();
  }
});

Deno.test("a load balancer that restarts in its wave is not judged, and holds the wave", async () => {
  for (const down of [["web"], ["old"]]) {
    await using world = fleet();
    const { deploy, after, start, haveIt, lbs, add, answers } = world;
    const [, { files, member }] = lbs as [typeof lbs[number], typeof lbs[number]];
    await after(2000);
    deploy("lb1", "lb2", "lb3");
    okOf(await start("lb2/rest", { bakeMs: 60_000 }));
    await member.stop();
    files.state = { ...files.state, served: [], down };
    const again = add({ lb: "lb2", site: "ams", rollout: files });
    again.member.start();
    await after(200_000);
    assert.deepEqual([haveIt(), answers()[1]], [["lb2"], `lb2 applied: ${RESTARTED}`]);
    await again.member.stop();
    again.checker.stop();
  }
});

Deno.test("a frontend that fell before the wave is forgiven, one that fell by the file is not when it begins again", async () => {
  await using world = fleet();
  const { deploy, after, start, haveIt, lbs, state } = world;
  const [one, , three] = lbs as [typeof lbs[number], typeof lbs[number], typeof lbs[number]];
  await after(2000);
  deploy("lb1", "lb2", "lb3");
  okOf(await start("lb1/rest", { bakeMs: 60_000 }));
  three.files.state = { ...three.files.state, served: [], down: ["web"] };
  await after(300_000);
  assert.match(state()!, /^done/);
  okOf(await world.step("revert"));
  await after(10_000);
  okOf(await start("lb1/rest", { bakeMs: 60_000 }));
  one.files.state = { ...one.files.state, served: [], down: ["web"] };
  await after(LASTING_MS + 10_000);
  assert.match(state()!, /^refused 1: lb1: frontend web/);
  okOf(await start("lb1/rest", { bakeMs: 60_000, moves: 0.5 }));
  await after(LASTING_MS + 10_000);
  assert.match(state()!, /^refused 1: lb1: frontend web/);
  assert.deepEqual(haveIt(), ["lb1"]);
});

Deno.test("a removal over max-removal stops it, unless all flows may move", async () => {
  await using world = fleet();
  const { deploy, start, haveIt, state, lbs } = world;
  deploy("lb1", "lb2", "lb3");
  lbs[0]!.files.overLimit = "it removes 1 of 4 servers, more than max-removal (0 %) allows";
  okOf(await start("lb1/rest"));
  assert.equal(state(), `refused 1: lb1: ${lbs[0]!.files.overLimit}`);
  okOf(await start("lb1/rest", { moves: 1 }));
  assert.deepEqual(haveIt(), ["lb1"]);
});

Deno.test("differences that follow each other do not count as one that lasts", async () => {
  await using world = fleet();
  const { deploy, after, start, lbs, state } = world;
  deploy("lb1", "lb2", "lb3");
  okOf(await start("rest", { bakeMs: 600_000 }));
  for (let round = 0; round < 24; round++) {
    for (const [at, { files }] of lbs.entries()) {
      const wanted = String(at === round % 3 ? round : round + 1);
      files.state = { ...files.state, prints: { inputs: "1", wanted } };
    }
    await after(LOOK_MS);
  }
  assert.equal(state(), "open 1: ");
});
