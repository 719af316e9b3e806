/** One checker, from its start through a window of steady probing and the drill to its end. */
import { type WallMs, wallMsOf } from "../../src/base/instant.ts";
import type { Change, Checker, Task } from "./checkers/checker.ts";
import { type HealthDrill, healthDrill } from "./health_drill.ts";
import { type Memory, treeCpu, treeMemory } from "./process_tree.ts";
import type { TargetFarm } from "./target_farm.ts";

/** Time for all servers to be known, and from then to the window. */
const START_LIMIT_MS = 60_000;
const SETTLE_MS = 3000;

/** Figures of one checker, kind and number of targets, in one repetition. */
export interface HealthRow {
  readonly checker: string;
  readonly kind: string;
  readonly targets: number;
  readonly rep: number;
  /** Load of the machine over a minute, before and after. */
  readonly load: readonly [number, number];
  /** From the start of the process to its report on the last server; null: it reports nothing. */
  readonly allKnownMs: number | null;
  readonly probesPerSecond: number;
  readonly cpuUsPerProbe: number;
  /** The same from the scheduler's run time. */
  readonly runUsPerProbe: number;
  /** CPU of the servers, not included above. */
  readonly farmUsPerProbe: number | null;
  /** Greatest resident size until the window's end, and greatest proportional size within it. */
  readonly rssMiB: number;
  readonly pssMiB: number;
  /** Reports of down on untouched servers, over the whole time. */
  readonly falseVerdicts: number;
  readonly drill: Omit<HealthDrill, "touched"> | null;
}

export interface MeasureOptions {
  readonly task: Task;
  readonly farm: TargetFarm;
  readonly rep: number;
  readonly windowS: number;
  /** Servers of each sort in the drill; 0: none. */
  readonly drill: number;
  readonly seed: number;
}

export async function measure(checker: Checker, options: MeasureOptions): Promise<HealthRow> {
  const { task, farm, rep, windowS, seed } = options;
  const changes: Change[] = [];
  const loadBefore = load();
  const fromMs = wallMsOf(new Date());
  const running = await checker.start(task, (change) => changes.push(change));
  try {
    const known = await allKnown({ checker, task, changes, fromMs, failure: running.failure });
    await pause(SETTLE_MS);
    const window = await measureWindow(running.pid, { farm, windowS });
    const failure = running.failure();
    if (failure !== undefined) throw new Error(failure);
    const drilled = checker.states
      ? await healthDrill({ task, farm, changes, count: options.drill, seed: seed + rep })
      : undefined;
    const { touched, ...drill } = drilled ?? { touched: new Set<number>() };
    return {
      ...{ checker: checker.name, kind: task.kind, targets: task.targets, rep },
      load: [loadBefore, load()],
      allKnownMs: known,
      ...window,
      falseVerdicts: changes.filter(({ id, up }) => !up && !touched.has(id)).length,
      drill: drilled === undefined ? null : drill as Omit<HealthDrill, "touched">,
    };
  } finally {
    await running.stop();
  }
}

interface AllKnownOptions {
  readonly checker: Checker;
  readonly task: Task;
  readonly changes: readonly Change[];
  readonly fromMs: WallMs;
  readonly failure: () => string | undefined;
}

async function allKnown(options: AllKnownOptions): Promise<number | null> {
  const { checker, task, changes, fromMs, failure } = options;
  if (!checker.states) return null;
  const first = new Map<number, WallMs>();
  for (let read = 0; first.size < task.targets;) {
    if (failure() !== undefined) throw new Error(failure());
    if (Date.now() > fromMs + START_LIMIT_MS) return null;
    for (; read < changes.length; read++) {
      const { id, up, atMs } = changes[read]!;
      if (up && !first.has(id)) first.set(id, atMs);
    }
    await pause(10);
  }
  return Math.round(Math.max(...first.values()) - fromMs);
}

type Window = Pick<
  HealthRow,
  "probesPerSecond" | "cpuUsPerProbe" | "runUsPerProbe" | "farmUsPerProbe" | "rssMiB" | "pssMiB"
>;

async function measureWindow(
  pid: number,
  { farm, windowS }: { readonly farm: TargetFarm; readonly windowS: number },
): Promise<Window> {
  await farm.takeServed();
  const [fromMs, cpuFrom, opensFrom] = [performance.now(), treeCpu(pid), activeOpens()];
  const endMs = fromMs + 1000 * windowS;
  let memory: Memory = { peakRss: 0, pss: 0 };
  while (performance.now() < endMs) {
    await pause(Math.min(2500, endMs - performance.now()));
    const { peakRss, pss } = treeMemory(pid);
    memory = { peakRss, pss: Math.max(pss, memory.pss) };
  }
  const served = await farm.takeServed();
  const [cpuTo, opens, wallMs] = [
    treeCpu(pid),
    activeOpens() - opensFrom,
    performance.now() - fromMs,
  ];
  // Only the kernel counts an attempt that ends before the server accepts it.
  const probes = Math.max(1, served.count, opens);
  const perProbe = (ms: number) => round((1000 * ms) / probes);
  return {
    probesPerSecond: Math.round((1000 * probes) / wallMs),
    cpuUsPerProbe: perProbe(cpuTo.ticksMs - cpuFrom.ticksMs),
    runUsPerProbe: perProbe(cpuTo.runMs - cpuFrom.runMs),
    farmUsPerProbe: served.cpuMs === undefined ? null : perProbe(served.cpuMs),
    rssMiB: round(memory.peakRss),
    pssMiB: round(memory.pss),
  };
}

/** Connects of this network namespace so far: /proc/net/snmp, RFC 4022. */
function activeOpens(): number {
  const lines = Deno.readTextFileSync("/proc/net/snmp").split("\n");
  const [names, counts] = lines.filter((line) => line.startsWith("Tcp:"))
    .map((line) => line.split(" "));
  return Number(counts![names!.indexOf("ActiveOpens")]);
}

function load(): number {
  return round(Deno.loadavg()[0]!);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
