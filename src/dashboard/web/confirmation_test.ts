/// <reference lib="deno.ns" />
import assert from "node:assert/strict";
import type { PlanAnswer } from "../protocol.ts";
import { Confirmation, type ConfirmationView } from "./confirmation.ts";

/** A plan that moves this share, and drops these flows. */
function planOf(share_moved: number, flows = 0): PlanAnswer {
  const server = { address: "10.0.0.1", backends: ["b0"], change: "weight", flush: true, flows };
  const vip = { frontend: "web", change: "update", buckets: 1024, moved: 1, lost: 0 };
  return {
    ...{ ok: true, states: [], vips_unchanged: 0, command: "maglevc …" },
    vips: [{ ...vip, share_moved, servers: [server] }],
  };
}

type Step<T> = { readonly signal: AbortSignal } & PromiseWithResolvers<T>;

/** A confirmation whose plans and actions the test answers. */
class World {
  readonly plans: (Step<PlanAnswer> & { readonly request: string })[] = [];
  readonly acts: (Step<string> & { readonly request: string })[] = [];
  readonly timers: { readonly ms: number; readonly then: () => void }[] = [];
  view!: ConfirmationView;
  shown = 0;
  unsure = 0;
  readonly confirmation: Confirmation<string, string>;

  constructor({ hasPlan = true } = {}) {
    const step = <T>(steps: (Step<T> & { request: string })[]) =>
    (
      request: string,
      signal: AbortSignal,
    ) => {
      const made = Promise.withResolvers<T>();
      signal.addEventListener("abort", () => made.reject(new DOMException("", "AbortError")));
      steps.push({ ...made, signal, request });
      return made.promise;
    };
    this.confirmation = new Confirmation<string, string>("first", {
      plan: hasPlan ? step(this.plans) : undefined,
      act: step(this.acts),
      mayBeDone: (error) => (error as Error).message === "timeout",
      unsure: () => void this.unsure++,
      show: (view) => {
        this.view = view;
        this.shown++;
      },
      after: (ms, then) => void this.timers.push({ ms, then }),
    });
  }

  /** Answers the newest plan. */
  async planned(plan: PlanAnswer | Error): Promise<void> {
    const newest = this.plans.at(-1)!;
    if (plan instanceof Error) newest.reject(plan);
    else newest.resolve(plan);
    await settle();
  }

  async passTime(): Promise<void> {
    for (const { then } of this.timers.splice(0)) then();
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

Deno.test("a confirmed plan is made again, and done when it is still the same", async () => {
  const world = new World();
  const { confirmation, plans, acts } = world;
  assert.equal(await confirmation.confirm(), undefined, "not before there is a plan");
  await world.planned(planOf(0.3, 40));
  assert.ok(world.view.ready);
  const done = confirmation.confirm();
  assert.ok(world.view.busy && !world.view.ready);
  await settle();
  assert.equal(acts.length, 0);
  assert.equal(plans.length, 2);
  await world.planned(planOf(0.3, 55));
  assert.equal(acts[0]!.request, "first");
  assert.equal(await confirmation.confirm(), undefined, "not twice");
  acts[0]!.resolve("done");
  assert.equal(await done, "done");
  assert.equal(world.unsure, 0);
  confirmation.renew();
  assert.equal(plans.length, 2, "what is done is not planned again");
  assert.ok(!world.view.changed && !world.view.ready);
});

Deno.test("a plan that has changed by then is shown instead, and is confirmed only when read", async () => {
  const world = new World();
  const { confirmation, acts } = world;
  await world.planned(planOf(0.3));
  const first = confirmation.confirm();
  await settle();
  await world.planned(planOf(1));
  assert.equal(await first, undefined);
  assert.equal(acts.length, 0);
  assert.equal(world.view.plan?.vips[0]?.share_moved, 1);
  assert.ok(world.view.changed && !world.view.ready && !world.view.busy);
  await confirmation.confirm();
  assert.equal(acts.length, 0, "a second press that came too soon");
  await world.passTime();
  assert.ok(world.view.changed && world.view.ready);
  void confirmation.confirm();
  await settle();
  await world.planned(planOf(1));
  assert.equal(acts.length, 1);
});

Deno.test("a plan is renewed while it is open: the old one stays until then, a failed one is replaced", async () => {
  const world = new World();
  const { confirmation, plans } = world;
  confirmation.renew();
  assert.equal(plans.length, 1, "one at a time");
  await world.planned(planOf(0.3));
  confirmation.renew();
  assert.equal(world.view.plan?.vips[0]?.share_moved, 0.3);
  assert.ok(world.view.ready);
  await world.planned(planOf(0.3, 8));
  assert.equal(world.view.plan?.vips[0]?.servers[0]?.flows, 8);
  assert.ok(world.view.ready && !world.view.changed, "flows alone are no other plan");
  confirmation.renew();
  await world.planned(planOf(0.5));
  assert.ok(world.view.changed && !world.view.ready);
  await world.passTime();
  confirmation.renew();
  await world.planned(new Error("lb1 is not connected"));
  assert.deepEqual([world.view.plan, world.view.planError], [undefined, "lb1 is not connected"]);
  assert.ok(!world.view.ready);
  confirmation.renew();
  await world.planned(planOf(0.5));
  assert.ok(world.view.ready);
  assert.equal(world.view.planError, "");
});

Deno.test("another request has no plan until typing is over, and late plans of the old one are ignored", async () => {
  const world = new World();
  const { confirmation, plans } = world;
  confirmation.want("second");
  await settle();
  assert.ok(plans[0]!.signal.aborted);
  assert.equal(world.view.plan, undefined);
  assert.equal(world.view.planError, "");
  confirmation.want("third");
  await world.passTime();
  assert.deepEqual(plans.map(({ request }) => request), ["first", "third"]);
  await world.planned(planOf(0.1));
  assert.ok(world.view.ready && !world.view.changed);
});

Deno.test("without an answer it may have been done: what is known is read again, and the plan too", async () => {
  const world = new World();
  const { confirmation, acts, plans } = world;
  await world.planned(planOf(0.3));
  const done = confirmation.confirm();
  await settle();
  await world.planned(planOf(0.3));
  acts[0]!.reject(new Error("timeout"));
  assert.equal(await done, undefined);
  assert.equal(
    world.view.trouble,
    "No answer (timeout): it may have been done; look at its state.",
  );
  assert.equal(world.unsure, 1);
  assert.deepEqual([world.view.plan, world.view.ready], [undefined, false]);
  assert.equal(plans.length, 3);
});

Deno.test("a refusal is not done, and may be confirmed again", async () => {
  const world = new World({ hasPlan: false });
  const { confirmation, acts } = world;
  assert.ok(world.view.ready);
  const done = confirmation.confirm();
  acts[0]!.reject(new Error("unknown backend"));
  assert.equal(await done, undefined);
  assert.equal(world.view.trouble, "Not done: unknown backend");
  assert.ok(world.view.ready);
  assert.equal(world.unsure, 0);
});

Deno.test("Cancel ends the wait: nothing was done before the request, and after it that is not known", async () => {
  const world = new World();
  const { confirmation, acts } = world;
  assert.equal(confirmation.cancel(), false);
  await world.planned(planOf(0.3));
  const first = confirmation.confirm();
  assert.equal(confirmation.cancel(), true);
  assert.equal(await first, undefined);
  assert.equal(world.view.trouble, "Cancelled: nothing was done.");
  assert.deepEqual([acts.length, world.unsure], [0, 0]);
  const second = confirmation.confirm();
  await settle();
  await world.planned(planOf(0.3));
  assert.equal(confirmation.cancel(), true);
  assert.equal(await second, undefined);
  assert.ok(acts[0]!.signal.aborted);
  assert.equal(
    world.view.trouble,
    "Cancelled without an answer: it may have been done; look at its state.",
  );
  assert.equal(world.unsure, 1);
  assert.equal(confirmation.cancel(), false);
});

Deno.test("a confirmation that is closed shows nothing, and ends its requests", async () => {
  const world = new World();
  const { confirmation, acts } = world;
  await world.planned(planOf(0.3));
  const done = confirmation.confirm();
  await settle();
  await world.planned(planOf(0.3));
  confirmation.close();
  const { shown } = world;
  assert.ok(acts[0]!.signal.aborted);
  assert.equal(await done, undefined);
  await world.passTime();
  assert.deepEqual([world.shown, world.unsure], [shown, 1]);
});
