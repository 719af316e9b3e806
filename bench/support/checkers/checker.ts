/**
 * A health checker to be measured: an adapter, in the terms of the driver of
 * ../shared/bench/health. Each gets the same servers, interval, timeout, rise and fall, writes
 * every change of state that the checker reports, and is ended with all its processes.
 */
import type { WallMs } from "../../../src/base/instant.ts";
import { pinned } from "../child.ts";
import { linesOf } from "../lines.ts";

/** Task of a checker. */
export interface Task {
  /** tcp, http, https (against `caFile`, name good.test) or icmp. */
  readonly kind: string;
  readonly targets: number;
  readonly port: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly rise: number;
  readonly fall: number;
  /** Servers per backend, virtual server or frontend. */
  readonly group: number;
  /** The core it is held to; undefined: any. */
  readonly cpu: number | undefined;
  /** PEM file of the authority that signed the servers' certificate. */
  readonly caFile: string;
  /** Folder of its files; removed afterwards. */
  readonly folder: string;
}

/** A change of a server's state, with the time of its report (Unix time, milliseconds). */
export interface Change {
  readonly id: number;
  readonly up: boolean;
  readonly atMs: WallMs;
}

/** A running checker. */
export interface Running {
  readonly pid: number;
  /** Undefined while it runs, otherwise the reason of its end. */
  failure(): string | undefined;
  stop(): Promise<void>;
}

export interface Checker {
  readonly name: string;
  /** True when it has states; otherwise it only probes and reports nothing. */
  readonly states: boolean;
  /** Kinds of probes that it supports. */
  readonly kinds: readonly string[];
  /** Program and arguments that print its version. */
  readonly versionCommand: readonly string[];
  /** The first pass of a server counts as a change to up, too. */
  start(task: Task, onChange: (change: Change) => void): Promise<Running>;
}

export interface SpawnOptions {
  readonly cpu: number | undefined;
  readonly env?: Readonly<Record<string, string>>;
  /** Every line that it writes to standard output. */
  readonly onLine?: (line: string) => void;
}

const LAST_WORDS = 2000;

/** Starts a program on its core. */
export function spawn(argv: readonly string[], options: SpawnOptions): Running {
  const [program, ...args] = pinned(options.cpu, argv);
  const child = new Deno.Command(program!, {
    args,
    env: { ...options.env },
    stdin: "null",
    stdout: options.onLine === undefined ? "null" : "piped",
    stderr: "piped",
  }).spawn();
  let lastWords = "";
  let status: Deno.CommandStatus | undefined;
  const collect = async () => {
    for await (const line of linesOf(child.stderr)) {
      lastWords = `${lastWords}${line}\n`.slice(-LAST_WORDS);
    }
  };
  const forward = async () => {
    if (options.onLine === undefined) return;
    for await (const line of linesOf(child.stdout)) options.onLine(line);
  };
  const ended = Promise.all([
    child.status.then((result) => status = result),
    collect(),
    forward(),
  ]);
  return {
    pid: child.pid,
    failure: () =>
      status === undefined ? undefined : `${program} ended (${status.code}): ${lastWords}`,
    async stop() {
      if (status === undefined) child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** The servers, `group` at a time. */
export function groupsOf(
  { targets, group }: Task,
): readonly { readonly index: number; readonly ids: readonly number[] }[] {
  return Array.from({ length: Math.ceil(targets / group) }, (_, index) => ({
    index,
    ids: Array.from(
      { length: Math.min(group, targets - index * group) },
      (_, at) => index * group + at,
    ),
  }));
}
