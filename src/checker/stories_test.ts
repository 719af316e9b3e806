/** Stories others paid for (those in which the checker has a part), each as a test. */
import assert from "node:assert/strict";
import { frontendHealth } from "../health/frontend.ts";
import { setUp, WHO } from "../../tests/support/worlds/checker_fixture.ts";
import { FAIL, PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { type SmallConfig, smallConfig } from "../../tests/support/fakes/small_config.ts";
import type { CheckerReader } from "./ports.ts";

const WEB: SmallConfig = {
  backends: { a: {}, b: {}, c: {} },
  frontends: { web: { pools: "a:100 b:50 | c:10" } },
};

function started(config: SmallConfig) {
  const all = setUp(smallConfig(config));
  all.checker.start();
  return all;
}

/** The servers VPP should have for a frontend, as text. */
function serversOf(checker: CheckerReader, frontend: string): string[] {
  const { backends, frontends, config } = checker.snapshot();
  return frontendHealth(frontends.get(frontend)!.config, {
    stateOf: (name) => backends.get(name)!.state,
    addressOf: (name) => config.backends.get(name)!.address,
  }).servers.map(({ address, weight, flush }) =>
    `${address.text} ${weight}${flush ? " flush" : ""}`
  );
}

Deno.test("story 1: a server that is down, reloaded, and passing again comes up", () => {
  const { checker, engine, stateOf, news } = started(WEB);
  engine.report({ a: FAIL });
  news();
  for (let i = 0; i < 5; i++) checker.reload(smallConfig(WEB));
  assert.deepEqual(news(), Array(5).fill("reload"));
  assert.equal(stateOf("a"), "down");
  engine.report({ a: PASS });
  checker.reload(smallConfig(WEB));
  engine.report({ a: PASS });
  assert.equal(stateOf("a"), "up");
});

Deno.test("story 1: a reload between two failures neither forgets nor adds one", () => {
  const { checker, engine, stateOf } = started(WEB);
  for (let i = 0; i < 4; i++) engine.report({ a: PASS });
  for (let i = 0; i < 2; i++) {
    engine.report({ a: FAIL });
    checker.reload(smallConfig(WEB));
    assert.equal(stateOf("a"), "up");
  }
  engine.report({ a: FAIL });
  assert.equal(stateOf("a"), "down");
});

Deno.test("story 2: two checks of one address stay separate, and make one server", () => {
  const { checker, engine, stateOf } = started({
    healthchecks: { other: { port: 81, rise: 1, fall: 1 } },
    backends: {
      tcp: { address: "10.0.0.1" },
      other: { address: "10.0.0.1", healthcheck: "other" },
    },
    frontends: { web: { pools: "tcp:10 other:20" } },
  });
  engine.report({ tcp: PASS, other: FAIL });
  assert.deepEqual(["tcp", "other"].map(stateOf), ["up", "down"]);
  assert.deepEqual(serversOf(checker, "web"), ["10.0.0.1 10"]);
  engine.report({ other: PASS });
  assert.deepEqual(serversOf(checker, "web"), ["10.0.0.1 20"]);
});

Deno.test("story 2: names that swap their addresses keep their own states", () => {
  const { checker, engine, stateOf } = started(WEB);
  engine.report({ a: PASS, b: FAIL });
  checker.reload(smallConfig({
    ...WEB,
    backends: { a: { address: "10.0.0.2" }, b: { address: "10.0.0.1" }, c: {} },
  }));
  assert.deepEqual(["a", "b"].map(stateOf), ["up", "down"]);
  assert.equal(engine.running.get("a")?.address.text, "10.0.0.2");
  assert.deepEqual(serversOf(checker, "web"), ["10.0.0.1 0 flush", "10.0.0.2 100", "10.0.0.3 0"]);
});

Deno.test("story 3: weight 0 in the file is 0, and so is a paused or disabled server, sticky or not", () => {
  const { checker, engine } = started({
    backends: { a: {}, b: {}, c: {}, d: {} },
    frontends: { web: { pools: "a:0 b:50 c:60 d:70" } },
  });
  engine.report({ a: PASS, b: PASS, c: PASS, d: PASS });
  checker.pauseBackend("b", WHO);
  checker.disableBackend("c", WHO);
  assert.deepEqual(serversOf(checker, "web"), [
    "10.0.0.1 0",
    "10.0.0.2 0",
    "10.0.0.3 0 flush",
    "10.0.0.4 70",
  ]);
});

Deno.test("story 4: the same servers in another order are the same servers", () => {
  const orders = ["a:1 b:2 c:3", "c:3 a:1 b:2", "b:2 c:3 a:1"];
  const results = orders.map((pools) => {
    const { checker, engine } = started({ ...WEB, frontends: { web: { pools } } });
    engine.report({ a: PASS, b: PASS, c: PASS });
    return serversOf(checker, "web");
  });
  assert.deepEqual(results, Array(3).fill(["10.0.0.1 1", "10.0.0.2 2", "10.0.0.3 3"]));
});

Deno.test("story 4: from all servers to none and back", () => {
  const { checker, engine, weights, news } = started(WEB);
  engine.report({ a: PASS, b: PASS, c: PASS });
  news();
  engine.takeDown("a", "b", "c");
  assert.deepEqual(weights("web"), [[0, 0], [0]]);
  assert.deepEqual(news().slice(-2), ["frontend web up-down", "program web transition"]);
  assert.deepEqual(serversOf(checker, "web").length, 3);
  engine.bringUp("a", "b", "c");
  assert.deepEqual(weights("web"), [[100, 50], [0]]);
  assert.deepEqual(news().slice(-2), ["frontend web down-up", "program web transition"]);
});

Deno.test("story 5: flush-on-down decides about the flows of the last server", () => {
  for (const flushOnDown of [true, false]) {
    const { checker, engine } = started({
      backends: { a: {} },
      frontends: { web: { pools: "a:100", flushOnDown } },
    });
    engine.report({ a: PASS });
    engine.takeDown("a");
    const expected = flushOnDown ? "10.0.0.1 0 flush" : "10.0.0.1 0";
    assert.deepEqual(serversOf(checker, "web"), [expected]);
  }
});

Deno.test("story 8: standby pools are probed from the start, and take over with the verdict itself", () => {
  const { engine, weights, news } = started(WEB);
  assert.ok(engine.running.has("c"));
  engine.report({ a: PASS, b: PASS, c: PASS });
  news();
  engine.takeDown("a", "b");
  assert.deepEqual(weights("web"), [[0, 0], [10]]);
  assert.deepEqual(news().at(-1), "program web transition");
});

Deno.test("story 8: no backend waits a slow interval for its first verdict", () => {
  const { engine } = started({
    ...WEB,
    healthchecks: { tcp: { intervalMs: 600_000, fastIntervalMs: 60_000 } },
  });
  const delays = [...engine.running.values()].map((target) => target.firstDelayMs);
  assert.equal(new Set(delays).size, 3);
  assert.ok(Math.max(...delays) < 2000);
});

Deno.test("story 8: a server that never became healthy has an event and a log record", () => {
  const { engine, news, logger } = started(WEB);
  engine.report({ c: FAIL });
  assert.deepEqual(news(), ["backend c unknown-down", "program web transition"]);
  assert.equal(logger.of("backend-transition")[0]?.["detail"], "connection refused");
});
