import assert from "node:assert/strict";
import { MaglevError } from "../base/errors.ts";
import type { Config } from "../config/model.ts";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { FAIL, FakeProbeEngine, PASS } from "../../tests/support/fake_probe_engine.ts";
import { RecordingLogger } from "../../tests/support/recording_logger.ts";
import { type SmallConfig, smallConfig } from "../../tests/support/small_config.ts";
import { Checker } from "./checker.ts";
import type { Operator } from "./operator.ts";
import type { CheckerEvent } from "./ports.ts";
import { VOID_REPORT_MS } from "./void_report.ts";

const WHO: Operator = { peer: "127.0.0.1:1", identity: "ann" };

const THREE: SmallConfig = {
  backends: { a: {}, b: {}, c: {} },
  frontends: { web: { pools: "a:100 b:50 | c:10" }, api: { pools: "b:7" } },
};

/** An event in a few words. */
function textOf(event: CheckerEvent): string {
  switch (event.kind) {
    case "backend":
    case "frontend":
      return `${event.kind} ${event.name} ${event.transition.from}-${event.transition.to}`;
    case "program":
      return `program ${event.frontends.join(",")} ${event.trigger}`;
    case "reload":
      return "reload";
  }
}

function setUp(config: Config = smallConfig(THREE), options: { debug?: boolean } = {}) {
  const clock = new FakeClock();
  const engine = new FakeProbeEngine();
  const logger = new RecordingLogger(options);
  const checker = new Checker({ config, engine, clock, logger });
  const events: string[] = [];
  checker.subscribe((event) => events.push(textOf(event)));
  return {
    clock,
    engine,
    logger,
    checker,
    events,
    /** What happened since the last call. */
    news: () => events.splice(0),
    weights: (name: string) => checker.snapshot().frontends.get(name)?.effectiveWeights,
    stateOf: (name: string) => checker.snapshot().backends.get(name)?.state,
  };
}

/** Started, with all of THREE up. */
function setUpHealthy(options: { debug?: boolean } = {}) {
  const all = setUp(smallConfig(THREE), options);
  all.checker.start();
  all.engine.report({ a: PASS, b: PASS, c: PASS });
  all.news();
  return all;
}

function refusal(result: unknown): [code: string, message: string] {
  assert.ok(result instanceof MaglevError);
  return [result.code, result.message];
}

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

Deno.test("Checker.start: static backends come up at once, and what is disabled is known at once", () => {
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
  engine.nowMs = 123;
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

Deno.test("Checker: the snapshot a subscriber sees holds all of the batch it hears of", () => {
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

Deno.test("Checker: snapshots do not change, and are the same object while nothing does", () => {
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
  const counted = checker.tally.probeCounts();
  engine.onOutcomes([late, late, late]);
  assert.equal(stateOf("a"), "unknown");
  assert.deepEqual(news(), []);
  assert.deepEqual(checker.tally.probeCounts(), counted);
});

Deno.test("Checker: pause cancels the probe, resume begins afresh with the history kept", () => {
  const { checker, engine, news, weights } = setUpHealthy();
  const paused = checker.pauseBackend("a", WHO);
  assert.ok(!(paused instanceof MaglevError));
  assert.equal(paused.state, "paused");
  assert.deepEqual(engine.calls.at(-1), "stop a");
  assert.deepEqual(news(), ["backend a up-paused", "program web transition"]);
  assert.deepEqual(weights("web"), [[0, 50], [0]]);
  const resumed = checker.resumeBackend("a", WHO);
  assert.ok(!(resumed instanceof MaglevError));
  assert.equal(resumed.state, "unknown");
  assert.equal(engine.running.get("a")?.firstDelayMs, 0);
  assert.deepEqual(news(), ["backend a paused-unknown", "program web transition"]);
  assert.deepEqual(resumed.history.map((t) => t.result.code), ["L4OK", "paused", "resumed"]);
});

Deno.test("Checker: disable cancels the probe, enable begins afresh", () => {
  const { checker, engine, news, stateOf } = setUpHealthy();
  checker.disableBackend("b", WHO);
  assert.deepEqual(news(), [
    "backend b up-disabled",
    "frontend api up-down",
    "program api,web transition",
  ]);
  assert.equal(engine.running.has("b"), false);
  checker.enableBackend("b", WHO);
  assert.equal(stateOf("b"), "unknown");
  assert.equal(engine.running.get("b")?.generation, 2);
});

Deno.test("Checker: a static backend comes up again at once after enable", () => {
  const { checker, news } = setUp(smallConfig({
    backends: { s: { healthcheck: "" } },
    frontends: { web: { pools: "s:1" } },
  }));
  checker.start();
  checker.disableBackend("s", WHO);
  news();
  const enabled = checker.enableBackend("s", WHO);
  assert.ok(!(enabled instanceof MaglevError));
  assert.equal(enabled.state, "up");
  assert.deepEqual(news(), [
    "backend s disabled-unknown",
    "backend s unknown-up",
    "frontend web down-up",
    "program web transition",
  ]);
});

Deno.test("Checker: what is so already succeeds without any event", () => {
  const { checker, engine, news } = setUpHealthy();
  const calls = engine.calls.length;
  assert.ok(!(checker.resumeBackend("a", WHO) instanceof MaglevError));
  assert.ok(!(checker.enableBackend("a", WHO) instanceof MaglevError));
  assert.equal(engine.calls.length, calls);
  checker.pauseBackend("a", WHO);
  checker.disableBackend("b", WHO);
  news();
  assert.ok(!(checker.pauseBackend("a", WHO) instanceof MaglevError));
  assert.ok(!(checker.enableBackend("a", WHO) instanceof MaglevError));
  assert.ok(!(checker.disableBackend("b", WHO) instanceof MaglevError));
  assert.deepEqual(news(), []);
  assert.equal(checker.snapshot().backends.get("a")?.state, "paused");
});

Deno.test("Checker: refusals have a code and say what is the matter", () => {
  const { checker, news } = setUpHealthy();
  checker.disableBackend("b", WHO);
  news();
  const weight = { frontend: "web", pool: "pool0", backend: "a", weight: 1 };
  const long = smallConfig({
    backends: { nginx0: {} },
    frontends: { website: { pools: "nginx0" } },
  });
  checker.reload(long);
  news();
  const named = { frontend: "website", pool: "pool0", backend: "nginx0", weight: 1 };
  checker.disableBackend("nginx0", WHO);
  news();
  const cases: [unknown, string, string][] = [
    [
      checker.pauseBackend("ngnix0", WHO),
      "not-found",
      'No backend "ngnix0"; did you mean "nginx0"?',
    ],
    [checker.enableBackend("zzzz", WHO), "not-found", 'No backend "zzzz"'],
    [
      checker.pauseBackend("nginx0", WHO),
      "failed-precondition",
      'Cannot pause backend "nginx0": it is disabled',
    ],
    [
      checker.resumeBackend("nginx0", WHO),
      "failed-precondition",
      'Cannot resume backend "nginx0": it is disabled',
    ],
    [checker.setWeight(weight, WHO), "not-found", 'No frontend "web"'],
    [
      checker.setWeight({ ...named, frontend: "websit" }, WHO),
      "not-found",
      'No frontend "websit"; did you mean "website"?',
    ],
    [
      checker.setWeight({ ...named, pool: "pool9" }, WHO),
      "not-found",
      'No pool of frontend "website" with the name "pool9"; did you mean "pool0"?',
    ],
    [
      checker.setWeight({ ...named, backend: "nginx1" }, WHO),
      "not-found",
      'No backend in pool "pool0" with the name "nginx1"; did you mean "nginx0"?',
    ],
    [
      checker.setWeight({ ...named, weight: 101 }, WHO),
      "invalid-argument",
      'Cannot set weight of backend "nginx0": need an integer from 0 to 100, have 101',
    ],
  ];
  for (const [result, code, message] of cases) assert.deepEqual(refusal(result), [code, message]);
  for (const bad of [-1, 0.5, NaN, Infinity]) {
    assert.deepEqual(
      refusal(checker.setWeight({ ...named, weight: bad }, WHO))[0],
      "invalid-argument",
    );
  }
  assert.deepEqual(news().filter((event) => !event.startsWith("backend nginx0")), []);
});

Deno.test("Checker.setWeight is in force at once, is a program event, and changes the view's config", () => {
  const { checker, news, weights } = setUpHealthy();
  const request = { frontend: "web", pool: "pool0", backend: "a", weight: 3 };
  const view = checker.setWeight(request, WHO);
  assert.ok(!(view instanceof MaglevError));
  assert.deepEqual(view.effectiveWeights, [[3, 50], [0]]);
  assert.equal(view.config.pools[0]?.backends[0]?.weight, 3);
  assert.deepEqual(news(), ["program web weight"]);
  assert.deepEqual(checker.weightOverrides(), [request]);
  checker.setWeight(request, WHO);
  assert.deepEqual(news(), []);
  checker.setWeight({ ...request, weight: 100 }, WHO);
  assert.deepEqual(weights("web"), [[100, 50], [0]]);
  assert.deepEqual(checker.weightOverrides(), []);
  assert.equal(checker.snapshot().config.frontends.get("web")?.pools[0]?.backends[0]?.weight, 100);
});

Deno.test("Checker.setWeight to 0 is 0, and a pool without weight gives way to the next", () => {
  const { checker, news, weights } = setUpHealthy();
  checker.setWeight({ frontend: "web", pool: "pool0", backend: "a", weight: 0 }, WHO);
  assert.deepEqual(weights("web"), [[0, 50], [0]]);
  checker.setWeight({ frontend: "web", pool: "pool0", backend: "b", weight: 0 }, WHO);
  assert.deepEqual(weights("web"), [[0, 0], [10]]);
  news();
  checker.setWeight({ frontend: "web", pool: "pool1", backend: "c", weight: 0 }, WHO);
  assert.deepEqual(weights("web"), [[0, 0], [0]]);
  assert.deepEqual(news(), ["frontend web up-down", "program web weight"]);
});

Deno.test("Checker: each operator's action leaves one record, allowed or refused", () => {
  const { checker, logger } = setUpHealthy();
  checker.pauseBackend("a", { ...WHO, reason: "upgrade" });
  checker.pauseBackend("zz", WHO);
  checker.disableBackend("b", WHO);
  checker.resumeBackend("b", WHO);
  checker.setWeight({ frontend: "web", pool: "pool1", backend: "c", weight: 4 }, WHO);
  checker.setWeight({ frontend: "web", pool: "pool1", backend: "c", weight: 400 }, WHO);
  const who = { peer: "127.0.0.1:1", identity: "ann" };
  const set = {
    method: "SetFrontendPoolBackendWeight",
    frontend: "web",
    pool: "pool1",
    backend: "c",
  };
  assert.deepEqual(logger.of("operator-action"), [
    {
      method: "PauseBackend",
      backend: "a",
      ...who,
      reason: "upgrade",
      result: "ok",
      before: "up",
      after: "paused",
    },
    {
      method: "PauseBackend",
      backend: "zz",
      ...who,
      result: "not-found",
      error: 'No backend "zz"',
    },
    {
      method: "DisableBackend",
      backend: "b",
      ...who,
      result: "ok",
      before: "up",
      after: "disabled",
    },
    {
      method: "ResumeBackend",
      backend: "b",
      ...who,
      result: "failed-precondition",
      error: 'Cannot resume backend "b": it is disabled',
      before: "disabled",
      after: "disabled",
    },
    { ...set, weight: 4, ...who, result: "ok", before: 10, after: 4 },
    {
      ...set,
      weight: 400,
      ...who,
      result: "invalid-argument",
      error: 'Cannot set weight of backend "c": need an integer from 0 to 100, have 400',
    },
  ]);
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
    duration_ms: 0.5,
  });
});

Deno.test("Checker: void probes are counted and logged, but decide nothing", () => {
  const { checker, engine, clock, logger, news } = setUpHealthy();
  const { id, generation } = engine.running.get("a")!;
  for (let i = 0; i < 5; i++) engine.onVoid({ id, generation, latenessMs: 300 });
  engine.onVoid({ id, generation: generation + 1, latenessMs: 300 });
  clock.advance(VOID_REPORT_MS);
  assert.deepEqual(checker.tally.voidCounts(), [{ backend: "a", count: 5 }]);
  assert.equal(logger.of("probe-void").length, 2);
  assert.deepEqual(news(), []);
  checker.stop();
  assert.equal(clock.timers, 0);
});

Deno.test("Checker: a subscriber that throws is logged and does not keep others from hearing", () => {
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
    logger.of("events-dropped")[0]?.["reason"],
    "a subscriber failed: broken",
  );
  unsubscribe();
  engine.report({ a: PASS });
  assert.equal(heard.length, 3);
});

Deno.test("Checker.stop stops every probe and ignores what still comes; it may be called twice", () => {
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
  assert.deepEqual(checker.tally.probeCounts().filter((line) => line.backend === "a"), [
    { backend: "a", type: "tcp", result: "pass", code: "L4OK", count: 1 },
    { backend: "a", type: "tcp", result: "fail", code: "L4CON", count: 3 },
  ]);
  assert.deepEqual(checker.tally.transitionCounts().filter((line) => line.backend === "a"), [
    { backend: "a", from: "unknown", to: "up", count: 1 },
    { backend: "a", from: "up", to: "down", count: 1 },
  ]);
});
