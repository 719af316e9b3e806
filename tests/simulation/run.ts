/** Runs one seed: its world, its actions, calm, and a second daemon at the end. */
import { Actor } from "./scenario/acting.ts";
import { type Action, actionsOf, actionText } from "./scenario/actions.ts";
import { Judge } from "./judge/judge.ts";
import type { Failure } from "./judge/judged_run.ts";
import { wantedOf } from "./judge/wanted.ts";
import { World } from "./world/world.ts";
import { isEncapFailed } from "../../src/health/encap.ts";
import { intentId } from "../../src/intent/intent.ts";
import { LOOK_EVERY_MS } from "../../src/intent/expiry.ts";

/** After the last action: each server has been noticed, and each short pause is over. */
const CALM_MS = 21_000;
/** A second daemon has seen each server. */
const SUCCESSOR_MS = 13_000;
/** Every fault is over after this, and every retry has been made. */
const LONGEST_CALM_MS = 120_000;

export interface RunOptions {
  readonly seed: number;
  /** Those that happen; default: all of the seed. */
  readonly actions?: readonly Action[];
  /** Without policies, and without what happens for their sake. */
  readonly plain?: boolean;
}

export interface RunResult {
  readonly seed: number;
  readonly failure: Failure | undefined;
  /** Of the whole trace. */
  readonly hash: string;
  readonly lines: number;
  /** Simulated milliseconds. */
  readonly simulatedMs: number;
  /** The newest lines of the trace. */
  readonly trace: readonly string[];
}

/** Lines of the trace that a result keeps. */
const TRACE_LINES = 400;

export async function runSeed(
  { seed, plain = false, actions = actionsOf(seed, plain) }: RunOptions,
): Promise<RunResult> {
  let judge!: Judge;
  const world = new World(seed, (world) => judge = new Judge(world), { plain });
  const actor = new Actor(world, judge);
  const over = () => judge.failure !== undefined;
  const onRejection = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    judge.failed(event.reason);
  };
  addEventListener("unhandledrejection", onRejection);
  try {
    world.boot();
    judge.killed(0);
    world.schedule(actions, (action) => {
      judge.trace.add(world.time.nowMs, `action ${actionText(action)}`);
      actor.act(action);
    });
    await world.pass((actions.at(-1)?.atMs ?? 0) + CALM_MS, over);
    await calm(world, judge);
    if (!over()) await succeed(world, judge, over);
  } finally {
    removeEventListener("unhandledrejection", onRejection);
    world.process?.kill();
  }
  return {
    seed,
    failure: judge.failure,
    hash: judge.trace.hash,
    lines: judge.trace.length,
    simulatedMs: world.time.nowMs,
    trace: judge.trace.last(TRACE_LINES),
  };
}

/** Lets time pass until VPP must be right. */
async function calm(world: World, judge: Judge): Promise<void> {
  const over = () => judge.failure !== undefined || judge.isCalm;
  await world.pass(LONGEST_CALM_MS, over);
  if (!judge.isCalm) judge.fail("calm comes", `it did not within ${LONGEST_CALM_MS} ms`);
}

/** A second daemon, started from what is on disk and in VPP, comes to the same state. */
async function succeed(world: World, judge: Judge, over: () => boolean): Promise<void> {
  const { daemon } = world;
  if (daemon === undefined) return judge.fail("the daemon runs", "none does after the calm");
  judge.checkVpp();
  const { backends, config } = daemon.checker.current;
  // Enabling a backend that the file disables lasts as long as the process.
  const lasts = [...config.backends.values()].every(({ name, enabled }) =>
    enabled || backends.get(name)?.state === "disabled"
  );
  /** After a clock was set back, an end may come while the second daemon starts. */
  const lastMs = world.time.wallMs + SUCCESSOR_MS + LONGEST_CALM_MS + LOOK_EVERY_MS;
  const { intents } = daemon.checker.current;
  const stays = intents.all().every(({ kind, fromMs = 0, untilMs = Infinity, scheduled }) =>
    // A drain ends when VPP counts no flow.
    kind !== "drain" && untilMs > lastMs && (scheduled !== true || fromMs > lastMs)
  ) && [...backends.values()].every(({ damping }) => damping?.suppressedMs === undefined);
  const states = () =>
    [...world.daemon!.checker.current.backends.values()].map(({ name, state }) =>
      `${name} ${state}`
    ).join(", ");
  const weights = () => {
    return [...wantedOf(world.daemon!.checker.current)].map(([vip, { servers }]) =>
      `${vip}: ${[...servers].map(([address, { weight }]) => `${address}=${weight}`).join(" ")}`
    ).join("; ");
  };
  const kept = () =>
    world.daemon!.checker.current.intents.all()
      .map((intent) => `${intent.kind} ${intentId(intent)}`).join(", ");
  const keepsHolds = canKeepHolds(world);
  const keptBefore = kept();
  const before = states();
  const weightsBefore = weights();
  judge.trace.add(world.time.nowMs, "a second daemon");
  judge.killed(100);
  world.kill();
  await world.pass(100, over);
  world.boot();
  await world.pass(SUCCESSOR_MS, over);
  await calm(world, judge);
  if (over()) return;
  const isSame = lasts && stays;
  if (isSame && kept() !== keptBefore) {
    judge.fail("intents survive", `"${keptBefore}" became "${kept()}"`);
  }
  if (isSame && states() !== before) {
    judge.fail("a second daemon comes to the same state", `${before} became ${states()}`);
  }
  if (isSame && !keepsHolds) {
    judge.trace.add(world.time.nowMs, "excuse: what policies held may be gone");
  } else if (isSame && weights() !== weightsBefore) {
    judge.fail("a second daemon comes to the same state", `${weightsBefore} became ${weights()}`);
  }
  judge.checkVpp();
  const { process } = world;
  judge.stopping(process!);
  let stopped = false;
  process!.end().then(() => {
    stopped = true;
    judge.stopped(process!);
  });
  await world.pass(3000, over);
  if (!stopped) judge.fail("the daemon stops", "it did not within 3 s");
}

/**
 * False when servers are held that a restart lets go. A hold goes on with the weights that VPP is
 * found with. Without warm-up they are replaced before, an old VPP does not report them, nor does one
 * with a VIP of another program, and of two backends with one address VPP does not report which is
 * held. Nor does it report that a server went out because of its health before an operator took it
 * out, so that another one is held.
 */
function canKeepHolds({ daemon, vpp }: World): boolean {
  const { config, backends, frontends } = daemon!.checker.current;
  const held = [...frontends.values()].flatMap(({ memory: { maxDown } }) =>
    [...maxDown?.values() ?? []].flatMap(({ held }) => held)
  );
  const isHeld = held.length > 0 ||
    [...frontends.values()].some(({ memory: { lastGood } }) => lastGood !== undefined);
  const addressOf = (name: string) => config.backends.get(name)!.address.text;
  const isShared = held.some((name) =>
    [...backends.keys()].some((other) => other !== name && addressOf(other) === addressOf(name))
  );
  const isTaken = [...frontends.values()].some(({ memory: { maxDown }, config: { pools } }) =>
    pools.some((pool) =>
      pool.backends.some(({ name, weight }) =>
        maxDown?.get(pool.name)?.out.includes(name) === true &&
        (weight === 0 || ["disabled", "paused"].includes(backends.get(name)!.state))
      )
    )
  );
  // Its checks through the tunnel pass at first: a policy may then hold what it did not hold before.
  const { encap } = daemon!.checker.current;
  const isDeaf = [...frontends.values()].some(({ name, config: { onAllDown, pools } }) =>
    (onAllDown !== undefined || pools.some(({ maxDown }) => maxDown !== undefined)) &&
    [...encap?.get(name)?.values() ?? []].some((check) =>
      check.mode === "on" && isEncapFailed(check)
    )
  );
  // A new daemon has no report of an agent yet.
  const isLowered = [...backends.values()].some(({ agent }) => agent !== undefined);
  if (isTaken || isDeaf || (isHeld && isLowered)) return false;
  const isKept = config.vppLb!.startupMaxDelayMs > 0 && vpp.release === "main" && !isShared &&
    vpp.natAddresses().size === 0;
  return !isHeld || isKept;
}
