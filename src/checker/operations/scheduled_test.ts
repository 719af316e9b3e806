/** Scheduled intents in the checker: beginnings, overlaps, limits, cancel, reload. */
import assert from "node:assert/strict";
import { setUpHealthy, THREE, WHO } from "../../../tests/support/worlds/checker_fixture.ts";
import { FAIL, PASS } from "../../../tests/support/fakes/fake_probe_engine.ts";
import { backendIntent, MemoryStore, textOfIntent } from "../../../tests/support/fakes/intents.ts";
import { smallConfig } from "../../../tests/support/fakes/small_config.ts";
import { inForce, planned, toCome, window } from "../../../tests/support/worlds/scheduled.ts";
import { intentId, IntentSet } from "../../intent/intent.ts";
import { MAX_FOR_ONE, MAX_SCHEDULED, replacedBy, tooMany } from "../../intent/schedule.ts";
import type { Checker } from "../checker.ts";

const A = { frontend: "web", pool: "pool0", backend: "a" };

Deno.test("a scheduled disable begins and ends by itself, and is stored all the time", () => {
  const { checker, clock, news, stateOf, logger } = setUpHealthy();
  const outcome = checker.disableBackend("a", window(5000, 9000));
  assert.ok(outcome.ok && outcome.intent?.scheduled === true);
  assert.deepEqual([news(), stateOf("a"), inForce(checker)], [[], "up", []]);
  assert.deepEqual(toCome(checker), ["disable a"]);
  clock.advance(4999);
  assert.equal(stateOf("a"), "up");
  clock.advance(1);
  assert.deepEqual([stateOf("a"), inForce(checker), toCome(checker)], [
    "disabled",
    ["disable a"],
    [],
  ]);
  const id = intentId(checker.snapshot().intents.list()[0]!);
  assert.equal(id, intentId(outcome.intent), "it keeps its name");
  assert.equal(logger.of("operator-intent-begun").length, 1);
  clock.advance(4000);
  assert.deepEqual([stateOf("a"), inForce(checker)], ["unknown", []], "checks must pass");
  assert.equal(clock.timers, 0);
});

Deno.test("a weight and a drain begin at their times", () => {
  const { checker, clock, weights, stateOf } = setUpHealthy();
  assert.ok(checker.setWeight({ ...A, weight: 20 }, window(1000, 5000)).ok);
  const drain = { backend: "a", then: "pause", forMs: 3000, force: false } as const;
  assert.ok(checker.drainBackend(drain, window(2000)).ok);
  assert.deepEqual(weights("web"), [[100, 50], [0]]);
  clock.advance(1000);
  assert.deepEqual(weights("web"), [[20, 50], [0]]);
  clock.advance(1000);
  assert.deepEqual([weights("web"), stateOf("a")], [[[0, 50], [0]], "up"]);
  clock.advance(3000);
  assert.deepEqual([stateOf("a"), inForce(checker)], ["paused", ["pause a"]]);
});

Deno.test("what begins in the same moment takes effect together, and is stored once", () => {
  const store = new MemoryStore();
  const intents = { kept: [], maxAgeMs: Infinity, store };
  const { checker, clock, news, weights, logger } = setUpHealthy({ intents });
  checker.pauseBackend("a", window(5000, 9000));
  checker.setWeight({ ...A, backend: "b", weight: 20 }, window(5000, 9000));
  checker.disableBackend("c", window(5000, 9000));
  const before = store.saves;
  clock.advance(5000);
  assert.deepEqual(news(), [
    "backend a up-paused",
    "backend c up-disabled",
    "program web transition",
  ]);
  assert.equal(store.saves - before, 1);
  assert.deepEqual(weights("web"), [[0, 20], [0]]);
  assert.equal(logger.of("operator-intent-begun").length, 3);
  clock.advance(4000);
  assert.deepEqual(news().filter((event) => event.startsWith("program")), [
    "program web transition",
  ]);
  assert.equal(store.saves - before, 2);
  assert.deepEqual(inForce(checker), []);
});

Deno.test("of drains that begin in the same moment, the one of the last server waits", () => {
  const { checker, clock, news, weights } = setUpHealthy();
  checker.reload(smallConfig({ ...THREE, frontends: { web: { pools: "a:100 b:50 c:7" } } }));
  news();
  for (const backend of ["a", "b", "c"]) {
    const drain = { backend, then: "disable", forMs: 10_000, force: false } as const;
    assert.ok(checker.drainBackend(drain, window(1000)).ok);
  }
  clock.advance(1000);
  assert.deepEqual(news(), ["program web weight"]);
  assert.deepEqual(weights("web"), [[0, 0, 7]]);
  assert.deepEqual([inForce(checker), toCome(checker)], [["drain a", "drain b"], ["drain c"]]);
});

Deno.test("of two intents for a target that begin in the same moment, the newer one is in force", () => {
  const { checker, clock, news, stateOf } = setUpHealthy();
  checker.disableBackend("a", window(5000));
  clock.advance(1);
  checker.pauseBackend("a", window(5000));
  clock.advance(5000);
  assert.deepEqual([stateOf("a"), inForce(checker)], ["paused", ["pause a"]]);
  assert.deepEqual(toCome(checker), []);
  assert.equal(news().filter((event) => event.startsWith("program")).length, 2);
});

Deno.test("a beginning replaces an older request, not a newer one; nothing comes back", () => {
  const { checker, clock, stateOf, logger } = setUpHealthy();
  checker.disableBackend("a", WHO);
  clock.advance(1);
  const outcome = checker.pauseBackend("a", window(5000, 9000));
  assert.ok(outcome.ok);
  const { intents } = checker.snapshot();
  assert.deepEqual(replacedBy(outcome.intent!, intents).map(textOfIntent), ["disable a"]);
  clock.advance(5000);
  assert.deepEqual([stateOf("a"), inForce(checker)], ["paused", ["pause a"]]);
  clock.advance(5000);
  assert.deepEqual([stateOf("a"), inForce(checker)], ["unknown", []]);
  checker.pauseBackend("b", window(20_000));
  clock.advance(1);
  checker.disableBackend("b", WHO);
  clock.advance(20_000);
  assert.deepEqual([stateOf("b"), inForce(checker)], ["disabled", ["disable b"]]);
  assert.match(
    String(logger.of("operator-intent-dropped").at(-1)?.message),
    /a newer request is in force/,
  );
});

Deno.test("enable and resume end what is in force, and leave what is to come", () => {
  const { checker, clock, stateOf } = setUpHealthy();
  checker.pauseBackend("a", WHO);
  checker.disableBackend("a", window(5000));
  checker.resumeBackend("a", WHO);
  assert.deepEqual([inForce(checker), toCome(checker)], [[], ["disable a"]]);
  clock.advance(5000);
  assert.equal(stateOf("a"), "disabled");
});

Deno.test("cancelIntent() takes back what is to come, and ends what is in force", () => {
  const { checker, clock, stateOf, weights } = setUpHealthy();
  const idOf = (text: string) =>
    intentId(checker.snapshot().intents.all().find((each) => textOfIntent(each) === text)!);
  checker.disableBackend("a", window(5000));
  const scheduled = idOf("disable a");
  const outcome = checker.cancelIntent(scheduled);
  assert.ok(outcome.ok && outcome.value.kind === "disable");
  clock.advance(6000);
  assert.equal(stateOf("a"), "up");
  const again = checker.cancelIntent(scheduled);
  assert.ok(!again.ok && again.error.code === "not-found");
  checker.disableBackend("a", WHO);
  assert.ok(checker.cancelIntent(idOf("disable a")).ok);
  assert.equal(stateOf("a"), "unknown");
  checker.pauseBackend("c", WHO);
  assert.ok(checker.cancelIntent(idOf("pause c")).ok);
  assert.equal(stateOf("c"), "unknown");
  checker.setWeight({ ...A, backend: "b", weight: 5 }, WHO);
  assert.ok(checker.cancelIntent(idOf("web/pool0/b 5")).ok);
  assert.deepEqual(weights("web"), [[0, 50], [0]]);
  checker.drainBackend({ backend: "b", then: "disable", forMs: undefined, force: true }, WHO);
  assert.ok(checker.cancelIntent(idOf("drain b")).ok);
  assert.deepEqual([weights("web"), inForce(checker)], [[[0, 50], [0]], []]);
  assert.equal(clock.timers, 0);
});

Deno.test("a scheduled drain of the last server waits, until it may or its time is over", () => {
  for (const returns of [true, false]) {
    const { checker, clock, engine, logger, weights } = setUpHealthy();
    for (let i = 0; i < 3; i++) engine.report({ a: FAIL, c: FAIL });
    const drain = { backend: "b", then: "disable", forMs: 10_000, force: false } as const;
    checker.reload(smallConfig({ ...THREE, frontends: { web: { pools: "a:100 b:50 | c:10" } } }));
    assert.ok(checker.drainBackend(drain, window(1000)).ok);
    clock.advance(4000);
    assert.deepEqual([weights("web"), inForce(checker)], [[[0, 50], [0]], []]);
    assert.equal(logger.of("operator-intent-waiting").length, 1, "reported once");
    if (returns) { for (let i = 0; i < 3; i++) engine.report({ a: PASS }); }
    clock.advance(1000);
    assert.deepEqual(inForce(checker), returns ? ["drain b"] : []);
    clock.advance(7000);
    assert.deepEqual(inForce(checker), returns ? ["disable b"] : []);
    assert.deepEqual(toCome(checker), []);
    const dropped = logger.of("operator-intent-dropped").map(({ message }) => message);
    assert.deepEqual(dropped, returns ? [] : ["its time is over"]);
  }
});

Deno.test("force lets a scheduled drain take the last server", () => {
  const { checker, clock, weights } = setUpHealthy();
  const drain = { backend: "b", then: "disable", forMs: 10_000, force: true } as const;
  assert.ok(checker.drainBackend(drain, window(1000)).ok);
  clock.advance(1000);
  assert.deepEqual([weights("api"), inForce(checker)], [[[0]], ["drain b"]]);
});

Deno.test("bad times and requests that cannot begin later are refused", () => {
  const { checker } = setUpHealthy();
  const message = (fromMs: number, untilMs?: number) => {
    const outcome = checker.pauseBackend("a", window(fromMs, untilMs));
    return outcome.ok ? "accepted" : outcome.error.message;
  };
  assert.match(message(0), /^cannot take the beginning \(from\): need a time after now/);
  assert.match(message(0.5), /whole milliseconds/);
  assert.match(message(1e16), /too far away/);
  assert.match(message(5000, 5000), /\(until\): need a time after the beginning/);
  const enable = checker.enableBackend("a", window(5000));
  assert.ok(!enable.ok && /cannot take a beginning/.test(enable.error.message));
});

Deno.test("scheduled intents are limited for one target and all together", () => {
  const { checker } = setUpHealthy();
  const fails = (outcome: ReturnType<Checker["pauseBackend"]>) =>
    outcome.ok ? undefined : `${outcome.error.code}: ${outcome.error.message}`;
  for (let i = 0; i < MAX_FOR_ONE; i++) {
    assert.equal(fails(checker.pauseBackend("a", window(1000 + i))), undefined);
  }
  const full =
    /^resource-exhausted: cannot schedule it: need fewer than 16 .*, have 16; cancel one/;
  assert.match(fails(checker.disableBackend("a", window(1000)))!, full);
  const drain = { backend: "a", then: "disable", forMs: 1000, force: false } as const;
  assert.match(fails(checker.drainBackend(drain, window(1000)))!, full);
  assert.equal(fails(checker.pauseBackend("b", window(1000))), undefined, "another target");
  assert.ok(checker.setWeight({ ...A, weight: 1 }, window(1000)).ok, "another target");
  checker.cancelIntent(intentId(checker.snapshot().intents.scheduledOf("a")[0]!));
  assert.equal(fails(checker.disableBackend("a", window(1000))), undefined);
  assert.equal(fails(checker.pauseBackend("a", WHO)), undefined, "one that begins now");

  const many = Array.from(
    { length: MAX_SCHEDULED },
    (_, i) => planned(backendIntent("pause", `b${i}`), 1000),
  );
  const problem = tooMany(backendIntent("pause", "a"), IntentSet.of(many));
  assert.match(problem!.message, /need fewer than 4000 scheduled intents, have 4000/);
  assert.equal(tooMany(backendIntent("pause", "a"), IntentSet.of(many.slice(1))), undefined);
});

Deno.test("a reload drops what is to come for backends that are gone or disabled by the file", () => {
  const { checker } = setUpHealthy();
  for (const name of ["a", "b", "c"]) checker.disableBackend(name, window(5000));
  checker.reload(smallConfig({
    backends: { a: {}, b: { enabled: false } },
    frontends: { web: { pools: "a:100 b:50" } },
  }));
  assert.deepEqual(toCome(checker), ["disable a"]);
});
