/**
 * The daemon's own parts with its metrics port and its gRPC, connected as in src/daemon/, without
 * VPP and with its log discarded, as a process to be scraped and watched. It probes N targets of
 * the farm, and writes its addresses of metrics and gRPC, and a line when all targets are known.
 * For each line on its standard input it writes the lateness of probes and main thread since the
 * last one, and its counts. Ends with its standard input. Transitions carry fractions of a
 * millisecond here.
 * Arguments: count, port of the farm, interval in milliseconds.
 */
import { invariant } from "../../src/base/assert.ts";
import { EPOCH_MS } from "../../src/base/instant.ts";
import { WorkerPool } from "../../src/probe/engine/worker_pool.ts";
import { createGrpcServer, servedMethods } from "../../src/daemon/grpc.ts";
import { openMetricsPort } from "../../src/daemon/metrics_port.ts";
import { Reloader } from "../../src/daemon/reload.ts";
import { folderIo } from "../../src/system/state_file.ts";
import { wireDaemon } from "../../src/daemon/wire.ts";
import { STATUS_NAMES } from "../../src/grpc/status.ts";
import { History } from "../../src/history/history.ts";
import { LogBroadcaster } from "../../src/log/broadcaster.ts";
import { LogHandler } from "../../src/log/handler.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import { farmAddress } from "./farm_address.ts";
import { collectAfterStart } from "../../src/system/garbage.ts";
import { FineClock } from "./fine_clock.ts";
import { linesOf } from "./lines.ts";

const PER_FRONTEND = 16;
const LAG_TICK_MS = 5;

const [count, farmPort, intervalMs] = Deno.args.map(Number) as [number, number, number];
const names = Array.from({ length: count }, (_, i) => `backend${i}`);
const config = smallConfig({
  healthchecks: {
    tcp: { port: farmPort, intervalMs, fastIntervalMs: intervalMs, downIntervalMs: intervalMs },
  },
  backends: Object.fromEntries(names.map((name, i) => [name, { address: farmAddress(i) }])),
  frontends: Object.fromEntries(
    Array.from({ length: Math.ceil(count / PER_FRONTEND) }, (_, f) => {
      const own = names.slice(f * PER_FRONTEND, (f + 1) * PER_FRONTEND);
      return [`frontend${f}`, { pools: own.join(" ") }];
    }),
  ),
});

const clock = new FineClock();
const broadcaster = new LogBroadcaster();
let address = "";
const logger = new LogHandler({
  level: "info",
  format: "json",
  clock,
  broadcaster,
  writer: {
    write(bytes) {
      if (address === "") {
        const line = /"metrics-listen","address":"([^"]*)"/.exec(new TextDecoder().decode(bytes));
        if (line !== null) print({ event: "metrics", address: address = line[1]! });
      }
      return Promise.resolve(bytes.length);
    },
  },
});

function print(record: object): void {
  console.log(JSON.stringify(record));
}

const metrics = await openMetricsPort({ address: "127.0.0.1:0", clock, logger });
invariant(typeof metrics !== "string", String(metrics));
const engine = new WorkerPool({ clock, log: logger, workers: 1 });
const daemon = wireDaemon({
  config,
  vppApiAddr: "",
  vppStatsAddr: "",
  clock,
  logger,
  engine,
  announceFolder: folderIo,
  events: metrics.events,
});
let unknown = count;
let [transitions, downs, events] = [0, 0, 0];
daemon.checker.subscribe((event) => {
  if (event.kind === "backend" || event.kind === "frontend") events++;
  if (event.kind !== "backend") return;
  transitions++;
  if (event.transition.to === "down") downs++;
  if (event.transition.from === "unknown" && --unknown === 0) print({ event: "all-known" });
});

let lags: number[] = [];
let dueMs = performance.now() + LAG_TICK_MS;
const ticker = setInterval(() => {
  const nowMs = performance.now();
  lags.push(Math.max(0, nowMs - dueMs));
  dueMs = nowMs + LAG_TICK_MS;
}, LAG_TICK_MS);

const history = new History({ broadcaster, clock, logger });
await history.open("");
const grpc = await createGrpcServer({
  settings: {
    "grpc-addr": "127.0.0.1:0",
    reflection: true,
    "grpc-tls-cert": "",
    "grpc-tls-key": "",
    "grpc-client-ca": "",
    "grpc-tokens": "",
    "grpc-anonymous-role": "viewer",
  },
  daemon,
  reloader: new Reloader({
    path: "",
    vppApiAddr: "",
    daemon,
    logger,
    clock,
    initial: { loadedAtMs: EPOCH_MS, hash: "" },
    hostCheck: { problem: () => undefined, warnings: () => [] },
  }),
  history,
  broadcaster,
  logger,
  clock,
  observer: metrics.events,
});
invariant(grpc !== undefined, "it has an address");
metrics.events.announce(servedMethods({ reflection: true }), STATUS_NAMES);
const [grpcAddress] = await grpc.listen();
print({ event: "grpc", address: grpcAddress });
daemon.start();
collectAfterStart(clock);
metrics.start(daemon);
for await (const _ of linesOf(Deno.stdin.readable)) {
  const { lateness, voids, probes } = await engine.stats();
  const sorted = lags.sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  print({
    event: "figures",
    probes,
    voids,
    transitions,
    downs,
    events,
    lateness,
    lag: { p50: at(0.5), p99: at(0.99), max: at(1) },
  });
  lags = [];
}
clearInterval(ticker);
await Promise.all([daemon.stop(), grpc.stop(), metrics.stop()]);
