/** The effects of a reload that changes a check: by itself it removes no server from service. */
import assert from "node:assert/strict";
import { setUp, WHO } from "../../tests/support/worlds/checker_fixture.ts";
import { FAIL, PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { type SmallConfig, smallConfig } from "../../tests/support/fakes/small_config.ts";
import type { HealthcheckConfig } from "../config/model.ts";

const BASE: SmallConfig = {
  backends: { a: {}, b: {}, c: {} },
  frontends: { web: { pools: "a:100 b:50 | c:10" } },
};

/** `timeout` + 2 × `fast-interval` of CHANGED. */
const LIMIT_MS = 500 + 2 * 2000;
const CHANGED: Partial<HealthcheckConfig> = { fastIntervalMs: 2000, intervalMs: 60_000 };

function changed(check: Partial<HealthcheckConfig> = {}, base: SmallConfig = BASE) {
  return smallConfig({ ...base, healthchecks: { tcp: { ...CHANGED, ...check } } });
}

/** All up, then the check was edited. */
function edited(check: Partial<HealthcheckConfig> = {}) {
  const all = setUp(smallConfig(BASE));
  all.checker.start();
  all.engine.report({ a: PASS, b: PASS, c: PASS });
  all.news();
  all.checker.reload(changed(check));
  return all;
}

Deno.test("a reload that edits a check changes no weight, pool or frontend", () => {
  const { checker, news, weights, stateOf } = edited();
  assert.deepEqual(news(), [
    "backend a up-unknown",
    "backend b up-unknown",
    "backend c up-unknown",
    "reload",
  ]);
  assert.equal(stateOf("a"), "unknown");
  assert.deepEqual(weights("web"), [[100, 50], [0]]);
  assert.equal(checker.snapshot().frontends.get("web")?.state, "up");
});

Deno.test("a server whose changed check passes is up, without operations on VPP", () => {
  const { engine, clock, news, weights, checker } = edited();
  news();
  engine.report({ a: PASS, b: PASS, c: PASS });
  assert.deepEqual(weights("web"), [[100, 50], [0]]);
  clock.advance(10 * LIMIT_MS);
  assert.deepEqual(weights("web"), [[100, 50], [0]]);
  assert.equal(checker.snapshot().backends.get("a")?.state, "up");
  assert.equal(clock.timers, 0);
});

Deno.test("a server whose changed check fails goes down after `fall` failures in a row, as before", () => {
  const { engine, clock, weights, stateOf } = edited({ fall: 3 });
  engine.report({ a: FAIL });
  clock.advance(10 * LIMIT_MS);
  engine.report({ a: FAIL });
  assert.deepEqual(weights("web")?.[0], [100, 0], "b's check was silent, a's was not");
  assert.equal(stateOf("a"), "unknown");
  engine.report({ a: FAIL });
  assert.equal(stateOf("a"), "down");
  assert.deepEqual(weights("web"), [[0, 0], [0]]);
});

Deno.test("a changed check that is silent for timeout + 2 fast-intervals takes the server out, and is logged", () => {
  const { clock, news, weights, stateOf, logger } = edited();
  news();
  clock.advance(LIMIT_MS - 1);
  assert.deepEqual(news(), []);
  clock.advance(1);
  assert.deepEqual(weights("web"), [[0, 0], [0]]);
  assert.equal(stateOf("a"), "unknown");
  assert.deepEqual(news(), ["frontend web up-unknown", "program web weight"]);
  const told = logger.of("backend-transition").filter(({ message }) => message !== undefined);
  assert.deepEqual(told.map(({ backend }) => backend), ["a", "b", "c"]);
  assert.equal(clock.timers, 0);
});

Deno.test("void probes never take a carried server out", () => {
  const { engine, clock, weights } = edited();
  for (let i = 0; i < 20; i++) {
    for (const name of ["a", "b", "c"]) engine.reportVoid(name);
    clock.advance(60_000);
  }
  assert.deepEqual(weights("web"), [[100, 50], [0]]);
  clock.advance(1.1 * 60_000 + LIMIT_MS);
  assert.deepEqual(weights("web"), [[0, 0], [0]], "silence that is not void ends it");
});

Deno.test("a prober thread that does not answer takes no carried server out", () => {
  const { engine, clock, weights } = edited();
  let answers = false;
  Object.assign(engine, { answers: () => answers });
  clock.advance(10 * LIMIT_MS);
  assert.deepEqual(weights("web"), [[100, 50], [0]]);
  answers = true;
  clock.advance(LIMIT_MS);
  assert.deepEqual(weights("web"), [[0, 0], [0]]);
});

Deno.test("a second reload gives a carried server no more time", () => {
  const { checker, clock, weights } = edited();
  clock.advance(LIMIT_MS - 1000);
  checker.reload(changed({ port: 81 }));
  clock.advance(999);
  assert.deepEqual(weights("web"), [[100, 50], [0]]);
  clock.advance(1);
  assert.deepEqual(weights("web"), [[0, 0], [0]]);
});

Deno.test("an operator's pause or disable of a carried server counts immediately", () => {
  const { checker, clock, weights, stateOf } = edited();
  checker.pauseBackend("a", WHO);
  assert.deepEqual(weights("web"), [[0, 50], [0]]);
  checker.disableBackend("b", WHO);
  assert.deepEqual(weights("web"), [[0, 0], [10]]);
  checker.resumeBackend("a", WHO);
  assert.deepEqual([stateOf("a"), weights("web")], ["unknown", [[0, 0], [10]]]);
  clock.advance(LIMIT_MS);
  assert.deepEqual(weights("web"), [[0, 0], [0]], "c alone was still carried");
});

Deno.test("any change of the check carries the server: port, ssl, name, namespace, a first check", () => {
  const tcp = { type: "tcp", serverName: "", insecureSkipVerify: false } as const;
  const cases: [what: string, next: SmallConfig][] = [
    ["port", { ...BASE, healthchecks: { tcp: { port: 81 } } }],
    ["ssl", { ...BASE, healthchecks: { tcp: { params: { ...tcp, ssl: true, alpn: [] } } } }],
    ["netns", { ...BASE, netns: "dataplane" }],
    [
      "another check",
      {
        ...BASE,
        healthchecks: { slow: CHANGED },
        backends: { a: { healthcheck: "slow" }, b: { healthcheck: "slow" }, c: {} },
      },
    ],
    [
      "check and address",
      {
        ...BASE,
        healthchecks: { tcp: CHANGED },
        backends: { a: { address: "10.0.0.9" }, b: {}, c: {} },
      },
    ],
  ];
  for (const [what, next] of cases) {
    const { checker, engine, weights, stateOf } = setUp(smallConfig(BASE));
    checker.start();
    engine.report({ a: PASS, b: PASS, c: PASS });
    checker.reload(smallConfig(next));
    assert.equal(stateOf("a"), "unknown", what);
    assert.deepEqual(weights("web"), [[100, 50], [0]], what);
    checker.stop();
  }
});

Deno.test("a static server that gets a check keeps its weight until the first verdict", () => {
  const base: SmallConfig = { ...BASE, backends: { a: { healthcheck: "" }, b: {}, c: {} } };
  const { checker, engine, weights } = setUp(smallConfig(base));
  checker.start();
  engine.report({ b: PASS, c: PASS });
  checker.reload(smallConfig(BASE));
  assert.deepEqual(weights("web"), [[100, 50], [0]]);
  engine.takeDown("a");
  assert.deepEqual(weights("web"), [[0, 50], [0]]);
});

Deno.test("a server that was not up is not carried", () => {
  const all = setUp(smallConfig(BASE));
  all.checker.start();
  all.engine.report({ a: FAIL });
  all.checker.reload(changed());
  const { backends } = all.checker.snapshot();
  assert.deepEqual([...backends.values()].map(({ standing }) => standing), [
    undefined,
    undefined,
    undefined,
  ]);
  assert.deepEqual(all.weights("web"), [[0, 0], [0]]);
  assert.equal(all.clock.timers, 0);
  all.engine.report({ b: FAIL });
  assert.equal(all.stateOf("b"), "down", "one failure decides, as for any unknown server");
});

Deno.test("a daemon that was stopped takes no carried server out, because results may wait to be read", () => {
  const { clock, engine, news, weights } = edited();
  news();
  clock.stall(LIMIT_MS + 201);
  clock.advance(0);
  assert.deepEqual(news(), []);
  engine.report({ a: PASS });
  clock.advance(LIMIT_MS);
  assert.deepEqual(weights("web"), [[100, 0], [0]], "its time was given once more");
});

Deno.test("a reload that removes a carried server ends its time", () => {
  const { checker, clock, news } = edited();
  checker.reload(changed({}, { backends: { c: {} }, frontends: { web: { pools: "c:1" } } }));
  news();
  clock.advance(LIMIT_MS);
  assert.deepEqual(news(), ["frontend web up-unknown", "program web weight"]);
  assert.equal(clock.timers, 0);
});

Deno.test("a frontend that is held stays down over a reload of its check, and its weights move once", () => {
  const checkAt = (port: number) =>
    smallConfig({
      healthchecks: { tcp: { port } },
      backends: { a: {}, b: {}, c: {} },
      frontends: { web: { pools: "a:100 b:50 c:10", onAllDown: "last-good" } },
    });
  const { checker, engine, weights } = setUp(checkAt(80));
  const state = () => checker.snapshot().frontends.get("web")!.state;
  checker.start();
  engine.bringUp("a", "b", "c");
  engine.takeDown("a", "b", "c");
  assert.deepEqual([state(), weights("web")], ["down", [[100, 50, 10]]]);
  checker.reload(checkAt(81));
  assert.deepEqual([state(), weights("web")], ["down", [[100, 50, 10]]]);
  engine.bringUp("a");
  assert.deepEqual([state(), weights("web")], ["up", [[100, 50, 10]]]);
  engine.bringUp("b");
  assert.deepEqual(weights("web"), [[100, 50, 10]]);
  engine.takeDown("c");
  assert.deepEqual(weights("web"), [[100, 50, 0]]);
  checker.stop();
});
