/**
 * Measures how long a reload holds the main thread up. The daemon's own parts
 * (support/reloaded_daemon.ts) probe N backends of a farm on loopback once a second, in frontends
 * of 16, with a simulated VPP. They reload the same file, a file with one other weight, one with
 * another interval of all checks, and one with 100 servers replaced. Each is measured in a window of
 * its own, next to a window without a reload. Figures are the median of all rounds, the counts their
 * sum. On a machine with other work the CPU time between two ticks of a timer shows hold-ups better
 * than its lateness.
 *
 * Options: --targets 10000 --kinds none,same,line,interval,replaced --rounds 5 --window 3 (s of each
 * reload) --interval 1000 (ms of probes)
 */
import { parseArgs } from "node:util";
import { startSimulator } from "../src/sim/api_server.ts";
import { SystemClock } from "../src/system/system_clock.ts";
import { V8_FLAGS } from "../src/system/launch/permissions.ts";
import { type Child, startProgram } from "./support/child.ts";
import { daemonConfig } from "./support/daemon_config.ts";
import { environment } from "./support/environment.ts";
import { farmAddress } from "./support/farm_address.ts";
import { startServers } from "./support/servers.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    targets: { type: "string", default: "10000" },
    kinds: { type: "string", default: "none,same,line,interval,replaced" },
    rounds: { type: "string", default: "5" },
    window: { type: "string", default: "3" },
    interval: { type: "string", default: "1000" },
  },
});

/** None; the same file; another weight; another interval of all checks; some servers replaced. */
type Kind = "none" | "same" | "line" | "interval" | "replaced";

const parameters = {
  kinds: values.kinds.split(",") as Kind[],
  targets: values.targets.split(",").map(Number),
  rounds: Number(values.rounds),
  windowS: Number(values.window),
  intervalMs: Number(values.interval),
  serversPerVip: 16,
  replaced: 100,
  /** A replaced server has the address of the server so many places further. */
  shift: 160,
};

interface Spread {
  readonly p99: number;
  readonly max: number;
}

interface Window {
  readonly kind: Kind;
  /** From the call to its answer, the forecast of moved flows included. */
  readonly reloadMs: number;
  readonly load: number;
  readonly voids: number;
  readonly falseVerdicts: number;
  /** Of the starts of probes, in milliseconds. */
  readonly lateness: Spread;
  /** Of a timer of 1 ms on the main thread; its maximum is the longest hold-up. */
  readonly lag: Spread;
  /** The most CPU time that the main thread took between two ticks of this timer. */
  readonly busyMs: number;
}

type Figures = Omit<Window, "kind" | "reloadMs" | "load">;

/** The texts that a file alternates between in even and odd rounds. */
function textOf(backends: number, options: { port: number; kind: Kind; odd: boolean }): string {
  const { port, kind, odd } = options;
  const text = daemonConfig({
    ...parameters,
    intervalMs: parameters.intervalMs + (kind === "interval" && odd ? 10 : 0),
    kind: "tcp",
    count: backends,
    port,
  });
  if (kind === "line" && odd) return text.replace("b5: {}", "b5: { weight: 90 }");
  if (kind !== "replaced" || !odd) return text;
  return text
    .replaceAll(/\bb(\d+):/g, (name, i) => Number(i) < parameters.replaced ? `n${i}:` : name)
    .replaceAll(/\bn(\d+): { address: [^,]*/g, (_, i) => {
      return `n${i}: { address: ${farmAddress((Number(i) + parameters.shift) % backends)}`;
    });
}

async function figures(daemon: Child): Promise<Figures> {
  await daemon.send("figures");
  return await daemon.next(({ event }) => event === "figures") as unknown as Figures;
}

async function reload(daemon: Child): Promise<number> {
  await daemon.send("reload");
  const { ms } = await daemon.next(({ event }) => event === "reloaded") as unknown as {
    readonly ms: number;
  };
  return ms;
}

async function measure(backends: number): Promise<readonly Window[]> {
  await using farm = await startServers(backends);
  const folder = await Deno.makeTempDir({ prefix: "maglev-bench-" });
  const simulator = await startSimulator({ path: `${folder}/api.sock`, clock: new SystemClock() });
  const config = `${folder}/maglev.yaml`;
  const write = (kind: Kind, odd: boolean) =>
    Deno.writeTextFile(config, textOf(backends, { port: farm.port, kind, odd }));
  await write("same", false);
  const program = new URL("support/reloaded_daemon.ts", import.meta.url).pathname;
  const daemon = startProgram("reloaded_daemon.ts", {
    argv: [
      Deno.execPath(),
      ...["run", "--frozen", "-A", `--v8-flags=${V8_FLAGS.join(",")}`],
      ...[program, config, simulator.path],
    ],
  });
  try {
    await daemon.next(({ event }) => event === "all-known");
    await pause(3000);
    const windows: Window[] = [];
    for (let round = 0; round < parameters.rounds; round++) {
      for (const kind of parameters.kinds) {
        await write(kind, true);
        await pause(500);
        windows.push(await watch(daemon, kind));
        if (kind === "none" || kind === "same") continue;
        await write(kind, false);
        await pause(500);
        windows.push(await watch(daemon, kind));
      }
    }
    return windows;
  } finally {
    await daemon.end();
    await simulator.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

async function watch(daemon: Child, kind: Kind): Promise<Window> {
  const before = await figures(daemon);
  const reloadMs = kind === "none" ? 0 : await reload(daemon);
  await pause(1000 * parameters.windowS);
  const after = await figures(daemon);
  const window: Window = {
    kind,
    reloadMs,
    load: environment().load,
    voids: after.voids - before.voids,
    falseVerdicts: after.falseVerdicts - before.falseVerdicts,
    lateness: after.lateness,
    lag: after.lag,
    busyMs: after.busyMs,
  };
  console.error(JSON.stringify(window));
  return window;
}

function row(backends: number, kind: Kind, windows: readonly Window[]) {
  const own = windows.filter((window) => window.kind === kind);
  const median = (of: (window: Window) => number) => {
    const sorted = own.map(of).sort((a, b) => a - b);
    return Math.round(10 * sorted[sorted.length >> 1]!) / 10;
  };
  return {
    backends,
    reload: kind,
    windows: own.length,
    load: median(({ load }) => load),
    longestHoldUpMs: median(({ lag }) => lag.max),
    longestCpuMs: median(({ busyMs }) => busyMs),
    lagP99Ms: median(({ lag }) => lag.p99),
    latenessP99Ms: median(({ lateness }) => lateness.p99),
    reloadMs: median(({ reloadMs }) => reloadMs),
    voids: own.reduce((sum, { voids }) => sum + voids, 0),
    falseVerdicts: own.reduce((sum, { falseVerdicts }) => sum + falseVerdicts, 0),
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const rows: ReturnType<typeof row>[] = [];
for (const backends of parameters.targets) {
  const windows = await measure(backends);
  rows.push(...parameters.kinds.map((kind) => row(backends, kind, windows)));
}
console.log(JSON.stringify({ parameters, environment: environment(), figures: rows }, null, 1));
