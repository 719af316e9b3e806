import assert from "node:assert/strict";
import { setUp, setUpHealthy, textOf, WHO } from "../../tests/support/worlds/checker_fixture.ts";
import { FAIL, PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { wall } from "../../tests/support/fakes/instants.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import { VOID_REPORT_MS } from "./probes/void_report.ts";

Deno.test("Checker.start probes enabled backends with a healthcheck, the first probes spread evenly", () => {
  const { checker, engine, news } = setUp(smallConfig({
    healthchecks: { slow: { intervalMs: 60_000, fastIntervalMs: 30_000 } },
    backends: {
      a: {},
      b: { enabled: false },
      c: { healthcheck: "" },
      d: {},
      e: { healthcheck: "slow" },
      f: { healthcheck: "slow" },
    },
    frontends: {},
    netns: "dataplane",
  }));
  assert.deepEqual(engine.calls, []);
  checker.start();
  assert.deepEqual(
    [...engine.running.values()].map((t) => [t.id, t.backend, t.firstDelayMs, t.netns]),
    [[0, "a", 0, "dataplane"], [1, "d", 500, "dataplane"], [2, "e", 0, "dataplane"], [
      3,
      "f",
      1000,
      "dataplane",
    ]],
  );
  assert.deepEqual(news(), ["backend c unknown-up"]);
});

Deno.test("Checker.start: static backends are up, and disabled ones known, immediately", () => {
  const { checker, news, weights, logger } = setUp(smallConfig({
    backends: { s: { healthcheck: "" }, off: { enabled: false }, a: {} },
    frontends: {
      static: { pools: "s:30" },
      off: { pools: "off:10" },
      probed: { pools: "a:10" },
    },
  }));
  checker.start();
  assert.deepEqual(news(), [
    "backend s unknown-up",
    "frontend static unknown-up",
    "frontend off unknown-down",
    "program static transition",
  ]);
  assert.deepEqual(weights("static"), [[30]]);
  assert.deepEqual(logger.of("backend-transition"), [
    { backend: "s", from: "unknown", to: "up", layer: "", code: "static", detail: "" },
  ]);
});

Deno.test("Checker: verdicts become transitions, frontend changes and one program event, in this order", () => {
  const { checker, engine, clock, news, weights, logger } = setUp();
  checker.start();
  clock.advance(10);
  engine.nowMs = wall(123);
  engine.report({ b: PASS });
  assert.deepEqual(news(), [
    "backend b unknown-up",
    "frontend api unknown-up",
    "frontend web unknown-up",
    "program api,web transition",
  ]);
  assert.deepEqual(weights("web"), [[0, 50], [0]]);
  assert.equal(checker.snapshot().backends.get("b")?.sinceMs, 123);
  engine.report({ b: PASS });
  assert.deepEqual(news(), []);
  assert.deepEqual(logger.of("frontend-transition"), [
    { frontend: "api", from: "unknown", to: "up" },
    { frontend: "web", from: "unknown", to: "up" },
  ]);
  engine.report({ a: FAIL });
  assert.deepEqual(news(), ["backend a unknown-down", "program web transition"]);
  assert.deepEqual(logger.of("backend-transition").at(-1), {
    backend: "a",
    from: "unknown",
    to: "down",
    layer: "L4",
    code: "L4CON",
    detail: "connection refused",
  });
});

Deno.test("Checker: hundreds of transitions at one instant are one program event", () => {
  const names = Array.from({ length: 500 }, (_, i) => `b${i}`);
  const { checker, engine, events, news } = setUp(smallConfig({
    backends: Object.fromEntries(names.map((name) => [name, { address: "10.0.0.1" }])),
    frontends: { web: { pools: names.join(" ") }, api: { pools: names.slice(0, 9).join(" ") } },
  }));
  checker.start();
  engine.report(Object.fromEntries(names.map((name) => [name, PASS])));
  assert.equal(events.filter((event) => event.startsWith("backend")).length, 500);
  assert.deepEqual(news().slice(500), [
    "frontend api unknown-up",
    "frontend web unknown-up",
    "program api,web transition",
  ]);
});

Deno.test("Checker: the snapshot in a subscriber has all changes of the event's batch", () => {
  const { checker, engine } = setUp();
  const seen: string[] = [];
  checker.subscribe((event) => {
    const { backends, frontends } = checker.snapshot();
    const states = [...backends.values()].map((backend) => backend.state).join(" ");
    seen.push(`${textOf(event)}: ${states}, ${frontends.get("web")?.effectiveWeights.join("|")}`);
  });
  checker.start();
  engine.report({ a: PASS, b: FAIL });
  assert.ok(seen.length >= 4);
  for (const line of seen) assert.ok(line.endsWith(": up down unknown, 100,0|0"), line);
});

Deno.test("Checker: snapshots do not change, and are the same object until a change", () => {
  const { checker, engine } = setUp();
  checker.start();
  const before = checker.snapshot();
  assert.equal(checker.snapshot(), before);
  engine.report({ a: PASS });
  assert.notEqual(checker.snapshot(), before);
  assert.equal(before.backends.get("a")?.state, "unknown");
  assert.deepEqual(before.frontends.get("web")?.effectiveWeights, [[0, 0], [0]]);
  assert.deepEqual([...before.frontends.keys()], ["web", "api"]);
});

Deno.test("Checker: results of an earlier generation are dropped", () => {
  const { checker, engine, stateOf, news } = setUpHealthy();
  const late = engine.outcome("a", FAIL);
  checker.pauseBackend("a", WHO);
  checker.resumeBackend("a", WHO);
  news();
  const counted = checker.tally.of("a")!.durations.count;
  engine.onOutcomes([late, late, late]);
  assert.equal(stateOf("a"), "unknown");
  assert.deepEqual(news(), []);
  assert.equal(checker.tally.of("a")!.durations.count, counted);
});

Deno.test("Checker: probe-done is logged at debug only, transitions always", () => {
  const quiet = setUpHealthy();
  assert.deepEqual(quiet.logger.of("probe-done"), []);
  const { logger } = setUpHealthy({ debug: true });
  assert.deepEqual(logger.of("probe-done")[0], {
    backend: "a",
    type: "tcp",
    ok: true,
    layer: "L4",
    code: "L4OK",
    detail: "",
    "duration-ms": 0.5,
  });
});

Deno.test("Checker: void probes are counted and logged, but decide nothing", () => {
  const { checker, engine, clock, logger, news } = setUpHealthy();
  const { id, generation } = engine.running.get("a")!;
  for (let i = 0; i < 5; i++) engine.onVoid({ id, generation, latenessMs: 300 });
  engine.onVoid({ id, generation: generation + 1, latenessMs: 300 });
  clock.advance(VOID_REPORT_MS);
  assert.equal(checker.tally.of("a")!.voids, 5);
  assert.equal(logger.of("probe-void").length, 2);
  assert.deepEqual(news(), []);
  checker.stop();
  assert.equal(clock.timers, 0);
});

Deno.test("Checker: a subscriber that throws is logged and does not affect the others", () => {
  const { checker, engine, logger } = setUp();
  checker.subscribe(() => {
    throw new Error("broken");
  });
  const heard: string[] = [];
  const unsubscribe = checker.subscribe((event) => heard.push(event.kind));
  checker.start();
  engine.report({ c: PASS });
  assert.deepEqual(heard, ["backend", "frontend", "program"]);
  assert.equal(
    logger.of("events-dropped")[0]?.["err"],
    "a subscriber failed: broken",
  );
  unsubscribe();
  engine.report({ a: PASS });
  assert.equal(heard.length, 3);
});

Deno.test("Checker.stop stops every probe and ignores later results; it may be called twice", () => {
  const { checker, engine, news, clock } = setUpHealthy();
  const late = [engine.outcome("a", FAIL), engine.outcome("b", FAIL), engine.outcome("c", FAIL)];
  checker.stop();
  checker.stop();
  assert.equal(engine.running.size, 0);
  engine.onOutcomes(late);
  assert.deepEqual(news(), []);
  assert.equal(clock.timers, 0);
});

Deno.test("Checker: transitions and results are counted for metrics", () => {
  const { checker, engine } = setUpHealthy();
  for (let i = 0; i < 3; i++) engine.report({ a: FAIL });
  const tally = checker.tally.of("a")!;
  assert.equal(tally.type, "tcp");
  assert.deepEqual(tally.probes, [
    { result: "pass", code: "L4OK", count: 1 },
    { result: "fail", code: "L4CON", count: 3 },
  ]);
  assert.deepEqual(tally.transitions, [
    { from: "unknown", to: "up", count: 1 },
    { from: "up", to: "down", count: 1 },
  ]);
});

Deno.test("Checker: probe-start is requested and logged while there is a subscriber at debug", () => {
  const quiet = setUpHealthy();
  assert.equal(quiet.engine.tracing, false);
  const { checker, engine, logger } = setUpHealthy({ debug: true });
  assert.equal(engine.tracing, true);
  const target = engine.running.get("a");
  assert.ok(target !== undefined);
  const before = logger.of("probe-start").length;
  const since = () => logger.of("probe-start").slice(before);
  engine.onStart(target);
  assert.deepEqual(since(), [{ backend: "a", type: "tcp" }]);
  engine.onStart({ id: target.id, generation: target.generation - 1 });
  assert.equal(since().length, 1, "of an older generation");
  checker.stop();
  engine.onStart(target);
  assert.equal(since().length, 1, "after the end");
  quiet.checker.stop();
});
