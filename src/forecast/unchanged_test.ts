/**
 * Goal: a forecast that leaves out what is the same object finds the same as one that evaluates
 * everything. Method: at any point of a random sequence, a reload with the objects in force is
 * compared with a reload of a copy of all of them.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { commands, configs, newWorld, run } from "../../tests/support/worlds/checker_commands.ts";
import { wall } from "../../tests/support/fakes/instants.ts";
import { finish } from "../async/steps.ts";
import { parseIp } from "../base/address.ts";
import { workOutReload } from "../checker/worked_reload.ts";
import type { Config } from "../config/model.ts";
import { forecastWorkedOut } from "./forecast.ts";
import { unchangedFrontends } from "./unchanged.ts";

const NOW_MS = wall(1_700_000_000_000);

type Edit = (config: Config, at: number) => Config;

/** The map with another value in one place, or without it. */
function edited<T>(
  map: ReadonlyMap<string, T>,
  at: number,
  edit: (value: T) => T | undefined,
): ReadonlyMap<string, T> {
  const entries = [...map];
  return new Map(entries.flatMap(([name, value], i) => {
    const next = i === at % entries.length ? edit(value) : value;
    return next === undefined ? [] : [[name, next]];
  }));
}

const EDITS: Readonly<Record<string, Edit>> = {
  nothing: (config) => config,
  address: (config, at) => ({
    ...config,
    backends: edited(config.backends, at, (each) => ({ ...each, address: parseIp("10.9.9.9")! })),
  }),
  enabled: (config, at) => ({
    ...config,
    backends: edited(config.backends, at, (each) => ({ ...each, enabled: !each.enabled })),
  }),
  check: (config, at) => ({
    ...config,
    healthchecks: edited(config.healthchecks, at, (each) => ({ ...each, fall: each.fall + 1 })),
  }),
  sticky: (config, at) => ({
    ...config,
    frontends: edited(
      config.frontends,
      at,
      (each) => ({ ...each, srcIpSticky: !each.srcIpSticky }),
    ),
  }),
  weight: (config, at) => ({
    ...config,
    frontends: edited(config.frontends, at, (each) => ({
      ...each,
      pools: each.pools.map((pool) => ({
        ...pool,
        backends: pool.backends.map((entry) => ({ ...entry, weight: 1 + entry.weight % 7 })),
      })),
    })),
  }),
  "frontend gone": (config, at) => ({
    ...config,
    frontends: edited(config.frontends, at, () => undefined),
  }),
  table: (config) => ({
    ...config,
    vppLb: config.vppLb && { ...config.vppLb, newFlowsTableLength: 256 },
  }),
};

/** Without the policies of frontends, which are always evaluated. */
function withoutPolicies(config: Config): Config {
  const frontends = [...config.frontends].map(([name, frontend]) => {
    const { onAllDown: _1, slowStart: _2, ...plain } = frontend;
    const pools = plain.pools.map(({ name, backends }) => ({ name, backends }));
    return [name, { ...plain, pools }] as const;
  });
  return { ...config, frontends: new Map(frontends) };
}

Deno.test("a forecast leaves out what a reload does not change, and finds the same", () => {
  let left = 0;
  fc.assert(
    fc.property(
      fc.oneof({ weight: 3, arbitrary: configs.map(withoutPolicies) }, configs),
      fc.array(commands, { maxLength: 20, size: "max" }),
      fc.constantFrom(...Object.keys(EDITS)),
      fc.nat(),
      fc.boolean(),
      fc.boolean(),
      (config, past, edit, at, weights, plain) => {
        // Frontends with policies are never left out.
        const world = newWorld(plain ? withoutPolicies(config) : config);
        world.checker.start();
        for (const command of past) run(world, command);
        const snapshot = world.checker.snapshot();
        const next = EDITS[edit]!(snapshot.config, at);
        const options = { can: { weights }, atMs: world.clock.monotonicMs() };
        const of = (config: Config) => {
          const worked = finish(workOutReload(snapshot, config, NOW_MS));
          left += unchangedFrontends(worked).size;
          return finish(forecastWorkedOut(worked, options));
        };
        const leaving = of(next);
        const before = left;
        const copy: Config = structuredClone(next);
        assert.deepEqual(of(copy), leaving);
        assert.equal(left, before, "of a copy nothing is left out");
      },
    ),
    { numRuns: 400 },
  );
  assert.ok(left > 50, `${left} frontends were left out`);
});
