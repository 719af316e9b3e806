import assert from "node:assert/strict";
import { setUp, WHO } from "../../tests/support/worlds/checker_fixture.ts";
import { FAIL, PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { wall } from "../../tests/support/fakes/instants.ts";
import { type SmallConfig, smallConfig } from "../../tests/support/fakes/small_config.ts";
import { diffConfig } from "../config/diff.ts";
import { created, planReload } from "./reload.ts";

const BASE: SmallConfig = {
  backends: { a: {}, b: {}, c: {} },
  frontends: { web: { pools: "a:100 b:50 | c:10" } },
};

/** Running on BASE with a up, b down, c up, without the events of the setup. */
function running(base: SmallConfig = BASE) {
  const all = setUp(smallConfig(base));
  all.checker.start();
  all.engine.report({ a: PASS, b: FAIL, c: PASS });
  all.news();
  all.engine.calls.splice(0);
  return all;
}

function withBackends(backends: SmallConfig["backends"]): SmallConfig {
  return { ...BASE, backends };
}

Deno.test("reload of the same file does not call the engine and is only a reload event", () => {
  const { checker, engine, news } = running();
  const before = checker.snapshot().backends;
  checker.reload(smallConfig(BASE));
  assert.deepEqual(engine.calls, []);
  assert.deepEqual(news(), ["reload"]);
  assert.deepEqual([...checker.snapshot().backends], [...before]);
});

Deno.test("reload: the state before it, which the forecast compares, is not changed by what follows", () => {
  const { checker, engine } = running();
  const before = checker.snapshot();
  const { worked } = checker.reload(smallConfig({ ...BASE, frontends: { web: { pools: "b c" } } }));
  engine.report({ a: FAIL, b: PASS });
  engine.report({ a: FAIL, b: PASS });
  assert.deepEqual([...worked.before.backends], [...before.backends]);
  assert.deepEqual([...worked.before.frontends], [...before.frontends]);
  assert.equal(worked.before.config, before.config);
  assert.notDeepEqual([...checker.snapshot().backends], [...before.backends]);
});

Deno.test("reload: a new backend is started, spread with the others that start, and a removed one stopped", () => {
  const { checker, engine, news, stateOf } = running();
  checker.reload(smallConfig({
    backends: { a: {}, d: {}, e: {}, c: { address: "10.0.0.3" } },
    frontends: { web: { pools: "a c d e" } },
  }));
  assert.deepEqual(engine.calls, ["stop b", "start d", "start e"]);
  assert.deepEqual(
    ["d", "e"].map((name) => engine.running.get(name)?.firstDelayMs),
    [0, 500],
  );
  assert.deepEqual(news(), ["backend b down-removed", "reload"]);
  assert.equal(stateOf("b"), undefined);
  assert.deepEqual([...checker.snapshot().backends.keys()], ["a", "d", "e", "c"]);
  assert.equal(checker.tally.of("b"), undefined);
});

Deno.test("reload: another address is used from the next probe on, and nothing else changes", () => {
  const { checker, engine, news } = running();
  const { id, generation } = engine.running.get("a")!;
  checker.reload(smallConfig(withBackends({ a: { address: "10.9.9.9" }, b: {}, c: {} })));
  assert.deepEqual(engine.calls, ["readdress a 10.9.9.9"]);
  assert.deepEqual(news(), ["reload"]);
  engine.onOutcomes([{ id, generation, result: FAIL, atMs: wall(1) }]);
  assert.equal(checker.snapshot().backends.get("a")?.counter, 3);
});

Deno.test("reload: a renamed healthcheck of the same definition restarts nothing", () => {
  const { checker, engine, news } = running();
  checker.reload(smallConfig({
    ...BASE,
    healthchecks: { other: {} },
    backends: { a: { healthcheck: "other" }, b: {}, c: {} },
  }));
  assert.deepEqual(engine.calls, []);
  assert.deepEqual(news(), ["reload"]);
});

Deno.test("reload: a changed healthcheck restarts its backends, with the new rise and fall", () => {
  const { checker, engine, news } = running();
  checker.reload(smallConfig({ ...BASE, healthchecks: { tcp: { rise: 4, fall: 1 } } }));
  assert.deepEqual(engine.calls, ["stop a", "stop b", "stop c", "start a", "start b", "start c"]);
  assert.deepEqual(news(), [
    "backend a up-unknown",
    "backend b down-unknown",
    "backend c up-unknown",
    "reload",
  ]);
  const { policy, counter, history } = checker.snapshot().backends.get("a")!;
  assert.deepEqual([policy, counter], [{ rise: 4, fall: 1 }, 4]);
  assert.deepEqual(
    ["a", "b", "c"].map((name) => engine.running.get(name)?.counter?.()),
    [4, 3, 4],
    "the engine paces by the same counter",
  );
  assert.deepEqual(history.map((t) => t.result.code), ["L4OK", "enabled"]);
  assert.equal(engine.running.get("a")?.healthcheck.rise, 4);
});

Deno.test("reload: results in flight before a restart never count", () => {
  const { checker, engine, news, stateOf } = running();
  const late = engine.outcome("a", FAIL);
  checker.reload(smallConfig({ ...BASE, healthchecks: { tcp: { rise: 4 } } }));
  news();
  engine.onOutcomes([late]);
  assert.deepEqual(news(), []);
  assert.equal(stateOf("a"), "unknown");
});

Deno.test("reload: a changed check does not end maintenance; only a change of enabled in the file does", () => {
  const { checker, engine, stateOf } = running();
  checker.pauseBackend("a", WHO);
  checker.disableBackend("b", WHO);
  checker.reload(smallConfig({
    ...BASE,
    healthchecks: { tcp: { rise: 4 } },
    backends: { a: {}, b: {}, c: { enabled: false } },
  }));
  assert.deepEqual(["a", "b", "c"].map(stateOf), ["paused", "disabled", "disabled"]);
  assert.deepEqual([...engine.running.keys()], []);
  checker.resumeBackend("a", WHO);
  assert.equal(engine.running.get("a")?.healthcheck.rise, 4);
  assert.equal(checker.snapshot().backends.get("a")?.counter, 3);
});

Deno.test("reload: paused and disabled at run time survive, also with another address", () => {
  const { checker, engine, news, stateOf } = running();
  checker.pauseBackend("a", WHO);
  checker.disableBackend("b", WHO);
  news();
  engine.calls.splice(0);
  checker.reload(smallConfig(withBackends({
    a: { address: "10.9.9.9" },
    b: { address: "10.9.9.8" },
    c: {},
  })));
  assert.deepEqual(["a", "b"].map(stateOf), ["paused", "disabled"]);
  assert.deepEqual(engine.calls, []);
  assert.deepEqual(news(), ["reload"]);
  checker.resumeBackend("a", WHO);
  assert.equal(engine.running.get("a")?.address.text, "10.9.9.9");
});

Deno.test("reload: only a change of enabled in the file applies", () => {
  const base = withBackends({ a: {}, b: { enabled: false }, c: {} });
  const all = setUp(smallConfig(base));
  all.checker.start();
  all.engine.report({ a: PASS, c: PASS });
  all.checker.enableBackend("b", WHO);
  all.news();
  // Unchanged in the file, a backend that was enabled at run time stays so.
  all.checker.reload(smallConfig(base));
  assert.equal(all.stateOf("b"), "unknown");
  assert.deepEqual(all.news(), ["reload"]);
  all.checker.reload(smallConfig(withBackends({ a: { enabled: false }, b: {}, c: {} })));
  assert.deepEqual(all.news(), ["backend a up-disabled", "reload"]);
  assert.equal(all.engine.running.has("a"), false);
  all.checker.reload(smallConfig(base));
  assert.deepEqual(["a", "b"].map(all.stateOf), ["unknown", "disabled"]);
  assert.ok(all.engine.running.has("a"));
});

Deno.test("reload: a backend that becomes static passes immediately, one that gets a check is probed", () => {
  const base = withBackends({ a: {}, b: { healthcheck: "" }, c: {} });
  const { checker, engine, news, stateOf } = setUp(smallConfig(base));
  checker.start();
  engine.report({ a: FAIL, c: PASS });
  news();
  engine.calls.splice(0);
  checker.reload(smallConfig(withBackends({ a: { healthcheck: "" }, b: {}, c: {} })));
  assert.deepEqual(engine.calls, ["stop a", "start b"]);
  assert.deepEqual(news(), [
    "backend a down-unknown",
    "backend a unknown-up",
    "backend b up-unknown",
    "reload",
  ]);
  assert.deepEqual(["a", "b"].map(stateOf), ["up", "unknown"]);
});

Deno.test("reload: a weight set at run time stays until the file's own weight of that entry changes", () => {
  const { checker, weights } = running();
  checker.setWeight({ frontend: "web", pool: "pool0", backend: "a", weight: 1 }, WHO);
  assert.deepEqual(weights("web"), [[1, 0], [0]]);
  checker.reload(smallConfig({ ...BASE, frontends: { web: { pools: "a:100 b:9 | c:10" } } }));
  assert.deepEqual(weights("web"), [[1, 0], [0]], "another entry's weight changed");
  assert.equal(checker.snapshot().intents.size, 1);
  checker.reload(smallConfig({ ...BASE, frontends: { web: { pools: "a:60 b:9 | c:10" } } }));
  assert.deepEqual(weights("web"), [[60, 0], [0]]);
  assert.deepEqual(checker.snapshot().intents.list(), []);
});

Deno.test("reload: frontends follow the file, and a change of state is an event", () => {
  const { checker, news, weights } = running();
  checker.reload(smallConfig({
    ...BASE,
    frontends: { new: { pools: "a:5" }, web: { pools: "b:50" } },
  }));
  assert.deepEqual(news(), ["frontend new unknown-up", "frontend web up-down", "reload"]);
  assert.deepEqual(weights("new"), [[5]]);
  checker.reload(smallConfig({ ...BASE, frontends: { new: { pools: "a:5" } } }));
  assert.deepEqual(news(), ["reload"]);
  assert.equal(weights("web"), undefined);
});

Deno.test("reload: transition-history applies to backends that continue", () => {
  const { checker, engine } = running();
  for (let i = 0; i < 3; i++) engine.report({ a: FAIL });
  checker.reload(smallConfig({ ...BASE, transitionHistory: 1 }));
  const history = () => checker.snapshot().backends.get("a")!.history.map((t) => t.to);
  assert.deepEqual(history(), ["down"]);
  checker.reload(smallConfig({ ...BASE, transitionHistory: 3 }));
  for (let i = 0; i < 2; i++) engine.report({ a: PASS });
  assert.deepEqual(history(), ["down", "up"]);
});

Deno.test("planReload does not change its input, and returns every backend of the file in order", () => {
  const old = smallConfig(BASE);
  const next = smallConfig(
    withBackends({ d: {}, c: { address: "10.0.0.99" }, a: { address: "10.0.0.1" } }),
  );
  const backends = new Map([...old.backends].map(([n, b]) => [n, created(old, b, wall(0))]));
  const copy = structuredClone(backends);
  const plan = planReload({ next, diff: diffConfig(old, next).backends, backends, nowMs: wall(5) });
  assert.deepEqual(backends, copy);
  assert.deepEqual([...plan.backends.keys()], ["d", "c", "a"]);
  assert.deepEqual(plan.actions.map((action) => `${action.kind} ${action.backend}`), [
    "stop b",
    "readdress c",
    "start d",
  ]);
  assert.deepEqual(plan.transitions.map((t) => [t.name, t.transition.to, t.transition.atMs]), [
    ["b", "removed", 5],
  ]);
});
