import assert from "node:assert/strict";
import { setUp, setUpHealthy, WHO } from "../../../tests/support/worlds/checker_fixture.ts";
import { smallConfig } from "../../../tests/support/fakes/small_config.ts";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { RecordingLogger } from "../../../tests/support/fakes/recording_logger.ts";
import { MaglevError } from "../../base/errors.ts";
import { logAction, type OperatorOutcome } from "./operator.ts";

/** The other fields of an intent of WHO. */
const BY = {
  by: { peer: "127.0.0.1:1", identity: "ann" },
  reason: "",
  sinceMs: new FakeClock().wallMs(),
  untilMs: undefined,
};

function refusal(result: OperatorOutcome<unknown>): [code: string, message: string] {
  assert.ok(!result.ok);
  assert.equal(result.before, result.after);
  return [result.error.code, result.error.message];
}

Deno.test("Checker: pause cancels the probe, resume begins again and keeps the history", () => {
  const { checker, engine, news, weights } = setUpHealthy();
  const paused = checker.pauseBackend("a", WHO);
  assert.ok(paused.ok);
  assert.equal(paused.value.state, "paused");
  assert.deepEqual(engine.calls.at(-1), "stop a");
  assert.deepEqual(news(), ["backend a up-paused", "program web transition"]);
  assert.deepEqual(weights("web"), [[0, 50], [0]]);
  const resumed = checker.resumeBackend("a", WHO);
  assert.ok(resumed.ok);
  assert.equal(resumed.value.state, "unknown");
  assert.equal(engine.running.get("a")?.firstDelayMs, 0);
  assert.deepEqual(news(), ["backend a paused-unknown", "program web transition"]);
  assert.deepEqual(resumed.value.history.map((t) => t.result.code), ["L4OK", "paused", "resumed"]);
});

Deno.test("Checker: disable cancels the probe, enable begins again", () => {
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

Deno.test("Checker: a static backend is up immediately after enable", () => {
  const { checker, news } = setUp(smallConfig({
    backends: { s: { healthcheck: "" } },
    frontends: { web: { pools: "s:1" } },
  }));
  checker.start();
  checker.disableBackend("s", WHO);
  news();
  const enabled = checker.enableBackend("s", WHO);
  assert.ok(enabled.ok);
  assert.equal(enabled.value.state, "up");
  assert.deepEqual(news(), [
    "backend s disabled-unknown",
    "backend s unknown-up",
    "frontend web down-up",
    "program web transition",
  ]);
});

Deno.test("Checker: an action without effect succeeds without an event", () => {
  const { checker, engine, news } = setUpHealthy();
  const calls = engine.calls.length;
  assert.ok(checker.resumeBackend("a", WHO).ok);
  assert.ok(checker.enableBackend("a", WHO).ok);
  assert.equal(engine.calls.length, calls);
  checker.pauseBackend("a", WHO);
  checker.disableBackend("b", WHO);
  news();
  assert.ok(checker.pauseBackend("a", WHO).ok);
  assert.ok(checker.enableBackend("a", WHO).ok);
  assert.ok(checker.disableBackend("b", WHO).ok);
  assert.deepEqual(news(), []);
  assert.equal(checker.snapshot().backends.get("a")?.state, "paused");
});

Deno.test("Checker: refusals have a code and a reason", () => {
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
  const cases: [OperatorOutcome<unknown>, string, string][] = [
    [
      checker.pauseBackend("ngnix0", WHO),
      "not-found",
      'no backend "ngnix0"; did you mean "nginx0"?',
    ],
    [checker.enableBackend("zzzz", WHO), "not-found", 'no backend "zzzz"'],
    [
      checker.pauseBackend("nginx0", WHO),
      "failed-precondition",
      'cannot pause backend "nginx0": it is disabled',
    ],
    [
      checker.resumeBackend("nginx0", WHO),
      "failed-precondition",
      'cannot resume backend "nginx0": it is disabled',
    ],
    [checker.setWeight(weight, WHO), "not-found", 'no frontend "web"'],
    [
      checker.setWeight({ ...named, frontend: "websit" }, WHO),
      "not-found",
      'no frontend "websit"; did you mean "website"?',
    ],
    [
      checker.setWeight({ ...named, pool: "pool9" }, WHO),
      "not-found",
      'no pool of frontend "website" with the name "pool9"; did you mean "pool0"?',
    ],
    [
      checker.setWeight({ ...named, backend: "nginx1" }, WHO),
      "not-found",
      'no backend in pool "pool0" with the name "nginx1"; did you mean "nginx0"?',
    ],
    [
      checker.setWeight({ ...named, weight: 101 }, WHO),
      "invalid-argument",
      'cannot set weight of backend "nginx0": need an integer from 0 to 100, have 101',
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

Deno.test("Checker.setWeight applies immediately, is a program event, and changes the view's config", () => {
  const { checker, news, weights } = setUpHealthy();
  const request = { frontend: "web", pool: "pool0", backend: "a", weight: 3 };
  const view = checker.setWeight(request, WHO);
  assert.ok(view.ok);
  assert.deepEqual(view.value.effectiveWeights, [[3, 50], [0]]);
  assert.equal(view.value.config.pools[0]?.backends[0]?.weight, 3);
  assert.deepEqual(news(), ["program web weight"]);
  assert.deepEqual(view.intent, { kind: "weight", ...request, instead: 100, ...BY });
  checker.setWeight(request, WHO);
  assert.deepEqual(news(), []);
  checker.setWeight({ ...request, weight: 100 }, WHO);
  assert.deepEqual(weights("web"), [[100, 50], [0]]);
  assert.deepEqual(checker.snapshot().intents.list(), []);
  assert.equal(checker.snapshot().config.frontends.get("web")?.pools[0]?.backends[0]?.weight, 100);
});

Deno.test("Checker.setWeight to 0 is 0, and the pool after one without weight is active", () => {
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

Deno.test("Checker: each action returns the value before and after, allowed or refused", () => {
  const { checker, logger } = setUpHealthy();
  const weight = { frontend: "web", pool: "pool1", backend: "c", weight: 4 };
  const outcomes: OperatorOutcome<unknown>[] = [
    checker.pauseBackend("a", WHO),
    checker.pauseBackend("zz", WHO),
    checker.disableBackend("b", WHO),
    checker.resumeBackend("b", WHO),
    checker.enableBackend("b", WHO),
    checker.setWeight(weight, WHO),
    checker.setWeight({ ...weight, weight: 400 }, WHO),
  ];
  assert.deepEqual(outcomes.map(({ ok, before, after }) => [ok, before, after]), [
    [true, "up", "paused"],
    [false, undefined, undefined],
    [true, "up", "disabled"],
    [false, "disabled", "disabled"],
    [true, "disabled", "unknown"],
    [true, 10, 4],
    [false, undefined, undefined],
  ]);
  // Only the caller writes the record.
  assert.deepEqual(logger.of("operator-action"), []);
});

Deno.test("logAction writes operator, request, reason and outcome", () => {
  const logger = new RecordingLogger();
  const action = { method: "PauseBackend", arguments: { backend: "a" }, ...WHO };
  logAction(logger, { ...action, reason: "upgrade", before: "up", after: "paused" });
  logAction(logger, { ...action, error: new MaglevError("not-found", "no backend") });
  const common = {
    method: "PauseBackend",
    backend: "a",
    peer: "127.0.0.1:1",
    identity: "ann",
  };
  assert.deepEqual(logger.of("operator-action"), [
    { ...common, reason: "upgrade", result: "ok", before: "up", after: "paused" },
    { ...common, result: "not-found", err: "no backend" },
  ]);
});
