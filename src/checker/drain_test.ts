/** Drains in the checker: begin, end, refusals, reload and restart. */
import assert from "node:assert/strict";
import { setUp, setUpHealthy, THREE, WHO } from "../../tests/support/worlds/checker_fixture.ts";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { FAIL, PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { drainIntent, MemoryStore, textOfIntent } from "../../tests/support/fakes/intents.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import { later } from "../base/instant.ts";
import type { DrainRequest } from "../intent/request.ts";

const NOW_MS = new FakeClock().wallMs();
/** Five times VPP's default flow timeout. */
const DEFAULT_MS = 200_000;
const A: DrainRequest = { backend: "a", then: "disable", forMs: undefined, force: false };

Deno.test("a drain takes the weight in every pool without a transition, and disables at its end", () => {
  const { checker, clock, engine, news, stateOf, weights, logger } = setUpHealthy();
  const outcome = checker.drainBackend(A, { ...WHO, reason: "new kernel" });
  assert.ok(outcome.ok);
  assert.deepEqual([outcome.before, outcome.after], ["up", "up"]);
  assert.equal(outcome.intent?.untilMs, later(NOW_MS, DEFAULT_MS));
  assert.deepEqual(news(), ["program web weight"]);
  assert.deepEqual([stateOf("a"), weights("web")], ["up", [[0, 50], [0]]]);
  assert.ok(engine.running.has("a"), "it is still probed");
  const servers = checker.current.frontends.get("web")!.servers;
  assert.ok(servers.every(({ flush }) => !flush), "its flows stay");
  clock.advance(DEFAULT_MS - 1);
  assert.deepEqual(news(), []);
  clock.advance(1);
  assert.deepEqual(news(), ["backend a up-disabled", "program web transition"]);
  assert.equal(logger.of("operator-intent-expired").at(-1)?.intent, "drain");
  const intent = checker.snapshot().intents.ofBackend("a");
  assert.deepEqual([intent?.kind, intent?.reason, intent?.untilMs], [
    "disable",
    "new kernel",
    undefined,
  ]);
  assert.ok(checker.current.frontends.get("web")!.servers.some(({ flush }) => flush));
  assert.equal(clock.timers, 0);
});

Deno.test("endDrain() ends a drain before its time, with the action that follows and its cause", () => {
  const { checker, clock, stateOf, logger } = setUpHealthy();
  checker.drainBackend({ ...A, then: "pause" }, { ...WHO, reason: "new kernel" });
  const drain = checker.snapshot().intents.ofBackend("a")!;
  assert.ok(drain.kind === "drain");
  clock.advance(1000);
  checker.endDrain(drain, "VPP counts no flow of the server");
  assert.equal(stateOf("a"), "paused");
  assert.deepEqual(logger.of("operator-intent-expired"), []);
  const [done] = logger.of("operator-drain-done");
  assert.deepEqual([done?.backend, done?.then, done?.reason, done?.message], [
    "a",
    "pause",
    "new kernel",
    "VPP counts no flow of the server",
  ]);
  clock.advance(2 * DEFAULT_MS);
  assert.equal(stateOf("a"), "paused", "its deadline is over too");
});

Deno.test("a drain follows its length and ends in a pause when requested", () => {
  const { checker, clock, stateOf } = setUpHealthy();
  checker.drainBackend({ ...A, then: "pause", forMs: 5000 }, WHO);
  clock.advance(5000);
  assert.equal(stateOf("a"), "paused");
  checker.resumeBackend("a", WHO);
  assert.equal(checker.snapshot().intents.size, 0);
});

Deno.test("enable, resume, pause and disable end a drain; enable and resume bring its weight back", () => {
  for (const kind of ["enable", "resume", "pause", "disable"] as const) {
    const { checker, clock, weights } = setUpHealthy();
    checker.drainBackend(A, WHO);
    assert.ok(checker[`${kind}Backend`]("a", WHO).ok);
    const back = kind === "enable" || kind === "resume";
    assert.deepEqual(weights("web"), [[back ? 100 : 0, 50], [0]], kind);
    const intent = checker.snapshot().intents.ofBackend("a")?.kind;
    assert.equal(intent, back ? undefined : kind);
    clock.advance(2 * DEFAULT_MS);
    assert.equal(checker.snapshot().intents.ofBackend("a")?.kind, intent, "nothing ends later");
  }
});

Deno.test("the last server with a weight is drained only by force; a standby pool counts", () => {
  const { checker, weights, stateOf } = setUpHealthy();
  const api = checker.drainBackend({ ...A, backend: "b" }, WHO);
  assert.ok(!api.ok && api.error.code === "failed-precondition");
  assert.match(api.error.message, /last server with a weight of frontend "api"; use force/);
  assert.deepEqual(weights("api"), [[7]]);
  assert.ok(checker.drainBackend({ ...A, backend: "b", force: true }, WHO).ok);
  assert.deepEqual(weights("api"), [[0]]);
  assert.ok(checker.drainBackend(A, WHO).ok, "pool1 of web takes over");
  assert.deepEqual([weights("web"), stateOf("a")], [[[0, 0], [10]], "up"]);
  const none = checker.drainBackend({ ...A, backend: "c" }, WHO);
  assert.ok(!none.ok && /"web"/.test(none.error.message));
});

Deno.test("the last server that on-all-down holds is drained only by force, and keeps its flows", () => {
  const { checker, engine } = setUp(smallConfig({
    backends: { a: {}, b: {} },
    frontends: { web: { pools: "a:100 b:50", onAllDown: "last-good" } },
  }));
  checker.start();
  engine.report({ a: PASS, b: PASS });
  for (let i = 0; i < 3; i++) engine.report({ a: FAIL, b: FAIL });
  const servers = () =>
    checker.current.frontends.get("web")!.servers.map(({ weight, flush }) => [weight, flush]);
  assert.ok(checker.drainBackend(A, WHO).ok, "b is held too");
  assert.deepEqual(servers(), [[0, false], [50, false]]);
  const last = checker.drainBackend({ ...A, backend: "b" }, WHO);
  assert.ok(!last.ok && /last server with a weight of frontend "web"/.test(last.error.message));
  assert.ok(checker.drainBackend({ ...A, backend: "b", force: true }, WHO).ok);
  assert.deepEqual(servers(), [[0, false], [0, false]]);
  checker.stop();
});

Deno.test("servers that max-down holds have weight: the last of them is drained only by force", () => {
  const { checker, engine } = setUp(smallConfig({
    backends: { a: {}, b: {}, c: {} },
    frontends: { web: { pools: "a:100 b:100 c:100", maxDown: { count: 1 } } },
  }));
  checker.start();
  engine.report({ a: PASS, b: PASS, c: PASS });
  for (let i = 0; i < 3; i++) engine.report({ a: FAIL });
  for (let i = 0; i < 3; i++) engine.report({ b: FAIL, c: FAIL });
  const weights = () => checker.current.frontends.get("web")!.servers.map(({ weight }) => weight);
  assert.deepEqual(weights(), [0, 100, 100]);
  assert.ok(checker.drainBackend({ ...A, backend: "b" }, WHO).ok, "c has weight");
  assert.deepEqual(weights(), [0, 0, 100]);
  assert.ok(!checker.drainBackend({ ...A, backend: "c" }, WHO).ok);
  checker.stop();
});

Deno.test("the last server that serves while the prober is blind is drained only by force", () => {
  const { checker, engine } = setUp(smallConfig(THREE), {
    weightsSent: {
      of: ({ name }) =>
        new Map(name === "api" ? [["10.0.0.2", 7]] : [["10.0.0.1", 100], ["10.0.0.2", 0]]),
      isProgrammed: () => true,
    },
  });
  checker.start();
  for (const name of ["a", "b", "c"]) engine.reportVoid(name);
  const drain = (backend: string) => checker.drainBackend({ ...A, backend }, WHO);
  const [a, b] = [drain("a"), drain("b")];
  assert.ok(!a.ok && /last server with a weight of frontend "web"/.test(a.error.message));
  assert.ok(!b.ok && /last server with a weight of frontend "api"/.test(b.error.message));
  assert.ok(drain("c").ok, "VPP has no weight for it");
  assert.ok(checker.drainBackend({ ...A, force: true }, WHO).ok);
  checker.stop();
});

Deno.test("before the checks decide, the last server with a weight in VPP is drained only by force", () => {
  const { checker, engine } = setUp(smallConfig(THREE), {
    weightsSent: {
      of: ({ name }) =>
        new Map(
          name === "api" ? [["10.0.0.2", 7]] : [["10.0.0.1", 100], ["10.0.0.2", 50]],
        ),
      isProgrammed: () => false,
    },
  });
  checker.start();
  const b = checker.drainBackend({ ...A, backend: "b" }, WHO);
  assert.ok(
    !b.ok && /last server with a weight of frontend "api"; use force/.test(b.error.message),
  );
  assert.ok(checker.drainBackend({ ...A, backend: "c" }, WHO).ok, "VPP has no weight for it");
  assert.ok(checker.drainBackend({ ...A, backend: "b", force: true }, WHO).ok);
  const a = checker.drainBackend(A, WHO);
  assert.ok(!a.ok && /last server with a weight of frontend "web"/.test(a.error.message));
  for (let i = 0; i < 3; i++) engine.report({ a: FAIL });
  assert.ok(checker.drainBackend(A, WHO).ok, "it is down");
  checker.stop();
});

Deno.test("a drain is refused for bad lengths, unknown names and backends out of service", () => {
  const { checker } = setUpHealthy();
  const refusal = (request: Partial<DrainRequest>) => {
    const outcome = checker.drainBackend({ ...A, ...request }, WHO);
    return outcome.ok ? "accepted" : `${outcome.error.code}: ${outcome.error.message}`;
  };
  assert.match(refusal({ backend: "x" }), /^not-found/);
  for (const forMs of [0, -1, 0.5, NaN]) assert.match(refusal({ forMs }), /^invalid-argument/);
  assert.match(refusal({ forMs: 1e15 }), /^invalid-argument: cannot take the end \(for\)/);
  checker.pauseBackend("a", WHO);
  assert.match(refusal({}), /^failed-precondition: cannot drain backend "a": it is paused$/);
});

Deno.test("a drained backend that fails goes down as ever, and its drain goes on", () => {
  const { checker, clock, engine, stateOf, weights } = setUpHealthy();
  checker.drainBackend(A, WHO);
  for (let i = 0; i < 3; i++) engine.report({ a: FAIL });
  assert.equal(stateOf("a"), "down");
  for (let i = 0; i < 3; i++) engine.report({ a: PASS });
  assert.deepEqual([stateOf("a"), weights("web")], ["up", [[0, 50], [0]]]);
  clock.advance(DEFAULT_MS);
  assert.equal(stateOf("a"), "disabled");
});

Deno.test("a weight set during a drain waits for its end", () => {
  const { checker, weights, news } = setUpHealthy();
  checker.drainBackend(A, WHO);
  news();
  const place = { frontend: "web", pool: "pool0", backend: "a" };
  assert.ok(checker.setWeight({ ...place, weight: 40 }, WHO).ok);
  assert.deepEqual([news(), weights("web")], [[], [[0, 50], [0]]]);
  checker.enableBackend("a", WHO);
  assert.deepEqual(weights("web"), [[40, 50], [0]]);
});

Deno.test("a reload keeps a drain, unless the file removes or disables the backend", () => {
  for (const enabled of [true, false]) {
    const { checker, clock, weights, stateOf } = setUpHealthy();
    checker.drainBackend(A, WHO);
    const backends = { ...THREE.backends, a: { ...THREE.backends?.a, enabled } };
    checker.reload(smallConfig({ ...THREE, backends }));
    assert.deepEqual(weights("web"), [[0, 50], [0]]);
    assert.equal(checker.snapshot().intents.ofBackend("a")?.kind, enabled ? "drain" : undefined);
    clock.advance(DEFAULT_MS);
    assert.equal(stateOf("a"), "disabled");
  }
});

Deno.test("restart: a drain is in force from the first instant, and one past its end disables", () => {
  const store = new MemoryStore();
  const kept = [
    drainIntent("a", { untilMs: later(NOW_MS, 1000) }),
    drainIntent("b", { untilMs: later(NOW_MS, -1), then: "pause" }),
  ];
  const maxAgeMs = Number.MAX_SAFE_INTEGER;
  const { checker, clock, engine, stateOf, weights } = setUp(smallConfig(THREE), {
    intents: { kept, maxAgeMs, store },
  });
  checker.start();
  engine.report({ a: PASS, c: PASS });
  assert.deepEqual([stateOf("a"), stateOf("b"), weights("web")], [
    "up",
    "paused",
    [[0, 0], [10]],
  ]);
  assert.deepEqual(checker.snapshot().intents.list().map(textOfIntent), ["drain a", "pause b"]);
  clock.advance(1000);
  assert.equal(stateOf("a"), "disabled");
  assert.deepEqual(store.intents.map(textOfIntent), ["disable a", "pause b"]);
});
