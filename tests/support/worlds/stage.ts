/** A whole stage for one integration test: web servers, a simulated VPP, a configuration file. */
import { type Simulator, startSimulator } from "../../../src/sim/api_server.ts";
import { SystemClock } from "../../../src/system/system_clock.ts";
import { Daemon, withFolder } from "../servers/daemon.ts";
import { WebServer } from "../servers/web_server.ts";

export interface FrontendText {
  readonly address: string;
  readonly port?: number;
  /** Pool name → backend name → weight. */
  readonly pools: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly extra?: string;
  /** `max-down` of each pool. */
  readonly maxDown?: string;
}

/** Settings of the stage that few tests change. */
export interface ConfigOptions {
  /** Period of the counters; default the configuration's own. */
  readonly countersInterval?: string;
  /** Both delays of the start; default 0s. */
  readonly warmUp?: string;
  /** `damping` of the healthcheck, as a map in braces. */
  readonly damping?: string;
  /** `maglev.announce`, as a map in braces. */
  readonly announce?: string;
}

export interface Stage {
  readonly simulator: Simulator;
  readonly servers: readonly WebServer[];
  readonly configPath: string;
  /** Writes the configuration: backends b0, b1, … are the servers. */
  configure(
    frontends: Readonly<Record<string, FrontendText>>,
    options?: ConfigOptions,
  ): Promise<void>;
  /** Starts maglevd on it; ended with the stage if it still runs. */
  start(
    options?: {
      logLevel?: "debug" | "info";
      flags?: string[];
      vppApiAddr?: string;
      metricsAddr?: string;
      stateDir?: string;
      grpcAddr?: string;
      files?: string[];
      /** A command to run it by. */
      prefix?: string[];
    },
  ): Daemon;
}

/** The quick settings of these tests: everything settles within a second. */
export function configText(
  servers: readonly { address: string; port: number }[],
  frontends: Readonly<Record<string, FrontendText>>,
  options: ConfigOptions = {},
): string {
  const port = servers[0]!.port;
  const { countersInterval: interval, warmUp = "0s", damping, announce } = options;
  const lines = [
    "maglev:",
    "  vpp:",
    "    lb:",
    "      ipv4-src-address: 192.0.2.254",
    "      ipv6-src-address: 2001:db8::254",
    `      startup-min-delay: ${warmUp}`,
    `      startup-max-delay: ${warmUp}`,
    ...(interval === undefined ? [] : [`      counters-interval: ${interval}`]),
    ...(announce === undefined ? [] : [`  announce: ${announce}`]),
    "  healthchecks:",
    "    web:",
    "      type: http",
    `      port: ${port}`,
    "      interval: 200ms",
    "      fast-interval: 50ms",
    "      down-interval: 100ms",
    "      timeout: 200ms",
    ...(damping === undefined ? [] : [`      damping: ${damping}`]),
    "      params: { path: /healthz }",
    "  backends:",
    ...servers.map((server, i) => `    b${i}: { address: ${server.address}, healthcheck: web }`),
    "  frontends:",
  ];
  for (const [name, frontend] of Object.entries(frontends)) {
    lines.push(`    ${name}:`, `      address: ${frontend.address}`);
    lines.push("      protocol: tcp", `      port: ${frontend.port ?? 80}`);
    if (frontend.extra !== undefined) lines.push(`      ${frontend.extra}`);
    lines.push("      pools:");
    for (const [pool, backends] of Object.entries(frontend.pools)) {
      lines.push(`        - name: ${pool}`);
      if (frontend.maxDown !== undefined) lines.push(`          max-down: ${frontend.maxDown}`);
      lines.push("          backends:");
      for (const [backend, weight] of Object.entries(backends)) {
        lines.push(`            ${backend}: { weight: ${weight} }`);
      }
    }
  }
  return lines.join("\n") + "\n";
}

/** Runs `fn` on a fresh stage and takes everything down afterwards. */
export async function onStage(
  addresses: readonly string[],
  fn: (stage: Stage) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const servers = WebServer.group(addresses);
    const simulator = await startSimulator({
      path: `${folder}/api.sock`,
      statsPath: `${folder}/stats.sock`,
      clock: new SystemClock(),
    });
    const daemons: Daemon[] = [];
    const configPath = `${folder}/maglev.yaml`;
    try {
      await fn({
        simulator,
        servers,
        configPath,
        configure: (frontends, options) =>
          Deno.writeTextFile(configPath, configText(servers, frontends, options)),
        start: (options = {}) => {
          const daemon = new Daemon({
            config: configPath,
            vppApiAddr: simulator.path,
            vppStatsAddr: simulator.statsPath!,
            ...options,
          });
          daemons.push(daemon);
          return daemon;
        },
      });
    } finally {
      await Promise.all(daemons.map((daemon) => daemon.stop()));
      await simulator.stop();
      await Promise.all(servers.map((server) => server.close()));
    }
  });
}
