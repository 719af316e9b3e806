/**
 * Rollouts on load balancers over a store in memory. Goal: a file comes into force in its wave and
 * within the gates, and nowhere else; a red gate stops all of them and undoes nothing.
 */
import assert from "node:assert/strict";
import { FakeRolloutFiles } from "../../../../tests/support/fakes/fake_rollout_files.ts";
import { BY, fleet, NEW, okOf, refusalOf } from "../../../../tests/support/worlds/rollout_world.ts";
import { ROLLOUT } from "../../book/keys.ts";
import { startRollout, stepRollout } from "../requests/rollout.ts";
import { restoreStore } from "../requests/restore.ts";
import { KEPT_MS, LASTING_MS, LOOK_MS, SETTLE_MS } from "./follower.ts";

Deno.test("a file comes into force wave by wave, when an operator opens the next one", async () => {
  await using world = fleet();
  const { deploy, after, start, step, haveIt, answers, state, lbs } = world;
  await after(2000);
  deploy("lb1", "lb2", "lb3");
  assert.equal(okOf(await start("lb1/site=ams/rest")).warning, "");
  assert.deepEqual(haveIt(), ["lb1"]);
  await after(60_000);
  assert.deepEqual(haveIt(), ["lb1"]);
  assert.deepEqual(answers(), ["lb1 applied", "lb2 closed", "lb3 closed"]);
  okOf(await step("next"));
  assert.deepEqual(haveIt(), ["lb1", "lb2"]);
  await after(2000);
  assert.match(refusalOf(await step("next")), /lb2 has it, and its gates are judged/);
  await after(SETTLE_MS + 2000);
  okOf(await step("next"));
  assert.deepEqual(haveIt(), ["lb1", "lb2", "lb3"]);
  // The last wave is judged too.
  assert.match(state()!, /^open 3/);
  await after(SETTLE_MS + 2000);
  assert.equal(state(), "done 3: all load balancers have it");
  assert.deepEqual(lbs.map(({ files }) => files.reloads), [1, 1, 1]);
});

Deno.test("a bake time opens the next wave when all gates were green for it", async () => {
  await using world = fleet();
  const { deploy, after, start, haveIt, state, lbs } = world;
  deploy("lb1", "lb2", "lb3");
  okOf(await start("lb1/rest", { bakeMs: 600_000 }));
  const [{ files }] = lbs as [typeof lbs[number]];
  await after(300_000);
  files.state = { ...files.state, isVppRight: false };
  await after(30_000);
  files.state = { ...files.state, isVppRight: true };
  // The time begins again.
  await after(590_000);
  assert.deepEqual(haveIt(), ["lb1"]);
  await after(20_000);
  assert.deepEqual(haveIt(), ["lb1", "lb2", "lb3"]);
  await after(620_000 + SETTLE_MS);
  assert.equal(state(), "done 2: all gates were green for 600 s");
});

Deno.test("a canary whose plan removes a VIP stops at its gate, and the others are untouched", async () => {
  await using world = fleet();
  const { deploy, after, start, step, haveIt, state, lbs } = world;
  deploy("lb1", "lb2", "lb3");
  const [{ files }] = lbs as [typeof lbs[number]];
  files.vips = [{ frontend: "web", isRemoved: true, moved: 1 }];
  okOf(await start("lb1/rest", { bakeMs: 1000 }));
  await after(60_000);
  const note = "lb1: its plan removes or recreates 1 VIPs (web), at most 0 are allowed";
  assert.equal(state(), `refused 1: ${note}`);
  assert.deepEqual([haveIt(), lbs.map(({ files }) => files.plans)], [[], [1, 0, 0]]);
  assert.match(refusalOf(await step("next", true)), /it is refused; begin a new one/);
  okOf(await step("stop"));
  assert.equal(state(), "stopped 1: stop by ann");
  // Allowed by its operator.
  okOf(await start("lb1/rest", { removes: 1 }));
  assert.deepEqual(haveIt(), ["lb1"]);
});

Deno.test("a plan that moves more than the gate, an invalid file and a refused reload stop it", async () => {
  for (
    const [spoil, expected] of [
      [
        (files: FakeRolloutFiles) =>
          files.vips = [{ frontend: "web", isRemoved: false, moved: 0.31 }],
        /lb1: its plan moves 31\.0 % of new flows of frontend web, at most 30\.0 % are allowed/,
      ],
      [
        (files: FakeRolloutFiles) => files.invalid = "its file is invalid",
        /lb1: its file is invalid/,
      ],
      [
        (files: FakeRolloutFiles) => files.outcomes.push({ kind: "failed", reason: "no" }),
        /lb1: no$/,
      ],
      [
        (files: FakeRolloutFiles) => {
          for (let n = 0; n < 5; n++) files.outcomes.push({ kind: "changed" });
        },
        /lb1: what it planned no longer holds/,
      ],
    ] as const
  ) {
    await using world = fleet();
    world.deploy("lb1", "lb2", "lb3");
    spoil(world.lbs[0]!.files);
    okOf(await world.start("lb1/rest", { bakeMs: 1000 }));
    await world.after(60_000);
    assert.match(world.state()!, expected);
    assert.deepEqual(world.haveIt(), []);
  }
});

Deno.test("a load balancer waits for its file, and follows when it has come", async () => {
  await using world = fleet();
  const { deploy, after, start, step, haveIt, answers, lbs } = world;
  okOf(await start("rest"));
  assert.equal(answers()[0], "lb1 waiting: its file has hash 000000000000");
  assert.equal(lbs[0]!.files.plans, 0);
  deploy("lb1", "lb2");
  await after(LOOK_MS + 1000);
  assert.deepEqual(haveIt(), ["lb1", "lb2"]);
  await after(SETTLE_MS);
  assert.match(refusalOf(await step("next")), /lb3 is waiting.*its file has hash/);
  okOf(await step("next", true));
  assert.match(world.state()!, /^done/);
  deploy("lb3");
  await after(60_000);
  // The permission is over.
  assert.deepEqual(haveIt(), ["lb1", "lb2"]);
});

Deno.test("a frontend that loses all servers afterwards stops it, one that had none before does not", async () => {
  await using world = fleet();
  const { deploy, after, start, state, lbs, haveIt } = world;
  const [{ files }] = lbs as [typeof lbs[number]];
  files.state = { ...files.state, down: ["old"] };
  deploy("lb1", "lb2", "lb3");
  okOf(await start("lb1/rest", { bakeMs: 60_000 }));
  await after(20_000);
  assert.equal(state(), "open 1: ");
  files.state = { ...files.state, down: ["old", "web"] };
  await after(LASTING_MS - LOOK_MS);
  assert.match(state()!, /^open/);
  await after(LOOK_MS * 3);
  assert.equal(state(), "refused 1: lb1: frontend web has no server");
  // Nothing is undone by itself.
  await after(600_000);
  assert.deepEqual(haveIt(), ["lb1"]);
});

Deno.test("a VPP that stays different, and a new difference that lasts, stop it", async () => {
  await using world = fleet();
  const { deploy, after, start, state, lbs } = world;
  deploy("lb1", "lb2", "lb3");
  okOf(await start("lb1,lb2/rest"));
  const [one, two] = lbs as [typeof lbs[number], typeof lbs[number]];
  two.files.state = { ...two.files.state, prints: { inputs: "1", wanted: "2" } };
  await after(SETTLE_MS + LASTING_MS - 10_000);
  assert.equal(state(), "open 1: ");
  await after(20_000);
  assert.equal(state(), "refused 1: lb1 and lb2 see servers differently, and did not before");
  two.files.state = one.files.state;
  okOf(await start("lb1,lb2/rest"));
  one.files.state = { ...one.files.state, isVppRight: false };
  await after(LASTING_MS + 10_000);
  assert.equal(state(), "refused 1: lb1: VPP does not have what it should have");
});

Deno.test("a difference from before the rollout does not stop it", async () => {
  await using world = fleet();
  const { deploy, after, start, step, haveIt, lbs } = world;
  lbs[1]!.files.state = { ...lbs[1]!.files.state, prints: { inputs: "1", wanted: "2" } };
  deploy("lb1", "lb2", "lb3");
  okOf(await start("lb1,lb2/rest"));
  for (const { files } of lbs.slice(0, 2)) {
    files.state = { ...files.state, prints: { ...files.state.prints, inputs: "9" } };
  }
  await after(LASTING_MS * 2);
  okOf(await step("next"));
  assert.equal(haveIt().length, 3);
});

Deno.test("a stop during the plan is heard before the reload; while the store is away nothing begins", async () => {
  await using world = fleet();
  const { deploy, after, start, haveIt, lbs, server, done, clock } = world;
  deploy("lb1", "lb2", "lb3");
  const [one, two] = lbs as [typeof lbs[number], typeof lbs[number]];
  one.files.onPlan = () => {
    const asked = {
      step: "stop",
      force: false,
      by: BY,
      reason: "",
      nowMs: clock.wallMs(),
    } as const;
    void stepRollout(two.member, asked);
  };
  okOf(await start("lb1/rest"));
  await after(10_000);
  assert.deepEqual([haveIt(), one.files.plans], [[], 1]);
  one.files.onPlan = () => {};
  one.store.cut();
  const asked = { hash: NEW, waves: "rest", gates: { moves: 1, removes: 0, bakeMs: undefined } };
  okOf(
    await done(
      startRollout(two.member, { ...asked, by: BY, reason: "", nowMs: clock.wallMs() }),
    ),
  );
  await after(10_000);
  assert.deepEqual(haveIt(), ["lb2", "lb3"]);
  one.store.mend();
  await after(10_000);
  assert.deepEqual(haveIt(), ["lb1", "lb2", "lb3"]);
  assert.ok(server.values.has(ROLLOUT));
});

Deno.test("revert puts the former file back on those that took it, and names one that cannot", async () => {
  await using world = fleet();
  const { deploy, after, start, step, haveIt, state, answers, lbs } = world;
  deploy("lb1", "lb2", "lb3");
  okOf(await start("lb1,lb2/rest"));
  assert.deepEqual(haveIt(), ["lb1", "lb2"]);
  lbs[1]!.files.former.clear();
  okOf(await step("revert"));
  await after(5000);
  assert.deepEqual(haveIt(), ["lb2"]);
  assert.deepEqual(answers(), [
    "lb1 reverted: its file on disk is still the new one",
    "lb2 unreverted: it has no former file",
    "lb3 reverted",
  ]);
  assert.match(state()!, /^reverting/);
  assert.match(refusalOf(await start("rest")), /is reverting; `fleet rollout stop` ends it/);
  lbs[1]!.files.inForce = "0".repeat(64);
  await after(10_000);
  assert.equal(state(), "reverted 1: no load balancer has it");
  // The file on disk has its hash still: it stays out.
  await after(60_000);
  assert.deepEqual(haveIt(), []);
});

Deno.test("one rollout at a time, names must be known, and those in no wave are named", async () => {
  await using world = fleet();
  const { start, after } = world;
  await after(2000);
  assert.match(refusalOf(await start("lb1/lb9/site=nrt")), /the fleet has no lb9 or site=nrt/);
  assert.match(refusalOf(await start("lb1/lb1")), /lb1 is in two places/);
  assert.match(refusalOf(await start("lb1//rest")), /need names of load balancers/);
  assert.match(refusalOf(await start("rest", { moves: 2 })), /need a share/);
  assert.equal(okOf(await start("lb1/site=fra")).warning, "in no wave: lb2");
  assert.match(refusalOf(await start("rest")), /of ann is open/);
});

Deno.test("a store that is not believed moves nothing, and a restored one has no rollout", async () => {
  await using world = fleet();
  const { deploy, after, start, haveIt, server, lbs, done } = world;
  okOf(await start("rest"));
  const backup = new Map(server.values);
  const { revision } = server;
  await after(60_000);
  server.replace(backup, revision - 1);
  deploy("lb1", "lb2", "lb3");
  await after(20_000);
  assert.deepEqual([lbs[0]!.member.store.kind, haveIt()], ["foreign", []]);
  okOf(await done(restoreStore(lbs[0]!.member)));
  await after(20_000);
  assert.deepEqual([server.values.has(ROLLOUT), haveIt()], [false, []]);
});

Deno.test("a rollout that is over is removed after 30 days", async () => {
  await using world = fleet({ lb1: "ams" });
  const { start, step, after, server, clock } = world;
  okOf(await start("rest"));
  okOf(await step("stop"));
  clock.stall(KEPT_MS);
  await after(3000);
  assert.equal(server.values.has(ROLLOUT), false);
});
