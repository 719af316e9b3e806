/**
 * Measures the programming of an empty VPP, then reading it back and planning without changes,
 * through the daemon's own connection and reconciler with its log. The reference is a pipelined
 * client in C that sends the same requests (support/sync.c), in alternating rounds, each on a VPP
 * of its own.
 *
 *   deno run -A bench/sync.ts [--sizes 100x16,1000x16,10000x4] [--rounds 3] [--transport socket,shm]
 *     [--poll-sleep yes,no] [--socket PATH]
 *
 * Sizes are VIPs x servers of each. Real VPPs, with and without poll-sleep, are started from
 * MAGLEV_VPP_PREFIX; the client in C always uses the socket. From 5,000 VIPs on a size has one
 * round, because VPP itself takes ten seconds each time. With --socket the VPP or simulator there
 * is programmed once, without the client in C, and emptied afterwards. Prints one JSON object.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { ipFromBytes } from "../src/base/address.ts";
import { LogHandler } from "../src/log/handler.ts";
import { SystemClock } from "../src/system/system_clock.ts";
import { createVppConnection } from "../src/vpp/api/connection.ts";
import type { DesiredVip } from "../src/vpp/lb/model.ts";
import type { DesiredSource } from "../src/vpp/ports.ts";
import { Reconciler } from "../src/vpp/sync/reconcile.ts";
import type { SyncReport } from "../src/vpp/sync/report.ts";
import { type ApiKind, type RunningVpp, SKIP_REASON, startVpp } from "../tests/vpp/support.ts";
import { compileReference } from "./support/compile.ts";
import { environment } from "./support/environment.ts";

/** Unanswered requests of the client in C; the daemon's client has the same limit. */
const WINDOW = 256;
/** Full runs without changes; the median counts. */
const READ_BACKS = 9;
/** From this number on VPP needs ten seconds each time: one round. */
const MANY_VIPS = 5000;

interface Size {
  readonly vips: number;
  readonly servers: number;
}

interface Figures {
  /** From the connect's trigger to the last reply, including the read of the empty VPP. */
  readonly programS: number;
  readonly programCpuS: number;
  /** Full run without changes, VPP's own share included. */
  readonly readBackMs: number;
  /** CPU of this process in that run, all threads. */
  readonly readBackCpuMs: number;
}

const CLOCK = new SystemClock();

function wishes(size: Size): DesiredVip[] {
  return Array.from({ length: size.vips }, (_, i) => ({
    address: ipFromBytes(Uint8Array.of(198, 18 + (i >> 16), (i >> 8) & 255, i & 255)),
    prefixLength: 32,
    protocol: 6,
    port: 80,
    encap: "gre4",
    srcIpSticky: false,
    newFlowsTableLength: 1024,
    servers: Array.from({ length: size.servers }, (_, j) => ({
      address: ipFromBytes(Uint8Array.of(10, 0, (j + 1) >> 8, (j + 1) & 255)),
      weight: 100,
      flush: false,
    })),
  }));
}

function sourceOf(vips: readonly DesiredVip[]): DesiredSource {
  const byName = new Map(vips.map((vip, i) => [`f${i}`, vip]));
  return {
    frontends: () => [...byName.keys()],
    desired: (frontend) => byName.get(frontend),
    known: () => true,
    blind: () => false,
    lbConf: () => ({
      ip4SrcAddress: ipFromBytes(Uint8Array.of(192, 0, 2, 1)),
      ip6SrcAddress: ipFromBytes(new Uint8Array(16).fill(1)),
      stickyBucketsPerCore: 1024,
      flowTimeoutS: 40,
    }),
  };
}

/** The daemon's VPP side, with its log discarded. */
function programmer(socket: string, vips: readonly DesiredVip[]) {
  const writer = { write: (bytes: Uint8Array) => Promise.resolve(bytes.length) };
  const logger = new LogHandler({ level: "info", format: "json", clock: CLOCK, writer });
  const connection = createVppConnection({
    apiAddress: socket,
    clock: CLOCK,
    logger,
    observer: { message() {} },
  });
  const first = Promise.withResolvers<SyncReport>();
  const reconciler = new Reconciler({
    connection,
    source: sourceOf(vips),
    clock: CLOCK,
    logger,
    lbConfig: () => ({ syncIntervalMs: 3_600_000, startupMinDelayMs: 0, startupMaxDelayMs: 0 }),
    onStats: first.resolve,
  });
  return { connection, reconciler, first: first.promise };
}

async function measureDaemon(address: string, size: Size): Promise<Figures> {
  const { connection, reconciler, first } = programmer(address, wishes(size));
  const cpu = process.cpuUsage();
  reconciler.start();
  connection.start();
  const report = await first;
  const programCpuS = cpuMsSince(cpu) / 1000;
  const { vip_added, as_added } = report.counts;
  if (vip_added !== size.vips || as_added !== size.vips * size.servers || report.failed > 0) {
    throw new Error(`Not programmed as wanted: ${JSON.stringify(report)}`);
  }
  const walls: number[] = [];
  const cpus: number[] = [];
  for (let i = 0; i < READ_BACKS; i++) {
    const before = process.cpuUsage();
    const startMs = performance.now();
    await reconciler.sync();
    walls.push(performance.now() - startMs);
    cpus.push(cpuMsSince(before));
  }
  await reconciler.stop();
  await connection.stop();
  return {
    programS: report.durationMs / 1000,
    programCpuS,
    readBackMs: median(walls),
    readBackCpuMs: median(cpus),
  };
}

async function empty(socket: string): Promise<void> {
  const { connection, reconciler, first } = programmer(socket, []);
  reconciler.start();
  connection.start();
  await first;
  await reconciler.stop();
  await connection.stop();
}

function cpuMsSince(start: ReturnType<typeof process.cpuUsage>): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

function medians<K extends string>(
  runs: readonly Readonly<Record<K, number>>[],
): Record<K, number> {
  const keys = Object.keys(runs[0] ?? {}) as K[];
  const entries = keys.map((key) => [key, round(median(runs.map((run) => run[key])))]);
  return Object.fromEntries(entries);
}

interface ReferenceFigures {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly refused: number;
}

async function measureReference(program: string, socket: string, size: Size) {
  const args = [socket, `${size.vips}`, `${size.servers}`, `${WINDOW}`];
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const figures: ReferenceFigures = JSON.parse(new TextDecoder().decode(stdout));
  if (figures.refused > 0) throw new Error(`VPP refused ${figures.refused} requests of sync.c`);
  return { programS: figures.seconds, programCpuS: figures.cpuSeconds };
}

/** One VPP for each measurement, because VPP keeps deleted objects for a while. */
async function onFreshVpp<T>(pollSleep: boolean, measure: (vpp: RunningVpp) => Promise<T>) {
  const vpp = await startVpp({ pollSleep });
  try {
    return await measure(vpp);
  } finally {
    await vpp.stop();
  }
}

interface Compare {
  readonly pollSleep: boolean;
  readonly kinds: readonly ApiKind[];
  readonly rounds: number;
  readonly program: string | undefined;
}

/** The daemon over each transport and the client in C, alternating. */
async function compare(size: Size, options: Compare): Promise<Record<string, unknown>[]> {
  const { pollSleep, kinds, program } = options;
  const rounds = size.vips >= MANY_VIPS ? 1 : options.rounds;
  const daemon = new Map(kinds.map((kind): [ApiKind, Figures[]] => [kind, []]));
  const reference: { programS: number; programCpuS: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [kind, runs] of daemon) {
      const measure = (vpp: RunningVpp) => measureDaemon(vpp.apiAddress(kind), size);
      runs.push(await onFreshVpp(pollSleep, measure));
    }
    if (program === undefined) continue;
    const measure = (vpp: RunningVpp) => measureReference(program, vpp.apiSocket, size);
    reference.push(await onFreshVpp(pollSleep, measure));
  }
  const theirs = reference.length === 0 ? undefined : medians(reference);
  return [...daemon].map(([transport, runs]) => {
    const ours = medians(runs);
    const ratio = theirs === undefined ? undefined : round(ours.programS / theirs.programS);
    return { ...size, transport, pollSleep, rounds, daemon: ours, reference: theirs, ratio };
  });
}

/** Parses `1000x16`. */
function sizeOf(text: string): Size {
  const [vips, servers] = text.split("x").map(Number);
  return { vips: vips ?? NaN, servers: servers ?? NaN };
}

async function main(): Promise<Record<string, unknown>> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      socket: { type: "string", default: "" },
      sizes: { type: "string", default: "100x16,1000x16,10000x4" },
      rounds: { type: "string", default: "3" },
      transport: { type: "string", default: "socket,shm" },
      "poll-sleep": { type: "string", default: "yes,no" },
    },
  });
  const sizes = values.sizes.split(",").map(sizeOf);
  const transports = values.transport.split(",");
  const kinds = transports.map((name): ApiKind => name === "shm" ? "shared memory" : "socket");
  const rounds = Number(values.rounds);
  const about = {
    benchmark: "sync",
    parameters: { sizes, rounds, readBacks: READ_BACKS, window: WINDOW },
    environment: environment(),
  };
  const results: Record<string, unknown>[] = [];
  if (values.socket !== "") {
    for (const size of sizes) {
      await empty(values.socket);
      results.push({ ...size, daemon: medians([await measureDaemon(values.socket, size)]) });
    }
    await empty(values.socket);
    return { ...about, vpp: "given", results };
  }
  if (SKIP_REASON !== "") return { ...about, skipped: "no --socket and no MAGLEV_VPP_PREFIX" };
  const folder = await Deno.makeTempDir();
  try {
    const program = await compileReference(folder, "sync");
    for (const size of sizes) {
      for (const pollSleep of values["poll-sleep"].split(",").map((word) => word === "yes")) {
        results.push(...await compare(size, { pollSleep, kinds, rounds, program }));
      }
    }
    return { ...about, vpp: "started", results };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

console.log(JSON.stringify(await main()));
