/** Random histories of a checker: any configuration, and random events. */
import fc from "fast-check";
import { finish } from "../../../src/async/steps.ts";
import { later } from "../../../src/base/instant.ts";
import type { OperatorOptions, SetWeightRequest } from "../../../src/intent/request.ts";
import type { Snapshot } from "../../../src/checker/ports.ts";
import type { Config } from "../../../src/config/model.ts";
import { reuseEqual } from "../../../src/config/reuse.ts";
import type { ProbeOutcome } from "../../../src/probe/ports.ts";
import { setUp, type SetUpOptions, WHO } from "./checker_fixture.ts";
import { FAIL, PASS } from "../fakes/fake_probe_engine.ts";
import { type SmallBackend, type SmallConfig, smallConfig } from "../fakes/small_config.ts";

const NAMES = ["a", "b", "c", "d", "e"];

const backends: fc.Arbitrary<Required<SmallBackend>> = fc.record({
  address: fc.constantFrom("10.0.0.1", "10.0.0.2", "10.0.0.3"),
  healthcheck: fc.constantFrom("tcp", "tcp", "other", ""),
  enabled: fc.constantFrom(true, true, true, false),
});

/** Any pools over any of the backends there are. */
export const configs: fc.Arbitrary<Config> = fc.record({
  list: fc.uniqueArray(fc.tuple(fc.constantFrom(...NAMES), backends), {
    minLength: 1,
    maxLength: NAMES.length,
    size: "max",
    selector: ([name]) => name,
  }),
  entries: fc.array(
    fc.tuple(
      fc.constantFrom(0, 0, 0, 1, 2),
      fc.constantFrom(0, 0, 0, 0, 1, 2),
      fc.nat(),
      fc.integer({ min: 0, max: 100 }),
    ),
    { minLength: 1, maxLength: 24, size: "max" },
  ),
  rise: fc.integer({ min: 1, max: 2 }),
  transitionHistory: fc.integer({ min: 1, max: 3 }),
  newFlowsTableLength: fc.constantFrom(64, 64, 128),
  srcIpSticky: fc.constantFrom(true, false, false),
  onAllDown: fc.constantFrom(undefined, "last-good" as const),
  slowStart: fc.constantFrom(
    undefined,
    { durationMs: 2000, steps: 3 },
    { durationMs: 2000, steps: 2 },
  ),
  maxDown: fc.constantFrom(undefined, { count: 1 }, { percent: 50 }),
  damping: fc.constantFrom(
    undefined,
    { halfLifeMs: 60_000, suppress: 1, reuse: 0.5, maxHoldMs: 90_007 },
    { halfLifeMs: 2000, suppress: 1.5, reuse: 1, maxHoldMs: 1103 },
  ),
  agent: fc.boolean(),
  encap: fc.constantFrom(undefined, undefined, undefined, "warn" as const, "on" as const),
}).map(
  (
    {
      agent,
      encap,
      list,
      entries,
      rise,
      transitionHistory,
      newFlowsTableLength,
      damping,
      ...policies
    },
  ) => {
    // A static backend cannot be checked through the tunnel.
    const isChecked = list.every(([, { healthcheck }]) => healthcheck !== "");
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
      const tunnel = isChecked ? { encap } : {};
      return [name, { pools: text, flushOnDown: rise === 1, ...tunnel, ...policies }] as const;
    });
    const small: SmallConfig = {
      healthchecks: {
        other: {
          port: 81,
          rise,
          fall: 2,
          ...(damping === undefined ? {} : { damping }),
          ...(agent ? { agent: { port: 9, intervalMs: 500 } } : {}),
        },
      },
      backends: Object.fromEntries(list),
      frontends: Object.fromEntries(frontends),
      transitionHistory,
      newFlowsTableLength,
    };
    return smallConfig(small);
  },
);

/** After how long an intent begins and ends by itself. */
interface Times {
  readonly inMs: number | undefined;
  readonly forMs: number | undefined;
}

const inMs = fc.constantFrom(undefined, undefined, undefined, 500, 20_000);
const forMs = fc.constantFrom(undefined, undefined, 1000, 30_000, 200_000);

export type Command =
  | { readonly kind: "report"; readonly results: readonly (readonly [number, boolean])[] }
  /** The same result of several servers, in one batch. */
  | { readonly kind: "turn"; readonly picks: number; readonly ok: boolean }
  | { readonly kind: "late" }
  | { readonly kind: "void"; readonly pick: number }
  | ({ readonly kind: "pause" | "disable"; readonly name: string } & Times)
  | { readonly kind: "resume" | "enable" | "clear"; readonly name: string }
  | ({ readonly kind: "weight"; readonly pick: number; readonly weight: number } & Times)
  | {
    readonly kind: "drain";
    readonly name: string;
    readonly then: "pause" | "disable";
    readonly inMs: number | undefined;
    readonly forMs: number;
    readonly force: boolean;
  }
  /** Time passes until the next timer. */
  | { readonly kind: "wait" }
  | { readonly kind: "reload"; readonly config: Config };

export const commands: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("report" as const),
      results: fc.array(fc.tuple(fc.nat(), fc.boolean()), { minLength: 1, maxLength: 12 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("turn" as const),
      picks: fc.integer({ min: 1, max: 31 }),
      ok: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "late" as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("void" as const), pick: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom("pause" as const, "disable" as const),
      name: fc.constantFrom(...NAMES),
      inMs,
      forMs,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("resume" as const, "enable" as const, "clear" as const),
      name: fc.constantFrom(...NAMES),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ kind: "wait" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("drain" as const),
      name: fc.constantFrom(...NAMES),
      then: fc.constantFrom("pause" as const, "disable" as const),
      inMs,
      forMs: fc.constantFrom(1000, 200_000),
      force: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("weight" as const),
      pick: fc.nat(),
      weight: fc.integer({ min: 0, max: 100 }),
      inMs,
      forMs,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("reload" as const), config: configs }) },
);

/** A `turn` as often as it takes until its servers change sides, whichever `rise` and `fall`. */
export function untilTurned(command: Command): readonly Command[] {
  return command.kind === "turn" ? [command, command, command] : [command];
}

const AGENT_WORDS = ["up ready", "50%", "drain", "maint", "down", "up", "ready 100%", "0% ?"];

export type World = ReturnType<typeof setUp> & {
  /** Outcomes that were true once. */
  readonly past: ProbeOutcome[];
};

export function run(world: World, command: Command): void {
  const { checker, clock, engine, past } = world;
  switch (command.kind) {
    case "report": {
      const names = [...engine.running.keys()];
      if (names.length === 0) return;
      const outcomes = command.results.map(([at, ok]) => {
        const name = names[at % names.length]!;
        const words = AGENT_WORDS[at % AGENT_WORDS.length]!;
        const pass = name.endsWith("(agent)") ? { ...PASS, detail: words } : PASS;
        return engine.outcome(name, ok ? pass : FAIL);
      });
      past.push(...outcomes);
      engine.onOutcomes(outcomes);
      return;
    }
    case "turn": {
      const names = NAMES.filter((name, i) =>
        engine.running.has(name) && (command.picks >> i & 1) === 1
      );
      const outcomes = names.map((name) => engine.outcome(name, command.ok ? PASS : FAIL));
      past.push(...outcomes);
      if (outcomes.length > 0) engine.onOutcomes(outcomes);
      return;
    }
    case "late": {
      const current = new Set([...engine.running.values()].map((t) => `${t.id} ${t.generation}`));
      engine.onOutcomes(past.filter((o) => !current.has(`${o.id} ${o.generation}`)));
      return;
    }
    case "void": {
      const names = [...engine.running.keys()];
      if (names.length > 0) engine.reportVoid(names[command.pick % names.length]!);
      return;
    }
    case "weight":
      checker.setWeight(weightRequest(checker.snapshot(), command), optionsOf(world, command));
      return;
    case "clear":
      checker.clearBackend(command.name, WHO);
      return;
    case "drain":
      checker.drainBackend(
        { ...command, backend: command.name },
        optionsOf(world, { ...command, forMs: undefined }),
      );
      return;
    case "wait":
      if (clock.nextDueMs !== undefined) clock.advance(clock.nextDueMs - clock.monotonicMs());
      return;
    case "reload":
      // As src/daemon/reload.ts does.
      checker.reload(finish(reuseEqual(command.config, checker.current.config)));
      return;
    case "pause":
    case "disable":
      checker[`${command.kind}Backend`](command.name, optionsOf(world, command));
      return;
    default:
      checker[`${command.kind}Backend`](command.name, WHO);
  }
}

/** The request of a `weight` command, in the current configuration. */
export function weightRequest(
  { frontends }: Snapshot,
  { pick, weight }: { readonly pick: number; readonly weight: number },
): SetWeightRequest {
  const entries = [...frontends.values()].flatMap((frontend) =>
    frontend.config.pools.flatMap((pool) =>
      pool.backends.map((entry) => ({
        frontend: frontend.name,
        pool: pool.name,
        backend: entry.name,
      }))
    )
  );
  return { ...entries[pick % entries.length]!, weight };
}

function optionsOf({ clock }: World, { inMs, forMs }: Times): OperatorOptions {
  const fromMs = later(clock.wallMs(), inMs ?? 0);
  return {
    ...WHO,
    ...(inMs === undefined ? {} : { fromMs, inMs }),
    ...(forMs === undefined ? {} : { untilMs: later(fromMs, forMs), forMs }),
  };
}

/** A checker that was not started, and has no past. */
export function newWorld(config: Config, options: SetUpOptions = {}): World {
  return { ...setUp(config, options), past: [] };
}
