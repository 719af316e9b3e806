/** Goal: between scopes the most restrictive intent counts, in any order of arrival and of ends. */
import assert from "node:assert/strict";
import type { Intent } from "../../intent/intent.ts";
import { wall } from "../../../tests/support/fakes/instants.ts";
import { PASS } from "../../../tests/support/fakes/fake_probe_engine.ts";
import { smallConfig } from "../../../tests/support/fakes/small_config.ts";
import { setUpHealthy, THREE, WHO } from "../../../tests/support/worlds/checker_fixture.ts";

const base = {
  by: { peer: "127.0.0.1:1", identity: "bob" },
  reason: "",
  sinceMs: wall(1),
  untilMs: undefined,
};

function shared(kind: "pause" | "disable", backend: string, scope = "fleet"): Intent {
  return { kind, backend, scope, ...base };
}

function weight(backend: string, value: number, scope = "fleet"): Intent {
  const place = { frontend: "web", pool: "pool0", backend };
  return { kind: "weight", ...place, weight: value, instead: 100, scope, ...base };
}

Deno.test("FleetIntents: a disable of the fleet begins and ends", () => {
  const { checker, stateOf, news } = setUpHealthy();
  checker.fleet.put([shared("disable", "a")]);
  assert.equal(stateOf("a"), "disabled");
  assert.deepEqual(news(), ["backend a up-disabled", "program web transition"]);
  checker.fleet.put([shared("disable", "a")]);
  assert.deepEqual(news(), []);
  checker.fleet.put([]);
  assert.equal(stateOf("a"), "unknown");
  checker.stop();
});

Deno.test("FleetIntents: an own intent stays below one of the fleet, and after it", () => {
  const { checker, stateOf } = setUpHealthy();
  checker.pauseBackend("a", WHO);
  checker.fleet.put([shared("disable", "a")]);
  assert.equal(stateOf("a"), "disabled");
  checker.fleet.put([]);
  assert.equal(stateOf("a"), "paused");
  checker.fleet.put([shared("pause", "a")]);
  assert.equal(checker.resumeBackend("a", WHO).ok, true);
  // The fleet's is left, and is no operator's of this load balancer to end.
  assert.equal(stateOf("a"), "paused");
  const refused = checker.resumeBackend("a", WHO);
  assert.equal(refused.ok ? "" : refused.error.code, "failed-precondition");
  assert.match(refused.ok ? "" : refused.error.message, /has scope fleet; end it with this scope/);
  checker.stop();
});

Deno.test("FleetIntents: an own disable ends into the fleet's pause", () => {
  const { checker, stateOf } = setUpHealthy();
  checker.fleet.put([shared("pause", "a")]);
  checker.disableBackend("a", WHO);
  assert.equal(stateOf("a"), "disabled");
  assert.equal(checker.enableBackend("a", WHO).ok, true);
  assert.equal(stateOf("a"), "paused");
  checker.stop();
});

Deno.test("FleetIntents: an operator here ends an own drain, and not the fleet's", () => {
  const { checker, stateOf } = setUpHealthy();
  const weights = () => checker.current.frontends.get("web")!.effectiveWeights;
  const drain: Intent = {
    kind: "drain",
    backend: "a",
    then: "resume",
    scope: "fleet",
    ...base,
    untilMs: wall(9_000_000_000_000),
  };
  const before = weights();
  checker.fleet.put([drain]);
  assert.notDeepEqual(weights(), before);
  assert.equal(stateOf("a"), "up");
  for (const act of ["resumeBackend", "enableBackend"] as const) {
    const refused = checker[act]("a", WHO);
    assert.match(
      refused.ok ? "" : refused.error.message,
      /drain [0-9a-f]{8} of bob has scope fleet/,
    );
  }
  const own = { backend: "a", then: "disable", forMs: 60_000, force: false } as const;
  assert.equal(checker.drainBackend(own, WHO).ok, true);
  assert.equal(checker.enableBackend("a", WHO).ok, true);
  assert.deepEqual(checker.current.intents.list(), [drain]);
  assert.notDeepEqual(weights(), before);
  // A pause here is ended as without it.
  checker.pauseBackend("a", WHO);
  assert.equal(checker.resumeBackend("a", WHO).ok, true);
  assert.equal(stateOf("a"), "unknown");
  checker.fleet.put([]);
  checker.stop();
});

Deno.test("FleetIntents: an own pause that ends by itself leaves the fleet's in force", () => {
  const { checker, clock, stateOf, news } = setUpHealthy();
  checker.fleet.put([shared("pause", "a")]);
  news();
  const untilMs = wall(clock.wallMs() + 1000);
  checker.pauseBackend("a", { ...WHO, untilMs });
  clock.advance(5000);
  assert.equal(stateOf("a"), "paused");
  // It was not probed in between.
  assert.deepEqual(news().filter((event) => event.startsWith("backend")), []);
  assert.deepEqual(checker.current.intents.list().map(({ scope }) => scope), ["fleet"]);
  checker.stop();
});

Deno.test("FleetIntents: of several weights the lowest counts", () => {
  const { checker } = setUpHealthy();
  const weightOf = () => checker.current.frontends.get("web")?.config.pools[0]?.backends[0]?.weight;
  checker.setWeight({ frontend: "web", pool: "pool0", backend: "a", weight: 60 }, WHO);
  checker.fleet.put([weight("a", 80), weight("a", 20, "lb=lb1")]);
  assert.equal(weightOf(), 20);
  checker.fleet.put([weight("a", 80)]);
  assert.equal(weightOf(), 60);
  checker.fleet.put([]);
  assert.equal(weightOf(), 60);
  checker.stop();
});

Deno.test("FleetIntents: a reload ends none; without its backend one is not in force", () => {
  const { checker, stateOf, engine } = setUpHealthy();
  checker.pauseBackend("b", WHO);
  checker.fleet.put([shared("disable", "a"), shared("disable", "b")]);
  const { durable: _, worked } = checker.reload(smallConfig({
    backends: { b: {}, c: {} },
    frontends: { web: { pools: "b:50 | c:10" }, api: { pools: "b:7" } },
  }));
  assert.deepEqual(worked.outline.intentsDropped, []);
  assert.equal(stateOf("b"), "disabled");
  checker.fleet.put([]);
  assert.equal(stateOf("b"), "paused");
  checker.reload(smallConfig(THREE));
  checker.fleet.put([shared("disable", "a")]);
  assert.equal(stateOf("a"), "disabled");
  checker.fleet.put([]);
  engine.report({ a: PASS });
  assert.equal(stateOf("a"), "up");
  checker.stop();
});

Deno.test("FleetIntents: they are not stored with those of this load balancer", async () => {
  let stored: readonly Intent[] = [];
  const { checker } = setUpHealthy({
    intents: {
      kept: [],
      maxAgeMs: 1e9,
      store: {
        save(intents) {
          stored = intents();
          return Promise.resolve({ kind: "stored" });
        },
      },
    },
  });
  checker.fleet.put([shared("disable", "a")]);
  const outcome = checker.pauseBackend("b", WHO);
  if (outcome.ok) await outcome.durable;
  assert.deepEqual(stored.map(({ kind }) => kind), ["pause"]);
  checker.stop();
});

Deno.test("FleetIntents: isEmptied() is about a frontend that serves", () => {
  const { checker } = setUpHealthy();
  const { config } = checker.current.frontends.get("api")!;
  const without = {
    ...config,
    pools: config.pools.map((pool) => ({
      ...pool,
      backends: pool.backends.map((entry) => ({ ...entry, weight: 0 })),
    })),
  };
  assert.equal(checker.fleet.isEmptied("api", config), false);
  assert.equal(checker.fleet.isEmptied("api", without), true);
  checker.fleet.put([shared("disable", "b")]);
  assert.equal(checker.fleet.isEmptied("api", without), false);
  checker.stop();
});
