/**
 * Compares health checkers: maglevd, HAProxy, keepalived, and a minimal prober (limit.c), one after
 * the other on the same servers in the same run. Interface and figures are those of
 * ../shared/bench/health/drive.py, which must exist. HAProxy and keepalived come from Debian
 * (packages haproxy and keepalived; keepalived needs root). A checker that is not installed is left
 * out, and a message reports it.
 *
 * The servers and this driver have one core, the checker another: one core for each checker. Probes
 * are counted by the servers. Where a checker ends an attempt before the server accepts it
 * (HAProxy's bare TCP check), the kernel's number of connects counts. So run this in a network
 * namespace of its own, without other connections. The server's half of the handshake runs in the
 * checker's own system calls (loopback): compare with `limit`, which pays for it too.
 *
 *   unshare -n sh -c 'ip link set lo up; deno run --frozen -A bench/health.ts'
 *
 * Options: --checkers limit,maglevd,haproxy,keepalived --kinds tcp,http (also https, icmp)
 * --targets 100,1000,5000 --reps 1 --window 20 (s) --interval 1000 (ms) --timeout 500 (ms) --drill
 * 30 (servers of each sort; 0: none) --seed 1 --group 100 --farm-cpu 0 --checker-cpu 1 (-1: any)
 * --lock FILE (held, as by flock(1), while one kind and number is measured) --release FOLDER (the
 * maglevd of that release; default: of this checkout)
 */
import { parseArgs } from "node:util";
import type { Checker, Task } from "./support/checkers/checker.ts";
import { HAPROXY } from "./support/checkers/haproxy.ts";
import { KEEPALIVED } from "./support/checkers/keepalived.ts";
import { LIMIT } from "./support/checkers/limit.ts";
import { maglevdOf } from "./support/checkers/maglevd.ts";
import { environment } from "./support/environment.ts";
import { type HealthRow, measure } from "./support/health_measure.ts";
import { summaryOf } from "./support/health_summary.ts";
import { startTargets } from "./support/target_farm.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    checkers: { type: "string", default: "limit,maglevd,haproxy,keepalived" },
    kinds: { type: "string", default: "tcp,http" },
    targets: { type: "string", default: "100,1000,5000" },
    reps: { type: "string", default: "1" },
    window: { type: "string", default: "20" },
    interval: { type: "string", default: "1000" },
    timeout: { type: "string", default: "500" },
    drill: { type: "string", default: "30" },
    seed: { type: "string", default: "1" },
    group: { type: "string", default: "100" },
    "farm-cpu": { type: "string", default: "0" },
    "checker-cpu": { type: "string", default: "1" },
    lock: { type: "string", default: "" },
    release: { type: "string", default: "" },
  },
});

const CHECKERS: readonly Checker[] = [LIMIT, maglevdOf(values.release), HAPROXY, KEEPALIVED];

const parameters = {
  checkers: values.checkers.split(","),
  kinds: values.kinds.split(","),
  targets: values.targets.split(",").map(Number),
  reps: Number(values.reps),
  windowS: Number(values.window),
  intervalMs: Number(values.interval),
  timeoutMs: Number(values.timeout),
  rise: 2,
  fall: 3,
  drill: Number(values.drill),
  seed: Number(values.seed),
  group: Number(values.group),
  release: values.release,
  farmCpu: core(values["farm-cpu"]),
  checkerCpu: core(values["checker-cpu"]),
};

function core(text: string): number | undefined {
  const cpu = Number(text);
  return cpu < 0 || cpu >= navigator.hardwareConcurrency ? undefined : cpu;
}

/** Version of a checker; undefined: not installed. */
async function versionOf({ versionCommand }: Checker): Promise<string | undefined> {
  const [program, ...args] = versionCommand;
  try {
    const { stdout, stderr } = await new Deno.Command(program!, { args }).output();
    const decoder = new TextDecoder();
    return (decoder.decode(stdout) + decoder.decode(stderr)).split("\n")[0]!.trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  if (path === "") return await work();
  using file = await Deno.open(path, { create: true, append: true });
  await file.lock(true);
  return await work();
}

/** All checkers on the same servers. */
async function measureRound(kind: string, targets: number, rep: number): Promise<HealthRow[]> {
  const folder = await Deno.makeTempDir({ prefix: "maglev-bench-" });
  const farm = await startTargets({ kind, targets, cpu: parameters.farmCpu, folder });
  const { caFile, port } = farm;
  const rows: HealthRow[] = [];
  try {
    const able = chosen.filter(({ kinds }) => kinds.includes(kind));
    for (const checker of able) {
      const files = `${folder}/${checker.name}`;
      await Deno.mkdir(files);
      const cpu = parameters.checkerCpu;
      const task: Task = { ...parameters, kind, targets, port, caFile, cpu, folder: files };
      const row = await measure(checker, { ...parameters, task, farm, rep });
      console.error(JSON.stringify(row));
      rows.push(row);
    }
    return rows;
  } finally {
    await farm.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

const versions: Record<string, string> = {};
const chosen: Checker[] = [];
for (const checker of CHECKERS.filter(({ name }) => parameters.checkers.includes(name))) {
  const version = await versionOf(checker);
  if (version === undefined) console.error(`${checker.name} is not installed: left out`);
  else {
    versions[checker.name] = version;
    chosen.push(checker);
  }
}
if (parameters.farmCpu !== undefined) {
  const args = ["-a", "-p", "-c", String(parameters.farmCpu), String(Deno.pid)];
  await new Deno.Command("taskset", { args, stdout: "null" }).output();
}
const rows: HealthRow[] = [];
for (let rep = 0; rep < parameters.reps; rep++) {
  for (const kind of parameters.kinds) {
    for (const targets of parameters.targets) {
      rows.push(...await withLock(values.lock, () => measureRound(kind, targets, rep)));
    }
  }
}
console.log(JSON.stringify(
  { parameters, environment: environment(), versions, summary: summaryOf(rows), figures: rows },
  null,
  1,
));
