/**
 * Measures the path of a failure inside the daemon. Servers of a farm die one after another under
 * steady probing. Figures: the time from the verdict until the bytes that take them out of their
 * VIP are written to VPP's socket, and until VPP has replied.
 *
 *   deno run -A bench/reaction.ts [--backends 1000] [--failures 600] [--per-second 20] [--socket PATH]
 *
 * The reference is a client in C that sends control_pings, one at a time (support/ping.c), while
 * the probing runs and before anything fails. It is the share of VPP and the machine in
 * `verdictToAnswer`.
 *
 * `cpuMs` and `waitedMs` split the time until the write: CPU of the main thread, and its wait for a
 * CPU that others had.
 *
 * The daemon's own parts, connected as in src/daemon/wire.ts, with its log discarded. A real VPP is
 * started from MAGLEV_VPP_PREFIX unless --socket names one (or a simulator). "Verdict" is the
 * moment when the checker receives the deciding batch of results; `fromProbe` counts from the
 * instant when the worker had the failed probe's result. Prints one JSON object.
 */
import { parseArgs } from "node:util";
import { parseIp } from "../src/base/address.ts";
import { FAR_PAST_MS, type MonotonicMs, type WallMs } from "../src/base/instant.ts";
import type { Clock, LogEventName, LogFields, Logger } from "../src/base/ports.ts";
import type { Config } from "../src/config/model.ts";
import { WorkerPool } from "../src/probe/engine/worker_pool.ts";
import { folderIo } from "../src/system/state_file.ts";
import { wireDaemon } from "../src/daemon/wire.ts";
import { LogHandler } from "../src/log/handler.ts";
import type { ProbeOutcome } from "../src/probe/ports.ts";
import { SystemClock } from "../src/system/system_clock.ts";
import { mulberry32 } from "../tests/support/fakes/mulberry32.ts";
import { smallConfig } from "../tests/support/fakes/small_config.ts";
import { SKIP_REASON, startVpp } from "../tests/vpp/support.ts";
import { startFarm } from "./support/farms.ts";
import { compileReference } from "./support/compile.ts";
import { environment } from "./support/environment.ts";
import { farmAddress } from "./support/farm_address.ts";
import { ThreadClock, type ThreadTimes } from "./support/thread_times.ts";

const CLOCK: Clock = new SystemClock();
const THREAD = new ThreadClock();
const PER_FRONTEND = 10;
const INTERVAL_MS = 1000;
/** Wait for the verdicts of the last failures: fall × interval, with a margin. */
const SETTLE_MS = 5000;
const SEED = 7;
/** Sent one after the other; takes some seconds. */
const REFERENCE_PINGS = 5000;

/** Layout of lb_as_set_weight after its 16-byte frame header: size, place of the IPv4 address. */
const FRAME_HEADER = 16;
const SET_WEIGHT_BYTES = 50;
const ADDRESS_AT = 32;

/** Instants of one server's failure. */
interface Trace {
  probeMs: MonotonicMs;
  verdictMs: MonotonicMs;
  writtenMs?: MonotonicMs;
  verdictTimes: ThreadTimes;
  writtenTimes?: ThreadTimes;
  answeredMs?: MonotonicMs;
}

/** By server address. */
type Traces = Map<string, Trace>;

function configOf(backends: number, port: number): Config {
  const names = Array.from({ length: backends }, (_, i) => `b${i}`);
  const frontends = Array.from({ length: Math.ceil(backends / PER_FRONTEND) }, (_, i) => {
    const own = names.slice(i * PER_FRONTEND, (i + 1) * PER_FRONTEND);
    return [`f${i}`, { pools: own.join(" ") }] as const;
  });
  const config = smallConfig({
    healthchecks: { tcp: { port } },
    backends: Object.fromEntries(names.map((name, i) => [name, { address: farmAddress(i) }])),
    frontends: Object.fromEntries(frontends),
  });
  return {
    ...config,
    vppLb: {
      syncIntervalMs: 30_000,
      ipv4SrcAddress: parseIp("192.0.2.250")!,
      ipv6SrcAddress: parseIp("2001:db8::250")!,
      stickyBucketsPerCore: 65536,
      flowTimeoutMs: 40_000,
      startupMinDelayMs: 0,
      startupMaxDelayMs: 0,
      countersIntervalMs: 5000,
      newFlowsTableLength: 1024,
      maxRemoval: 100,
    },
  };
}

/** Notes when weight requests pass the socket; must be called before the daemon connects. */
function watchWrites(traces: Traces): void {
  const connect = Deno.connect;
  const watching = async (options: Deno.UnixConnectOptions & Deno.ConnectOptions) => {
    const conn = await connect(options);
    const write = conn.write.bind(conn);
    conn.write = (bytes) => {
      const nowMs = CLOCK.monotonicMs();
      let times: ThreadTimes | undefined;
      for (const address of weightRequests(bytes)) {
        const trace = traces.get(address);
        if (trace === undefined || trace.writtenMs !== undefined) continue;
        trace.writtenMs = nowMs;
        trace.writtenTimes = times ??= THREAD.now();
      }
      return write(bytes);
    };
    return conn;
  };
  Object.defineProperty(Deno, "connect", { value: watching });
}

/** Server addresses of the lb_as_set_weight among the frames of one write. */
function* weightRequests(bytes: Uint8Array): Generator<string> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + FRAME_HEADER <= bytes.length;) {
    const size = view.getUint32(at + 8);
    const message = at + FRAME_HEADER;
    if (size === SET_WEIGHT_BYTES && message + size <= bytes.length) {
      const place = message + ADDRESS_AT;
      yield bytes.subarray(place, place + 4).join(".");
    }
    at = message + size;
  }
}

/** The daemon's log, which also has the time of VPP's reply. */
class TracingLogger implements Logger {
  readonly #traces: Traces;
  readonly #inner: Logger;

  constructor(traces: Traces) {
    const writer = { write: (bytes: Uint8Array) => Promise.resolve(bytes.length) };
    this.#traces = traces;
    this.#inner = new LogHandler({ level: "info", format: "json", clock: CLOCK, writer });
  }

  enabled(level: "debug" | "info" | "warn" | "error"): boolean {
    return this.#inner.enabled(level);
  }

  debug(event: LogEventName, fields?: LogFields): void {
    this.#inner.debug(event, fields);
  }

  info(event: LogEventName, fields?: LogFields): void {
    if (event === "vpp-lbsync-as-weight") {
      const trace = this.#traces.get(String(fields?.address));
      if (trace !== undefined) trace.answeredMs ??= CLOCK.monotonicMs();
    }
    this.#inner.info(event, fields);
  }

  warn(event: LogEventName, fields?: LogFields): void {
    this.#inner.warn(event, fields);
  }

  error(event: LogEventName, fields?: LogFields): void {
    console.error(event, fields);
    this.#inner.error(event, fields);
  }
}

/** The worker's Unix time on the clock of this thread, if the system's clock was not set. */
function monotonicOf(unixMs: WallMs): MonotonicMs {
  return (unixMs - performance.timeOrigin) as MonotonicMs;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

interface Parameters {
  readonly backends: number;
  readonly failures: number;
  readonly perSecond: number;
}

async function measure(socket: string, parameters: Parameters): Promise<Record<string, unknown>> {
  const { backends, failures, perSecond } = parameters;
  const farm = await startFarm(backends, "tcp");
  const traces: Traces = new Map();
  watchWrites(traces);
  const logger = new TracingLogger(traces);
  const daemon = wireDaemon({
    config: configOf(backends, farm.port),
    vppApiAddr: socket,
    vppStatsAddr: "",
    clock: CLOCK,
    logger,
    engine: new WorkerPool({ clock: CLOCK, log: logger, workers: 1 }),
    announceFolder: folderIo,
  });
  let batch: readonly ProbeOutcome[] = [];
  let batchMs = FAR_PAST_MS;
  let batchTimes = THREAD.now();
  let up = 0;
  let failing = false;
  daemon.checker.subscribe((event) => {
    if (event.kind !== "backend") return;
    if (event.transition.to === "up") up++;
    if (!failing || event.transition.to !== "down") return;
    const { address } = daemon.checker.current.config.backends.get(event.name)!;
    const probeAt = batch.find((one) => one.result === event.transition.result)?.atMs;
    const probeMs = probeAt === undefined ? batchMs : monotonicOf(probeAt);
    // The reconciler subscribed earlier and has sent by now; the write follows in a later microtask.
    traces.set(address.text, { probeMs, verdictMs: batchMs, verdictTimes: batchTimes });
  });
  daemon.start();
  const handOver = daemon.engine.onOutcomes;
  daemon.engine.onOutcomes = (outcomes) => {
    batch = outcomes;
    batchMs = CLOCK.monotonicMs();
    batchTimes = THREAD.now();
    handOver(outcomes);
  };
  while (up < backends) await sleep(100);
  await sleep(2000);
  const reference = await measureReference(socket);
  failing = true;
  const prng = mulberry32(SEED);
  const victims = Array.from({ length: backends }, (_, i) => ({ i, order: prng() }))
    .sort((a, b) => a.order - b.order).slice(0, failures);
  for (const { i } of victims) {
    await farm.child.send(`close ${i}`);
    await sleep(-Math.log(1 - prng()) * 1000 / perSecond);
  }
  await sleep(SETTLE_MS);
  await daemon.stop();
  await farm.child.end();
  return { ...summary([...traces.values()], failures), reference };
}

/** Times of successive control_pings, in milliseconds; or the reason for their absence, as text. */
async function measureReference(socket: string): Promise<{ p50: number; p99: number } | string> {
  const folder = await Deno.makeTempDir();
  try {
    const program = await compileReference(folder, "ping");
    if (program === undefined) return "no C compiler (cc)";
    const args = [socket, `${REFERENCE_PINGS}`, "1", "1"];
    const { stdout } = await new Deno.Command(program, { args }).output();
    const figures: { p50Us: number; p99Us: number } = JSON.parse(new TextDecoder().decode(stdout));
    const ms = (us: number) => Number((us / 1000).toFixed(3));
    return { p50: ms(figures.p50Us), p99: ms(figures.p99Us) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function summary(traces: readonly Trace[], failures: number): Record<string, unknown> {
  const written = traces.filter((trace) => trace.writtenMs !== undefined);
  const answered = traces.filter((trace) => trace.answeredMs !== undefined);
  return {
    failures,
    verdicts: traces.length,
    written: written.length,
    answered: answered.length,
    verdictToWrittenMs: quantiles(written.map((trace) => trace.writtenMs! - trace.verdictMs)),
    cpuMs: quantiles(written.map(cpuMsOf)),
    waitedMs: quantiles(written.map(waitedMsOf)),
    verdictToAnswerMs: quantiles(answered.map((trace) => trace.answeredMs! - trace.verdictMs)),
    fromProbeToWrittenMs: quantiles(written.map((trace) => trace.writtenMs! - trace.probeMs)),
  };
}

function cpuMsOf({ verdictTimes, writtenTimes }: Trace): number {
  return (writtenTimes!.cpuUs - verdictTimes.cpuUs) / 1000;
}

function waitedMsOf({ verdictTimes, writtenTimes }: Trace): number {
  return (writtenTimes!.waitedUs - verdictTimes.waitedUs) / 1000;
}

function quantiles(values: readonly number[]): { p50: number; p99: number; max: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => {
    const index = Math.min(sorted.length - 1, Math.floor(sorted.length * share));
    return Number((sorted[index] ?? NaN).toFixed(3));
  };
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

async function main(): Promise<Record<string, unknown>> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      socket: { type: "string", default: "" },
      backends: { type: "string", default: "1000" },
      failures: { type: "string", default: "600" },
      "per-second": { type: "string", default: "20" },
    },
  });
  const parameters = {
    backends: Number(values.backends),
    failures: Number(values.failures),
    perSecond: Number(values["per-second"]),
  };
  const about = {
    benchmark: "reaction",
    parameters: { ...parameters, perFrontend: PER_FRONTEND, intervalMs: INTERVAL_MS, seed: SEED },
    environment: environment(),
  };
  if (values.socket !== "") {
    return { ...about, vpp: "given", ...await measure(values.socket, parameters) };
  }
  if (SKIP_REASON !== "") return { ...about, skipped: "no --socket and no MAGLEV_VPP_PREFIX" };
  const vpp = await startVpp();
  try {
    const result = await measure(vpp.apiSocket, parameters);
    return { ...about, vpp: "started, with poll-sleep", ...result };
  } finally {
    await vpp.stop();
  }
}

console.log(JSON.stringify(await main()));
