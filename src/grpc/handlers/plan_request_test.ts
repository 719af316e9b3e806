import assert from "node:assert/strict";
import { setUpHealthy, THREE, WHO } from "../../../tests/support/worlds/checker_fixture.ts";
import { smallConfig } from "../../../tests/support/fakes/small_config.ts";
import { setUp } from "../../../tests/support/worlds/checker_fixture.ts";
import { MaglevError } from "../../base/errors.ts";
import { DrainBackendRequest, PlanBackendRequest, SetWeightRequest } from "../gen/maglev.ts";
import { create } from "../messages/codec.ts";
import type { CallContext } from "../calls/calls.ts";
import type { DaemonApi } from "../calls/daemon_api.ts";
import { drainBackend } from "./backend.ts";
import { setWeight } from "./frontend.ts";
import { planBackend } from "./config.ts";
import { forecastActionOf } from "./plan_request.ts";

const PLACE = { frontend: "web", pool: "pool0", backend: "a" };

function plan(request: Partial<PlanBackendRequest>, { checker, clock } = setUpHealthy()) {
  const context = { snapshot: checker.snapshot(), nowMs: clock.wallMs() };
  return forecastActionOf(create(PlanBackendRequest, request), context);
}

function refusal(result: unknown): string {
  assert.ok(result instanceof MaglevError);
  return `${result.code}: ${result.message}`;
}

const HOUR: PlanBackendRequest["end"] = { $case: "forNs", value: 3_600_000_000_000n };

Deno.test("forecastActionOf() accepts the options of the change: reason, end, weight, the file's weight", () => {
  const weight = { name: "a", action: "weight", frontend: "web", pool: "pool0" };
  const cases: [Partial<PlanBackendRequest>, unknown][] = [
    [{ name: "a", action: "pause", reason: "disk", end: HOUR }, { kind: "pause", backend: "a" }],
    [{ name: "a", action: "resume", reason: "done" }, { kind: "resume", backend: "a" }],
    [{ ...weight, weight: 7, reason: "canary", end: HOUR }, {
      kind: "weight",
      ...PLACE,
      weight: 7,
    }],
    // 100 in the file, 3 in force.
    [{ ...weight, weight: 7, file: true }, { kind: "weight", ...PLACE, weight: 100 }],
  ];
  const world = setUpHealthy();
  assert.ok(world.checker.setWeight({ ...PLACE, weight: 3 }, WHO).ok);
  for (const [request, action] of cases) assert.deepEqual(plan(request, world), action);
});

Deno.test("forecastActionOf() refuses a plan where the change would be refused, with the same message", () => {
  const past: PlanBackendRequest["end"] = { $case: "untilUnixNs", value: 1_000_000n };
  const cases: [Partial<PlanBackendRequest>, RegExp][] = [
    [{ name: "a", action: "pause", reason: "x\ny" }, /^invalid-argument: .*reason.*one line/],
    [{ name: "a", action: "pause", end: past }, /^invalid-argument: .*need a time after now/],
    [{ name: "a", action: "resume", end: HOUR }, /^invalid-argument: .*only pauses, disables/],
    [{ name: "a", action: "weight", ...PLACE, weight: 101 }, /^invalid-argument: .*0 to 100/],
    [{ name: "a", action: "weight", ...PLACE, end: past }, /^invalid-argument: .*after now/],
    [{ name: "a", action: "weight", ...PLACE, file: true, end: HOUR }, /^invalid-argument: .*end/],
    [
      { name: "a", action: "weight", frontend: "wbe", pool: "pool0", file: true },
      /^not-found: no frontend "wbe"; did you mean "web"\?/,
    ],
    [{ name: "a", action: "weigh" }, /^invalid-argument: .*did you mean weight\?/],
  ];
  for (const [request, message] of cases) assert.match(refusal(plan(request)), message);
  const off = smallConfig({
    backends: { a: { enabled: false } },
    frontends: { web: { pools: "a:100" } },
  });
  assert.match(
    refusal(plan({ name: "a", action: "disable", end: HOUR }, setUp(off) as never)),
    /^failed-precondition: .*the configuration disables it/,
  );
});

Deno.test("setWeight() with `file` restores the file's weight, and ends the intent", async () => {
  const world = setUpHealthy();
  const { checker } = world;
  const { run, argumentsOf } = setWeight(world as unknown as DaemonApi);
  const caller = { peer: "unix", identity: "", role: "operator" };
  const ask = (request: Partial<SetWeightRequest>) =>
    run(create(SetWeightRequest, { ...PLACE, ...request }), { caller } as never);
  const outcome = async (request: Partial<SetWeightRequest>) => {
    const { answer, before, after } = await ask(request);
    return { answer, change: [before, after] };
  };
  assert.deepEqual((await outcome({ weight: 3, end: HOUR })).change, [100, 3]);
  assert.equal(checker.snapshot().intents.ofWeight(PLACE)?.weight, 3);
  assert.match(refusal((await outcome({ file: true, end: HOUR })).answer), /^invalid-argument/);
  assert.equal(checker.snapshot().intents.ofWeight(PLACE)?.weight, 3);
  assert.deepEqual((await outcome({ file: true })).change, [3, 100]);
  assert.equal(checker.snapshot().intents.ofWeight(PLACE), undefined);
  // Once more: nothing to do, and no error.
  assert.deepEqual((await outcome({ file: true })).change, [100, 100]);
  const noSuch = await outcome({ file: true, pool: "pool9" });
  assert.match(refusal(noSuch.answer), /^not-found/);
  const request = create(SetWeightRequest, { ...PLACE, file: true });
  assert.deepEqual(argumentsOf(request), {
    ...PLACE,
    weight: "file",
    from: undefined,
    until: undefined,
  });
});

Deno.test("drainBackend() logs force, and the end of a drain with and without a length", () => {
  const world = { ...setUpHealthy(), probers: { voidReason: () => undefined } };
  const { argumentsOf } = drainBackend(world as unknown as DaemonApi);
  const fieldsOf = (request: Partial<DrainBackendRequest>) =>
    argumentsOf(create(DrainBackendRequest, { name: "a", ...request }));
  const at = (ms: number) => new Date(world.clock.wallMs() + ms).toISOString();
  const plain = { backend: "a", then: "disable", force: undefined, from: undefined };
  assert.deepEqual(fieldsOf({}), { ...plain, until: at(200_000) });
  assert.deepEqual(fieldsOf({ force: true, forNs: 5_000_000_000n, then: "pause" }), {
    ...plain,
    then: "pause",
    force: true,
    until: at(5000),
  });
});

Deno.test("a plan of a drain is refused as the drain is, also where VPP keeps the weights of blind servers", async () => {
  const weights = new Map([["10.0.0.1", 100], ["10.0.0.2", 0], ["10.0.0.3", 0]]);
  const weightsSent = { of: () => weights, isProgrammed: () => false };
  const world = setUp(smallConfig(THREE), { weightsSent });
  const { checker, engine } = world;
  checker.start();
  for (const name of ["a", "b", "c"]) engine.reportVoid(name);
  const handle = planBackend({ ...world, vpp: undefined } as unknown as DaemonApi);
  const context = { signal: new AbortController().signal } as CallContext;
  const planned = (request: Partial<PlanBackendRequest>) =>
    handle(create(PlanBackendRequest, { name: "a", action: "drain", ...request }), context);
  const request = { backend: "a", then: "disable", forMs: undefined, force: false } as const;
  const refused = checker.drainBackend(request, WHO);
  assert.ok(!refused.ok);
  assert.match(refused.error.message, /the last server with a weight of frontend "web"/);
  assert.equal(refusal(await planned({})), refusal(refused.error));
  assert.match(refusal(await planned({ name: "d" })), /^not-found/);
  assert.ok(!(await planned({ force: true }) instanceof MaglevError));
  assert.ok(!(await planned({ name: "b" }) instanceof MaglevError), "it serves nothing");
  checker.disableBackend("b", WHO);
  assert.match(refusal(await planned({ name: "b", force: true })), /drain backend "b": it is dis/);
});
