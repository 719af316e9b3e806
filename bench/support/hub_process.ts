/**
 * A dashboard's hub as a process, with one subscriber: prints `connected` when all maglevds are, and for
 * each line on its standard input its figures since the last one. `show N` shows the first N maglevds,
 * and nothing else. Ends with its standard input. Arguments: the addresses.
 */
import { createHub } from "../../src/dashboard/hub/hub.ts";
import { MAX_ANSWER_BYTES } from "../../src/dashboard/hub/model/bounds.ts";
import { MaglevClient } from "../../src/grpc/client/client.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import { linesOf } from "./lines.ts";

const LAG_TICK_MS = 5;

const clock = new SystemClock();
const servers = Deno.args.map((address, at) => ({ name: `lb${at + 1}`, address }));
const hub = createHub({
  servers,
  connect: ({ address }) => new MaglevClient({ address, clock, maxAnswerBytes: MAX_ANSWER_BYTES }),
  security: { tls: false, token: false },
  version: "bench",
  clock,
  prng: Math.random,
});

function say(record: object): void {
  console.log(JSON.stringify(record));
}

let [events, bytes, probes] = [0, 0, 0];
let latencies: number[] = [];
hub.subscribe({
  audience: "viewer",
  listener: (sent) => {
    events++;
    bytes += sent.bytes.length;
    const { event } = sent;
    if (event.type === "probes") {
      for (const [, , , count] of Object.values(event.probes)) probes += count;
    } else if (event.type === "backend" && event.transition !== undefined) {
      latencies.push(Date.now() - event.transition.at_ms);
    }
  },
});
let lags: number[] = [];
let dueMs = performance.now() + LAG_TICK_MS;
const ticker = setInterval(() => {
  const nowMs = performance.now();
  lags.push(Math.max(0, nowMs - dueMs));
  dueMs = nowMs + LAG_TICK_MS;
}, LAG_TICK_MS);

function spread(values: number[]): object {
  const sorted = values.sort((a, b) => a - b);
  const at = (share: number) =>
    Math.round(10 * (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)) /
    10;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

hub.start();
const waiting = setInterval(() => {
  if (!hub.state("viewer").maglevds.every(({ connected }) => connected)) return;
  clearInterval(waiting);
  say({ event: "connected" });
}, 50);
let hides: (() => void)[] = [];
for await (const line of linesOf(Deno.stdin.readable)) {
  if (line.startsWith("show ")) {
    for (const hide of hides) hide();
    hides = hub.names.slice(0, Number(line.slice("show ".length))).map((name) => hub.show(name));
    continue;
  }
  const { gzip } = await hub.encodedState("viewer");
  say({
    event: "figures",
    events,
    bytes,
    probes,
    transitions: latencies.length,
    latencyMs: spread(latencies),
    lagMs: spread(lags),
    heapMiB: Math.round(Deno.memoryUsage().heapUsed / 1024 / 1024),
    stateKiB: Math.round(gzip.length / 1024),
    problems: hub.problems("viewer").filter(({ kind }) => kind === "maglevd").length,
  });
  [events, bytes, probes] = [0, 0, 0];
  latencies = [];
  lags = [];
}
clearInterval(ticker);
clearInterval(waiting);
await hub.stop();
