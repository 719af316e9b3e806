/**
 * Measures the cost of a scrape, and the delays that it causes. The daemon's own parts
 * (support/scraped_daemon.ts) probe N backends of a farm on loopback once a second, first without
 * scrapes, then with one a second. The first two are reported by themselves, because V8 compiles the
 * path during them. For each number of backends: time from request to last byte,
 * size of the page, CPU of the daemon per scrape, and lateness of probes and main thread in both
 * phases. The reference is a server with as many series of Prometheus' own library in Go, where
 * that is installed; it does nothing else.
 *
 * Options: --targets 100,1000,10000 --window 15 (s of each phase) --interval 1000 (ms of probes)
 */
import { parseArgs } from "node:util";
import { type Child, cpuMs, memoryMiB, start } from "./support/child.ts";
import { environment } from "./support/environment.ts";
import { startMetricsReference } from "./support/metrics_reference.ts";
import { startServers } from "./support/servers.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    targets: { type: "string", default: "100,1000,10000" },
    window: { type: "string", default: "15" },
    interval: { type: "string", default: "1000" },
  },
});

const parameters = {
  targets: values.targets.split(",").map(Number),
  windowS: Number(values.window),
  intervalMs: Number(values.interval),
};

interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** One phase. */
interface Phase {
  readonly probes: number;
  readonly voids: number;
  /** Of the starts of probes, in milliseconds. */
  readonly lateness: Spread;
  /** Of a timer of 5 ms on the main thread. */
  readonly lag: Spread;
}

interface Row {
  readonly backends: number;
  readonly farm: string;
  readonly series: number;
  readonly bytes: number;
  /** From the request to the last byte, in a separate process. */
  readonly scrapeMs: { readonly p50: number; readonly max: number };
  readonly coldMs: readonly number[];
  readonly cpuMsPerScrape: number;
  readonly alone: Phase;
  readonly scraped: Phase;
  readonly rssMiB: { readonly alone: number; readonly scraped: number };
  readonly falseVerdicts: number;
}

interface ReferenceFigures {
  readonly series: number;
  readonly bytes: number;
  readonly scrapeMs: { readonly p50: number; readonly max: number };
  readonly coldMs: readonly number[];
  readonly cpuMsPerScrape: number;
  readonly rssMiB: number;
}

interface Figures extends Phase {
  readonly transitions: number;
}

async function figures(daemon: Child): Promise<Figures> {
  await daemon.send("figures");
  return await daemon.next(({ event }) => event === "figures") as unknown as Figures;
}

/** Scrapes that V8 needs to compile the path. */
const COLD = 2;

interface Scrapes {
  /** Of the first COLD ones, in order. */
  readonly coldMs: readonly number[];
  /** Of the others, sorted. */
  readonly ms: readonly number[];
  readonly bytes: number;
  readonly series: number;
}

/** Scrapes once a second, each to its last byte. */
async function scrape(url: string): Promise<Scrapes> {
  const ms: number[] = [];
  let [bytes, series] = [0, 0];
  for (let i = 0; i < parameters.windowS; i++) {
    const startMs = performance.now();
    const page = new Uint8Array(await (await fetch(url)).arrayBuffer());
    const elapsedMs = performance.now() - startMs;
    ms.push(elapsedMs);
    bytes = page.length;
    if (i === 0) {
      const lines = new TextDecoder().decode(page).split("\n");
      series = lines.filter((line) => line !== "" && !line.startsWith("#")).length;
    }
    await pause(Math.max(0, 1000 - elapsedMs));
  }
  const coldMs = ms.slice(0, COLD).map(round);
  return { coldMs, ms: ms.slice(COLD).sort((a, b) => a - b), bytes, series };
}

async function measure(backends: number): Promise<Row> {
  await using farm = await startServers(backends);
  const args = [backends, farm.port, parameters.intervalMs].map(String);
  const daemon = start("scraped_daemon.ts", args);
  try {
    const known = daemon.next(({ event }) => event === "all-known");
    const { address } = await daemon.next(({ event }) => event === "metrics") as {
      address?: string;
    };
    await known;
    await pause(3000);
    await figures(daemon);
    const cpuStart = cpuMs(daemon.pid);
    await pause(1000 * parameters.windowS);
    const cpuAlone = cpuMs(daemon.pid) - cpuStart;
    const alone = await figures(daemon);
    const rssAlone = memoryMiB(daemon.pid);
    const cpuMiddle = cpuMs(daemon.pid);
    const fromMs = performance.now();
    const { coldMs, ms, bytes, series } = await scrape(`http://${address}/metrics`);
    const phases = (performance.now() - fromMs) / (1000 * parameters.windowS);
    const cpuScraped = cpuMs(daemon.pid) - cpuMiddle;
    const scraped = await figures(daemon);
    return {
      backends,
      farm: farm.kind,
      series,
      bytes,
      scrapeMs: spreadOf(ms),
      coldMs,
      cpuMsPerScrape: round((cpuScraped - cpuAlone * phases) / (COLD + ms.length)),
      alone: phaseOf(alone, 0),
      scraped: phaseOf(scraped, alone.probes),
      rssMiB: { alone: rssAlone, scraped: memoryMiB(daemon.pid) },
      falseVerdicts: scraped.transitions - backends,
    };
  } finally {
    await daemon.end();
  }
}

/** The same scrapes of the reference, with as many probes counted. */
async function referenceOf(
  backends: number,
): Promise<ReferenceFigures | { readonly skipped: string }> {
  const reference = await startMetricsReference(
    backends,
    (1000 * backends) / parameters.intervalMs,
  );
  if (typeof reference === "string") return { skipped: reference };
  const { child, url } = reference;
  try {
    await pause(3000);
    const cpuStart = cpuMs(child.pid);
    await pause(1000 * parameters.windowS);
    const cpuMiddle = cpuMs(child.pid);
    const fromMs = performance.now();
    const { coldMs, ms, bytes, series } = await scrape(url);
    const phases = (performance.now() - fromMs) / (1000 * parameters.windowS);
    const cpu = cpuMs(child.pid) - cpuMiddle - (cpuMiddle - cpuStart) * phases;
    return {
      series,
      bytes,
      scrapeMs: spreadOf(ms),
      coldMs,
      cpuMsPerScrape: round(cpu / (COLD + ms.length)),
      rssMiB: memoryMiB(child.pid),
    };
  } finally {
    await reference.stop();
  }
}

function spreadOf(sortedMs: readonly number[]): { readonly p50: number; readonly max: number } {
  return { p50: round(sortedMs[sortedMs.length >> 1]!), max: round(sortedMs.at(-1)!) };
}

function phaseOf({ probes, voids, lateness, lag }: Figures, before: number): Phase {
  const spread = ({ p50, p99, max }: Spread) => ({
    p50: round(p50),
    p99: round(p99),
    max: round(max),
  });
  return { probes: probes - before, voids, lateness: spread(lateness), lag: spread(lag) };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

const rows: object[] = [];
for (const backends of parameters.targets) {
  const row = { ...await measure(backends), reference: await referenceOf(backends) };
  console.error(JSON.stringify(row));
  rows.push(row);
}
console.log(JSON.stringify({ parameters, environment: environment(), figures: rows }, null, 1));
