/** Runs maglevd as a process for tests: short runs to their end, long runs with their log. */
import {
  type LaunchedProcess,
  LAUNCHER,
  LAUNCHER_ENVIRONMENT,
  type LogLine,
  maglevdCommand,
  MaglevdProcess,
} from "../../../src/demo/daemon_process.ts";

export type { LogLine };

/** A folder of the test's own, removed at the end. */
export async function withFolder<T>(fn: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "maglev-test-" });
  try {
    return await fn(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs maglevd to its end (at most 20 s). */
export async function runToEnd(
  options: {
    readonly config: string;
    readonly vppApiAddr?: string;
    readonly flags?: readonly string[];
    /** Further files that it may read. */
    readonly files?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    /** Instead of `--config …`: exactly these arguments. */
    readonly args?: readonly string[];
    /** Its standard input; default: empty. */
    readonly stdin?: string;
    /** A command to run it by. */
    readonly prefix?: readonly string[];
    /** Working folder. */
    readonly cwd?: string;
  },
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { config, vppApiAddr = "", flags = [], files = [] } = options;
  const [program, ...args] = [
    ...options.prefix ?? [],
    ...options.args === undefined
      ? maglevdCommand({ config, vppApiAddr, flags, files })
      : [...LAUNCHER, "maglevd", ...options.args],
  ];
  const child = new Deno.Command(program!, {
    args,
    env: { NO_COLOR: "1", ...LAUNCHER_ENVIRONMENT, ...options.env },
    ...options.cwd === undefined ? {} : { cwd: options.cwd },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(20_000),
  }).spawn();
  const writer = child.stdin.getWriter();
  // A process that has ended without reading it does not fail the test.
  await writer.write(new TextEncoder().encode(options.stdin ?? "")).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** The launcher's command line for `command`: the deno program and its arguments. */
export function printedCommand(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): readonly string[] {
  const [program, ...args] = [...command, "--print-permissions"];
  const { code, stdout, stderr } = new Deno.Command(program!, {
    args,
    env: { ...LAUNCHER_ENVIRONMENT, ...env },
  }).outputSync();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (code !== 0) throw new Error(`${command.join(" ")}: ${code}: ${text(stderr)}`);
  return text(stdout).replace(/\n$/, "").split("\n");
}

/** The log of a running program, which can be waited for. */
export abstract class LoggingProgram {
  abstract readonly process: LaunchedProcess;
  readonly lines: LogLine[] = [];
  #wakeUp: () => void = () => {};

  /** Takes a line; undefined: the program has ended. */
  protected add(line: LogLine | undefined): void {
    if (line !== undefined) this.lines.push(line);
    this.#wakeUp();
  }

  /** How many lines there are: a mark for seen(). */
  get mark(): number {
    return this.lines.length;
  }

  /** The first line from `from` on that fits, waited for at most `deadlineMs`. */
  async seen(
    fits: (line: LogLine) => boolean,
    options: { readonly from?: number; readonly deadlineMs?: number } = {},
  ): Promise<LogLine> {
    const endMs = performance.now() + (options.deadlineMs ?? 30_000);
    let at = options.from ?? 0;
    while (true) {
      for (; at < this.lines.length; at++) if (fits(this.lines[at]!)) return this.lines[at]!;
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) {
        throw new Error(
          `Not seen in the log: ${fits}\nlast lines:\n${
            this.lines.slice(-15).map((line) => JSON.stringify(line)).join("\n")
          }\nstderr:\n${this.process.errors}`,
        );
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(leftMs, 1000));
        this.#wakeUp = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  stop(): Promise<number> {
    return this.process.stop();
  }
}

/** A running maglevd. */
export class Daemon extends LoggingProgram {
  readonly process: MaglevdProcess;

  constructor(options: {
    readonly config: string;
    readonly vppApiAddr?: string;
    /** Default: no counters. */
    readonly vppStatsAddr?: string;
    /** Default: no metrics. */
    readonly metricsAddr?: string;
    readonly logLevel?: "debug" | "info";
    readonly flags?: readonly string[];
    readonly files?: readonly string[];
    readonly stateDir?: string;
    /** Where gRPC is served; default: nowhere. */
    readonly grpcAddr?: string;
    /** A command to run it by, such as `ip netns exec NAME`. */
    readonly prefix?: readonly string[];
    /** Default: that of the checkout. */
    readonly launcher?: readonly string[];
  }) {
    super();
    this.process = new MaglevdProcess({
      config: options.config,
      vppApiAddr: options.vppApiAddr ?? "",
      vppStatsAddr: options.vppStatsAddr ?? "",
      metricsAddr: options.metricsAddr ?? "",
      logLevel: options.logLevel ?? "info",
      flags: options.flags ?? [],
      grpcAddr: options.grpcAddr,
      prefix: options.prefix ?? [],
      launcher: options.launcher,
      files: options.files ?? [],
      stateDir: options.stateDir,
      onLine: (line) => this.add(line),
    });
    this.process.ended.then(() => this.add(undefined));
  }

  /** The transition of `backend` to `state`. */
  transition(backend: string, to: string, from = 0): Promise<LogLine> {
    return this.seen(
      (line) => line.msg === "backend-transition" && line.backend === backend && line.to === to,
      { from },
    );
  }
}
