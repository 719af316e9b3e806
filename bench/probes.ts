/**
 * Measures the cost of probing and the time to detect a change: the probe engine alone, without
 * checker and VPP, against a farm on loopback. For each kind and number of targets: CPU of the
 * whole process per probe (user and system time of /proc/PID/stat over the window), lateness, time
 * from the start of the process until every target is known, memory. Then a drill: servers closed
 * and hung at random instants, and the time until the verdict.
 *
 * The target's half of each connection runs in the prober's own system calls (loopback), so read
 * the figure only with its reference, measured in the same run: the cheapest honest prober of that
 * kind (support/reference.ts).
 *
 * For kinds encap-icmp and encap-tcp (root only) the servers are in a network namespace: the kernel
 * replies there as well, after a small program has taken GRE apart.
 *
 * With `--flat 10` each row is probed for ten minutes more: memory, descriptors and threads are
 * sampled every ten seconds, and `flat` has their trends. A leak has a slope.
 *
 * For kind icmp (not a default: it needs CAP_NET_RAW) the kernel replies for all addresses of the
 * farm. For udp and dns udp.c is both the servers and the reference. Servers that can be neither
 * closed nor hung have no drill.
 *
 * Options: --kinds tcp,http (also the others of support/probe_kinds.ts) --targets
 * 100,1000,5000,10000 --window 10 (s) --interval 1000 (ms) --timeout 500 (ms) --workers 1 --drill
 * 40 (servers of each sort; 0: none) --seed 1 --flat 0 (minutes)
 */
import { parseArgs } from "node:util";
import { clientCertificate } from "../tests/support/servers/client_certificates.ts";
import { certificates } from "../tests/support/servers/certificates.ts";
import { BENCH_KINDS, type TlsFiles } from "./support/probe_kinds.ts";
import { environment } from "./support/environment.ts";
import { type Drill, drill } from "./support/drill.ts";
import { type Child, cpuMs, memoryMiB, start } from "./support/child.ts";
import { startFarm } from "./support/farms.ts";
import { FineClock } from "./support/fine_clock.ts";
import { referenceUsOf } from "./support/reference.ts";
import { type Trend, trendOf } from "./support/trend.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    kinds: { type: "string", default: "tcp,http" },
    targets: { type: "string", default: "100,1000,5000,10000" },
    window: { type: "string", default: "10" },
    interval: { type: "string", default: "1000" },
    timeout: { type: "string", default: "500" },
    workers: { type: "string", default: "1" },
    drill: { type: "string", default: "40" },
    seed: { type: "string", default: "1" },
    flat: { type: "string", default: "0" },
  },
});

const parameters = {
  kinds: values.kinds.split(","),
  targets: values.targets.split(",").map(Number),
  windowS: Number(values.window),
  intervalMs: Number(values.interval),
  timeoutMs: Number(values.timeout),
  workers: Number(values.workers),
  drill: Number(values.drill),
  seed: Number(values.seed),
  flatMinutes: Number(values.flat),
};

/** Figures of one kind and number of targets. */
interface Row {
  readonly kind: string;
  readonly targets: number;
  readonly probesPerSecond: number;
  readonly cpuUsPerProbe: number;
  /** The same of the reference, and our cost divided by it. */
  readonly referenceUsPerProbe: number | undefined;
  readonly ratio: number | undefined;
  readonly latenessMs: { p50: number; p99: number; max: number };
  readonly allKnownMs: number;
  readonly rssMiB: number;
  /** Failures of healthy servers, and all results by code, since the start. */
  readonly falseFailures: number;
  readonly codes: Readonly<Record<string, number>>;
  readonly voids: number;
  readonly drill: Drill | undefined;
  readonly flat: Flat | undefined;
}

/** Growth over time, after the first minute. */
interface Flat {
  readonly rssMiB: Trend;
  readonly descriptors: Trend;
  readonly threads: Trend;
}

async function measure(kind: string, targets: number): Promise<Row> {
  const bench = BENCH_KINDS[kind];
  if (bench === undefined) throw new Error(`the benchmark does not know the kind ${kind}`);
  const farm = await startFarm(targets, bench.farm);
  const files = await tlsFiles();
  const { port, netns } = farm;
  const reference = await referenceUsOf(kind, { ...parameters, targets, port, netns, files });
  const fromMs = new FineClock().wallMs();
  const { intervalMs, timeoutMs, workers, windowS } = parameters;
  const args = [targets, port, kind, intervalMs, timeoutMs, workers, netns].map(String);
  if (bench.farm.startsWith("https")) args.push(files.ca, files.cert, files.key);
  const engine = start("engine.ts", args);
  try {
    const known = await engine.next((record) => record.event === "all-known");
    await pause(3000);
    const before = await figures(engine);
    const [cpuFrom, wallFrom] = [cpuMs(engine.pid), performance.now()];
    await pause(1000 * windowS);
    const [cpu, wallMs] = [cpuMs(engine.pid) - cpuFrom, performance.now() - wallFrom];
    const window = await figures(engine);
    const probes = window.probes - before.probes;
    const cpuUsPerProbe = (1000 * cpu) / probes;
    const rssMiB = memoryMiB(engine.pid);
    return {
      kind,
      targets,
      probesPerSecond: Math.round((1000 * probes) / wallMs),
      cpuUsPerProbe: round(cpuUsPerProbe),
      referenceUsPerProbe: reference === undefined ? undefined : round(reference),
      ratio: reference === undefined ? undefined : round(cpuUsPerProbe / reference),
      latenessMs: {
        p50: round(window.lateness.p50),
        p99: round(window.lateness.p99),
        max: round(window.lateness.max),
      },
      allKnownMs: Math.round(known.atMs! - fromMs),
      rssMiB,
      falseFailures: window.failures,
      codes: window.codes,
      voids: window.voids,
      flat: await flat(engine.pid),
      drill: WITHOUT_DRILL.includes(bench.farm)
        ? undefined
        : await drill({ ...parameters, farm, engine, targets, kind: bench.farm }),
    };
  } finally {
    await engine.end();
    await farm.child.end();
  }
}

async function tlsFiles(): Promise<TlsFiles> {
  const { folder } = await certificates();
  return { ca: `${folder}/ca.pem`, ...await clientCertificate("/CN=probe") };
}

interface Figures {
  /** Since the start; lateness: since the last figures. */
  readonly probes: number;
  readonly lateness: { count: number; p50: number; p99: number; max: number };
  readonly failures: number;
  readonly voids: number;
  readonly codes: Readonly<Record<string, number>>;
}

async function figures(engine: Child): Promise<Figures> {
  await engine.send("figures");
  const record = await engine.next(({ event }) => event === "figures");
  return record as unknown as Figures;
}

const SAMPLE_MS = 10_000;
const SETTLED_S = 60;

async function flat(pid: number): Promise<Flat | undefined> {
  const count = (1000 * 60 * parameters.flatMinutes) / SAMPLE_MS;
  if (count === 0) return undefined;
  const samples: ({ readonly atS: number } & Record<keyof Flat, number>)[] = [];
  for (let i = 0; i < count; i++) {
    await pause(SAMPLE_MS);
    const entries = (folder: string) => [...Deno.readDirSync(`/proc/${pid}/${folder}`)].length;
    const atS = ((i + 1) * SAMPLE_MS) / 1000;
    const [descriptors, threads] = [entries("fd"), entries("task")];
    samples.push({ atS, rssMiB: memoryMiB(pid), descriptors, threads });
  }
  const settled = samples.filter(({ atS }) => atS >= SETTLED_S);
  const trend = (key: keyof Flat) => trendOf(samples, { settled, value: (sample) => sample[key] });
  return {
    rssMiB: trend("rssMiB"),
    descriptors: trend("descriptors"),
    threads: trend("threads"),
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Farms whose servers can be neither closed nor hung. */
const WITHOUT_DRILL = ["icmp", "udp", "encap", "agent", "dns-tcp"];

const rows: Row[] = [];
for (const kind of parameters.kinds) {
  for (const targets of parameters.targets) {
    const row = await measure(kind, targets);
    console.error(JSON.stringify(row));
    rows.push(row);
  }
}
console.log(JSON.stringify({ parameters, environment: environment(), figures: rows }, null, 1));
