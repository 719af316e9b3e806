import assert from "node:assert/strict";
import { wall } from "../../../tests/support/fakes/instants.ts";
import { smallConfig } from "../../../tests/support/fakes/small_config.ts";
import { setUp, THREE } from "../../../tests/support/worlds/checker_fixture.ts";
import { type Intent, intentId, IntentSet } from "../../intent/intent.ts";
import { MaglevError } from "../../base/errors.ts";
import type { CallContext } from "../calls/calls.ts";
import type { DaemonApi } from "../calls/daemon_api.ts";
import { SetLameduckRequest } from "../gen/maglev.ts";
import { create } from "../messages/codec.ts";
import {
  ANNOUNCED_MS,
  durabilityWarning,
  replacementWarning,
  setLameduck,
  timesOf,
} from "./intent.ts";

const INTENT: Intent = {
  kind: "disable",
  backend: "b0",
  by: { peer: "unix", identity: "" },
  reason: "",
  sinceMs: wall(1),
  untilMs: wall(3_600_000),
};

Deno.test("timesOf() returns lengths beside the times that follow from them", () => {
  const nowMs = wall(1000.5);
  const begin = { $case: "inNs", value: 2_000_000_000n } as const;
  const end = { $case: "forNs", value: 5_000_000_000n } as const;
  const none = { fromMs: undefined, inMs: undefined, untilMs: undefined, forMs: undefined };
  assert.deepEqual(timesOf({ begin: undefined }, nowMs), none);
  const ends = timesOf({ begin: undefined, end }, nowMs);
  assert.deepEqual(ends, { ...none, untilMs: 6000, forMs: 5000 });
  const both = timesOf({ begin, end }, nowMs);
  assert.deepEqual(both, { fromMs: 3000, inMs: 2000, untilMs: 8000, forMs: 5000 });
  const from = { $case: "fromUnixNs", value: 6_000_000_000n } as const;
  const until = { $case: "untilUnixNs", value: 7_000_000_000n } as const;
  const named = timesOf({ begin: from, end: until }, nowMs);
  assert.deepEqual(named, { ...none, fromMs: 6000, untilMs: 7000 });
});

Deno.test("durabilityWarning() warns of an action that will not survive a restart", () => {
  assert.equal(durabilityWarning({ kind: "stored" }, INTENT), "");
  assert.equal(durabilityWarning({ kind: "failed", message: "disk full" }, INTENT), "disk full");
  assert.match(
    durabilityWarning({ kind: "off" }, INTENT),
    /will not survive the end of maglevd: no state directory is configured; --state-dir sets one/,
  );
  assert.equal(durabilityWarning({ kind: "off" }, undefined), "", "resumed: nothing is lost");
});

Deno.test("replacementWarning() names the wish that a request replaces, now or later", () => {
  const of = (present: Partial<Intent>, next: Partial<Intent>) => {
    const [before, after] = [present, next].map((each) => ({ ...INTENT, ...each }) as Intent);
    const set = IntentSet.of([before!]);
    return replacementWarning(after, { before: set, after: set.with(after!) })
      .replace(intentId(before!), "ID");
  };
  const endless = { untilMs: undefined };
  const drain = { kind: "drain", then: "disable" } as const;
  assert.equal(of(drain, endless), "it replaces drain ID, which does not come back");
  assert.match(of({}, endless), /^it replaces disable ID/, "its end is over");
  assert.equal(of(endless, endless), "", "the same again");
  assert.equal(of({ backend: "b1" }, drain), "");
  const weight = {
    kind: "weight",
    frontend: "web",
    pool: "main",
    instead: 100,
    ...endless,
  } as const;
  assert.equal(of({ ...weight, weight: 10 }, { ...weight, weight: 10 }), "");
  assert.match(of({ ...weight, weight: 10 }, { ...weight, weight: 20 }), /^it replaces weight ID/);
  const later = { scheduled: true, fromMs: wall(2) } as const;
  assert.match(of({}, { ...drain, ...later }), /^when it begins it replaces disable ID/);
  assert.equal(
    replacementWarning(undefined, { before: IntentSet.EMPTY, after: IntentSet.EMPTY }),
    "",
  );
});

Deno.test("setLameduck() names the lameduck with an end that it replaces", async () => {
  const world = setUp(smallConfig({ ...THREE, announces: true }));
  world.checker.start();
  const { run } = setLameduck(world as unknown as DaemonApi);
  const context = { caller: { peer: "unix", identity: "" } } as CallContext;
  const warningOf = async (request: Partial<SetLameduckRequest>) => {
    const { answer } = await run(create(SetLameduckRequest, { on: true, ...request }), context);
    assert.ok(!(answer instanceof MaglevError));
    return answer.warning;
  };
  assert.match(
    await warningOf({ end: { $case: "forNs", value: 9_000_000_000n } }),
    /^in force, but/,
  );
  assert.match(
    await warningOf({}),
    /^it replaces lameduck [0-9a-f]{8}, which does not come back; in/,
  );
  assert.doesNotMatch(await warningOf({}), /replaces/);
  world.checker.stop();
});

Deno.test("setLameduck() waits for the file of announced prefixes, and warns when it is not written", async () => {
  const world = setUp(smallConfig({ ...THREE, announces: true }));
  world.checker.start();
  const announcer = {
    announced: () => true,
    problem: "",
    written: new Promise<void>(() => {}),
  };
  const { run } = setLameduck({ ...world, announcer } as unknown as DaemonApi);
  const context = { caller: { peer: "unix", identity: "" } } as CallContext;
  const running = run(create(SetLameduckRequest, { on: true }), context);
  await world.clock.advanceAsync(ANNOUNCED_MS);
  const { answer } = await running;
  assert.ok(!(answer instanceof MaglevError));
  assert.match(answer.warning, /; the file of announced prefixes is not written yet: routers/);
  announcer.problem = "/run/prefixes is not written (disk full): routers follow what it has";
  const again = run(create(SetLameduckRequest, { on: true }), context);
  await world.clock.advanceAsync(ANNOUNCED_MS);
  const { answer: second } = await again;
  assert.ok(!(second instanceof MaglevError));
  assert.match(second.warning, /; \/run\/prefixes is not written \(disk full\): routers/);
  world.checker.stop();
});
