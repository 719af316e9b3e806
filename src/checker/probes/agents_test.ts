/** Agents beside checks: what they lower, for how long, and what is logged. */
import assert from "node:assert/strict";
import { setUp, THREE, WHO } from "../../../tests/support/worlds/checker_fixture.ts";
import { FAIL, PASS } from "../../../tests/support/fakes/fake_probe_engine.ts";
import { smallConfig } from "../../../tests/support/fakes/small_config.ts";
import type { HealthcheckConfig } from "../../config/model.ts";
import { FORGOTTEN_AFTER } from "./agents.ts";

const AGENT = { port: 9000, intervalMs: 500 };

function config(tcp: Partial<HealthcheckConfig> = { agent: AGENT }) {
  return smallConfig({ ...THREE, healthchecks: { tcp } });
}

/** All of THREE up, each with an agent. */
function healthy() {
  const all = setUp(config());
  all.checker.start();
  all.engine.report({ a: PASS, b: PASS, c: PASS });
  all.news();
  return {
    ...all,
    /** What the agents of backends report. */
    reports(words: Readonly<Record<string, string>>) {
      all.engine.report(Object.fromEntries(
        Object.entries(words).map(([name, detail]) => [`${name} (agent)`, {
          ...PASS,
          layer: "L7",
          code: "L7OK",
          detail,
        }]),
      ));
    },
    servers: (name: string) =>
      all.checker.snapshot().frontends.get(name)!.servers
        .map(({ weight, flush }) => `${weight}${flush ? " flushed" : ""}`),
  };
}

Deno.test("an agent is asked at its port and pace, and stops with the check of its backend", () => {
  const { checker, engine } = healthy();
  const { healthcheck, address } = engine.running.get("a (agent)")!;
  assert.deepEqual([healthcheck.port, healthcheck.intervalMs, healthcheck.fastIntervalMs], [
    9000,
    500,
    500,
  ]);
  assert.deepEqual([healthcheck.params.type, healthcheck.agent], ["agent", undefined]);
  assert.equal(address.text, engine.running.get("a")!.address.text);
  checker.pauseBackend("a", WHO);
  assert.deepEqual([...engine.running.keys()].filter((name) => name.startsWith("a")), []);
  checker.resumeBackend("a", WHO);
  assert.ok(engine.running.has("a (agent)"));
  checker.stop();
  assert.equal(engine.running.size, 0);
});

Deno.test("a share lowers the weight in every frontend, without a transition or a flush", () => {
  const { news, reports, servers, stateOf, logger } = healthy();
  reports({ b: "33%" });
  assert.deepEqual(news(), ["program api,web weight"]);
  assert.deepEqual([servers("web"), servers("api")], [["100", "17", "0"], ["3"]]);
  assert.equal(stateOf("b"), "up");
  assert.deepEqual(logger.of("agent-report"), [{ backend: "b", agent: "33 %" }]);
  reports({ b: "33%" });
  assert.deepEqual(news(), [], "nothing changed");
  reports({ b: "up ready 100%" });
  assert.deepEqual(servers("web"), ["100", "50", "0"]);
});

Deno.test("down flushes, maint does not; both let the next pool serve, and drain too", () => {
  for (const [words, flushed] of [["down", " flushed"], ["maint", ""], ["drain", ""]] as const) {
    const { reports, servers, weights } = healthy();
    reports({ a: words });
    assert.deepEqual(servers("web"), [`0${flushed}`, "50", "0"], words);
    reports({ b: words });
    assert.deepEqual(servers("web"), [`0${flushed}`, `0${flushed}`, "10"], words);
    reports({ a: "up ready" });
    assert.deepEqual(weights("web"), [[100, 0], [0]], words);
  }
});

Deno.test("an agent raises nothing: not a server that is down, disabled or drained", () => {
  const { checker, engine, reports, servers } = healthy();
  for (let i = 0; i < 3; i++) engine.report({ a: FAIL });
  checker.drainBackend({ backend: "b", then: "pause", forMs: undefined, force: true }, WHO);
  reports({ a: "up ready 100%", b: "up ready 100%" });
  assert.deepEqual(servers("web"), ["0 flushed", "0", "10"]);
  checker.disableBackend("c", WHO);
  assert.deepEqual(servers("web"), ["0 flushed", "0", "0 flushed"]);
});

Deno.test("an agent that does not answer is forgotten, with a warning, and void probes do not count", () => {
  const { engine, reports, servers, logger, checker } = healthy();
  const silent = { ...FAIL, code: "L7TOUT" } as const;
  reports({ a: "50%" });
  for (let i = 1; i < FORGOTTEN_AFTER; i++) engine.report({ "a (agent)": silent });
  reports({ a: "50%" });
  for (let i = 1; i < FORGOTTEN_AFTER; i++) engine.report({ "a (agent)": silent });
  for (let i = 0; i < 9; i++) engine.reportVoid("a (agent)");
  assert.deepEqual(servers("web"), ["50", "50", "0"]);
  engine.report({ "a (agent)": silent });
  assert.deepEqual(servers("web"), ["100", "50", "0"]);
  assert.deepEqual(logger.of("agent-forgotten"), [{ backend: "a" }]);
  assert.deepEqual(logger.of("probe-void"), []);
  assert.equal(checker.snapshot().backends.get("a")!.state, "up");
  for (let i = 0; i < 9; i++) engine.report({ "a (agent)": silent });
  assert.equal(logger.of("agent-forgotten").length, 1);
});

Deno.test("an unknown word is warned of once, and the other words count", () => {
  const { reports, servers, logger } = healthy();
  reports({ a: "drain ?" });
  reports({ a: "ready ?" });
  assert.deepEqual(servers("web"), ["100", "50", "0"]);
  assert.deepEqual(logger.of("agent-unknown-word"), [{ backend: "a" }]);
});

Deno.test("what an agent reported outlives a reload that keeps the agent, and no other", () => {
  const { checker, reports, servers, logger } = healthy();
  const forgotten = () => logger.of("agent-forgotten").splice(0);
  reports({ a: "50%" });
  checker.reload(config());
  assert.deepEqual(servers("web"), ["50", "50", "0"]);
  checker.reload(config({ agent: AGENT, intervalMs: 3000 }));
  assert.deepEqual(servers("web"), ["50", "50", "0"], "the check begins again, the agent does not");
  assert.deepEqual(forgotten(), []);
  checker.reload(config({ agent: { ...AGENT, port: 9001 } }));
  assert.deepEqual(servers("web"), ["100", "50", "0"]);
  assert.deepEqual(forgotten(), [{ backend: "a" }]);
  reports({ a: "50%" });
  checker.reload(config({}));
  assert.deepEqual(servers("web"), ["100", "50", "0"]);
});

Deno.test("a server that its agent took out stays out over an edit of its check, until it is silent", () => {
  for (const words of ["down", "maint", "drain"]) {
    const { checker, engine, reports, servers, logger } = healthy();
    reports({ a: words });
    const before = servers("web");
    checker.reload(config({ agent: AGENT, fall: 5 }));
    assert.deepEqual(servers("web"), before, words);
    const silent = { ...FAIL, code: "L7TOUT" } as const;
    for (let i = 0; i < FORGOTTEN_AFTER; i++) engine.report({ "a (agent)": silent });
    assert.deepEqual(servers("web"), ["100", "50", "0"], words);
    assert.deepEqual(logger.of("agent-forgotten"), [{ backend: "a" }]);
  }
});

Deno.test("an agent's answer gives a server whose check was edited no more time", () => {
  const { checker, clock, reports, servers } = healthy();
  checker.reload(config({ agent: AGENT, port: 81 }));
  assert.deepEqual(servers("web"), ["100", "50", "0"]);
  reports({ a: "50%" });
  clock.advance(600_000);
  assert.deepEqual(servers("web").map((text) => text.replace(" flushed", "")), ["0", "0", "0"]);
});

Deno.test("a first probe that is void reports what the agent of its server lowers", () => {
  const small = smallConfig({
    backends: { a: {} },
    frontends: { web: { pools: "a" } },
    healthchecks: { tcp: { agent: AGENT } },
  });
  const { checker, engine, news } = setUp(small);
  checker.start();
  engine.report({ "a (agent)": { ...PASS, layer: "L7", code: "L7OK", detail: "down" } });
  news();
  engine.reportVoid("a");
  assert.equal(checker.snapshot().frontends.get("web")!.state, "down");
  assert.deepEqual(news(), ["frontend web unknown-down", "program web weight"]);
});

Deno.test("an operator's weight that equals the lowered one is lowered too", () => {
  const { checker, reports, servers } = healthy();
  reports({ a: "50%" });
  assert.deepEqual(servers("web"), ["50", "50", "0"]);
  const place = { frontend: "web", backend: "a" };
  const { pools } = checker.snapshot().config.frontends.get("web")!;
  checker.setWeight({ ...place, pool: pools[0]!.name, weight: 50 }, WHO);
  assert.deepEqual(servers("web"), ["25", "50", "0"]);
});
