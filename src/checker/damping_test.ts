/** Damping in the checker: events, the timer, what gives way, reload, restart and operators. */
import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { FAIL, PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import { setUp, WHO } from "../../tests/support/worlds/checker_fixture.ts";
import type { KeptPenalty } from "../damping/kept.ts";
import type { DampingConfig } from "../config/model.ts";

const DAMPING: DampingConfig = { halfLifeMs: 60_000, suppress: 2, reuse: 1, maxHoldMs: 600_000 };

function configOf({ damping, addresses }: {
  readonly damping?: DampingConfig | undefined;
  readonly addresses?: Readonly<Record<string, string>>;
} = { damping: DAMPING }) {
  const check = damping === undefined ? {} : { damping };
  const backend = (name: string) => {
    const address = addresses?.[name];
    return { healthcheck: "quick", ...(address === undefined ? {} : { address }) };
  };
  return smallConfig({
    healthchecks: { quick: { rise: 1, fall: 1, ...check } },
    backends: { a: backend("a"), b: backend("b") },
    frontends: { web: { pools: "a:100 b:50" } },
  });
}

function setUpDamped(options: Parameters<typeof setUp>[1] = {}) {
  const world = setUp(configOf(), options);
  world.checker.start();
  world.engine.report({ a: PASS, b: PASS });
  world.news();
  return world;
}

/** Down, up and down again within no time: the penalty is 2, so it is held. */
function flap({ engine }: ReturnType<typeof setUp>, name = "a"): void {
  for (const result of [FAIL, PASS, FAIL]) engine.report({ [name]: result });
}

Deno.test("a server that flaps is held with an event, and time alone brings it up", () => {
  const world = setUpDamped();
  const { checker, clock, engine, logger, news, stateOf, weights } = world;
  flap(world);
  assert.deepEqual(news().slice(-3), [
    "backend a up-down",
    "policy backend-damped a",
    "program web transition",
  ]);
  const [record] = logger.of("backend-damped");
  assert.deepEqual(record, {
    backend: "a",
    message: "its penalty is 2.00 (suppress 2): it stays down for 1m, even when its checks pass " +
      "(damping)",
  });
  engine.report({ a: PASS });
  assert.deepEqual([stateOf("a"), weights("web")], ["down", [[0, 50]]]);
  news();
  clock.advance(59_999);
  assert.deepEqual(news(), []);
  clock.advance(1);
  assert.deepEqual(news(), ["backend a down-up", "program web transition"]);
  assert.deepEqual([stateOf("a"), weights("web")], ["up", [[100, 50]]]);
  assert.equal(clock.timers, 0);
  checker.stop();
});

Deno.test("a hold that ends while checks fail causes nothing, and no timer is left", () => {
  const world = setUpDamped();
  flap(world);
  world.news();
  world.clock.advance(120_000);
  assert.deepEqual([world.stateOf("a"), world.clock.timers], ["down", 0]);
  world.engine.report({ a: PASS });
  assert.equal(world.stateOf("a"), "up");
  world.checker.stop();
});

Deno.test("damping gives way in a frontend without another server, until that one is back", () => {
  const world = setUpDamped();
  const { checker, engine, news, stateOf, weights } = world;
  flap(world);
  engine.report({ b: FAIL });
  assert.deepEqual(weights("web"), [[0, 0]]);
  news();
  engine.report({ a: PASS });
  assert.deepEqual(news(), [
    "frontend web down-up",
    "policy damping-overridden web",
    "program web weight",
  ]);
  assert.deepEqual([stateOf("a"), weights("web")], ["down", [[100, 0]]]);
  engine.report({ a: FAIL });
  assert.deepEqual(news(), ["frontend web up-down", "program web weight"]);
  engine.report({ a: PASS, b: PASS });
  assert.deepEqual(weights("web"), [[0, 50]]);
  checker.stop();
});

Deno.test("a held server stays out while VPP has weight for one that the prober is blind to", () => {
  const clock = new FakeClock();
  const kept = { backend: "a", address: "10.0.0.1", penalty: 2, atMs: clock.wallMs(), heldMs: 0 };
  const inVpp = new Map([["10.0.0.1", 0], ["10.0.0.2", 50]]);
  const weightsSent = { of: () => inVpp, isProgrammed: () => false, isConnected: () => true };
  const penalties = { kept: [kept], save: () => {} };
  const world = setUp(configOf(), { clock, weightsSent, penalties });
  const { checker, engine, logger, weights } = world;
  checker.start();
  engine.reportVoid("b");
  engine.report({ a: PASS });
  clock.advance(0);
  assert.equal(checker.current.backends.get("b")!.standing, "blind");
  assert.deepEqual(weights("web"), [[0, 0]]);
  assert.deepEqual(logger.of("damping-overridden"), []);
  engine.report({ b: FAIL });
  assert.deepEqual(weights("web"), [[100, 0]]);
  assert.equal(logger.of("damping-overridden").length, 1);
  checker.stop();
});

Deno.test("clear brings a held server up and ends its timer; an unknown name is refused", () => {
  const world = setUpDamped();
  const { checker, clock, engine, news, stateOf } = world;
  flap(world);
  engine.report({ a: PASS });
  news();
  const outcome = checker.clearBackend("a", WHO);
  assert.ok(outcome.ok);
  assert.deepEqual([outcome.before, outcome.after], ["down", "up"]);
  assert.deepEqual(news(), ["backend a down-up", "program web transition"]);
  assert.equal(clock.timers, 0);
  assert.equal(checker.current.backends.get("a")!.damping, undefined);
  assert.ok(engine.running.has("a"), "its probing goes on");
  assert.ok(checker.clearBackend("a", WHO).ok, "nothing to forgive");
  assert.equal(stateOf("a"), "up");
  assert.equal(checker.clearBackend("nobody", WHO).ok, false);
  checker.stop();
});

Deno.test("a hold survives a reload, follows its new settings, and ends without damping", () => {
  const world = setUpDamped();
  const { checker, clock, engine, stateOf } = world;
  flap(world);
  engine.report({ a: PASS });
  clock.advance(30_000);
  checker.reload(configOf());
  assert.equal(stateOf("a"), "down");
  checker.reload(configOf({ damping: { ...DAMPING, halfLifeMs: 120_000 } }));
  clock.advance(89_999);
  assert.equal(stateOf("a"), "down");
  clock.advance(1);
  assert.equal(stateOf("a"), "up");
  flap(world);
  engine.report({ a: PASS });
  assert.equal(stateOf("a"), "down");
  const generation = engine.running.get("a")!.generation;
  checker.reload(configOf({ damping: undefined }));
  assert.equal(stateOf("a"), "up");
  assert.equal(engine.running.get("a")!.generation, generation, "its probing goes on");
  assert.equal(clock.timers, 0);
  checker.stop();
});

Deno.test("another address has no penalty", () => {
  const world = setUpDamped();
  const { checker, engine, stateOf } = world;
  flap(world);
  engine.report({ a: PASS });
  checker.reload(configOf({ damping: DAMPING, addresses: { a: "10.0.0.77" } }));
  assert.equal(checker.current.backends.get("a")!.damping, undefined);
  assert.equal(stateOf("a"), "down");
  engine.report({ a: PASS });
  assert.equal(stateOf("a"), "up");
  checker.stop();
});

Deno.test("a reload that edits the check leaves the server where damping gives way its weight", () => {
  const edited = (port: number, isDamping = true) =>
    smallConfig({
      healthchecks: {
        quick: { rise: 1, fall: 2, port, ...(isDamping ? { damping: DAMPING } : {}) },
      },
      backends: { a: { healthcheck: "quick" } },
      frontends: { web: { pools: "a:100" } },
    });
  const overridden = () => {
    const world = setUp(edited(80));
    world.checker.start();
    for (const result of [PASS, FAIL, FAIL, PASS, FAIL, FAIL, PASS]) {
      world.engine.report({ a: result });
    }
    assert.deepEqual([world.stateOf("a"), world.weights("web")], ["down", [[100]]]);
    world.news();
    world.checker.reload(edited(81));
    assert.deepEqual(world.news(), ["backend a down-unknown", "reload"]);
    assert.deepEqual([world.stateOf("a"), world.weights("web")], ["unknown", [[100]]]);
    return world;
  };
  const passed = overridden();
  passed.engine.report({ a: PASS });
  assert.deepEqual([passed.stateOf("a"), passed.weights("web")], ["down", [[100]]]);
  passed.checker.stop();

  const failed = overridden();
  failed.engine.report({ a: FAIL });
  assert.deepEqual(failed.weights("web"), [[100]], "one failure of two");
  failed.engine.report({ a: FAIL });
  assert.deepEqual([failed.stateOf("a"), failed.weights("web")], ["down", [[0]]]);
  failed.checker.stop();

  const silent = overridden();
  silent.checker.reload(edited(82));
  assert.deepEqual(silent.weights("web"), [[100]], "and a second reload");
  silent.clock.advance(50_000);
  assert.deepEqual(silent.weights("web"), [[0]], "its new check is silent");
  silent.checker.stop();

  const without = overridden();
  without.checker.reload(edited(81, false));
  assert.deepEqual(without.weights("web"), [[100]]);
  assert.equal(without.checker.current.backends.get("a")!.standing, "carried");
  without.checker.stop();
});

Deno.test("a damped server whose check was edited stays out until its suppression ends", () => {
  const edited = (port: number) =>
    smallConfig({
      healthchecks: {
        quick: { rise: 1, fall: 1, damping: DAMPING, port, timeoutMs: 90_000 },
      },
      backends: { a: { healthcheck: "quick" }, b: {} },
      frontends: { web: { pools: "a:100 b:50" } },
    });
  for (const end of ["time", "clear"] as const) {
    const world = setUp(edited(80));
    const { checker, clock, engine, news, stateOf, weights } = world;
    checker.start();
    engine.report({ a: PASS, b: PASS });
    flap(world);
    engine.report({ a: PASS });
    checker.reload(edited(81));
    assert.deepEqual(weights("web"), [[0, 50]]);
    news();
    if (end === "time") clock.advance(60_000);
    else assert.ok(checker.clearBackend("a", WHO).ok);
    assert.deepEqual(news(), ["program web weight"], end);
    assert.deepEqual([stateOf("a"), weights("web")], ["unknown", [[100, 50]]]);
    engine.report({ a: FAIL });
    assert.deepEqual([stateOf("a"), weights("web")], ["down", [[0, 50]]]);
    checker.stop();
  }
  const silent = setUp(edited(80));
  silent.checker.start();
  silent.engine.report({ a: PASS, b: PASS });
  flap(silent);
  silent.engine.report({ a: PASS });
  silent.checker.reload(edited(81));
  silent.clock.advance(60_000);
  assert.deepEqual(silent.weights("web"), [[100, 50]]);
  silent.clock.advance(600_000);
  assert.deepEqual(silent.weights("web")?.[0]?.[0], 0, "its edited check never answered");
  silent.checker.stop();
});

Deno.test("a hold survives a restart when penalties are kept", () => {
  let kept: readonly KeptPenalty[] = [];
  const penalties = {
    kept: [],
    save: (next: () => readonly KeptPenalty[]) => void (kept = next()),
  };
  const first = setUpDamped({ penalties });
  assert.deepEqual(kept, []);
  flap(first);
  assert.deepEqual(kept.map(({ backend, penalty }) => [backend, penalty]), [["a", 2]]);
  first.checker.stop();
  const clock = new FakeClock({ startMs: 5, wallMs: first.clock.wallMs() + 20_000 });
  const second = setUpDamped({ penalties: { ...penalties, kept }, clock });
  assert.deepEqual([second.stateOf("a"), second.stateOf("b")], ["down", "up"]);
  clock.advance(39_999);
  assert.equal(second.stateOf("a"), "down");
  clock.advance(2);
  assert.equal(second.stateOf("a"), "up");
  second.checker.clearBackend("a", WHO);
  assert.deepEqual(kept, []);
  second.checker.stop();
});

Deno.test("damping goes on, or gives way, when the weights that VPP has turn out", () => {
  const clock = new FakeClock();
  const kept = { backend: "a", address: "10.0.0.1", penalty: 3.9, atMs: clock.wallMs(), heldMs: 0 };
  const penalties = { kept: [kept], save: () => {} };
  let inVpp: ReadonlyMap<string, number> | undefined;
  const weightsSent = { of: () => inVpp, isProgrammed: () => true };
  const { checker, engine, weights, news } = setUp(configOf(), { clock, weightsSent, penalties });
  checker.start();
  engine.reportVoid("b");
  engine.report({ a: PASS });
  assert.deepEqual(weights("web"), [[100, 0]], "VPP is not there yet");
  inVpp = new Map([["10.0.0.1", 0], ["10.0.0.2", 50]]);
  checker.weightsKnown("found");
  assert.deepEqual(weights("web"), [[0, 0]]);
  checker.reload(configOf());
  assert.deepEqual(weights("web"), [[0, 0]]);
  news();
  checker.weightsKnown("sent");
  assert.deepEqual(news(), []);
  inVpp = new Map([["10.0.0.1", 100], ["10.0.0.2", 0]]);
  checker.weightsKnown("sent");
  assert.deepEqual(weights("web"), [[100, 0]]);
  assert.deepEqual(news(), [
    "frontend web unknown-up",
    "policy damping-overridden web",
    "program web weight",
  ]);
  checker.stop();
});
