/**
 * The daemon's own parts with a configuration file and a VPP, connected as in src/daemon/, with
 * their log discarded, as a process to be reloaded. Writes a line when all targets are known. For
 * `reload` on its standard input it reloads the file and writes the duration; for `figures`, the
 * lateness of probes and main thread since the last `figures`, and its counts since its start. Ends
 * with its standard input.
 * Arguments: configuration file, socket of VPP's API.
 */
import { invariant } from "../../src/base/assert.ts";
import { folderIo } from "../../src/system/state_file.ts";
import { wireDaemon } from "../../src/daemon/wire.ts";
import { loadConfig } from "../../src/config/load.ts";
import { Reloader } from "../../src/daemon/reload.ts";
import { LogBroadcaster } from "../../src/log/broadcaster.ts";
import { LogHandler } from "../../src/log/handler.ts";
import { WorkerPool } from "../../src/probe/engine/worker_pool.ts";
import { collectAfterStart } from "../../src/system/garbage.ts";
import { FineClock } from "./fine_clock.ts";
import { linesOf } from "./lines.ts";
import { ThreadClock } from "./thread_times.ts";

/** A hold-up may appear shorter by up to this; several short ones in a row may appear as one. */
const LAG_TICK_MS = 1;

const [path, vppApiAddr] = Deno.args as [string, string];
const clock = new FineClock();
const logger = new LogHandler({
  level: "info",
  format: "json",
  clock,
  broadcaster: new LogBroadcaster(),
  writer: { write: (bytes) => Promise.resolve(bytes.length) },
});

function print(record: object): void {
  console.log(JSON.stringify(record));
}

const loaded = await loadConfig(path, { vpp: true });
invariant(loaded.kind === "ok", "the configuration is valid");
const engine = new WorkerPool({ clock, log: logger, workers: 1 });
const { config } = loaded;
const daemon = wireDaemon({
  config,
  vppApiAddr,
  vppStatsAddr: "",
  clock,
  logger,
  engine,
  announceFolder: folderIo,
});
const reloader = new Reloader({
  path,
  vppApiAddr,
  daemon,
  logger,
  clock,
  initial: { loadedAtMs: clock.wallMs(), hash: loaded.hash, text: loaded.bytes },
  hostCheck: { problem: () => undefined, warnings: () => [] },
});
let unknown = config.backends.size;
let falseVerdicts = 0;
daemon.checker.subscribe((event) => {
  if (event.kind !== "backend") return;
  if (event.transition.to === "down") falseVerdicts++;
  if (event.transition.from === "unknown" && --unknown === 0) print({ event: "all-known" });
});

const thread = new ThreadClock();
const threadCpuMs = () => thread.now().cpuUs / 1000;
let lags: number[] = [];
let [busyMs, cpuMs] = [0, threadCpuMs()];
let dueMs = performance.now() + LAG_TICK_MS;
const ticker = setInterval(() => {
  const nowMs = performance.now();
  lags.push(Math.max(0, nowMs - dueMs));
  dueMs = nowMs + LAG_TICK_MS;
  const nowCpuMs = threadCpuMs();
  busyMs = Math.max(busyMs, nowCpuMs - cpuMs);
  cpuMs = nowCpuMs;
}, LAG_TICK_MS);

async function figures(): Promise<void> {
  const { lateness, voids, probes } = await engine.stats();
  const sorted = lags.sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  const lag = { p50: at(0.5), p99: at(0.99), max: at(1) };
  print({ event: "figures", probes, voids, falseVerdicts, lateness, lag, busyMs });
  [lags, busyMs] = [[], 0];
}

async function reload(): Promise<void> {
  const startMs = performance.now();
  const { verdict, report } = await reloader.reload("bench");
  invariant(verdict.ok, JSON.stringify(verdict.errors));
  const forecast = report?.forecast !== undefined;
  print({ event: "reloaded", ms: performance.now() - startMs, forecast });
}

daemon.start();
collectAfterStart(clock);
for await (const line of linesOf(Deno.stdin.readable)) {
  await (line === "reload" ? reload() : figures());
}
clearInterval(ticker);
reloader.close();
await daemon.stop();
