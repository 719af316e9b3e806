/** Child programs of a benchmark: started, controlled by lines, measured, ended. */
import type { WallMs } from "../../src/base/instant.ts";
import { V8_FLAGS } from "../../src/system/launch/permissions.ts";
import { linesOf } from "./lines.ts";

/** A line of a child's output. */
export interface ChildRecord {
  readonly event?: string;
  readonly id?: number;
  readonly atMs?: WallMs;
  readonly port?: number;
  readonly netns?: string;
  readonly served?: number;
  readonly cpuMs?: number;
}

export interface Child {
  readonly pid: number;
  /** Writes a line to its standard input. */
  send(line: string): Promise<void>;
  /** The next line of its output that `matches` accepts; throws after 60 s or at its end. */
  next(matches: (record: ChildRecord) => boolean): Promise<ChildRecord>;
  /** Called with every line, from now on. */
  listen(listener: (record: ChildRecord) => void): void;
  end(): Promise<void>;
  /** Ends a program that does not end with its standard input. */
  kill(): Promise<void>;
}

/** 100 watchers of 10,000 backends are sent half a million events first. */
const TIMEOUT_MS = 180_000;

export interface StartOptions {
  /** The core it is pinned to; default: any. */
  readonly cpu?: number | undefined;
  /** Flags of V8; default: those of maglevd. */
  readonly v8Flags?: readonly string[] | undefined;
}

/** Starts a program of this folder. */
export function start(file: string, args: readonly string[], options: StartOptions = {}): Child {
  const path = new URL(file, import.meta.url).pathname;
  const { v8Flags = V8_FLAGS } = options;
  const argv = pinned(options.cpu, [
    Deno.execPath(),
    ...["run", "--frozen", "--no-prompt", "--allow-net", "--allow-read"],
    ...["--allow-env=MAGLEV_BUILD,MAGLEV_SHIM,GRPC_*", "--allow-ffi=build/maglev_shim.so"],
    ...v8Flags.length === 0 ? [] : [`--v8-flags=${v8Flags.join(",")}`],
    ...[path, ...args],
  ]);
  return startProgram(file, { argv });
}

export interface ProgramOptions {
  /** The program and its arguments. */
  readonly argv: readonly string[];
  /** Added to the inherited environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts any program that writes lines of JSON; `name` is for errors. */
export function startProgram(name: string, { argv, env = {} }: ProgramOptions): Child {
  const [program, ...args] = argv;
  const process = new Deno.Command(program!, {
    args,
    env,
    cwd: new URL("../../", import.meta.url).pathname,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = process.stdin.getWriter();
  const listeners = new Set<(record: ChildRecord) => void>();
  const reading = (async () => {
    for await (const line of linesOf(process.stdout)) {
      const record = JSON.parse(line) as ChildRecord;
      for (const listener of [...listeners]) listener(record);
    }
  })();
  return {
    pid: process.pid,
    send: (line) => input.write(new TextEncoder().encode(`${line}\n`)),
    listen: (listener) => void listeners.add(listener),
    next(matches) {
      return new Promise((resolve, reject) => {
        const fail = (why: string) => reject(new Error(`no expected line from ${name}: ${why}`));
        const timer = setTimeout(() => fail(`none within ${TIMEOUT_MS / 1000} s`), TIMEOUT_MS);
        reading.then(() => fail("it has ended"), reject);
        const listener = (record: ChildRecord) => {
          if (!matches(record)) return;
          clearTimeout(timer);
          listeners.delete(listener);
          resolve(record);
        };
        listeners.add(listener);
      });
    },
    async end() {
      await input.close();
      await reading;
      await process.status;
    },
    async kill() {
      process.kill("SIGKILL");
      await reading;
      await process.status;
      await input.close().catch(() => {});
    },
  };
}

/** A command line pinned to a core; its process is the program itself. */
export function pinned(cpu: number | undefined, argv: readonly string[]): readonly string[] {
  return cpu === undefined ? argv : ["taskset", "-c", String(cpu), ...argv];
}

/** User and system time of a process so far, in milliseconds (grain: a clock tick of 10 ms). */
export function cpuMs(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The second field, the name, may hold blanks; it ends with the last parenthesis.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

/** Resident memory of a process now, in MiB. */
export function memoryMiB(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024);
}
