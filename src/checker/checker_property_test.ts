/**
 * Random lives of a checker: results (of the present and of earlier generations), operators'
 * actions and reloads in any order, with what must hold after each of them.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Config } from "../config/model.ts";
import { frontendHealth, mergedServers } from "../health/frontend.ts";
import { isProbed } from "../health/machine.ts";
import type { BackendState, FrontendState } from "../health/state.ts";
import type { ProbeOutcome } from "../probe/ports.ts";
import { setUp, WHO } from "../../tests/support/checker_fixture.ts";
import { FAIL, PASS } from "../../tests/support/fake_probe_engine.ts";
import {
  type SmallBackend,
  type SmallConfig,
  smallConfig,
} from "../../tests/support/small_config.ts";
import type { Checker } from "./checker.ts";
import type { CheckerEvent } from "./ports.ts";

const NAMES = ["a", "b", "c", "d", "e"];

const backends: fc.Arbitrary<Required<SmallBackend>> = fc.record({
  address: fc.constantFrom("10.0.0.1", "10.0.0.2", "10.0.0.3"),
  healthcheck: fc.constantFrom("tcp", "tcp", "other", ""),
  enabled: fc.constantFrom(true, true, true, false),
});

/** Any pools over any of the backends there are. */
const configs: fc.Arbitrary<Config> = fc.record({
  list: fc.uniqueArray(fc.tuple(fc.constantFrom(...NAMES), backends), {
    minLength: 1,
    selector: ([name]) => name,
  }),
  entries: fc.array(
    fc.tuple(fc.integer({ min: 0, max: 2 }), fc.nat(), fc.nat(), fc.integer({ min: 0, max: 100 })),
    { minLength: 1, maxLength: 12 },
  ),
  rise: fc.integer({ min: 1, max: 2 }),
  transitionHistory: fc.integer({ min: 1, max: 3 }),
}).map(({ list, entries, rise, transitionHistory }) => {
  const pools: Record<string, Record<string, number>[]> = {};
  for (const [frontend, pool, backend, weight] of entries) {
    const name = list[backend % list.length]![0];
    const own = pools[`f${frontend}`] ??= [];
    const at = Math.min(pool % 3, own.length);
    own[at] = { ...own[at], [name]: weight };
  }
  const frontends = Object.entries(pools).map(([name, own]) => {
    const text = own.map((pool) =>
      Object.entries(pool).map(([backend, weight]) => `${backend}:${weight}`).join(" ")
    ).join(" | ");
    return [name, { pools: text, flushOnDown: rise === 1 }] as const;
  });
  const small: SmallConfig = {
    healthchecks: { other: { port: 81, rise, fall: 2 } },
    backends: Object.fromEntries(list),
    frontends: Object.fromEntries(frontends),
    transitionHistory,
  };
  return smallConfig(small);
});

type Command =
  | { readonly kind: "report"; readonly results: readonly (readonly [number, boolean])[] }
  | { readonly kind: "late" }
  | { readonly kind: "pause" | "resume" | "enable" | "disable"; readonly name: string }
  | { readonly kind: "weight"; readonly pick: number; readonly weight: number }
  | { readonly kind: "reload"; readonly config: Config };

const commands: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("report" as const),
      results: fc.array(fc.tuple(fc.nat(), fc.boolean()), { minLength: 1, maxLength: 12 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "late" as const }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        "pause" as const,
        "resume" as const,
        "enable" as const,
        "disable" as const,
      ),
      name: fc.constantFrom(...NAMES),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("weight" as const),
      pick: fc.nat(),
      weight: fc.integer({ min: 0, max: 100 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("reload" as const), config: configs }) },
);

type World = ReturnType<typeof setUp> & {
  /** Outcomes that were true once. */
  readonly past: ProbeOutcome[];
};

function run(world: World, command: Command): void {
  const { checker, engine, past } = world;
  switch (command.kind) {
    case "report": {
      const names = [...engine.running.keys()];
      if (names.length === 0) return;
      const outcomes = command.results.map(([at, ok]) =>
        engine.outcome(names[at % names.length]!, ok ? PASS : FAIL)
      );
      past.push(...outcomes);
      engine.onOutcomes(outcomes);
      return;
    }
    case "late": {
      const current = new Set([...engine.running.values()].map((t) => `${t.id} ${t.generation}`));
      engine.onOutcomes(past.filter((o) => !current.has(`${o.id} ${o.generation}`)));
      return;
    }
    case "weight": {
      const entries = [...checker.snapshot().frontends.values()].flatMap((frontend) =>
        frontend.config.pools.flatMap((pool) =>
          pool.backends.map((entry) => ({
            frontend: frontend.name,
            pool: pool.name,
            backend: entry.name,
          }))
        )
      );
      checker.setWeight(
        { ...entries[command.pick % entries.length]!, weight: command.weight },
        WHO,
      );
      return;
    }
    case "reload":
      checker.reload(command.config);
      return;
    default:
      checker[`${command.kind}Backend`](command.name, WHO);
  }
}

/** Follows the events; what it believes must be what the snapshot says. */
class Listener {
  readonly backends = new Map<string, BackendState>();
  readonly frontends = new Map<string, FrontendState>();
  #servers = new Map<string, string>();
  #events: CheckerEvent[] = [];

  constructor(checker: Checker) {
    this.#adopt(checker);
    // A frontend begins in unknown to the world; what is otherwise known at start is an event.
    this.frontends.clear();
    checker.subscribe((event) => this.#events.push(event));
  }

  /** Checks the events since the last call against the snapshot. */
  catchUp(checker: Checker): void {
    const events = this.#events.splice(0);
    for (const event of events) this.#apply(event);
    const { backends, frontends } = checker.snapshot();
    const kinds = events.map((event) => event.kind).join(" ");
    assert.match(kinds, /^(backend ?)*(frontend ?)*(program|reload)?$/, "order of events");
    const last = events.at(-1);
    if (last?.kind === "reload") {
      for (const name of [...this.backends.keys()]) {
        if (!backends.has(name)) assert.equal(this.backends.get(name), "removed");
      }
    } else {
      const programmed = last?.kind === "program" ? last.frontends : [];
      assert.deepEqual(programmed, [...programmed].sort());
      const servers = serverTexts(checker);
      for (const [name, text] of servers) {
        if (this.#servers.get(name) !== text) {
          assert.ok(programmed.includes(name), `${name} untold`);
        }
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
    this.#servers = serverTexts(checker);
  }
}

function serverTexts(checker: Checker): Map<string, string> {
  const { backends, frontends, config } = checker.snapshot();
  return new Map([...frontends].map(([name, view]) => {
    const servers = mergedServers(view.config, {
      stateOf: (backend) => backends.get(backend)!.state,
      addressOf: (backend) => config.backends.get(backend)!.address,
    });
    return [name, servers.map((s) => `${s.address.text} ${s.weight} ${s.flush}`).join(",")];
  }));
}

/** What the snapshot and the engine must agree on at any time. */
function checkInvariants(world: World): void {
  const { checker, engine } = world;
  const { backends, frontends, config } = checker.snapshot();
  assert.deepEqual([...backends.keys()], [...config.backends.keys()]);
  assert.deepEqual([...frontends.keys()], [...config.frontends.keys()]);
  for (const view of frontends.values()) {
    const { state, activePool, effectiveWeights } = frontendHealth(
      view.config,
      (name) => backends.get(name)!.state,
    );
    assert.deepEqual(
      [view.state, view.activePool, view.effectiveWeights],
      [state, activePool, effectiveWeights],
    );
  }
  const wanted = [...config.backends.values()]
    .filter((b) => b.healthcheck !== undefined && isProbed(backends.get(b.name)!.state));
  assert.deepEqual([...engine.running.keys()].sort(), wanted.map((b) => b.name).sort());
  for (const { name, address, healthcheck } of wanted) {
    const target = engine.running.get(name)!;
    assert.equal(target.address.text, address.text);
    const { params, rise, fall, port } = config.healthchecks.get(healthcheck!)!;
    assert.deepEqual(
      [target.healthcheck.params, target.healthcheck.rise, target.healthcheck.port],
      [params, rise, port],
    );
    assert.deepEqual(backends.get(name)!.policy, { rise, fall });
  }
  for (const backend of backends.values()) {
    assert.equal(backend.enabled, backend.state !== "disabled");
    assert.ok(backend.history.length <= config.healthchecker.transitionHistory);
    const isStatic = config.backends.get(backend.name)!.healthcheck === undefined;
    if (isStatic) assert.ok(["up", "paused", "disabled"].includes(backend.state));
  }
}

Deno.test("Checker: events, snapshot and engine agree over any sequence of results, actions and reloads", () => {
  fc.assert(
    fc.property(configs, fc.array(commands, { maxLength: 60, size: "max" }), (config, sequence) => {
      const world: World = { ...setUp(config), past: [] };
      const listener = new Listener(world.checker);
      world.checker.start();
      listener.catchUp(world.checker);
      checkInvariants(world);
      for (const command of sequence) {
        const before = world.checker.snapshot();
        const copy = [...before.backends];
        run(world, command);
        listener.catchUp(world.checker);
        checkInvariants(world);
        assert.deepEqual([...before.backends], copy, "a snapshot must not change");
      }
      world.checker.stop();
      assert.equal(world.engine.running.size, 0);
      assert.equal(world.clock.timers, 0);
    }),
    { numRuns: 300 },
  );
});

Deno.test("Checker: a reload of the same file changes nothing, at any point of any life", () => {
  fc.assert(
    fc.property(configs, fc.array(commands, { maxLength: 30, size: "max" }), (config, sequence) => {
      const world: World = { ...setUp(config), past: [] };
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
