/**
 * A day of 1,000 servers in 50 frontends: some flap, operators act, the file is loaded again each
 * hour, and VPP restarts. Nothing may grow. Run by main.ts with `--day`, with `gc()` exposed.
 */
import type { MonotonicMs } from "../../src/base/instant.ts";
import type { Config } from "../../src/config/model.ts";
import { smallConfig } from "../support/fakes/small_config.ts";
import { Actor } from "./scenario/acting.ts";
import { type Action, actionText, type Happening } from "./scenario/actions.ts";
import { Judge } from "./judge/judge.ts";
import { Dice } from "./world/dice.ts";
import { World } from "./world/world.ts";

const SERVERS = 1000;
const FRONTENDS = 50;
const FLAPPING = 20;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** The first hours fill caches and the history. */
const SETTLED_HOURS = 4;
/** Of the heap after the first hours: the history and the judge keep what happened. */
const MOST_GROWTH_MIB = 24;

/** What a daemon and its world hold. */
interface Held {
  readonly timers: number;
  readonly connections: number;
  readonly files: number;
  readonly heapMiB: number;
}

const hours = Number(Deno.args[0] ?? 24);
const seed = Number(Deno.args[1] ?? 0);
Deno.exit(await runDay() ? 0 : 1);

/** True when nothing was wrong. */
async function runDay(): Promise<boolean> {
  const startMs = performance.now();
  let judge!: Judge;
  const pace = { tickMs: MINUTE_MS, comparedMs: 10 * MINUTE_MS, explainedOf: 20 };
  const config = dayConfig(new Dice(seed));
  const world = new World(seed, (world) => judge = new Judge(world, pace), {
    config,
    plain: true,
    trafficMs: MINUTE_MS,
  });
  const actor = new Actor(world, judge);
  const held: Held[] = [];
  let steps = 0;
  const over = () => (steps++, judge.failure !== undefined);
  world.boot();
  judge.killed(0);
  world.schedule(dayActions(new Dice(seed + 1)), (action) => {
    judge.trace.add(world.time.nowMs, `action ${actionText(action)}`);
    actor.act(action);
  });
  for (let hour = 1; hour <= hours; hour++) {
    // Half an hour after a reload, and outside of what happens on the hour.
    world.time.at((hour - 0.49) * HOUR_MS as MonotonicMs, () => held.push(heldBy(world)));
  }
  await world.pass(hours * HOUR_MS, over);
  world.process?.kill();
  const seconds = (performance.now() - startMs) / 1000;
  const { failure } = judge;
  if (failure !== undefined) {
    for (const line of judge.trace.last(60)) console.log(line);
    const { atMs, invariant, message } = failure;
    console.log(`${(atMs / 1000).toFixed(4)} s "${invariant}" is broken: ${message}`);
  }
  const grown = growth(held);
  for (const problem of grown) console.log(`it grows: ${problem}`);
  const last = held.at(-1)!;
  console.log(
    `${hours} h of ${SERVERS} servers in ${seconds.toFixed(1)} s: ${steps} steps, ` +
      `${judge.trace.length} lines; at the end ${last.timers} timers, ${last.connections} ` +
      `connections, ${last.files} files, heap ${held.map(({ heapMiB }) => heapMiB).join(" ")} MiB`,
  );
  return failure === undefined && grown.length === 0;
}

function heldBy({ process, vpp, disk }: World): Held {
  (globalThis as { gc?: () => void }).gc?.();
  return {
    timers: process?.timers ?? 0,
    connections: vpp.connections,
    files: disk.names.length,
    heapMiB: Math.round(Deno.memoryUsage().heapUsed / 2 ** 20),
  };
}

/** What the last hours hold more than the first ones. */
function growth(held: readonly Held[]): string[] {
  const settled = held.slice(SETTLED_HOURS);
  const middle = Math.floor(settled.length / 2);
  if (middle === 0) return [];
  const most = (part: readonly Held[], key: keyof Held) =>
    Math.max(...part.map((sample) => sample[key]));
  const allowed = { timers: 10, connections: 0, files: 8, heapMiB: MOST_GROWTH_MIB };
  return (Object.keys(allowed) as (keyof Held)[]).flatMap((key) => {
    const before = most(settled.slice(0, middle), key);
    const after = most(settled.slice(middle), key);
    return after > before + allowed[key] ? [`${key} from ${before} to ${after}`] : [];
  });
}

function serverAddress(n: number): string {
  return `10.1.${n >> 8}.${n & 255}`;
}

function dayConfig(dice: Dice): Config {
  const checks = ["quick", "plain", "sourced"] as const;
  const pace = {
    intervalMs: 10 * MINUTE_MS,
    fastIntervalMs: MINUTE_MS,
    downIntervalMs: 5 * MINUTE_MS,
    timeoutMs: 500,
  };
  const backends = Array.from(
    { length: SERVERS },
    (_, n) => [`b${n}`, { address: serverAddress(n), healthcheck: dice.pick(checks) }],
  );
  const each = SERVERS / FRONTENDS;
  const frontends = Array.from({ length: FRONTENDS }, (_, i) => {
    const names = Array.from({ length: each }, (_, n) => `b${i * each + n}:${dice.pick([1, 50])}`);
    const half = each / 2;
    const pools = `${names.slice(0, half).join(" ")} | ${names.slice(half).join(" ")}`;
    return [`f${i}`, { pools, address: `198.51.100.${i + 1}`, flushOnDown: dice.oneIn(2) }];
  });
  const config = smallConfig({
    healthchecks: Object.fromEntries(checks.map((name) => [name, pace])),
    backends: Object.fromEntries(backends),
    frontends: Object.fromEntries(frontends),
    newFlowsTableLength: 64,
  });
  const lb = config.vppLb!;
  return {
    ...config,
    vppLb: { ...lb, syncIntervalMs: 10 * MINUTE_MS, countersIntervalMs: MINUTE_MS },
  };
}

function dayActions(dice: Dice): readonly Action[] {
  const actions: Action[] = [];
  const endMs = hours * HOUR_MS;
  const each = (periodMs: number, happening: (atMs: number) => Happening) => {
    for (let atMs = dice.between(0.5, 1) * periodMs; atMs < endMs; atMs += periodMs) {
      actions.push({ atMs, ...happening(atMs) });
    }
  };
  for (let n = 0; n < FLAPPING; n++) {
    const server = serverAddress(n * 37);
    let isUp = true;
    each(dice.between(8, 20) * MINUTE_MS, () => {
      isUp = !isUp;
      return { kind: "server", server, behaviour: isUp ? "ok" : dice.pick(["refuse", "hang"]) };
    });
  }
  each(HOUR_MS, () => ({ kind: "reload", seed: dice.seed() }));
  each(3 * HOUR_MS, () => ({ kind: "vpp-restart", downMs: 5000, older: false }));
  each(10 * MINUTE_MS, () => ({
    kind: "act",
    action: dice.pick(["pause", "resume", "disable", "enable"] as const),
    seed: dice.seed(),
    forMs: 15 * MINUTE_MS,
  }));
  each(20 * MINUTE_MS, () => ({ kind: "weight", seed: dice.seed(), forMs: HOUR_MS }));
  each(2 * HOUR_MS, () => ({ kind: "sync", seed: dice.seed() }));
  return actions.sort((a, b) => a.atMs - b.atMs);
}
