/** Actions with a scope: planned on all load balancers of the fleet, sent to the one that is shown. */
import assert from "node:assert/strict";
import { fakeBackend, type FakeMaglevd } from "../../../../tests/support/fakes/fake_maglevd.ts";
import { onHub, smallMaglevd } from "../../../../tests/support/worlds/hub_world.ts";
import { MaglevError } from "../../../base/errors.ts";
import {
  FleetInfo,
  FleetMember,
  type ForetoldPlan,
  Plan,
  TableShift,
  VipChange,
} from "../../../grpc/gen/maglev.ts";
import { create } from "../../../grpc/messages/codec.ts";

const ACTOR = { user: "eve" };
const MEMBERS = [["a1", "ams"], ["a2", "ams"], ["a3", "fra"], ["a9", "ams"]].map((
  [name = "", site = ""],
) => create(FleetMember, { name, site, present: name !== "a9" }));

function foretold(lb: string): ForetoldPlan {
  return { lb, shares: [{ frontend: "web", share: 0.25 }], rest: 0, emptied: [] };
}

/** A maglevd of fleet edge with this name in it; one that is not in the scope foretells nothing. */
function member(lb: string, { site = "ams", applies = true } = {}): FakeMaglevd {
  const maglevd = smallMaglevd();
  maglevd.fleet = create(FleetInfo, { fleet: "edge", lb, site, store: "ok", members: MEMBERS });
  maglevd.answer("PlanBackend", () => ({
    plan: create(Plan, {
      vips: applies
        ? [create(VipChange, {
          frontend: "web",
          change: "changed",
          atOnce: create(TableShift, { buckets: 1024, moved: 256, shareMoved: 0.25 }),
        })]
        : [],
    }),
    foretold: applies ? foretold(lb) : undefined,
  }));
  maglevd.answer("DisableBackend", ({ name }) => ({
    ...fakeBackend(name!, { state: "disabled" }),
    warning: "a9 is away",
  }));
  return maglevd;
}

const all = () => ({
  lb1: member("a1"),
  lb2: member("a2"),
  lb3: member("a3", { site: "fra", applies: false }),
  lone: smallMaglevd(),
});

Deno.test("a plan with a scope has each load balancer of it, and names those that foretell nothing", async () => {
  const lbs = all();
  await onHub(lbs, async ({ hub, clock }) => {
    await clock.advanceAsync(8000);
    const asked = { kind: "disable", backend: "b0", scope: "site=ams" } as const;
    const plan = await hub.actions("lb1")!.plan(asked, ACTOR);
    assert.ok(!(plan instanceof MaglevError), String(plan));
    assert.deepEqual(
      plan.vips.map(({ lb, frontend, share_moved }) => [lb, frontend, share_moved]),
      [
        ["lb1", "web", 0.25],
        ["lb2", "web", 0.25],
      ],
    );
    assert.equal(plan.warning, "nothing is foretold for a9: it is away");
    assert.match(plan.command, /^maglevc --server \S+,\S+,\S+ set backend b0 disable site ams$/);
    assert.equal(lbs.lone.count("PlanBackend"), 0, "it is not of the fleet");
    const request = lbs.lb3.calls.find(({ method }) => method === "PlanBackend")!.request;
    assert.equal((request as { scope?: string }).scope, "site=ams");
  });
});

Deno.test("an action with a scope is sent once, with what all of them foretold", async () => {
  const lbs = all();
  await onHub(lbs, async ({ hub, clock }) => {
    await clock.advanceAsync(8000);
    const asked = { kind: "disable", backend: "b0", scope: "fleet", reason: "disk" } as const;
    const answer = await hub.actions("lb2")!.act(asked, ACTOR);
    assert.ok(!(answer instanceof MaglevError), String(answer));
    assert.equal(answer.warning, "a9 is away");
    assert.deepEqual(
      Object.values(lbs).map((each) => each.count("DisableBackend")),
      [0, 1, 0, 0],
    );
    assert.deepEqual(lbs.lb2.calls.find(({ method }) => method === "DisableBackend"), {
      method: "DisableBackend",
      request: {
        name: "b0",
        reason: "disk",
        end: undefined,
        scope: "fleet",
        plans: [foretold("a2"), foretold("a1")],
      },
      user: "eve",
    });
  });
});

Deno.test("an end carries no plans; without a store a scope is refused, and nothing is asked", async () => {
  const lbs = all();
  lbs.lb1.answer("EnableBackend", ({ name }) => fakeBackend(name!));
  await onHub(lbs, async ({ hub, clock }) => {
    await clock.advanceAsync(8000);
    const asked = { kind: "enable", backend: "b0", scope: "fleet" } as const;
    assert.ok(!(await hub.actions("lb1")!.act(asked, ACTOR) instanceof MaglevError));
    assert.equal(lbs.lb1.count("PlanBackend"), 0);
    for (const call of ["act", "plan"] as const) {
      const refused = await hub.actions("lone")![call](asked, ACTOR);
      assert.ok(refused instanceof MaglevError && refused.code === "failed-precondition");
    }
    assert.equal(lbs.lone.count("EnableBackend"), 0);
  });
});
