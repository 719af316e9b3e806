/** A real maglevd as a child process, started by its launcher, its log parsed. */
import type { LogLevel } from "../base/ports.ts";
import { READ_PATHS } from "../system/launch/permissions.ts";

/** One line of its log. */
export interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface MaglevdOptions {
  readonly config: string;
  /** Empty: no VPP. */
  readonly vppApiAddr: string;
  /** Default: no counters. */
  readonly vppStatsAddr?: string | undefined;
  /** Default: no metrics. */
  readonly metricsAddr?: string | undefined;
  /** Where gRPC is served; default: nowhere. */
  readonly grpcAddr?: string | undefined;
  readonly logLevel?: LogLevel;
  /** Called with every line, in order; a line that is not JSON comes as `{ msg: "", text }`. */
  readonly onLine: (line: LogLine) => void;
  /** Further flags of maglevd. */
  readonly flags?: readonly string[];
  /** Further files that it may read. */
  readonly files?: readonly string[];
  /** Its state directory; default none. */
  readonly stateDir?: string | undefined;
  /** A command to run it by, such as `ip netns exec NAME`. */
  readonly prefix?: readonly string[];
  /** Default: LAUNCHER. */
  readonly launcher?: readonly string[] | undefined;
}

const ROOT = new URL("../../", import.meta.url).pathname;

/** The launcher of this checkout; the name of a program follows. */
export const LAUNCHER: readonly string[] = ["sh", `${ROOT}tools/release/launcher.sh`];

/** Environment of the launcher: this very Deno. */
export const LAUNCHER_ENVIRONMENT: Readonly<Record<string, string>> = {
  MAGLEV_DENO: Deno.execPath(),
};

/** The command that starts maglevd from this checkout, in an environment with LAUNCHER_ENVIRONMENT. */
export function maglevdCommand(options: {
  readonly config: string;
  readonly vppApiAddr: string;
  readonly vppStatsAddr?: string | undefined;
  readonly metricsAddr?: string | undefined;
  /** Where gRPC is served; default: nowhere. */
  readonly grpcAddr?: string | undefined;
  readonly flags?: readonly string[];
  /** Further files that it may read. */
  readonly files?: readonly string[];
  readonly stateDir?: string | undefined;
  readonly launcher?: readonly string[] | undefined;
}): readonly string[] {
  const { files = [], stateDir = "" } = options;
  return [
    ...files.length === 0 ? [] : ["env", `${READ_PATHS}=${files.join(":")}`],
    ...options.launcher ?? LAUNCHER,
    "maglevd",
    "--config",
    options.config,
    "--vpp-api-addr",
    options.vppApiAddr,
    "--vpp-stats-addr",
    options.vppStatsAddr ?? "",
    "--metrics-addr",
    options.metricsAddr ?? "",
    ...(stateDir === "" ? [] : ["--state-dir", stateDir]),
    "--grpc-addr",
    options.grpcAddr ?? "",
    ...(options.flags ?? []),
  ];
}

/** A program of this checkout, started by the launcher. */
export class LaunchedProcess {
  readonly #child: Deno.ChildProcess;
  readonly #read: Promise<void>;
  /** The end of its standard error, up to 64 KiB. */
  errors = "";
  /** Resolves with the exit code when it has ended and all its output was read. */
  readonly ended: Promise<number>;

  constructor(
    [program, ...args]: readonly string[],
    { onLine, env = {} }: {
      readonly onLine: (line: LogLine) => void;
      readonly env?: Readonly<Record<string, string>>;
    },
  ) {
    this.#child = new Deno.Command(program!, {
      args,
      env: { ...LAUNCHER_ENVIRONMENT, ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      // Out of reach of the terminal's Ctrl-C: the starter of the process ends it.
      detached: true,
    }).spawn();
    this.#read = Promise.all([
      eachLine(this.#child.stdout, (line) => onLine(parseLine(line))),
      eachLine(this.#child.stderr, (line) => {
        this.errors = (this.errors + line + "\n").slice(-65_536);
      }),
    ]).then(() => {});
    this.ended = this.#child.status.then(async ({ code }) => {
      await this.#read;
      return code;
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Sends a signal; does nothing after its end. */
  signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** SIGTERM, and SIGKILL when that did not end it within `deadlineMs`. */
  async stop(deadlineMs = 5000): Promise<number> {
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.signal("SIGKILL"), deadlineMs);
    try {
      return await this.ended;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A maglevd that logs JSON. */
export class MaglevdProcess extends LaunchedProcess {
  constructor(options: MaglevdOptions) {
    const { prefix = [], flags = [], logLevel = "info", onLine, ...command } = options;
    const log = ["--log-format=json", `--log-level=${logLevel}`];
    super([...prefix, ...maglevdCommand({ ...command, flags: [...log, ...flags] })], { onLine });
  }
}

export interface FrontendOptions {
  /** Value of --server. */
  readonly server: string;
  /** Default: a free port of 127.0.0.1. */
  readonly listen?: string;
  readonly flags?: readonly string[];
  /** Further variables, such as the login's. */
  readonly env?: Readonly<Record<string, string>>;
  readonly onLine: (line: LogLine) => void;
}

/** A maglevd-frontend that logs JSON. */
export class FrontendProcess extends LaunchedProcess {
  constructor({ server, listen = "127.0.0.1:0", flags = [], env = {}, onLine }: FrontendOptions) {
    const own = ["--server", server, "--listen", listen, "--log-format=json", ...flags];
    super([...LAUNCHER, "maglevd-frontend", ...own], { env, onLine });
  }
}

function parseLine(text: string): LogLine {
  try {
    return JSON.parse(text);
  } catch {
    return { time: "", level: "", msg: "", text };
  }
}

async function eachLine(
  stream: ReadableStream<Uint8Array>,
  fn: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    lines.forEach(fn);
  }
  if (rest !== "") fn(rest);
}
