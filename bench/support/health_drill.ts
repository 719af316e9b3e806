/**
 * The drill of ../shared/bench/health/drive.py: some servers are closed and as many hung, each at a
 * random instant within two intervals. When all are reported down, all are opened again likewise.
 * Measures the time from the event to the checker's report.
 */
import type { WallMs } from "../../src/base/instant.ts";
import { mulberry32 } from "../../tests/support/fakes/mulberry32.ts";
import type { Change, Task } from "./checkers/checker.ts";
import type { TargetFarm, Verb } from "./target_farm.ts";

/** Milliseconds from the failure to its report; without any report, null. */
export interface Latency {
  readonly p50: number | null;
  readonly max: number | null;
  /** Servers whose report did not come in time. */
  readonly missed: number;
}

export interface HealthDrill {
  readonly closedToDown: Latency;
  readonly hungToDown: Latency;
  readonly closedToUp: Latency;
  readonly hungToUp: Latency;
  /** Time of each server's first change. */
  readonly touched: ReadonlySet<number>;
}

export interface HealthDrillOptions {
  readonly task: Task;
  readonly farm: TargetFarm;
  /** Everything reported so far; grows. */
  readonly changes: readonly Change[];
  /** Servers of each sort. */
  readonly count: number;
  readonly seed: number;
}

export async function healthDrill(options: HealthDrillOptions): Promise<HealthDrill | undefined> {
  const { task, farm } = options;
  const count = Math.min(options.count, Math.floor(task.targets / 2));
  const { bad } = farm;
  if (count === 0 || bad === undefined) return undefined;
  const prng = mulberry32(options.seed);
  const chosen = sample(2 * count, { of: task.targets, prng });
  const closed = chosen.slice(0, count);
  const verbs = new Map<number, Verb>(chosen.map((id, at) => [id, at < count ? "close" : bad]));
  const down = await round({ ...options, prng, verbs, up: false });
  const open = new Map<number, Verb>(chosen.map((id) => [id, "open"]));
  const up = await round({ ...options, prng, verbs: open, up: true });
  const hung = chosen.slice(count);
  return {
    closedToDown: latencyOf(closed, down),
    hungToDown: latencyOf(hung, down),
    closedToUp: latencyOf(closed, up),
    hungToUp: latencyOf(hung, up),
    touched: new Set(chosen),
  };
}

interface RoundOptions extends HealthDrillOptions {
  readonly prng: () => number;
  readonly verbs: ReadonlyMap<number, Verb>;
  /** The expected report. */
  readonly up: boolean;
}

/** Latencies by server, without those that were not reported in time. */
async function round(options: RoundOptions): Promise<ReadonlyMap<number, number>> {
  const { task, farm, changes, prng, verbs, up } = options;
  const { intervalMs, timeoutMs } = task;
  const plan = [...verbs].map(([id, verb]) => ({ id, verb, afterMs: prng() * 2 * intervalMs }))
    .sort((a, b) => a.afterMs - b.afterMs);
  const [from, startMs] = [changes.length, performance.now()];
  const doneAt = new Map<number, WallMs>();
  for (const { id, verb, afterMs } of plan) {
    await pause(startMs + afterMs - performance.now());
    doneAt.set(id, await farm.act(verb, id));
  }
  const needed = up ? task.rise : task.fall;
  const deadline = performance.now() + (needed + 1) * (intervalMs + timeoutMs) + 3000;
  let found = latencies();
  while (found.size < doneAt.size && performance.now() < deadline) {
    await pause(20);
    found = latencies();
  }
  return found;

  function latencies(): ReadonlyMap<number, number> {
    const found = new Map<number, number>();
    for (const change of changes.slice(from)) {
      const actedMs = doneAt.get(change.id);
      if (actedMs === undefined || change.up !== up || found.has(change.id)) continue;
      // Some reports carry whole milliseconds only.
      if (change.atMs >= Math.floor(actedMs)) found.set(change.id, change.atMs - actedMs);
    }
    return found;
  }
}

/** `count` different numbers below `of`. */
function sample(
  count: number,
  { of, prng }: { readonly of: number; readonly prng: () => number },
): readonly number[] {
  const chosen = new Set<number>();
  while (chosen.size < count) chosen.add(Math.floor(prng() * of));
  return [...chosen];
}

function latencyOf(ids: readonly number[], latencies: ReadonlyMap<number, number>): Latency {
  const sorted = ids.flatMap((id) => latencies.get(id) ?? []).sort((a, b) => a - b);
  const rounded = (value: number | undefined) => value === undefined ? null : Math.round(value);
  return {
    p50: rounded(sorted[Math.floor(sorted.length / 2)]),
    max: rounded(sorted.at(-1)),
    missed: ids.length - sorted.length,
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
