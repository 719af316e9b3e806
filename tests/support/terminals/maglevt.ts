/** Runs maglevt as a process, started by its launcher, and reads its JSON lines. */
import { LAUNCHER } from "../../../src/demo/daemon_process.ts";
import { printedCommand } from "../servers/daemon.ts";
import { maglevcEnvironment } from "./maglevc.ts";

/** A line of maglevt; its fields are those of docs/maglevt.md. */
// deno-lint-ignore no-explicit-any
export type MaglevtLine = Readonly<Record<string, any>>;

/** The command line up to the arguments; `entry` instead of tester.ts. */
export function maglevtCommand(entry?: string, args: readonly string[] = []): readonly string[] {
  const command = [...LAUNCHER, "maglevt"];
  if (entry === undefined) return command;
  const printed = printedCommand([...command, ...args], maglevcEnvironment("/nonexistent"));
  return printed.slice(0, printed.length - args.length)
    .map((word) => word.endsWith("/tester.ts") ? entry : word);
}

export interface MaglevtRun {
  readonly code: number;
  readonly lines: readonly MaglevtLine[];
  readonly stdout: string;
  readonly stderr: string;
}

export interface MaglevtOptions {
  /** A folder of the test's own. */
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A command to run it by, such as `ip netns exec NAME`. */
  readonly prefix?: readonly string[];
  /** It is ended after this time; default 60 s. */
  readonly timeoutMs?: number;
}

/** A running maglevt. */
export class Maglevt {
  readonly #child: Deno.ChildProcess;
  readonly #stderr: Promise<string>;
  readonly #read: Promise<void>;
  readonly #first = Promise.withResolvers<void>();
  #stdout = "";

  constructor(
    args: readonly string[],
    { folder, env = {}, prefix = [], timeoutMs = 60_000 }: MaglevtOptions,
  ) {
    const [program, ...rest] = [...prefix, ...maglevtCommand()];
    this.#child = new Deno.Command(program!, {
      args: [...rest, ...args],
      cwd: folder,
      clearEnv: true,
      env: { ...maglevcEnvironment(folder), ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal: AbortSignal.timeout(timeoutMs),
    }).spawn();
    this.#stderr = new Response(this.#child.stderr).text();
    this.#read = this.#readOutput();
  }

  async #readOutput(): Promise<void> {
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      this.#stdout += text;
      if (text.includes("\n")) this.#first.resolve();
    }
    this.#first.resolve();
  }

  /** Resolves when it has written its first line, after which it probes, or has ended. */
  get began(): Promise<void> {
    return this.#first.promise;
  }

  get pid(): number {
    return this.#child.pid;
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Its end. */
  async ended(): Promise<MaglevtRun> {
    const [{ code }, stderr] = await Promise.all([this.#child.status, this.#stderr, this.#read]);
    const stdout = this.#stdout;
    const lines = stdout.split("\n").filter((line) => line.startsWith("{"))
      .map((line): MaglevtLine => JSON.parse(line));
    return { code, lines, stdout, stderr };
  }
}

/** Runs maglevt to its end. */
export function maglevt(args: readonly string[], options: MaglevtOptions): Promise<MaglevtRun> {
  return new Maglevt(args, options).ended();
}
