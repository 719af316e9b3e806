/** Browsers of the whole program in numbers: see ../dashboard.ts. */
import { FrontendProcess } from "../../src/demo/daemon_process.ts";
import { cpuMs, memoryMiB, start } from "./child.ts";

export interface BrowsersOptions {
  readonly browsers: number;
  /** Of the one maglevd, probed once a second. */
  readonly browserBackends: number;
  /** Events per second. */
  readonly rate: number;
  /** Of each phase, in seconds. */
  readonly windowS: number;
}

/** What is settled by then does not count. */
const SETTLE_MS = 3000;

/** What all browsers have received since `counting` was set. */
interface Received {
  counting: boolean;
  transitions: number;
  bytes: number;
  latenciesMs: number[];
}

/** maglevd-frontend with N event streams: without a shown maglevd, then with probes and rates too. */
export async function* measureBrowsers(options: BrowsersOptions): AsyncGenerator<object> {
  const { browsers, browserBackends, rate } = options;
  const program = await startProgramOf(options);
  try {
    for (const query of ["", "?show=lb1"]) {
      const row = await phase({ ...program, query }, options);
      yield { what: "browsers", browsers, backends: browserBackends, rate, query, ...row };
    }
  } finally {
    await program.end();
  }
}

/** maglevd-frontend, and the one maglevd that it follows. */
export async function startProgramOf(
  { browserBackends, rate }: Pick<BrowsersOptions, "browserBackends" | "rate">,
): Promise<{ readonly port: number; readonly pid: number; readonly end: () => Promise<void> }> {
  const canned = start("canned_maglevds.ts", [1, browserBackends, rate].map(String));
  const { addresses } = await canned.next(({ event }) => event === "listening") as unknown as {
    readonly addresses: readonly string[];
  };
  const listening = Promise.withResolvers<string>();
  const frontend = new FrontendProcess({
    server: `lb1=${addresses[0]}`,
    onLine: ({ msg, address }) => {
      if (msg === "dashboard-listen") listening.resolve(String(address));
    },
  });
  const end = async () => {
    await frontend.stop();
    await canned.end();
  };
  try {
    const port = Number((await listening.promise).split(":").at(-1));
    return { port, pid: frontend.pid, end };
  } catch (error) {
    await end();
    throw error;
  }
}

interface Target {
  readonly port: number;
  readonly pid: number;
  readonly query: string;
}

async function phase(
  { port, pid, query }: Target,
  { browsers, windowS }: BrowsersOptions,
): Promise<object> {
  const received: Received = { counting: false, transitions: 0, bytes: 0, latenciesMs: [] };
  const conns: Deno.TcpConn[] = [];
  for (let n = 0; n < browsers; n++) {
    conns.push(await openEvents(port, query));
  }
  const reading = Promise.all(conns.map((conn) => readEvents(conn, received)));
  await pause(SETTLE_MS);
  received.counting = true;
  const before = { cpuMs: cpuMs(pid), atMs: performance.now() };
  await pause(1000 * windowS);
  received.counting = false;
  const elapsedS = (performance.now() - before.atMs) / 1000;
  const cpu = cpuMs(pid) - before.cpuMs;
  const rssMiB = memoryMiB(pid);
  for (const conn of conns) conn.close();
  await reading;
  const sorted = received.latenciesMs.sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return {
    transitionsPerS: Math.round(received.transitions / elapsedS),
    mibPerS: Math.round(received.bytes / elapsedS / 1024 / 102.4) / 10,
    // From the instant at the maglevd, which is cut to a millisecond.
    latencyMs: { p50: at(0.5), p99: at(0.99), max: at(1) },
    cpuPercent: Math.round(cpu / elapsedS) / 10,
    rssMiB,
  };
}

/** A browser's stream of events, of which nothing has been read. */
export async function openEvents(port: number, query: string): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const request = `GET /view/api/events${query} HTTP/1.1\r\nHost: bench\r\n\r\n`;
  await conn.write(new TextEncoder().encode(request));
  return conn;
}

/** The instant of a transition, by the clock of this machine. */
const INSTANT = /"transition":\{"from":"\w+","to":"\w+","at_ms":(\d+)/g;

async function readEvents(conn: Deno.TcpConn, received: Received): Promise<void> {
  const decoder = new TextDecoder();
  const into = new Uint8Array(65_536);
  let rest = "";
  for (;;) {
    const count = await conn.read(into).catch(() => null);
    if (count === null) return;
    const nowMs = Math.floor(performance.timeOrigin + performance.now());
    const text = rest + decoder.decode(into.subarray(0, count));
    const end = text.lastIndexOf("\n\n") + 2;
    rest = end < 2 ? text : text.slice(end);
    if (end < 2 || !received.counting) continue;
    received.bytes += count;
    for (const [, atMs] of text.slice(0, end).matchAll(INSTANT)) {
      received.transitions++;
      received.latenciesMs.push(nowMs - Number(atMs));
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
