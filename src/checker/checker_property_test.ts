/**
 * Random sequences for a checker: results (of the present and of earlier generations), operators'
 * actions and reloads in any order. Invariants are checked after each of them.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { setUp } from "../../tests/support/worlds/checker_fixture.ts";
import { checkPolicies } from "../../tests/support/judges/policy_rules.ts";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { propertyRuns } from "../../tests/support/fakes/fuzz.ts";
import { MemoryStore } from "../../tests/support/fakes/intents.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import { encapKey } from "./encap/pairs.ts";
import type { BackendConfig, Config } from "../config/model.ts";
import { loweredWeight } from "../health/agent.ts";
import { tunneledStates } from "../health/encap.ts";
import { frontendHealth } from "../health/frontend.ts";
import type { Intent } from "../intent/intent.ts";
import { afterDrainOf } from "../intent/rules.ts";
import { countedState, isProbed } from "../health/machine.ts";
import type { BackendState, FrontendState } from "../health/state.ts";
import {
  type Command,
  commands,
  configs,
  newWorld,
  run,
  untilTurned,
  type World,
} from "../../tests/support/worlds/checker_commands.ts";
import { RecordedVpp, type VppEvent, vppEvents } from "../../tests/support/worlds/recorded_vpp.ts";
import type { Checker } from "./checker.ts";
import type { CheckerEvent, FrontendView } from "./ports.ts";

/** Follows the events; its state must equal the snapshot. */
class Listener {
  readonly backends = new Map<string, BackendState>();
  readonly frontends = new Map<string, FrontendState>();
  #servers = new Map<string, readonly string[]>();
  #events: CheckerEvent[] = [];

  readonly #vpp: RecordedVpp;

  constructor(checker: Checker, vpp: RecordedVpp) {
    this.#vpp = vpp;
    this.#adopt(checker);
    // A frontend begins in unknown; another state at start is an event.
    this.frontends.clear();
    checker.subscribe((event) => this.#events.push(event));
  }

  /** Checks the events since the last call against the snapshot. */
  catchUp(checker: Checker): void {
    const events = this.#events.splice(0);
    for (const event of events) this.#apply(event);
    const { backends, frontends } = checker.snapshot();
    const kinds = events.map((event) => event.kind).join(" ");
    // Timers that are due together, as an intent's end and a step of slow-start, are two batches.
    for (const batch of kinds.split(/(?<=program|reload) /)) {
      assert.match(
        batch,
        /^(backend ?)*(frontend ?)*(policy ?)*(program|reload)?$/,
        "order of events",
      );
    }
    const last = events.at(-1);
    if (last?.kind === "reload") {
      for (const name of [...this.backends.keys()]) {
        if (!backends.has(name)) assert.equal(this.backends.get(name), "removed");
      }
    } else {
      const handed = new Map<string, FrontendView>();
      for (const event of events) {
        if (event.kind !== "program") continue;
        assert.equal(event.config, checker.snapshot().config);
        const names = event.frontends.map(({ name }) => name);
        assert.deepEqual(names, [...names].sort());
        for (const view of event.frontends) handed.set(view.name, view);
      }
      for (const [name, view] of handed) {
        assert.deepEqual(view, frontends.get(name), "handed view");
      }
      const programmed = [...handed.keys()];
      const servers = serverTexts(checker, this.#vpp);
      for (const [name, texts] of servers) {
        const before = this.#servers.get(name);
        const untold = texts.some((text, i) => text !== KEPT && text !== before?.[i]);
        assert.ok(!untold || programmed.includes(name), `${name} untold`);
      }
    }
    for (const [name, { state }] of backends) {
      assert.equal(this.backends.get(name) ?? state, state, `backend ${name}`);
    }
    for (const [name, { state }] of frontends) {
      assert.equal(this.frontends.get(name) ?? "unknown", state, `frontend ${name}`);
    }
    this.#adopt(checker);
  }

  #apply(event: CheckerEvent): void {
    if (event.kind === "backend") {
      const { from, to } = event.transition;
      assert.notEqual(from, to);
      assert.equal(this.backends.get(event.name) ?? "unknown", from, `${event.name} to ${to}`);
      this.backends.set(event.name, to);
    } else if (event.kind === "frontend") {
      const { from, to } = event.transition;
      assert.notEqual(from, to);
      assert.equal(this.frontends.get(event.name) ?? "unknown", from);
      this.frontends.set(event.name, to);
    }
  }

  #adopt(checker: Checker): void {
    const { backends, frontends } = checker.snapshot();
    this.backends.clear();
    this.frontends.clear();
    for (const [name, { state }] of backends) this.backends.set(name, state);
    for (const [name, { state }] of frontends) this.frontends.set(name, state);
    this.#servers = serverTexts(checker, this.#vpp);
  }
}

/** A server whose weight VPP keeps; no event has to name its frontend. */
const KEPT = "kept";

/** The servers by frontend, each of which must be what its policies decide by their memory alone. */
function serverTexts(checker: Checker, vpp: RecordedVpp): Map<string, readonly string[]> {
  const { backends, frontends, config, encap } = checker.snapshot();
  vpp.remember();
  return new Map([...frontends].map(([name, view]) => {
    const { weights, isProgrammed, tableLength, nowMs, before } = vpp.circumstancesOf(view);
    const lookup = {
      stateOf: tunneledStates(
        (backend: string) => countedState(backends.get(backend)!),
        encap?.get(name),
      ),
      addressOf: (backend: string) => config.backends.get(backend)!.address,
      // VPP may have taken this view's weights since.
      weightsBefore: () => weights,
      isProgrammed: () => isProgrammed,
      tableLength,
    };
    const fresh = frontendHealth(view.config, lookup, { past: view.memory, nowMs });
    assert.deepEqual(view, { name, config: view.config, ...fresh }, "the view is current");
    if (before !== undefined) {
      const { weights: weightsBefore, config: configBefore } = vpp.circumstancesOf(before);
      const { stateOf } = lookup;
      checkPolicies({ view, before, weights, weightsBefore, stateOf, config, configBefore });
    }
    const texts = view.servers.map(({ address, weight, flush, keep }) =>
      keep === true ? KEPT : `${address.text} ${weight} ${flush}`
    );
    return [name, texts];
  }));
}

/** An intent exists exactly for each difference from the file. */
function checkIntents({ checker }: World): void {
  const { backends, frontends, config, intents } = checker.snapshot();
  for (const { name, state } of backends.values()) {
    const { enabled } = config.backends.get(name)!;
    const wanted = state === "paused" ? "pause" : state === "disabled" ? "disable" : undefined;
    const expected = wanted === "disable" && !enabled ? undefined : wanted;
    const kind = intents.ofBackend(name)?.kind;
    // A drain leaves the state, and only probed backends have one.
    if (expected !== undefined || kind !== "drain") {
      assert.equal(kind, expected, `${name} is ${state}`);
    }
  }
  let weights = 0;
  for (const [frontend, view] of frontends) {
    for (const [p, pool] of view.config.pools.entries()) {
      for (const [b, { name, weight }] of pool.backends.entries()) {
        const intent = intents.ofWeight({ frontend, pool: pool.name, backend: name });
        const instead = config.frontends.get(frontend)!.pools[p]!.backends[b]!.weight;
        const drained = intents.ofBackend(name)?.kind === "drain";
        const wanted = drained ? 0 : intent?.weight ?? instead;
        assert.equal(loweredWeight(wanted, backends.get(name)!.agent), weight);
        assert.equal(intent?.instead ?? instead, instead);
        if (intent !== undefined) weights++;
      }
    }
  }
  const paused = [...backends.keys()].filter((name) => intents.ofBackend(name) !== undefined);
  assert.equal(intents.size, paused.length + weights);
}

/** A checker restarted on the stored intents; no server returns to service by that. */
function checkRestart({ checker, clock }: World, store: MemoryStore): void {
  const before = checker.snapshot();
  assert.deepEqual(store.intents, before.intents.all());
  // A drain that waits for another server begins at a restart.
  if (before.intents.scheduled.some(({ fromMs = 0 }) => fromMs <= clock.wallMs())) return;
  const kept = { kept: store.intents, maxAgeMs: Infinity, store: new MemoryStore() };
  const again = setUp(before.config, { intents: kept, clock }).checker.snapshot();
  const fileDisables = (name: string) => !before.config.backends.get(name)!.enabled;
  // An enable against the file ends with the process, and so does a pause after it.
  const survives = before.intents.all().filter((intent) =>
    intent.kind === "weight" || intent.kind === "lameduck" || !fileDisables(intent.backend)
  );
  // The length of a drain that VPP has not acknowledged counts from the request then.
  const isOver = (intent: Intent | undefined) =>
    intent?.kind === "drain" && intent.untilMs <= clock.wallMs();
  const restored = survives.map((intent) =>
    intent.kind === "drain" && isOver(intent) ? afterDrainOf(intent) : intent
  );
  assert.deepEqual(again.intents.all(), restored);
  for (const { name, state } of before.backends.values()) {
    const after = again.backends.get(name)!.state;
    if (fileDisables(name)) assert.equal(after, "disabled");
    else if (state === "paused" || state === "disabled") assert.equal(after, state);
  }
  // So does a drain after it, and the weight below it is in force again. Agents are forgotten.
  const drainEnds = ({ name }: { readonly name: string }) => {
    const intent = before.intents.ofBackend(name);
    return before.backends.get(name)!.agent !== undefined || isOver(intent) ||
      (intent?.kind === "drain" && fileDisables(name));
  };
  for (const [name, { config }] of before.frontends) {
    if (config.pools.some(({ backends }) => backends.some(drainEnds))) continue;
    assert.deepEqual(again.frontends.get(name)?.config, config);
  }
}

/** Checks that the snapshot and the engine agree. */
function checkInvariants(world: World): void {
  const { checker, engine } = world;
  const { backends, frontends, config } = checker.snapshot();
  assert.deepEqual([...backends.keys()], [...config.backends.keys()]);
  assert.deepEqual([...frontends.keys()], [...config.frontends.keys()]);
  const wanted = [...config.backends.values()]
    .filter((b) => b.healthcheck !== undefined && isProbed(backends.get(b.name)!.state));
  const hasAgent = ({ healthcheck }: BackendConfig) =>
    config.healthchecks.get(healthcheck!)!.agent !== undefined;
  const agents = wanted.filter(hasAgent).map(({ name }) => `${name} (agent)`);
  const pairs = new Set(
    [...frontends].flatMap(([frontend, view]) =>
      view.config.pools.filter(({ encap }) => encap !== undefined)
        .flatMap((pool) => pool.backends.map(({ name }) => name))
        .filter((name) => isProbed(backends.get(name)!.state))
        .map((name) => encapKey(frontend, name))
    ),
  );
  const running = [...wanted.map(({ name }) => name), ...agents, ...pairs];
  assert.deepEqual([...engine.running.keys()].sort(), running.sort());
  for (const { name, address, healthcheck } of wanted) {
    const target = engine.running.get(name)!;
    assert.equal(target.address.text, address.text);
    const { params, rise, fall, damping, port } = config.healthchecks.get(healthcheck!)!;
    assert.deepEqual(
      [target.healthcheck.params, target.healthcheck.rise, target.healthcheck.port],
      [params, rise, port],
    );
    assert.deepEqual(
      backends.get(name)!.policy,
      damping === undefined ? { rise, fall } : { rise, fall, damping },
    );
  }
  for (const backend of backends.values()) {
    assert.equal(backend.enabled, backend.state !== "disabled");
    if (backend.standing !== undefined) assert.equal(backend.state, "unknown");
    assert.ok(backend.history.length <= config.healthchecker.transitionHistory);
    const isStatic = config.backends.get(backend.name)!.healthcheck === undefined;
    if (isStatic) assert.ok(["up", "paused", "disabled"].includes(backend.state));
  }
}

type Happening = Command | { readonly kind: "vpp"; readonly vpp: VppEvent };

function repeated(each: Happening): readonly Happening[] {
  return each.kind === "vpp" ? [each] : untilTurned(each);
}

const happenings: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 10, arbitrary: commands },
  { weight: 1, arbitrary: vppEvents.map((vpp) => ({ kind: "vpp" as const, vpp })) },
);

/** One pool of five servers with every policy, of which groups fail, recover and move. */
const onePool: fc.Arbitrary<Config> = fc.record({
  vip: fc.constantFrom("192.0.2.1", "192.0.2.1", "192.0.2.2"),
  c: fc.constantFrom("10.0.0.3", "10.0.0.3", "10.0.0.1", "10.0.0.9"),
  maxDown: fc.constantFrom(undefined, { count: 1 }, { percent: 50 }),
  onAllDown: fc.constantFrom(undefined, "last-good" as const),
  slowStart: fc.constantFrom(
    undefined,
    { durationMs: 2000, steps: 3 },
    { durationMs: 2000, steps: 2 },
  ),
}).map(({ vip: address, c, ...policies }) =>
  smallConfig({
    backends: { a: {}, b: {}, c: { address: c }, d: {}, e: {} },
    frontends: { f0: { pools: "a:100 b:50 c:10 d:30 e:7 | a:1", address, ...policies } },
    newFlowsTableLength: 128,
  })
);
const turns: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 8,
    arbitrary: happenings.filter(({ kind }) => ["turn", "wait", "vpp", "weight"].includes(kind)),
  },
  { weight: 1, arbitrary: onePool.map((config) => ({ kind: "reload" as const, config })) },
);

const worlds = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(configs, sequenceOf(happenings), fc.boolean()) },
  { weight: 1, arbitrary: fc.tuple(onePool, sequenceOf(turns), fc.constant(true)) },
);

function sequenceOf(each: fc.Arbitrary<Happening>): fc.Arbitrary<Happening[]> {
  return fc.array(each, { maxLength: 60, size: "max" });
}

/** Runs the sequence, and checks everything after each of its steps. */
function checkAll(config: Config, sequence: readonly Happening[], isReady: boolean): void {
  const store = new MemoryStore();
  const clock = new FakeClock();
  const vpp = new RecordedVpp(clock);
  const intents = { kept: [], maxAgeMs: 0, store };
  const world = newWorld(config, { intents, clock, weightsSent: vpp });
  vpp.follow(world.checker);
  const listener = new Listener(world.checker, vpp);
  world.checker.start();
  listener.catchUp(world.checker);
  if (isReady) {
    vpp.take({ kind: "found", weights: [] });
    vpp.take({ kind: "synchronised" });
  }
  listener.catchUp(world.checker);
  checkInvariants(world);
  const first = isReady ? [{ kind: "turn" as const, picks: 31, ok: true }] : [];
  for (const each of [...first, ...sequence].flatMap(repeated)) {
    const before = world.checker.snapshot();
    const copy = [...before.backends];
    if (each.kind === "vpp") vpp.take(each.vpp);
    else run(world, each);
    listener.catchUp(world.checker);
    checkInvariants(world);
    checkIntents(world);
    checkRestart(world, store);
    assert.deepEqual([...before.backends], copy, "a snapshot must not change");
  }
  world.checker.stop();
  assert.equal(world.engine.running.size, 0);
  assert.equal(world.clock.timers, 0);
}

Deno.test("Checker: events, snapshot and engine agree over any sequence of results, actions and reloads", () => {
  fc.assert(
    fc.property(worlds, ([config, sequence, isReady]) => checkAll(config, sequence, isReady)),
    propertyRuns(300),
  );
});

Deno.test("Checker: one that max-down lets go stays with last-good, and goes with the first that comes up", () => {
  const backends = { a: {}, b: { address: "10.0.0.3" }, c: { address: "10.0.0.3" } };
  const alone = smallConfig({ backends: { a: {} }, frontends: { f0: { pools: "a:1" } } });
  const policies = { maxDown: { percent: 50 }, onAllDown: "last-good" as const };
  const config = smallConfig({
    backends,
    frontends: { f0: { pools: "a:1 b:1 c:1", ...policies } },
  });
  const turn = (picks: number, ok: boolean) => ({ kind: "turn" as const, picks, ok });
  checkAll(alone, [
    // VPP never gets b and c, so max-down cannot hold them.
    { kind: "vpp", vpp: { kind: "away" } },
    { kind: "reload", config },
    turn(1, false),
    turn(2, false),
    turn(4, true),
  ], true);
});

Deno.test("Checker: a reload of the same file changes nothing, after any sequence", () => {
  fc.assert(
    fc.property(configs, fc.array(commands, { maxLength: 30, size: "max" }), (config, sequence) => {
      const world = newWorld(config);
      world.checker.start();
      for (const command of sequence) run(world, command);
      const before = world.checker.snapshot();
      world.news();
      const calls = world.engine.calls.length;
      world.checker.reload(before.config);
      const changes = world.news();
      assert.deepEqual(changes.filter((event) => event.startsWith("backend")), []);
      assert.equal(changes.at(-1), "reload");
      assert.equal(world.engine.calls.length, calls);
      assert.deepEqual([...world.checker.snapshot().backends], [...before.backends]);
    }),
    { numRuns: 200 },
  );
});
