/**
 * Goal: the forecast of a reload or an action equals its effect. Method: the forecast is made at
 * any point of a random sequence for a checker, then the reload or action is done, and the two are
 * compared. Then all backends that were assumed up come up.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Command,
  commands,
  configs,
  newWorld,
  run,
  weightRequest,
  type World,
} from "../../tests/support/worlds/checker_commands.ts";
import { setUpHealthy, THREE, WHO } from "../../tests/support/worlds/checker_fixture.ts";
import { PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { wall } from "../../tests/support/fakes/instants.ts";
import { textOfIntent } from "../../tests/support/fakes/intents.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import { MaglevError } from "../base/errors.ts";
import { finish } from "../async/steps.ts";
import type { Config } from "../config/model.ts";
import { desiredVip, vipKeyOf } from "../vpp/lb/desired.ts";
import { SentWeights } from "../vpp/sync/sent_weights.ts";
import { withKeptWeights } from "../vpp/lb/keep.ts";
import { type ActualVip, type DesiredVip, vipKeyText } from "../vpp/lb/model.ts";
import { newFlowTable } from "../vpp/lb/new_flow_table.ts";
import {
  type Forecast,
  type ForecastAction,
  forecastAction,
  type ForecastOptions,
  forecastReload,
  type ReloadForecast,
} from "./forecast.ts";
import type { Snapshot } from "../checker/ports.ts";
import { weightsOf } from "../checker/past.ts";
import { frontendHealth } from "../health/frontend.ts";
import { countedState } from "../health/machine.ts";

const OPTIONS: ForecastOptions = { nowMs: wall(1_700_000_000_000), can: { weights: true } };

function optionsOf({ clock }: World): ForecastOptions {
  return { ...OPTIONS, atMs: clock.monotonicMs() };
}

/** A world whose VPP immediately has what it should have. */
function newSentWorld(config: Config): World {
  const sent = new SentWeights();
  const world = newWorld(config, {
    weightsSent: {
      of: (frontend) => sent.of(vipKeyOf(frontend)),
      isProgrammed: (frontend) => sent.isOwn(vipKeyOf(frontend)),
    },
  });
  const send = () => {
    const vips = [...vipsOf(world.checker.current).values()];
    for (const vip of vips) sent.sent(vip, new Set());
    sent.retain(vips);
  };
  send();
  world.checker.subscribe(send);
  return world;
}

type Vips = ReadonlyMap<string, DesiredVip>;

/** What VPP should have, by vipKeyText; servers that keep their weight have that of `before`. */
function vipsOf({ config, frontends }: Snapshot, before?: Vips): Vips {
  return new Map([...frontends.values()].map((view) => {
    const { servers } = view;
    const vip = desiredVip(view.config, {
      servers,
      newFlowsTableLength: config.vppLb!.newFlowsTableLength,
    });
    const key = vipKeyText(vip);
    const had = before?.get(key);
    return [key, before === undefined ? vip : withKeptWeights(vip, had && asActual(had))];
  }));
}

/** The state of a VPP in its desired state. */
function asActual(vip: DesiredVip): ActualVip {
  const servers = vip.servers.map(({ address, weight }) => ({
    address,
    weight,
    buckets: undefined,
    flushed: false,
  }));
  return { ...vip, servers, poolIndex: undefined, removed: [] };
}

/** `192.0.2.1/32 6 80`: `10.0.0.1 100/512`, … of each VIP. */
function tablesOf(vips: Vips): Record<string, string[]> {
  return Object.fromEntries([...vips].map(([key, vip]) => {
    const { buckets } = newFlowTable(vip.servers, vip.newFlowsTableLength);
    const servers = vip.servers.map(({ address, weight }, i) =>
      `${address.text} ${weight}/${buckets[i]}`
    );
    return [key, servers];
  }));
}

/** The same from a forecast; unchanged VIPs are as in `now`. */
function tablesIn(
  forecast: Forecast,
  instant: "now" | "atOnce" | "settled",
  now: Record<string, string[]>,
): Record<string, string[]> {
  const tables: Record<string, string[]> = {};
  for (const vip of forecast.vips) {
    const key = vipKeyText(vip);
    if (vip.change === (instant === "now" ? "added" : "removed")) continue;
    tables[key] = vip.change === "unchanged" ? now[key]! : vip.servers.flatMap((server) => {
      const share = server[instant];
      return share === undefined ? [] : [`${server.address.text} ${share.weight}/${share.buckets}`];
    });
  }
  return tables;
}

/** The forecast state of each backend that changes; each is listed once. */
function statesIn(forecast: Forecast): Record<string, string> {
  assert.equal(new Set(forecast.states.map(({ backend }) => backend)).size, forecast.states.length);
  return Object.fromEntries(forecast.states.map(({ backend, to }) => [backend, to]));
}

/** The last state of each backend that changed, or is new. */
function changes(before: Snapshot, after: Snapshot): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, { state }] of after.backends) {
    if (before.backends.get(name)?.state !== state) found[name] = state;
  }
  for (const name of before.backends.keys()) {
    if (!after.backends.has(name)) found[name] = "removed";
  }
  return found;
}

/** Performs the action or reload, and checks its forecast. */
function compare(world: World, forecast: Forecast, act: () => void): void {
  const { checker, engine } = world;
  const before = checker.snapshot();
  act();
  const after = checker.snapshot();
  assert.deepEqual(statesIn(forecast), changes(before, after));
  const vipsNow = vipsOf(before);
  const vipsAfter = vipsOf(after, vipsNow);
  const now = tablesOf(vipsNow);
  assert.deepEqual(tablesIn(forecast, "now", now), now);
  assert.deepEqual(tablesIn(forecast, "atOnce", now), tablesOf(vipsAfter));
  const held = namesHeld(forecast, after);
  const passing = [...forecast.assumedUp, ...held];
  if (passing.length > 0) engine.report(Object.fromEntries(passing.map((name) => [name, PASS])));
  for (const name of held) assert.equal(checker.snapshot().backends.get(name)!.state, "down");
  const settled = vipsOf(risen(checker.snapshot(), before), vipsAfter);
  assert.deepEqual(tablesIn(forecast, "settled", now), tablesOf(settled));
}

/** Backends whose check begins, and which are not expected to come up: damping holds them. */
function namesHeld(
  { states, assumedUp, started = [], restarted = [] }: Forecast & Partial<ReloadForecast>,
  { backends }: Snapshot,
): readonly string[] {
  const begun = new Set([...started, ...restarted, ...states.map(({ backend }) => backend)]);
  for (const name of assumedUp) begun.delete(name);
  return [...begun].filter((name) => backends.get(name)?.state === "unknown");
}

/** The frontends of which a server rises that did not before, when their servers have risen. */
function risen(after: Snapshot, before: Snapshot): Snapshot {
  const { backends, config } = after;
  const frontends = [...after.frontends].map(([name, view]) => {
    const known = before.frontends.get(name)?.memory.slowStart?.ramps;
    const ramps = view.memory.slowStart?.ramps.keys() ?? [];
    if ([...ramps].every((ramp) => known?.has(ramp))) return [name, view] as const;
    rises++;
    let now = view;
    for (let nowMs; (nowMs = now.memory.wakeAtMs) !== undefined;) {
      const lookup = {
        stateOf: (backend: string) => countedState(backends.get(backend)!),
        addressOf: (backend: string) => config.backends.get(backend)!.address,
        weightsBefore: () => weightsOf(now),
        tableLength: config.vppLb!.newFlowsTableLength,
      };
      now = { ...now, ...frontendHealth(view.config, lookup, { past: now.memory, nowMs }) };
    }
    return [name, now] as const;
  });
  return { ...after, frontends: new Map(frontends) };
}

/** Number of frontends in which a server rose after a forecast. */
let rises = 0;

function actionOf(command: Command, snapshot: Snapshot): ForecastAction | undefined {
  switch (command.kind) {
    case "pause":
    case "resume":
    case "disable":
    case "enable":
      return { kind: command.kind, backend: command.name };
    case "weight":
      return { kind: "weight", ...weightRequest(snapshot, command) };
    default:
      return undefined;
  }
}

function act(world: World, action: ForecastAction): boolean {
  const { checker } = world;
  if (action.kind === "drain") {
    const drain = { ...action, then: "disable", forMs: undefined } as const;
    return checker.drainBackend(drain, WHO).ok;
  }
  return action.kind === "weight"
    ? checker.setWeight(action, WHO).ok
    : checker[`${action.kind}Backend`](action.backend, WHO).ok;
}

Deno.test("the forecast of an action equals its effect or refusal", () => {
  fc.assert(
    fc.property(
      configs,
      fc.array(commands, { maxLength: 30, size: "max" }),
      commands,
      fc.boolean(),
      (config, past, last, drained) => {
        const world = newWorld(config);
        world.checker.start();
        for (const command of past) run(world, command);
        const snapshot = world.checker.snapshot();
        const action: ForecastAction | undefined = drained && last.kind === "pause"
          ? { kind: "drain", backend: last.name, force: last.name === "a" }
          : actionOf(last, snapshot);
        if (action === undefined) return;
        const problem = action.kind === "drain" ? world.checker.drainProblem(action) : undefined;
        const steps = problem ?? forecastAction(snapshot, action, optionsOf(world));
        if (steps instanceof MaglevError) return assert.equal(act(world, action), false);
        compare(world, finish(steps), () => assert.ok(act(world, action)));
      },
    ),
    { numRuns: 400 },
  );
});

Deno.test("the forecast of a reload equals its effect", () => {
  fc.assert(
    fc.property(
      configs,
      fc.array(commands, { maxLength: 30, size: "max" }),
      configs,
      (config, past, next) => {
        const world = newSentWorld(config);
        world.checker.start();
        for (const command of past) run(world, command);
        const { intents } = world.checker.snapshot();
        const forecast = finish(
          forecastReload(world.checker.snapshot(), next, optionsOf(world)),
        );
        compare(world, forecast, () => void world.checker.reload(next));
        const left = new Set(world.checker.snapshot().intents.all());
        assert.deepEqual(
          forecast.intentsDropped.map(({ intent }) => intent),
          intents.all().filter((intent) => !left.has(intent)),
        );
        const { started, stopped, restarted, readdressed, kept } = forecast;
        const all = [started, stopped, restarted, readdressed, kept].flat();
        assert.equal(new Set(all).size, all.length);
      },
    ),
    { numRuns: 400 },
  );
});

Deno.test("a forecast of a reload lists started, stopped, restarted and kept backends", () => {
  const { checker } = setUpHealthy();
  checker.setWeight({ frontend: "web", pool: "pool0", backend: "a", weight: 1 }, WHO);
  checker.pauseBackend("c", WHO);
  const next = smallConfig({
    healthchecks: { slow: { intervalMs: 9000 } },
    backends: {
      new: { address: "10.0.0.9" },
      a: { address: "10.0.0.1", healthcheck: "slow" },
      b: { address: "10.0.0.8" },
    },
    frontends: { web: { pools: "a:99 b new" } },
  });
  const forecast = finish(forecastReload(checker.snapshot(), next, OPTIONS));
  const { started, stopped, restarted, readdressed, kept } = forecast;
  assert.deepEqual({ started, stopped, restarted, readdressed, kept }, {
    started: ["new"],
    stopped: ["c"],
    restarted: ["a"],
    readdressed: ["b"],
    kept: [],
  });
  assert.deepEqual(forecast.states, [
    { backend: "c", from: "paused", to: "removed" },
    { backend: "new", from: undefined, to: "unknown" },
    { backend: "a", from: "up", to: "unknown" },
  ]);
  assert.deepEqual(forecast.assumedUp, ["new", "a"]);
  assert.deepEqual(forecast.intentsDropped.map(({ intent }) => textOfIntent(intent)), [
    "pause c",
    "web/pool0/a 1",
  ]);
  assert.deepEqual(forecast.carried, ["a"], "it counts as up until its new check fails");
  assert.equal(forecast.lbConfChanged, false);
  assert.deepEqual(
    forecast.vips.map((vip) => [vip.frontend, vip.change]),
    [["web", "changed"], ["api", "removed"]],
  );
});

Deno.test("a forecast changes nothing, even if it is not finished", () => {
  const { checker, news, engine } = setUpHealthy();
  const before = checker.snapshot();
  const calls = engine.calls.length;
  const steps = forecastReload(before, smallConfig({ ...THREE, transitionHistory: 1 }), OPTIONS);
  steps.next();
  const action = forecastAction(before, { kind: "disable", backend: "a" }, OPTIONS);
  assert.ok(!(action instanceof MaglevError));
  finish(action);
  assert.equal(checker.snapshot(), before);
  assert.deepEqual([news(), engine.calls.length - calls], [[], 0]);
});

Deno.test("a forecast of an invalid action is refused like the action", () => {
  const { checker } = setUpHealthy();
  checker.disableBackend("b", WHO);
  const snapshot = checker.snapshot();
  const weight = { kind: "weight", frontend: "web", pool: "pool0", backend: "a" } as const;
  const cases: [ForecastAction, string, RegExp][] = [
    [{ kind: "pause", backend: "aa" }, "not-found", /no backend "aa"; did you mean "a"/],
    [{ kind: "pause", backend: "b" }, "failed-precondition", /cannot pause backend "b"/],
    [{ kind: "drain", backend: "aa", force: false }, "not-found", /no backend "aa"/],
    [{ ...weight, weight: 101 }, "invalid-argument", /need an integer from 0 to 100/],
    [{ ...weight, pool: "none", weight: 1 }, "not-found", /no pool/],
  ];
  for (const [action, code, message] of cases) {
    const error = forecastAction(snapshot, action, OPTIONS);
    assert.ok(error instanceof MaglevError);
    assert.equal(error.code, code);
    assert.match(error.message, message);
  }
});
