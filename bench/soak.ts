/**
 * Detects growth over time. maglevd as a process, with the documented permissions and without VPP,
 * probes N servers of one kind for some minutes. Every ten seconds it samples memory, descriptors,
 * threads, probes, void probes, false verdicts, CPU, and the machine's connections in TIME_WAIT. It
 * prints first, last and greatest of each, and the slope of a straight line through all samples
 * after the first minute. Timers of the runtime cannot be seen from outside, but a leaked timer
 * holds memory.
 *
 *   unshare -n sh -c 'ip link set lo up; deno run --frozen -A bench/soak.ts --kind http'
 *
 * Options: --kind tcp (http, https, icmp, udp, dns) --targets 5000 --minutes 10 --interval 1000 (ms)
 * --timeout 500 (ms) --workers 1 --sample 10 (s)
 */
import { parseArgs } from "node:util";
import type { Task } from "./support/checkers/checker.ts";
import { changeOf, type LogRecord, startMaglevd } from "./support/checkers/maglevd.ts";
import { memoryMiB } from "./support/child.ts";
import { environment } from "./support/environment.ts";
import { treeCpu } from "./support/process_tree.ts";
import { startTargets, type TargetFarm } from "./support/target_farm.ts";
import { type Trend, trendOf } from "./support/trend.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    kind: { type: "string", default: "tcp" },
    targets: { type: "string", default: "5000" },
    minutes: { type: "string", default: "10" },
    interval: { type: "string", default: "1000" },
    timeout: { type: "string", default: "500" },
    workers: { type: "string", default: "1" },
    sample: { type: "string", default: "10" },
  },
});

const parameters = {
  kind: values.kind,
  targets: Number(values.targets),
  minutes: Number(values.minutes),
  intervalMs: Number(values.interval),
  timeoutMs: Number(values.timeout),
  workers: Number(values.workers),
  sampleS: Number(values.sample),
  rise: 2,
  fall: 3,
};

/** Samples before this do not count for the slope: caches fill, V8 compiles. */
const SETTLED_S = 60;
const START_LIMIT_MS = 60_000;

/** A sample. */
interface Sample {
  readonly atS: number;
  readonly rssMiB: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly timeWait: number;
  readonly probesPerSecond: number;
  readonly cpuUsPerProbe: number;
}

type Figure = Exclude<keyof Sample, "atS">;

/** Counts from the log. */
class Tally {
  readonly #up = new Set<number>();
  falseVerdicts = 0;
  voids = 0;

  get known(): number {
    return this.#up.size;
  }

  add(record: LogRecord): void {
    if (record.msg === "probe-void") this.voids += record.count ?? 1;
    const change = changeOf(record);
    if (change === undefined) return;
    if (change.up) this.#up.add(change.id);
    else this.falseVerdicts++;
  }
}

async function untilAllKnown(tally: Tally, failure: () => string | undefined): Promise<void> {
  const deadline = performance.now() + START_LIMIT_MS;
  while (tally.known < parameters.targets) {
    if (failure() !== undefined) throw new Error(failure());
    if (performance.now() > deadline) throw new Error(`Only ${tally.known} servers are known`);
    await pause(100);
  }
}

/** Samples until the time is over. */
async function* samples(pid: number, farm: TargetFarm): AsyncGenerator<Sample> {
  await farm.takeServed();
  const startMs = performance.now();
  let [beforeMs, cpuBefore] = [startMs, treeCpu(pid).runMs];
  for (let n = 1; n * parameters.sampleS <= parameters.minutes * 60; n++) {
    await pause(startMs + 1000 * n * parameters.sampleS - performance.now());
    const { count } = await farm.takeServed();
    const [nowMs, cpuNow] = [performance.now(), treeCpu(pid).runMs];
    yield {
      atS: Math.round((nowMs - startMs) / 1000),
      rssMiB: memoryMiB(pid),
      descriptors: [...Deno.readDirSync(`/proc/${pid}/fd`)].length,
      threads: [...Deno.readDirSync(`/proc/${pid}/task`)].length,
      timeWait: Number(/ tw (\d+)/.exec(Deno.readTextFileSync("/proc/net/sockstat"))?.[1]),
      probesPerSecond: Math.round((1000 * count) / (nowMs - beforeMs)),
      cpuUsPerProbe: Math.round((10_000 * (cpuNow - cpuBefore)) / count) / 10,
    };
    [beforeMs, cpuBefore] = [nowMs, cpuNow];
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

const folder = await Deno.makeTempDir({ prefix: "maglev-bench-" });
const farm = await startTargets({ ...parameters, cpu: undefined, folder });
const { port, caFile } = farm;
const task: Task = { ...parameters, port, caFile, folder, group: 100, cpu: undefined };
const tally = new Tally();
const maglevd = await startMaglevd(task, {
  workers: parameters.workers,
  onRecord: (record) => tally.add(record),
});
const taken: Sample[] = [];
try {
  await untilAllKnown(tally, maglevd.failure);
  for await (const sample of samples(maglevd.pid, farm)) {
    taken.push(sample);
    const { voids, falseVerdicts } = tally;
    console.error(JSON.stringify({ ...sample, voids, falseVerdicts }));
    if (maglevd.failure() !== undefined) throw new Error(maglevd.failure());
  }
} finally {
  await maglevd.stop();
  await farm.stop();
  await Deno.remove(folder, { recursive: true });
}
const settled = taken.filter(({ atS }) => atS > SETTLED_S);
const figures = Object.keys(taken[0]!).filter((key): key is Figure => key !== "atS");
const trends: Record<string, Trend> = Object.fromEntries(
  figures.map((key) => [key, trendOf(taken, { settled, value: (sample) => sample[key] })]),
);
const { voids, falseVerdicts } = tally;
console.log(JSON.stringify(
  { parameters, environment: environment(), figures: { ...trends, voids, falseVerdicts } },
  null,
  1,
));
