/** Runs maglevc as a process, started by its launcher, against a stage's maglevd. */
import { LAUNCHER, LAUNCHER_ENVIRONMENT } from "../../../src/demo/daemon_process.ts";
import { READ_PATHS } from "../../../src/system/launch/permissions.ts";
import { type Daemon, printedCommand } from "../servers/daemon.ts";
import { grpcAddress } from "../worlds/grpc_stage.ts";
import { onStage, type Stage } from "../worlds/stage.ts";

export interface MaglevcOptions {
  /** A folder of the test's own: HOME, and the working folder. */
  readonly home: string;
  readonly files?: readonly string[];
  /** Instead of cli.ts. */
  readonly entry?: string;
}

/** The command line up to maglevc's own arguments. */
export function maglevcCommand(options: MaglevcOptions): readonly string[] {
  const { home, files = [], entry } = options;
  const command = [
    ...files.length === 0 ? [] : ["env", `${READ_PATHS}=${files.join(":")}`],
    ...LAUNCHER,
    "maglevc",
  ];
  if (entry === undefined) return command;
  // The servers are not known yet: with a name among them the network stays open.
  const env = { ...maglevcEnvironment(home), MAGLEV_SERVER: "server.test" };
  const printed = printedCommand(command, env);
  return printed.map((word) => word.endsWith("/cli.ts") ? entry : word);
}

/** Independent of the environment of the test run. */
export function maglevcEnvironment(home: string): Record<string, string> {
  return {
    ...LAUNCHER_ENVIRONMENT,
    HOME: home,
    PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin",
    LC_ALL: "C.UTF-8",
    TERM: "xterm-256color",
    // Deno's own folder is found by HOME otherwise.
    DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`,
  };
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions extends MaglevcOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Default: 20 s. */
  readonly deadlineMs?: number;
}

/** Runs maglevc to its end, in bounded time. */
export function maglevc(args: readonly string[], options: RunOptions): Promise<Finished> {
  return run([...maglevcCommand(options), ...args], options);
}

/** Runs a line of bash in which `maglevc` is maglevc; its exit status is that of the line. */
export function bash(line: string, options: RunOptions): Promise<Finished> {
  const quoted = maglevcCommand(options).map((word) => `'${word}'`).join(" ");
  return run(["bash", "-c", `maglevc() { ${quoted} "$@"; }\n${line}`], options);
}

async function run(command: readonly string[], options: RunOptions): Promise<Finished> {
  const child = new Deno.Command(command[0]!, {
    args: command.slice(1),
    cwd: options.home,
    clearEnv: true,
    env: { ...maglevcEnvironment(options.home), ...options.env },
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(options.deadlineMs ?? 20_000),
  }).spawn();
  if (options.stdin !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(options.stdin)).catch(() => {});
    await writer.close().catch(() => {});
  }
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

export interface MaglevcStage extends Stage {
  readonly daemon: Daemon;
  /** `127.0.0.1:12345`. */
  readonly address: string;
  readonly home: string;
}

/** web: b0 and b1, in reserve b2; b1 serves api too. */
const FRONTENDS = {
  web: { address: "192.0.2.1", pools: { main: { b0: 100, b1: 50 }, spare: { b2: 70 } } },
  api: { address: "192.0.2.2", port: 443, pools: { main: { b1: 100 } } },
};

/** Runs `fn` when every backend is up. `net`: the third number of the servers' addresses. */
export async function onMaglevcStage(
  options: { readonly net: number; readonly flags?: string[]; readonly files?: string[] },
  fn: (stage: MaglevcStage) => Promise<void>,
): Promise<void> {
  const { net, ...rest } = options;
  const home = await Deno.makeTempDir({ prefix: "maglevc-home-" });
  try {
    await onStage([1, 2, 3].map((host) => `127.0.${net}.${host}`), async (stage) => {
      await stage.configure(FRONTENDS);
      const daemon = stage.start({ grpcAddr: "127.0.0.1:0", ...rest });
      const address = await grpcAddress(daemon);
      for (const name of ["b0", "b1", "b2"]) await daemon.transition(name, "up");
      await fn({ ...stage, daemon, address, home });
    });
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}
