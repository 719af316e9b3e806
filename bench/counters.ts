/**
 * Measures a snapshot of all VIPs' counters as JS values. The reference is a C program that reads
 * the same segment over a mapping (support/counters.c), in alternating rounds.
 *
 *   deno run -A bench/counters.ts [--vips 100,1000,10000] [--rounds 2000] [--on sim,vpp]
 *
 * Runs on a simulated VPP, and on a real one where MAGLEV_VPP_PREFIX names it. Prints one JSON
 * object. `values`: the four packet counters of every VIP, each read in JS. `snapshot`: the
 * daemon's snapshot, with the routes' packets and bytes. `objects`: the same, and one object for
 * each VIP, as the API and the metrics use them.
 */
import { parseArgs } from "node:util";
import { parseIp } from "../src/base/address.ts";
import { EPOCH_MS } from "../src/base/instant.ts";
import { startSimulator } from "../src/sim/api_server.ts";
import { countTraffic } from "../src/sim/plugin/traffic.ts";
import { SystemClock } from "../src/system/system_clock.ts";
import { createVppConnection } from "../src/vpp/api/connection.ts";
import { CountersPlan } from "../src/vpp/counters/plan.ts";
import type { LbApi, StatsReader } from "../src/vpp/ports.ts";
import { openStatsSession } from "../src/vpp/stats/session.ts";
import { executeOn } from "../tests/support/worlds/plugin_lb.ts";
import { RecordingLogger } from "../tests/support/fakes/recording_logger.ts";
import { desired } from "../tests/support/fakes/vips.ts";
import { SKIP_REASON, startVpp } from "../tests/vpp/support.ts";
import { compileReference } from "./support/compile.ts";
import { environment } from "./support/environment.ts";

const CLOCK = new SystemClock();
/** Rounds, alternating with the reference; the median counts. */
const TURNS = 5;

interface Times {
  readonly p50Us: number;
  readonly p99Us: number;
}

interface Row {
  readonly on: string;
  readonly vips: number;
  readonly values: Times;
  readonly snapshot: Times;
  readonly objects: Times;
  readonly reference: Times | string;
  readonly ratio: number | undefined;
}

/** A VPP with VIPs of pool indices 1 to `vips`. */
interface Subject {
  readonly on: string;
  readonly stats: StatsReader;
  readonly statsPath: string;
  readonly routes: readonly number[];
  close(): Promise<void>;
}

function vipAt(n: number) {
  return desired(`10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`, "", {
    newFlowsTableLength: 2,
  });
}

async function connected(apiAddress: string, statsAddress: string) {
  const logger = new RecordingLogger();
  const connection = createVppConnection({
    apiAddress,
    statsAddress,
    openStats: openStatsSession,
    clock: CLOCK,
    logger,
    observer: { message() {} },
  });
  const up = Promise.withResolvers<{ lb: LbApi; stats: StatsReader }>();
  connection.subscribe((state) => {
    if (state.kind === "connected") up.resolve({ lb: state.lb, stats: state.stats! });
  });
  connection.start();
  return { connection, ...await up.promise };
}

async function simulated(vips: number): Promise<Subject> {
  const folder = await Deno.makeTempDir();
  const statsPath = `${folder}/stats.sock`;
  const simulator = await startSimulator({ path: `${folder}/api.sock`, statsPath, clock: CLOCK });
  for (let n = 1; n <= vips; n++) {
    const vip = vipAt(n);
    executeOn(simulator.plugin, { kind: "vip-add", vip });
    const address = parseIp(vip.address.text)!;
    if (n <= 100) {
      countTraffic(simulator.plugin, { address, port: 80, packets: n, bytes: n, kind: "next" });
    }
  }
  const { connection, lb, stats } = await connected(simulator.path, statsPath);
  const routes = await routesOf(lb, vips);
  return {
    on: "simulator",
    stats,
    statsPath,
    routes,
    async close() {
      await connection.stop();
      await simulator.stop();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function real(vips: number): Promise<Subject> {
  const vpp = await startVpp({ pollSleep: false });
  const { connection, lb, stats } = await connected(vpp.apiSocket, vpp.statsSocket);
  for (let n = 1; n <= vips; n += 256) {
    const last = Math.min(vips, n + 255);
    const batch = Array.from({ length: last - n + 1 }, (_, i) => lb.addVip(vipAt(n + i)));
    const retvals = await Promise.all(batch);
    if (retvals.some((retval) => retval !== 0)) throw new Error(`VPP refuses: ${retvals}`);
  }
  const routes = await routesOf(lb, vips);
  return {
    on: "VPP",
    stats,
    statsPath: vpp.statsSocket,
    routes,
    async close() {
      await connection.stop();
      await vpp.stop();
    },
  };
}

async function routesOf(lb: LbApi, vips: number): Promise<number[]> {
  const routes: number[] = [];
  for (let n = 1; n <= vips; n++) routes.push(await lb.routeIndex(vipAt(n)) ?? 0);
  return routes;
}

/** p50 and p99 of `rounds` calls of `fn`; `expected` is its result. The first calls are not counted. */
function timed(rounds: number, expected: number, fn: () => number): Times {
  const us = new Float64Array(rounds);
  for (let i = -Math.ceil(rounds / 10); i < rounds; i++) {
    const startMs = performance.now();
    const sum = fn();
    if (i >= 0) us[i] = (performance.now() - startMs) * 1000;
    if (sum !== expected) throw new Error(`The counters' sum is ${sum}, not ${expected}`);
  }
  us.sort();
  return { p50Us: us[rounds >> 1]!, p99Us: us[Math.floor(rounds * 0.99)]! };
}

function read(plan: CountersPlan): readonly Float64Array[] {
  const outcome = plan.read();
  if (outcome.kind !== "ok") throw new Error(`The segment cannot be read: ${outcome.kind}`);
  return outcome.values;
}

function sumOf(columns: readonly Float64Array[]): number {
  let sum = 0;
  for (const column of columns.slice(0, 4)) {
    for (let i = 0; i < column.length; i++) sum += column[i]!;
  }
  return sum;
}

function measureOurs(subject: Subject, rounds: number, expected: number) {
  const vips = subject.routes.map((routeIndex, i) => ({
    vip: vipAt(i + 1),
    poolIndex: i + 1,
    routeIndex,
  }));
  const alone = new CountersPlan(
    { vips: vips.map((vip) => ({ ...vip, routeIndex: undefined })), servers: [] },
    subject.stats,
  );
  const whole = new CountersPlan({ vips, servers: [] }, subject.stats);
  return {
    values: timed(rounds, expected, () => sumOf(read(alone))),
    snapshot: timed(rounds, expected, () => {
      const values = read(whole);
      return whole.snapshot(values, EPOCH_MS).vips.length === vips.length ? sumOf(values) : -1;
    }),
    objects: timed(Math.ceil(rounds / 10), expected, () => {
      const snapshot = whole.snapshot(read(whole), EPOCH_MS);
      let sum = 0;
      for (let i = 0; i < snapshot.vips.length; i++) {
        const { next, first, untracked, noServer } = snapshot.at(i);
        sum += next + first + untracked + noServer;
      }
      return sum;
    }),
  };
}

async function measureReference(
  program: string,
  subject: Subject,
  rounds: number,
): Promise<Times & { readonly sum: number }> {
  const args = [subject.statsPath, `${subject.routes.length}`, `${rounds}`];
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

function median(runs: readonly Times[]): Times {
  const of = (pick: (run: Times) => number) => {
    const sorted = runs.map(pick).sort((a, b) => a - b);
    return Math.round(sorted[sorted.length >> 1]! * 10) / 10;
  };
  return { p50Us: of((run) => run.p50Us), p99Us: of((run) => run.p99Us) };
}

async function measure(subject: Subject, rounds: number, program?: string): Promise<Row> {
  const ours = [];
  const theirs = [];
  // Counters of the simulator; a real VPP has seen no packets.
  const shown = Math.min(100, subject.routes.length);
  const expected = subject.on === "simulator" ? shown * (shown + 1) / 2 : 0;
  for (let turn = 0; turn < TURNS; turn++) {
    ours.push(measureOurs(subject, rounds, expected));
    if (program === undefined) continue;
    const reference = await measureReference(program, subject, rounds);
    if (reference.sum !== expected) throw new Error(`The reference has ${reference.sum}`);
    theirs.push(reference);
  }
  const values = median(ours.map((run) => run.values));
  const reference = theirs.length === 0 ? "no C compiler (cc)" : median(theirs);
  return {
    on: subject.on,
    vips: subject.routes.length,
    values,
    snapshot: median(ours.map((run) => run.snapshot)),
    objects: median(ours.map((run) => run.objects)),
    reference,
    ratio: typeof reference === "string"
      ? undefined
      : Math.round(10 * values.p50Us / reference.p50Us) / 10,
  };
}

async function main(): Promise<Record<string, unknown>> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      vips: { type: "string", default: "100,1000,10000" },
      rounds: { type: "string", default: "2000" },
      on: { type: "string", default: SKIP_REASON === "" ? "sim,vpp" : "sim" },
    },
  });
  const rounds = Number(values.rounds);
  const folder = await Deno.makeTempDir();
  const figures: Row[] = [];
  try {
    const program = await compileReference(folder, "counters");
    for (const on of values.on.split(",")) {
      for (const vips of values.vips.split(",").map(Number)) {
        const subject = on === "vpp" ? await real(vips) : await simulated(vips);
        try {
          figures.push(await measure(subject, rounds, program));
        } finally {
          await subject.close();
        }
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const parameters = { vips: values.vips, rounds, turns: TURNS };
  return { benchmark: "counters", parameters, environment: environment(), figures };
}

console.log(JSON.stringify(await main()));
