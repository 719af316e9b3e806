/** The dashboard's memory over time: see ../dashboard.ts. */
import { cpuMs, memoryMiB } from "./child.ts";
import { type BrowsersOptions, openEvents, startProgramOf } from "./dashboard_browsers.ts";
import { trendOf } from "./trend.ts";

export interface MemoryOptions
  extends Pick<BrowsersOptions, "browsers" | "browserBackends" | "rate"> {
  readonly minutes: number;
}

/** What the program takes until its caches are full and its code is compiled does not count. */
const SETTLED_S = 600;
const MINUTE_MS = 60_000;
/** All browsers show the maglevd, so that its probes and rates come too. */
const QUERY = "?show=lb1";

interface Sample {
  readonly atS: number;
  readonly rssMiB: number;
}

/** RSS of the whole program at the start and after each minute, with its slope after ten minutes. */
export async function* measureMemory(options: MemoryOptions): AsyncGenerator<object> {
  const { browsers, browserBackends, rate, minutes } = options;
  const program = await startProgramOf(options);
  const streams: Stream[] = [];
  try {
    for (let n = 0; n < browsers; n++) streams.push(await Stream.open(program.port));
    const taken: Sample[] = [{ atS: 0, rssMiB: memoryMiB(program.pid) }];
    const before = { cpuMs: cpuMs(program.pid), atMs: performance.now() };
    for (let minute = 1; minute <= minutes; minute++) {
      const dueMs = before.atMs + minute * MINUTE_MS;
      await new Promise((resolve) => setTimeout(resolve, dueMs - performance.now()));
      const sample = { atS: 60 * minute, rssMiB: memoryMiB(program.pid) };
      console.error(JSON.stringify(sample));
      taken.push(sample);
      await streams.shift()?.close();
      streams.push(await Stream.open(program.port));
      const state = await fetch(`http://127.0.0.1:${program.port}/view/api/state`);
      await state.body?.cancel();
    }
    const elapsedMs = performance.now() - before.atMs;
    const settled = taken.filter(({ atS }) => atS >= SETTLED_S);
    yield {
      ...{ what: "memory", browsers, backends: browserBackends, rate, minutes },
      rssMiB: trendOf(taken, { settled, value: ({ rssMiB }) => rssMiB }),
      eachMinute: taken.map(({ rssMiB }) => rssMiB),
      cpuPercent: Math.round((1000 * (cpuMs(program.pid) - before.cpuMs)) / elapsedMs) / 10,
      ended: streams.filter(({ ended }) => ended).length,
    };
  } finally {
    for (const stream of streams) await stream.close();
    await program.end();
  }
}

/** A browser that reads its events and keeps none. */
class Stream {
  readonly #conn: Deno.TcpConn;
  readonly #reading: Promise<void>;
  /** The program ended it. */
  ended = false;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    this.#reading = this.#read();
  }

  static async open(port: number): Promise<Stream> {
    return new Stream(await openEvents(port, QUERY));
  }

  async close(): Promise<void> {
    if (!this.ended) this.#conn.close();
    await this.#reading;
  }

  async #read(): Promise<void> {
    const into = new Uint8Array(65_536);
    for (;;) {
      const count = await this.#conn.read(into).catch(() => "closed" as const);
      if (count === "closed") return;
      if (count === null) {
        this.#conn.close();
        this.ended = true;
        return;
      }
    }
  }
}
