/**
 * What event streams cost: a process with the dashboard's HTTP server (support/stream_server.ts),
 * N clients that read, and some that do not, R events a second to each. Time from the server's
 * send() to the client's read, CPU of one core and memory of the server.
 *
 * Options: --clients 1,200,500 --rate 100 --stuck 10 (clients that do not read) --window 10 (s)
 */
import { parseArgs } from "node:util";
import { cpuMs, memoryMiB, start } from "./support/child.ts";
import { environment } from "./support/environment.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    clients: { type: "string", default: "1,200,500" },
    rate: { type: "string", default: "100" },
    stuck: { type: "string", default: "10" },
    window: { type: "string", default: "10" },
  },
});

const parameters = {
  clients: values.clients.split(",").map(Number),
  rate: Number(values.rate),
  stuck: Number(values.stuck),
  windowS: Number(values.window),
};

interface Row {
  readonly clients: number;
  readonly eventsPerS: number;
  /** Of all clients together. */
  readonly receivedPerS: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Of one core. */
  readonly cpuPercent: number;
  readonly rssMiB: number;
  /** Events that a reading client did not get. */
  readonly lost: number;
}

/** What readers have received since `counting` was set. */
const received = { counting: false, events: 0, latenciesMs: [] as number[] };

async function open(port: number): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await conn.write(new TextEncoder().encode("GET /events HTTP/1.1\r\nHost: bench\r\n\r\n"));
  return conn;
}

/** The instant that an event of stream_server.ts carries. */
const INSTANT = /"t":(\d+\.\d+)/g;
const ID = /^id: 1-(\d+)$/gm;

/** Reads whole events until the end; every gap in their numbers is a loss. */
async function readEvents(conn: Deno.TcpConn): Promise<number> {
  const decoder = new TextDecoder();
  const into = new Uint8Array(65_536);
  let rest = "";
  let last: number | undefined;
  let lost = 0;
  for (;;) {
    const count = await conn.read(into).catch(() => null);
    if (count === null) return lost;
    const nowMs = performance.timeOrigin + performance.now();
    const text = rest + decoder.decode(into.subarray(0, count));
    const end = text.lastIndexOf("\n\n") + 2;
    rest = end < 2 ? text : text.slice(end);
    if (end < 2) continue;
    const whole = text.slice(0, end);
    for (const [, id] of whole.matchAll(ID)) {
      if (last !== undefined) lost += Number(id) - last - 1;
      last = Number(id);
    }
    if (!received.counting) continue;
    for (const [, sentMs] of whole.matchAll(INSTANT)) {
      received.events++;
      received.latenciesMs.push(nowMs - Number(sentMs));
    }
  }
}

async function measure(clients: number): Promise<Row> {
  const server = start("stream_server.ts", [String(parameters.rate)]);
  try {
    const { port } = await server.next(({ event }) => event === "listening");
    const stuck: Deno.TcpConn[] = [];
    for (let i = 0; i < parameters.stuck; i++) stuck.push(await open(port!));
    const conns: Deno.TcpConn[] = [];
    for (let i = 0; i < clients; i++) conns.push(await open(port!));
    const reading = conns.map(readEvents);
    await pause(2000);
    Object.assign(received, { counting: true, events: 0, latenciesMs: [] });
    const [cpuStart, fromMs] = [cpuMs(server.pid), performance.now()];
    await pause(1000 * parameters.windowS);
    received.counting = false;
    const elapsedS = (performance.now() - fromMs) / 1000;
    const cpu = cpuMs(server.pid) - cpuStart;
    const rssMiB = memoryMiB(server.pid);
    const sorted = received.latenciesMs.sort((a, b) => a - b);
    for (const conn of [...conns, ...stuck]) conn.close();
    const lost = (await Promise.all(reading)).reduce((sum, one) => sum + one, 0);
    return {
      clients,
      eventsPerS: parameters.rate,
      receivedPerS: Math.round(received.events / elapsedS),
      latencyMs: {
        p50: round(sorted[sorted.length >> 1]!),
        p99: round(sorted[Math.floor(sorted.length * 0.99)]!),
        max: round(sorted.at(-1)!),
      },
      cpuPercent: round(cpu / elapsedS / 10),
      rssMiB,
      lost,
    };
  } finally {
    await server.end();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

const rows: Row[] = [];
for (const clients of parameters.clients) {
  const row = await measure(clients);
  console.error(JSON.stringify(row));
  rows.push(row);
}
console.log(JSON.stringify({ parameters, environment: environment(), figures: rows }, null, 1));
