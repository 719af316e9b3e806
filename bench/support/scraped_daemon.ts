/**
 * The daemon's own parts with its metrics port, joined as src/daemon/ joins them, without VPP and
 * with its log written to nowhere, as a process to be scraped: probes N targets of the farm, says
 * where its metrics are and when all targets are known, and for each line on its standard input
 * how late its probes and its main thread were since the last one. Ends with its standard input.
 * Arguments: count, port of the farm, interval in milliseconds.
 */
import { invariant } from "../../src/base/assert.ts";
import { createEngine } from "../../src/daemon/engine.ts";
import { openMetricsPort } from "../../src/daemon/metrics_port.ts";
import { wireDaemon } from "../../src/daemon/wire.ts";
import { LogHandler } from "../../src/log/handler.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import { smallConfig } from "../../tests/support/small_config.ts";
import { farmAddress } from "./farm_address.ts";
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

const clock = new SystemClock();
let address = "";
const logger = new LogHandler({
  level: "info",
  format: "json",
  clock,
  writer: {
    write(bytes) {
      if (address === "") {
        const line = /"metrics-listen","address":"([^"]*)"/.exec(new TextDecoder().decode(bytes));
        if (line !== null) say({ event: "metrics", address: address = line[1]! });
      }
      return Promise.resolve(bytes.length);
    },
  },
});

function say(record: object): void {
  console.log(JSON.stringify(record));
}

const metrics = await openMetricsPort({ address: "127.0.0.1:0", clock, logger });
invariant(typeof metrics !== "string", String(metrics));
const engine = createEngine({ clock, log: logger, workers: 1 });
const daemon = wireDaemon({
  config,
  vppApiAddr: "",
  vppStatsAddr: "",
  clock,
  logger,
  engine,
  events: metrics.events,
});
let unknown = count;
let transitions = 0;
daemon.checker.subscribe((event) => {
  if (event.kind !== "backend") return;
  transitions++;
  if (event.transition.from === "unknown" && --unknown === 0) say({ event: "all-known" });
});

let lags: number[] = [];
let dueMs = performance.now() + LAG_TICK_MS;
const ticker = setInterval(() => {
  const nowMs = performance.now();
  lags.push(Math.max(0, nowMs - dueMs));
  dueMs = nowMs + LAG_TICK_MS;
}, LAG_TICK_MS);

daemon.start();
metrics.start(daemon);
for await (const _ of linesOf(Deno.stdin.readable)) {
  const { lateness, voids, probes } = await engine.stats();
  const sorted = lags.sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  say({
    event: "figures",
    probes,
    voids,
    transitions,
    lateness,
    lag: { p50: at(0.5), p99: at(0.99), max: at(1) },
  });
  lags = [];
}
clearInterval(ticker);
await Promise.all([daemon.stop(), metrics.stop()]);
