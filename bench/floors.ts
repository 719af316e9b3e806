/**
 * What the runtime and its libraries cost by themselves, as a floor for the figures of the others:
 *
 * - start: a bare server of @grpc/grpc-js, from the start of its process to its first reply
 * - connect: Deno.connect to each of 10,000 servers of the farm, from one worker; connect2: from two
 * - text: a page of metrics with 262,735 series that are ready but for a number
 * - collect: the longest turn of a thread with a heap of 44 MB that V8 collects, and of `new Worker`
 * - watch: 100 watchers of a bare server of @grpc/grpc-js on Deno, 100 events a second
 *
 * Options: --parts start,connect,connect2,text,collect,watch --rounds 5 --window 8 (s, of watch) --cpu -1 (core of
 * the connecting program; the farm has the other; -1: any)
 */
import { parseArgs } from "node:util";
import { V8_FLAGS } from "../src/system/launch/permissions.ts";
import { cpuMs, start, startProgram } from "./support/child.ts";
import { environment } from "./support/environment.ts";
import { emptyProgramMs, firstAnswer, freePort, spread } from "./support/grpc_start.ts";
import { measureBare } from "./support/grpc_watch.ts";
import { startTargets } from "./support/target_farm.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    parts: { type: "string", default: "start,connect,connect2,text,collect,watch" },
    rounds: { type: "string", default: "5" },
    window: { type: "string", default: "8" },
    cpu: { type: "string", default: "-1" },
  },
});

const parameters = {
  parts: values.parts.split(","),
  rounds: Number(values.rounds),
  windowS: Number(values.window),
  cpu: Number(values.cpu) < 0 ? undefined : Number(values.cpu),
  targets: 10_000,
  watchers: 100,
  rate: 100,
  /** Of a daemon of 10,000 servers after a collection. */
  heapMB: 44,
};

/** V8 collects the heap of that part at least once in this time. */
const COLLECT_MS = 3000;

/** The bare gRPC server, and an empty program. */
async function measureStart(): Promise<object> {
  const [served, cpu, empty]: [number[], number[], number[]] = [[], [], []];
  // The first round fills the caches of the runtime and of the system.
  for (let round = -1; round < parameters.rounds; round++) {
    const port = freePort();
    const startMs = performance.now();
    const server = start("floors/grpc.ts", [String(port)]);
    const servedMs = await firstAnswer(`127.0.0.1:${port}`) - startMs;
    const usedMs = cpuMs(server.pid);
    await server.kill();
    const emptyMs = await emptyProgramMs();
    if (round < 0) continue;
    served.push(servedMs);
    cpu.push(usedMs);
    empty.push(emptyMs);
  }
  return { servingMs: spread(served), cpuMs: spread(cpu), emptyProgramMs: spread(empty) };
}

async function measureConnects(workers: number): Promise<object> {
  const { targets, cpu, rounds } = parameters;
  const folder = await Deno.makeTempDir({ prefix: "maglev-bench-" });
  const farmCpu = cpu === undefined ? undefined : 1 - cpu;
  const farm = await startTargets({ kind: "tcp", targets, cpu: farmCpu, folder });
  const [firstMs, laterMs, usPerConnect]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    const child = start("floors/connect.ts", [targets, farm.port, workers].map(String), { cpu });
    await child.next(({ event }) => event === "ready");
    // The second time the code is compiled.
    for (const times of [firstMs, laterMs]) {
      const before = cpuMs(child.pid);
      const done = child.next(({ event }) => event === "connected");
      await child.send("again");
      times.push((await done as unknown as { ms: number }).ms);
      if (times === laterMs) usPerConnect.push((1000 * (cpuMs(child.pid) - before)) / targets);
    }
    await child.end();
  }
  await farm.stop();
  await Deno.remove(folder, { recursive: true });
  return {
    workers,
    connects: targets,
    firstMs: spread(firstMs),
    laterMs: spread(laterMs),
    usPerConnect: spread(usPerConnect),
  };
}

async function measureText(): Promise<object> {
  const server = start("floors/text.ts", []);
  const { port } = await server.next(({ event }) => event === "listening");
  const times: number[] = [];
  let bytes = 0;
  let before = 0;
  for (let round = -1; round < parameters.rounds; round++) {
    if (round === 0) before = cpuMs(server.pid);
    const startMs = performance.now();
    bytes = (await (await fetch(`http://127.0.0.1:${port}/`)).arrayBuffer()).byteLength;
    if (round >= 0) times.push(performance.now() - startMs);
  }
  const cpu = (cpuMs(server.pid) - before) / parameters.rounds;
  await server.kill();
  return { bytes, scrapeMs: spread(times), cpuMsPerScrape: Math.round(cpu) };
}

async function measureCollect(): Promise<object> {
  const program = new URL("support/floors/collect.ts", import.meta.url).pathname;
  const flags = ["--frozen", "-A", `--v8-flags=${V8_FLAGS.join(",")}`];
  const child = startProgram("collect.ts", {
    argv: [Deno.execPath(), "run", ...flags, program, String(parameters.heapMB)],
  });
  const { heapMB } = await child.next(({ event }) => event === "ready") as unknown as {
    readonly heapMB: number;
  };
  const [busy, worker]: [number[], number[]] = [[], []];
  for (let round = 0; round < parameters.rounds; round++) {
    await new Promise((resolve) => setTimeout(resolve, COLLECT_MS));
    const done = child.next(({ event }) => event === "collected");
    await child.send("again");
    const figures = await done as unknown as { busyMs: number; workerMs: number };
    busy.push(figures.busyMs);
    worker.push(figures.workerMs);
  }
  await child.end();
  return { heapMB, longestCpuMs: spread(busy), newWorkerMs: spread(worker) };
}

async function measureWatch(): Promise<object> {
  const child = start("floors/watch.ts", []);
  const { port } = await child.next(({ event }) => event === "listening");
  const figures = await measureBare({ child, address: `127.0.0.1:${port}` }, parameters);
  await child.end();
  return figures;
}

const PARTS: Readonly<Record<string, () => Promise<object>>> = {
  start: measureStart,
  connect: () => measureConnects(1),
  connect2: () => measureConnects(2),
  text: measureText,
  collect: measureCollect,
  watch: measureWatch,
};

const rows: object[] = [];
for (const part of parameters.parts) {
  const measure = PARTS[part];
  if (measure === undefined) throw new Error(`No part "${part}": need ${Object.keys(PARTS)}`);
  const row = { part, load: environment().load, ...await measure() };
  console.error(JSON.stringify(row));
  rows.push(row);
}
console.log(JSON.stringify({ parameters, environment: environment(), figures: rows }, null, 1));
