/**
 * Operators' intents in the checker: how they are stored and end, and the effect of a reload and a
 * restart on them.
 */
import assert from "node:assert/strict";
import { setUp, setUpHealthy, THREE, WHO } from "../../tests/support/worlds/checker_fixture.ts";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { wall } from "../../tests/support/fakes/instants.ts";
import {
  backendIntent,
  MemoryStore,
  textOfIntent,
  weightIntent,
} from "../../tests/support/fakes/intents.ts";
import type { RecordingLogger } from "../../tests/support/fakes/recording_logger.ts";
import { type SmallConfig, smallConfig } from "../../tests/support/fakes/small_config.ts";
import { later, LATEST_MS, type WallMs } from "../base/instant.ts";
import type { Intent } from "../intent/intent.ts";
import { LOOK_EVERY_MS } from "../intent/expiry.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = new FakeClock().wallMs();
const WEIGHT = { frontend: "web", pool: "pool0", backend: "a", weight: 3 };

type World = ReturnType<typeof setUp>;

function intents({ checker }: World): string[] {
  return checker.snapshot().intents.list().map(textOfIntent);
}

function said(logger: RecordingLogger, event: "restored" | "expired" | "dropped"): string[] {
  return logger.of(`operator-intent-${event}`).map((fields) =>
    [fields.intent, fields.frontend, fields.pool, fields.backend, fields.message]
      .filter((word) => word !== undefined).join(" ")
  );
}

/** A checker whose store has these intents. */
function restart(
  kept: readonly Intent[],
  small: SmallConfig = THREE,
  maxAgeMs = 30 * 24 * HOUR_MS,
) {
  const store = new MemoryStore();
  const world = setUp(smallConfig(small), { intents: { kept, maxAgeMs, store } });
  return { ...world, store };
}

Deno.test("an action is stored with operator, reason, start and end", () => {
  const world = setUpHealthy();
  const { checker } = world;
  checker.pauseBackend("a", { ...WHO, reason: "kernel upgrade", untilMs: later(NOW_MS, 5) });
  assert.deepEqual(checker.snapshot().intents.ofBackend("a"), {
    kind: "pause",
    backend: "a",
    ...WHO,
    reason: "kernel upgrade",
    sinceMs: NOW_MS,
    untilMs: NOW_MS + 5,
  });
  checker.disableBackend("a", WHO);
  checker.setWeight(WEIGHT, WHO);
  assert.deepEqual(intents(world), ["disable a", "web/pool0/a 3"]);
  assert.equal(checker.snapshot().intents.ofBackend("a")?.reason, "");
  checker.enableBackend("a", WHO);
  checker.setWeight({ ...WEIGHT, weight: 100 }, WHO);
  assert.deepEqual(intents(world), []);
});

Deno.test("a repeated action replaces reason and end", () => {
  const { checker } = setUpHealthy();
  checker.disableBackend("a", { ...WHO, reason: "one", untilMs: later(NOW_MS, 1) });
  const again = checker.disableBackend("a", { ...WHO, reason: "two" });
  assert.ok(again.ok);
  assert.deepEqual([again.intent?.reason, again.intent?.untilMs], ["two", undefined]);
});

Deno.test("an enable does not end a pause, and a resume does not end a disable", () => {
  const world = setUpHealthy();
  world.checker.pauseBackend("a", WHO);
  world.checker.disableBackend("b", WHO);
  world.checker.enableBackend("a", WHO);
  world.checker.resumeBackend("b", WHO);
  assert.deepEqual(intents(world), ["pause a", "disable b"]);
});

Deno.test("disabling a backend that the file disables makes no intent, and cannot have an end", () => {
  const world = setUp(smallConfig({ ...THREE, backends: { a: { enabled: false }, b: {}, c: {} } }));
  world.checker.start();
  assert.ok(world.checker.disableBackend("a", WHO).ok);
  world.checker.enableBackend("a", WHO);
  assert.ok(world.checker.disableBackend("a", WHO).ok);
  assert.deepEqual(intents(world), []);
  const refused = world.checker.disableBackend("a", { ...WHO, untilMs: later(NOW_MS, 1) });
  assert.ok(!refused.ok);
  assert.equal(refused.error.code, "failed-precondition");
  assert.match(refused.error.message, /"a" until a time: the configuration disables it/);
});

Deno.test("an invalid reason or end is refused without effect", () => {
  const world = setUpHealthy();
  const { checker } = world;
  const cases: [Parameters<typeof checker.pauseBackend>[1], RegExp][] = [
    [{ ...WHO, reason: "x".repeat(501) }, /at most 500 characters, have 501/],
    [{ ...WHO, reason: "two\nlines" }, /one line without control characters/],
    [{ ...WHO, reason: "\u202egnp.exe" }, /one line without control characters/],
    [{ ...WHO, untilMs: NOW_MS }, /need a time after now/],
    [{ ...WHO, untilMs: later(NOW_MS, 0.5) }, /whole milliseconds/],
    [{ ...WHO, untilMs: wall(-Infinity) }, /whole milliseconds/],
    [{ ...WHO, untilMs: wall(Infinity) }, /it is too far away: the latest is 2262-04-11$/],
    [{ ...WHO, untilMs: wall(LATEST_MS + 1) }, /it is too far away: the latest is 2262-04-11$/],
  ];
  for (const [options, message] of cases) {
    for (
      const outcome of [
        checker.pauseBackend("a", options),
        checker.disableBackend("a", options),
        checker.setWeight(WEIGHT, options),
      ]
    ) {
      assert.ok(!outcome.ok);
      assert.equal(outcome.error.code, "invalid-argument");
      assert.match(outcome.error.message, message);
    }
  }
  const resume = checker.resumeBackend("a", { ...WHO, untilMs: later(NOW_MS, 1) });
  assert.ok(!resume.ok && /only pauses, disables and weights end/.test(resume.error.message));
  assert.deepEqual([world.news(), intents(world)], [[], []]);
  assert.ok(checker.pauseBackend("a", { ...WHO, reason: "x".repeat(500) }).ok);
});

Deno.test("the operator is stored as one short line, for any certificate", () => {
  const { checker } = setUpHealthy();
  const by = { peer: "unix", identity: `CN=\x1b[31m${"😀".repeat(300)}` };
  checker.pauseBackend("a", { by });
  const { identity } = checker.snapshot().intents.ofBackend("a")!.by;
  assert.equal(identity.length, 256);
  assert.match(identity, /^CN=\ufffd\[31m(😀)+/u);
  assert.ok(identity.isWellFormed());
});

Deno.test("until: an intent expires, and the backend returns only through passing checks", () => {
  for (const kind of ["pause", "disable"] as const) {
    const world = setUpHealthy();
    const { checker, clock, engine, news, stateOf, weights } = world;
    checker[`${kind}Backend`]("a", { ...WHO, untilMs: later(NOW_MS, 2 * HOUR_MS) });
    news();
    clock.advance(2 * HOUR_MS - 1);
    assert.deepEqual([news(), engine.running.has("a")], [[], false]);
    clock.advance(1);
    const state = kind === "pause" ? "paused" : "disabled";
    assert.deepEqual(news(), [`backend a ${state}-unknown`, "program web transition"]);
    assert.deepEqual(said(world.logger, "expired"), [`${kind} a`]);
    assert.deepEqual([weights("web"), intents(world)], [[[0, 50], [0]], []]);
    engine.report({ a: PASS });
    assert.deepEqual([stateOf("a"), weights("web")], ["up", [[100, 50], [0]]]);
    assert.equal(clock.timers, 0);
  }
});

Deno.test("until: an expired weight is replaced by the file's; several ends at one instant are one program event", () => {
  const world = setUpHealthy();
  const { checker, clock, news } = world;
  const options = { ...WHO, untilMs: later(NOW_MS, 1000) };
  checker.setWeight(WEIGHT, options);
  checker.setWeight({ frontend: "api", pool: "pool0", backend: "b", weight: 1 }, options);
  checker.pauseBackend("c", options);
  news();
  clock.advance(1000);
  assert.deepEqual(news(), ["backend c paused-unknown", "program api,web transition"]);
  assert.deepEqual([world.weights("web"), world.weights("api")], [[[100, 50], [0]], [[7]]]);
  checker.setWeight(WEIGHT, { ...WHO, untilMs: later(NOW_MS, 2000) });
  news();
  clock.advance(1000);
  assert.deepEqual(news(), ["program web weight"]);
});

Deno.test("until: an intent that an operator ended or replaced before does not end at that time", () => {
  const world = setUpHealthy();
  const { checker, clock, stateOf } = world;
  checker.pauseBackend("a", { ...WHO, untilMs: later(NOW_MS, 1000) });
  checker.resumeBackend("a", WHO);
  checker.disableBackend("b", { ...WHO, untilMs: later(NOW_MS, 1000) });
  checker.disableBackend("b", WHO);
  assert.equal(clock.timers, 0);
  clock.advance(5000);
  assert.equal(stateOf("b"), "disabled");
});

/** A clock whose wall clock is set by tests. */
class SteppedClock extends FakeClock {
  stepMs = 0;
  override wallMs(): WallMs {
    return later(super.wallMs(), this.stepMs);
  }
}

Deno.test("a drain and a length keep their time when the wall clock is set", () => {
  for (const stepMs of [HOUR_MS, -HOUR_MS]) {
    const clock = new SteppedClock();
    const { checker, stateOf } = setUpHealthy({ clock });
    const drain = { then: "pause", forMs: 600_000, force: true } as const;
    checker.drainBackend({ backend: "a", ...drain }, WHO);
    const untilMs = later(NOW_MS, 600_000);
    checker.disableBackend("b", { ...WHO, untilMs, forMs: 600_000 });
    clock.stepMs = stepMs;
    checker.reload(smallConfig(THREE));
    clock.advance(599_999);
    assert.deepEqual([stateOf("a"), stateOf("b")], ["up", "disabled"]);
    clock.advance(1);
    assert.deepEqual([stateOf("a"), stateOf("b")], ["paused", "unknown"]);
    checker.stop();
    assert.equal(clock.timers, 0);
  }
});

Deno.test("until follows a change of the wall clock within a minute", () => {
  const clock = new SteppedClock();
  const { checker, stateOf } = setUpHealthy({ clock });
  checker.disableBackend("a", { ...WHO, untilMs: later(NOW_MS, HOUR_MS) });
  clock.stepMs = HOUR_MS;
  clock.advance(LOOK_EVERY_MS);
  assert.equal(stateOf("a"), "unknown");
  checker.disableBackend("a", { ...WHO, untilMs: later(clock.wallMs(), 1000) });
  clock.stepMs = 0;
  clock.advance(30 * 60_000);
  assert.equal(stateOf("a"), "disabled", "set back: it is not that time yet");
  checker.stop();
  assert.equal(clock.timers, 0);
});

Deno.test("a reload keeps pauses, disables and weights; a weight that the file edits ends with an event", () => {
  const world = setUpHealthy();
  world.checker.pauseBackend("a", { ...WHO, reason: "why" });
  world.checker.disableBackend("b", WHO);
  world.checker.setWeight(WEIGHT, WHO);
  const moved = { ...THREE, backends: { a: { address: "10.9.9.9" }, b: {}, c: {} } };
  world.checker.reload(smallConfig(moved));
  assert.deepEqual(intents(world), ["pause a", "disable b", "web/pool0/a 3"]);
  assert.deepEqual(said(world.logger, "dropped"), []);
  world.checker.reload(
    smallConfig({
      ...moved,
      frontends: { ...THREE.frontends, web: { pools: "a:90 b:50 | c:10" } },
    }),
  );
  assert.deepEqual(intents(world), ["pause a", "disable b"]);
  assert.equal(world.checker.snapshot().intents.ofBackend("a")?.reason, "why");
  assert.deepEqual(said(world.logger, "dropped"), [
    "weight web pool0 a the file's weight changed from 100 to 90",
  ]);
});

Deno.test("a reload drops intents of removed backends or decided by the file; a changed check ends none", () => {
  const world = setUp(smallConfig({
    backends: { gone: {}, other: {}, off: {}, stays: {}, rest: {} },
    frontends: { web: { pools: "gone other off stays rest" } },
  }));
  world.checker.start();
  for (const name of ["gone", "other", "stays"]) world.checker.pauseBackend(name, WHO);
  world.checker.disableBackend("off", WHO);
  world.checker.reload(smallConfig({
    healthchecks: { slow: { intervalMs: 9000 } },
    backends: {
      other: { healthcheck: "slow", address: "10.0.0.2" },
      off: { enabled: false, address: "10.0.0.3" },
      stays: { address: "10.0.0.4" },
      rest: { address: "10.0.0.5" },
    },
    frontends: { web: { pools: "other off stays rest" } },
  }));
  assert.deepEqual(intents(world), ["pause other", "pause stays"]);
  assert.deepEqual(said(world.logger, "dropped"), [
    "pause gone the backend is gone",
    "disable off the configuration disables the backend itself",
  ]);
  assert.equal(world.stateOf("other"), "paused");
  assert.equal(world.stateOf("off"), "disabled");
});

Deno.test("restart: pauses, disables and weights are in force from the first instant", () => {
  const world = restart([
    backendIntent("pause", "a"),
    backendIntent("disable", "b", { reason: "why" }),
    weightIntent("web/pool1/c", "0/10"),
  ]);
  const { checker, engine, stateOf } = world;
  const before = checker.snapshot();
  assert.deepEqual([stateOf("a"), stateOf("b"), stateOf("c")], ["paused", "disabled", "unknown"]);
  assert.equal(before.backends.get("b")?.enabled, false);
  assert.equal(before.frontends.get("web")?.config.pools[1]?.backends[0]?.weight, 0);
  checker.start();
  assert.deepEqual([...engine.running.keys()], ["c"], "what is out of service is not probed");
  assert.deepEqual(world.news(), [
    "backend a unknown-paused",
    "backend b unknown-disabled",
    "frontend api unknown-down",
    "program api,web transition",
  ]);
  assert.deepEqual(said(world.logger, "restored"), ["pause a", "disable b", "weight web pool1 c"]);
  engine.report({ c: PASS });
  assert.deepEqual(world.weights("web"), [[0, 0], [0]]);
  assert.deepEqual(world.store.intents.map(textOfIntent), intents(world));
  checker.resumeBackend("a", WHO);
  assert.ok(engine.running.has("a"));
});

Deno.test("restart: an intent whose end passed meanwhile is ended, a later end is kept", () => {
  const world = restart([
    backendIntent("pause", "a", { untilMs: NOW_MS }),
    backendIntent("disable", "b", { untilMs: later(NOW_MS, 1000) }),
    weightIntent("web/pool1/c", "0/10", { untilMs: later(NOW_MS, -5) }),
  ]);
  world.checker.start();
  assert.deepEqual(intents(world), ["disable b"]);
  assert.deepEqual(said(world.logger, "expired"), ["pause a", "weight web pool1 c"]);
  world.clock.advance(1000);
  assert.equal(world.stateOf("b"), "unknown");
});

Deno.test("restart: intents that are too old, without a backend, or replaced by the file are dropped", () => {
  const world = restart(
    [
      backendIntent("pause", "a", { sinceMs: later(NOW_MS, -(HOUR_MS + 1)) }),
      backendIntent("pause", "b", { sinceMs: later(NOW_MS, -HOUR_MS) }),
      backendIntent("disable", "zz"),
      backendIntent("disable", "off"),
      weightIntent("nope/pool0/a", "1/100"),
      weightIntent("web/nope/a", "1/100"),
      weightIntent("web/pool0/c", "1/100"),
      weightIntent("web/pool0/a", "1/99"),
      weightIntent("web/pool0/b", "1/50"),
    ],
    { ...THREE, backends: { ...THREE.backends, off: { enabled: false } } },
    HOUR_MS,
  );
  world.checker.start();
  assert.deepEqual(intents(world), ["pause b", "web/pool0/b 1"]);
  assert.deepEqual(said(world.logger, "dropped"), [
    "pause a it is older than --state-max-age",
    "disable off the configuration disables the backend itself",
    "disable zz the backend is gone",
    "weight nope pool0 a the frontend is gone",
    "weight web nope a the pool is gone",
    "weight web pool0 a the file's weight changed from 99 to 100",
    "weight web pool0 c the backend is gone from the pool",
  ]);
  assert.deepEqual(world.store.intents.map(textOfIntent), ["pause b", "web/pool0/b 1"]);
});

Deno.test("restart: a paused static backend does not pass", () => {
  const small = {
    backends: { s: { healthcheck: "" } },
    frontends: { web: { pools: "s:1" } },
  };
  const world = restart([backendIntent("pause", "s")], small);
  world.checker.start();
  assert.equal(world.stateOf("s"), "paused");
  world.checker.resumeBackend("s", WHO);
  assert.equal(world.stateOf("s"), "up");
});

Deno.test("every action, end and reload saves the intents in force, and passes the result on", async () => {
  const world = restart([]);
  const { checker, store } = world;
  checker.start();
  const kept = () => store.intents.map(textOfIntent);
  const paused = checker.pauseBackend("a", { ...WHO, untilMs: later(NOW_MS, 1000) });
  assert.deepEqual(kept(), ["pause a"]);
  assert.ok(paused.ok);
  assert.deepEqual(await paused.durable, { kind: "stored" });
  store.answer = { kind: "failed", message: "no space" };
  const weight = checker.setWeight(WEIGHT, WHO);
  assert.ok(weight.ok);
  assert.deepEqual(await weight.durable, store.answer);
  assert.deepEqual(world.weights("web"), [[0, 0], [0]]);
  assert.equal(weight.value.config.pools[0]?.backends[0]?.weight, 3, "in force all the same");
  world.clock.advance(1000);
  assert.deepEqual(kept(), ["web/pool0/a 3"]);
  const edited = { ...THREE.frontends, web: { pools: "a:90 b:50 | c:10" } };
  assert.deepEqual(
    await checker.reload(smallConfig({ ...THREE, frontends: edited })).durable,
    store.answer,
  );
  assert.deepEqual(kept(), []);
  const saves = store.saves;
  assert.ok(checker.enableBackend("a", WHO).ok);
  assert.equal(store.saves, saves + 1, "what changes nothing is another attempt to store it");
  checker.pauseBackend("zz", WHO);
  assert.equal(store.saves, saves + 1);
});

Deno.test("without a store the answer reports that nothing survives", async () => {
  const { checker } = setUpHealthy();
  const paused = checker.pauseBackend("a", WHO);
  assert.ok(paused.ok);
  assert.deepEqual(await paused.durable, { kind: "off" });
});
