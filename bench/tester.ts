/**
 * maglevt: CPU, memory, first frame and lateness; the reference is a bare loop of Deno.connect at the
 * same rate, in the same run.
 *
 *   deno run -A bench/tester.ts [--seconds 20] [--soak 0]
 *
 * `--soak N` adds a run of N seconds beside two busy loops, in which maglevt is stopped for 3 s once:
 * it must report no outage. Prints one JSON object.
 */
import { parseArgs } from "node:util";
import { maglevcEnvironment } from "../tests/support/terminals/maglevc.ts";
import { Maglevt, maglevtCommand, type MaglevtLine } from "../tests/support/terminals/maglevt.ts";
import { missingPrograms } from "../tests/support/terminals/shell_terminal.ts";
import { cpuMs, memoryMiB } from "./support/child.ts";
import { startFarm } from "./support/farms.ts";
import { environment } from "./support/environment.ts";
import { farmAddress } from "./support/farm_address.ts";
import { processTree } from "./support/process_tree.ts";

/** Seconds before measurements: code is compiled, buffers exist. */
const WARM_UP_S = 5;
/** Starts for the median of the first frame. */
const STARTS = 9;

interface Cost {
  readonly cpuPercent: number;
  readonly rssMiB: number;
}

interface Run extends Cost {
  readonly summary: MaglevtLine;
}

const { values } = parseArgs({
  args: Deno.args,
  options: {
    seconds: { type: "string", default: "20" },
    soak: { type: "string", default: "0" },
  },
});
const SECONDS = Number(values.seconds);
const folder = await Deno.makeTempDir({ prefix: "maglevt-bench-" });

const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

/** Writes a configuration of `count` VIPs on the farm. */
async function configure(count: number, port: number): Promise<string> {
  const vips = Array.from(
    { length: count },
    (_, at) =>
      `    vip${at}: {address: ${farmAddress(at)}, protocol: tcp, port: ${port}, ` +
      `pools: [{name: main, backends: {b0: {}}}]}\n`,
  );
  const path = `${folder}/m${count}.yaml`;
  await Deno.writeTextFile(
    path,
    `maglev:
  healthchecks:
    web: {type: http, port: ${port}, interval: 1s, timeout: 1s}
  backends:
    b0: {address: 127.0.0.1, healthcheck: web}
  frontends:
${vips.join("")}`,
  );
  return path;
}

/** Cost of a process over SECONDS, after the warm-up. */
async function costOf(pid: number): Promise<Cost> {
  await sleep(WARM_UP_S);
  const before = cpuMs(pid);
  await sleep(SECONDS);
  const cpuPercent = (cpuMs(pid) - before) / (10 * SECONDS);
  return { cpuPercent: Math.round(100 * cpuPercent) / 100, rssMiB: memoryMiB(pid) };
}

async function json(config: string, flags: readonly string[]): Promise<Run> {
  const args = ["--config", config, "--output", "json", ...flags];
  const run = new Maglevt(args, { folder, timeoutMs: 60_000 + 1000 * SECONDS });
  const cost = await costOf(run.pid);
  run.kill("SIGTERM");
  const { lines } = await run.ended();
  return { ...cost, summary: lines.at(-1)! };
}

/** A run on a terminal of 160×50, by the program `script`. */
function screen(config: string, flags: readonly string[]) {
  const words = [...maglevtCommand(), "--config", config, ...flags].map((word) => `'${word}'`);
  const child = new Deno.Command("script", {
    args: ["-qfec", `stty rows 50 cols 160; exec ${words.join(" ")}`, "/dev/null"],
    cwd: folder,
    clearEnv: true,
    env: maglevcEnvironment(folder),
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const startMs = performance.now();
  const frame = Promise.withResolvers<number>();
  let bytes = 0;
  const read = (async () => {
    let text = "";
    for await (const chunk of child.stdout) {
      bytes += chunk.length;
      text = (text + new TextDecoder().decode(chunk)).slice(-10_000);
      if (/NAME .*LAST/.test(text)) frame.resolve(performance.now() - startMs);
    }
  })();
  return {
    firstFrame: frame.promise,
    bytes: () => bytes,
    pid: () => processTree(child.pid).find((pid) => commandOf(pid).includes("tester.ts"))!,
    async end() {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode("q"));
      await child.status;
      await writer.close().catch(() => {});
      await read;
    },
  };
}

function commandOf(pid: number): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`);
  } catch {
    return "";
  }
}

async function screenFigures(config: string, flags: readonly string[]) {
  const missing = missingPrograms("script");
  if (missing !== undefined) return missing;
  const frames: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    const run = screen(config, flags);
    frames.push(await run.firstFrame);
    await run.end();
  }
  const run = screen(config, flags);
  await run.firstFrame;
  const cost = await costOf(run.pid());
  const kibPerS = Math.round(run.bytes() / 1024 / (SECONDS + WARM_UP_S));
  await run.end();
  const firstFrameMs = Math.round(frames.sort((a, b) => a - b)[STARTS >> 1]!);
  return { ...cost, firstFrameMs, kibPerS };
}

async function reference(count: number, port: number, intervalMs: number): Promise<Cost> {
  const path = new URL("support/tester_reference.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--frozen", "--allow-net", path, `${count}`, `${port}`, `${intervalMs}`],
  }).spawn();
  try {
    return await costOf(child.pid);
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}

/** A long run beside busy loops, with a standstill of 3 s in its middle. */
async function soak(config: string, seconds: number) {
  const loops = [0, 1].map(() =>
    new Deno.Command("sh", { args: ["-c", "while :; do :; done"] }).spawn()
  );
  try {
    const args = ["--config", config, "--output", "json", "--duration", `${seconds}s`];
    const run = new Maglevt(args, { folder, timeoutMs: 1000 * (seconds + 60) });
    await sleep(seconds / 2);
    run.kill("SIGSTOP");
    await sleep(3);
    run.kill("SIGCONT");
    const { lines } = await run.ended();
    const { prober, vips } = lines.at(-1)!;
    const sum = (key: string) =>
      vips.reduce((total: number, vip: MaglevtLine) => total + vip[key], 0);
    return {
      seconds,
      sent: sum("sent"),
      failed: sum("failed"),
      outages: sum("outage_count"),
      blindSpans: sum("blind_count"),
      prober,
    };
  } finally {
    for (const loop of loops) loop.kill("SIGKILL");
    await Promise.all(loops.map((loop) => loop.status));
  }
}

const figuresOf = ({ cpuPercent, rssMiB, summary: { prober, vips } }: Run) => ({
  cpuPercent,
  rssMiB,
  lateP99Ms: prober.late_p99_ms,
  lateMaxMs: prober.late_max_ms,
  notSent: prober.not_sent,
  failed: vips.reduce((sum: number, { failed }: MaglevtLine) => sum + failed, 0),
});

async function main(): Promise<Record<string, unknown>> {
  const farm = await startFarm(1000, "http");
  const secure = await startFarm(40, "https");
  try {
    const [small, large] = [await configure(40, farm.port), await configure(1000, farm.port)];
    const text = (await Deno.readTextFile(await configure(39, secure.port)))
      .replace("type: http,", "type: https,");
    const tls = `${folder}/tls.yaml`;
    await Deno.writeTextFile(tls, text);
    const few = ["--interval", "100ms"];
    const many = ["--interval", "1s"];
    const soakS = Number(values.soak);
    return {
      benchmark: "tester",
      parameters: { seconds: SECONDS },
      environment: environment(),
      http40: {
        screen: await screenFigures(small, few),
        json: figuresOf(await json(small, few)),
        reference: await reference(40, farm.port, 100),
      },
      https39: { json: figuresOf(await json(tls, few)) },
      http1000: {
        screen: await screenFigures(large, many),
        json: figuresOf(await json(large, many)),
        reference: await reference(1000, farm.port, 1000),
      },
      ...(soakS > 0 ? { soak: await soak(small, soakS) } : {}),
    };
  } finally {
    await farm.child.end();
    await secure.child.end();
    await Deno.remove(folder, { recursive: true });
  }
}

console.log(JSON.stringify(await main()));
