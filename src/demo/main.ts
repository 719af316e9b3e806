/**
 * The demo: three web servers on loopback, a simulated VPP, a real maglevd between them and its
 * dashboard, in one terminal and without root.
 *
 *   deno task demo               until Ctrl-C
 *   deno task demo --for 20s     plays a failover by itself, checks what VPP has, exits 0
 */
import { parseDuration } from "../base/duration.ts";
import { startSimulator } from "../sim/api_server.ts";
import { readSettings, usage } from "../system/settings.ts";
import { SystemClock } from "../system/system_clock.ts";
import { statsProblem } from "../vpp/stats/segment_file.ts";
import { MaglevdProcess } from "./daemon_process.ts";
import { type Dashboard, startDashboard } from "./dashboard.ts";
import { playFailover } from "./play.ts";
import { DEMO_VIP, demoConfig } from "./scenario.ts";
import { Screen } from "./screen.ts";
import { startServers } from "./servers.ts";
import { taskCommand } from "./task_command.ts";
import { VppWatch } from "./vpp_watch.ts";

const FLAGS = {
  for: {
    kind: "string",
    default: "",
    placeholder: "DURATION",
    help: "play a failover and end after this long, at least 10s",
  },
  help: { kind: "boolean", default: false, help: "print this text" },
} as const;

/** The shortest play that leaves each act time to be seen. */
const SHORTEST_PLAY_MS = 10_000;

/** Ctrl-C, kill, and a terminal that is closed. */
const ENDING_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

Deno.exit(await runDemo());

async function runDemo(): Promise<number> {
  const read = readSettings(FLAGS, { args: Deno.args, env: () => undefined });
  if (read.kind === "error") return fail(read.message, 2);
  if (read.settings.help) {
    console.log(usage(FLAGS, "demo: maglevd at work on demo servers and a simulated VPP"));
    return 0;
  }
  const playMs = read.settings.for === "" ? undefined : parseDuration(read.settings.for);
  if (read.settings.for !== "" && (playMs === undefined || playMs < SHORTEST_PLAY_MS)) {
    return fail(`--for needs a duration of at least 10s, such as 20s`, 2);
  }
  const folder = await Deno.makeTempDir({ prefix: "maglev-demo-" });
  try {
    return await play(folder, playMs);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error), 1);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

async function play(folder: string, playMs: number | undefined): Promise<number> {
  const { port, servers } = await startServers();
  const simulator = await startSimulator({
    path: `${folder}/api.sock`,
    // A machine without a C compiler has a demo all the same.
    ...(statsProblem() === undefined ? { statsPath: `${folder}/stats.sock` } : {}),
    clock: new SystemClock(),
  });
  const config = `${folder}/maglev.yaml`;
  await Deno.writeTextFile(config, demoConfig(port));
  const screen = new Screen({
    task: taskCommand({ path: Deno.env.get("PATH") ?? "", isFile, version: Deno.version.deno }),
  });
  const watch = new VppWatch(simulator, { servers, screen });
  const grpc = Promise.withResolvers<string>();
  const maglevd = new MaglevdProcess({
    config,
    vppApiAddr: simulator.path,
    vppStatsAddr: simulator.statsPath,
    metricsAddr: "127.0.0.1:0",
    grpcAddr: "127.0.0.1:0",
    onLine(line) {
      if (line.msg === "grpc-listen") grpc.resolve(String(line.address));
      screen.logLine(line);
    },
  });
  let starting: Promise<Dashboard> | undefined;
  const run = async () => {
    const server = await grpc.promise;
    starting = startDashboard({ server, onLine: (line) => screen.logLine(line) });
    const dashboard = await starting;
    screen.intro({ dashboard, servers, port, config, socket: simulator.path, vip: DEMO_VIP });
    watch.start();
    return playMs === undefined
      ? await new Promise<never>(() => {})
      : await playFailover({ playMs, servers, watch, screen });
  };
  const interrupted = Promise.withResolvers<"interrupted">();
  const onSignal = () => interrupted.resolve("interrupted");
  for (const signal of ENDING_SIGNALS) Deno.addSignalListener(signal, onSignal);
  try {
    const outcome = await Promise.race([
      interrupted.promise,
      maglevd.ended.then((code) => ({ died: code })),
      run(),
    ]);
    if (outcome === "interrupted") return 0;
    if ("died" in outcome) {
      return fail(`maglevd ended by itself (exit ${outcome.died})\n${maglevd.errors}`, 1);
    }
    return outcome.problem === undefined ? 0 : fail(outcome.problem, 1);
  } finally {
    watch.stop();
    const dashboard = await starting;
    if (dashboard?.kind === "ok") await dashboard.process.stop();
    const code = await maglevd.stop();
    screen.outro(code);
    await simulator.stop();
    await Promise.all(servers.map((server) => server.stop()));
    for (const signal of ENDING_SIGNALS) Deno.removeSignalListener(signal, onSignal);
  }
}

function fail(message: string, status: number): number {
  console.error(`demo: ${message}`);
  return status;
}
