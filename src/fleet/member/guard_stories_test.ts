/**
 * Outages of other fleets, replayed on load balancers with a store. Goal: the guard of each holds what
 * took all servers out there, and names itself and the cause at the writer.
 */
import assert from "node:assert/strict";
import { MaglevError } from "../../base/errors.ts";
import type { Foretold } from "../book/foretold.ts";
import { type MemberOf, memberWorld, wish } from "../../../tests/support/worlds/member_world.ts";
import { plannerOf, plansIn } from "../../../tests/support/worlds/foretold_world.ts";
import { endWish, putWish, type ScopedIntent } from "./requests/requests.ts";

const NAMES = ["a", "b", "c", "d", "e"] as const;
const BY = { peer: "127.0.0.1:1", identity: "deploy" };
const HOUR_MS = 3_600_000;

/** Two load balancers; requests go to the first. */
function fleet(options: { readonly up?: readonly string[] } = {}) {
  const world = memberWorld();
  const lbs: readonly [MemberOf, MemberOf] = [
    world.add({ lb: "lb1", ...options }),
    world.add({ lb: "lb2", ...options }),
  ];
  for (const { member } of lbs) member.start();
  const drain = (backend: string): ScopedIntent => {
    const atMs = world.clock.wallMs();
    const base = wish("pause", backend, { atMs, untilMs: atMs + HOUR_MS });
    return { ...base, kind: "drain", then: "resume" } as ScopedIntent;
  };
  const plan = async (backend: string): Promise<readonly Foretold[]> => {
    const request = { name: backend, action: "drain", scope: "fleet" };
    return plansIn(await Promise.all(lbs.map((lb) => plannerOf(lb, world.clock)(request))));
  };
  const put = async (intent: ScopedIntent, plans?: readonly Foretold[]) => {
    const asked = { intent, force: false, ...(plans === undefined ? {} : { plans }) };
    const done = await world.done(putWish(lbs[0].member, asked));
    if (done instanceof MaglevError) assert.fail(done.message);
    return done;
  };
  const served = () =>
    lbs.map(({ checker }) => {
      const { servers } = checker.current.frontends.get("web")!;
      return servers.filter(({ weight }) => weight > 0).length;
    });
  const stop = () => Promise.all(lbs.map(({ member }) => member.stop()));
  return { ...world, lbs, drain, plan, put, served, stop };
}

Deno.test("2023-02-22: a loop that drains each server and gives none back leaves the last one", async () => {
  const { drain, plan, put, served, stop } = fleet();
  const warnings: string[] = [];
  for (const name of NAMES) warnings.push((await put(drain(name), await plan(name))).warning);
  assert.deepEqual(warnings.slice(0, 4), ["", "", "", ""]);
  assert.equal(
    warnings[4],
    "lb1 holds it: frontend web would have no server; " +
      "lb2 holds it: frontend web would have no server",
  );
  assert.deepEqual(served(), [1, 1]);
  await stop();
});

Deno.test("2023-02-22: a loop whose plans were made before it is held at its second server", async () => {
  const { drain, plan, put, served, stop } = fleet();
  const plans = await Promise.all(NAMES.map(plan));
  const [first, second] = NAMES;
  assert.equal((await put(drain(first), plans[0])).warning, "");
  const { warning } = await put(drain(second), plans[1]);
  const hold =
    /lb1 holds it: [\d.]+ % of new flows of frontend web would move, foretold were [\d.]+ %/;
  assert.match(warning, hold);
  assert.match(warning, /lb2 holds it/);
  assert.deepEqual(served(), [4, 4]);
  await stop();
});

Deno.test("2023-04-17: servers drained and given back while a load balancer is away do not stay drained", async () => {
  const { lbs: [lb1, lb2], clock, drain, plan, put, served, done, stop } = fleet();
  const plans = await plan("a");
  lb2.store.cut();
  const { id } = await put(drain("a"), plans);
  assert.deepEqual(served(), [4, 5]);
  const nowMs = clock.wallMs();
  const ended = await done(endWish(lb1.member, { id, by: BY, reason: "deployed", nowMs }));
  assert.ok(!(ended instanceof MaglevError));
  lb2.store.mend();
  await clock.advanceAsync(2000);
  assert.deepEqual(served(), [5, 5]);
  await stop();
});

Deno.test("2023-05-25: a deploy that is lost with its load balancer gives its servers back in time", async () => {
  const { lbs: [lb1, lb2], clock, drain, plan, put, served, stop } = fleet();
  for (const name of ["a", "b", "c"]) await put(drain(name), await plan(name));
  assert.deepEqual(served(), [2, 2]);
  // The deploy is gone. One load balancer returns when the drains are over, the other one ends them.
  lb2.store.cut();
  await clock.advanceAsync(HOUR_MS - 10_000);
  assert.deepEqual(served(), [2, 2]);
  await clock.advanceAsync(60_000);
  assert.deepEqual(served(), [5, 5]);
  lb2.store.mend();
  await clock.advanceAsync(2000);
  assert.deepEqual(served(), [5, 5]);
  assert.deepEqual(lb1.member.view.ended.map(({ cause }) => cause), [
    "expired",
    "expired",
    "expired",
  ]);
  await stop();
});

Deno.test("2015-06-13: before the first checks the last server is held as it is later", async () => {
  const { lbs, drain, put, stop } = fleet({ up: [] });
  const warnings: string[] = [];
  for (const name of NAMES) warnings.push((await put(drain(name))).warning);
  assert.deepEqual(warnings.slice(0, 4), ["", "", "", ""]);
  assert.match(warnings[4]!, /lb1 holds it: frontend web would have no server; lb2 holds it/);
  for (const { engine, checker } of lbs) {
    engine.bringUp(...NAMES);
    assert.equal(checker.current.frontends.get("web")!.state, "up");
  }
  await stop();
});

Deno.test("2015-06-13: a list that takes all servers out at a return is held as a whole", async () => {
  const { lbs: [, lb2], clock, drain, put, served, stop } = fleet();
  lb2.store.cut();
  for (const name of NAMES.slice(0, 4)) await put(drain(name));
  assert.deepEqual(served(), [1, 5]);
  lb2.store.mend();
  await clock.advanceAsync(2000);
  assert.deepEqual(served(), [1, 5]);
  for (const { here } of lb2.member.view.wishes) {
    assert.match(
      here.kind === "held" ? here.reason : here.kind,
      /^new intents together touch 4 of 5/,
    );
  }
  await stop();
});

Deno.test("a drain takes new flows away and gives them back; force obeys in spite of the plan", async () => {
  const { lbs: [lb1], clock, drain, plan, put, served, done, stop } = fleet();
  const plans = await Promise.all(["a", "b"].map(plan));
  await put(drain("a"), plans[0]);
  assert.deepEqual(served(), [4, 4]);
  assert.equal(lb1.stateOf("a"), "up", "it is still checked");
  assert.match((await put(drain("b"), plans[1])).warning, /foretold/);
  const forced = { intent: drain("b"), force: true, plans: plans[1]! };
  const result = await done(putWish(lb1.member, forced));
  assert.equal(result instanceof MaglevError ? result.message : result.warning, "");
  assert.deepEqual(served(), [3, 3]);
  for (const { id } of lb1.member.view.wishes) {
    await done(endWish(lb1.member, { id, by: BY, reason: "", nowMs: clock.wallMs() }));
  }
  assert.deepEqual(served(), [5, 5]);
  await stop();
});

Deno.test("a wish held by its plan is obeyed when no more moves than was foretold", async () => {
  const { lbs: [lb1, lb2], clock, drain, plan, put, served, stop } = fleet();
  const plans = await plan("a");
  lb2.engine.takeDown("e");
  assert.deepEqual(served(), [5, 4]);
  const { warning } = await put(drain("a"), plans);
  assert.match(warning, /^lb2 holds it: [\d.]+ % of new flows of frontend web/);
  assert.deepEqual(served(), [4, 4]);
  lb2.engine.bringUp("e");
  await clock.advanceAsync(7000);
  assert.deepEqual(served(), [4, 4]);
  assert.deepEqual(lb2.member.view.wishes.map(({ here }) => here.kind), ["obeyed"]);
  assert.deepEqual(
    lb1.member.roster.members().flatMap(({ status }) => status.drains.map(({ state }) => state)),
    [
      "drained",
      "drained",
    ],
  );
  await stop();
});
