/** The drill: servers fail at random instants, and the time until the engine reports them down. */
import type { WallMs } from "../../src/base/instant.ts";
import { mulberry32 } from "../../tests/support/fakes/mulberry32.ts";
import type { Child } from "./child.ts";
import type { Farm } from "./farms.ts";

export interface DrillOptions {
  readonly farm: Farm;
  readonly engine: Child;
  readonly targets: number;
  readonly kind: string;
  readonly intervalMs: number;
  /** Servers of each sort; 0: no drill. */
  readonly drill: number;
  readonly seed: number;
}

/** Milliseconds from the failure to the verdict. */
export interface Latency {
  readonly p50: number;
  readonly max: number;
}

export interface Drill {
  readonly closed: Latency;
  /** Accepts and never responds (http), leaves connection attempts unanswered (tcp). */
  readonly hanging: Latency;
  /** Untouched servers that were reported down. */
  readonly spurious: number;
}

export async function drill(options: DrillOptions): Promise<Drill | undefined> {
  const { farm, engine, targets, intervalMs, seed } = options;
  const count = Math.min(options.drill, Math.floor(targets / 4));
  if (count === 0) return undefined;
  const failedAt = new Map<number, WallMs>();
  const touched = new Set<number>();
  const latencies = new Map<number, number>();
  let spurious = 0;
  let done = () => {};
  const allDown = new Promise<void>((resolve) => done = resolve);
  engine.listen(({ event, id, atMs }) => {
    if (event !== "down") return;
    const from = failedAt.get(id!);
    if (from === undefined || !touched.has(id!)) return void spurious++;
    latencies.set(id!, atMs! - from);
    if (latencies.size === 2 * count) done();
  });
  const prng = mulberry32(seed);
  // Every other one of a stride over all targets; instants at random within some two intervals.
  const stride = Math.floor(targets / (2 * count));
  for (let i = 0; i < 2 * count; i++) {
    const id = (i * stride + seed) % targets;
    touched.add(id);
    const bad = options.kind === "tcp" ? "stall" : "hang";
    const answer = farm.child.next(({ atMs }) => atMs !== undefined);
    await farm.child.send(`${i % 2 === 0 ? "close" : bad} ${id}`);
    failedAt.set(id, (await answer).atMs!);
    const pauseMs = prng() * 2 * intervalMs / count;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  await Promise.race([allDown, new Promise((resolve) => setTimeout(resolve, 20 * intervalMs))]);
  const ids = [...touched];
  return {
    closed: latencyOf(ids.filter((_, i) => i % 2 === 0), latencies),
    hanging: latencyOf(ids.filter((_, i) => i % 2 === 1), latencies),
    spurious,
  };
}

/** A server whose failure was never reported has an infinite latency, null in JSON. */
function latencyOf(ids: readonly number[], latencies: ReadonlyMap<number, number>): Latency {
  const sorted = ids.map((id) => latencies.get(id) ?? Infinity).sort((a, b) => a - b);
  return {
    p50: Math.round(sorted[Math.floor(sorted.length / 2)]!),
    max: Math.round(sorted.at(-1)!),
  };
}
