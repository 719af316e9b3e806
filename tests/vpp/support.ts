/**
 * Starts a real VPP for a test: an ordinary process in a folder of its own, without hugepages or
 * drivers. MAGLEV_VPP_PREFIX names VPP's installation folder (the one with bin/vpp), whose
 * libvppapiclient serves shared memory.
 */
import { SystemClock } from "../../src/system/system_clock.ts";

const PREFIX = Deno.env.get("MAGLEV_VPP_PREFIX") ?? "";
const READY_MS = 20_000;
/** How long a command to its CLI may take. */
const CLI_MS = 5000;
const STOP_MS = 10_000;

/**
 * A folder with the lb plugin of VPP 26.06, built for the VPP at hand, and the other plugins that
 * tests load; empty when it is not given.
 */
export const OLDER_PLUGINS = Deno.env.get("MAGLEV_VPP_OLDER_PLUGINS") ?? "";

/** Why tests against a real VPP are skipped, to be appended to their names; empty when they run. */
export const SKIP_REASON = PREFIX === "" ? " (skipped: MAGLEV_VPP_PREFIX is not set)" : "";

/** Likewise for tests that need OLDER_PLUGINS. */
export const OLDER_REASON = SKIP_REASON === "" && OLDER_PLUGINS === ""
  ? " (skipped: MAGLEV_VPP_OLDER_PLUGINS is not set)"
  : SKIP_REASON;
/** The ways to VPP's API: its socket, and its shared memory. */
export const API_KINDS = ["socket", "shared memory"] as const;
export type ApiKind = typeof API_KINDS[number];

/** Options of startVpp. */
export interface StartVppOptions {
  /** True: VPP sleeps 100 us in every turn of its main loop. False: as it comes. Default true. */
  readonly pollSleep?: boolean;
  /** Name of the network namespace it is to run in. Default: the test's own. */
  readonly netns?: string;
  /** Worker threads; default 0. */
  readonly workers?: number;
  /** Size of its stats segment; default `16m`. */
  readonly statseg?: string;
  /** Folder of plugins; default: those that came with this VPP. */
  readonly plugins?: string;
  /** Commands of its CLI that it runs at each start, such as those that make its interfaces. */
  readonly commands?: readonly string[];
}

/** A VPP that runs. */
export interface RunningVpp extends AsyncDisposable {
  readonly dir: string;
  readonly apiSocket: string;
  readonly statsSocket: string;
  /** What `--vpp-api-addr` would be. */
  apiAddress(kind: ApiKind): string;
  /** Process id; another one after restart(). */
  readonly pid: number;
  /** Output of a CLI command, by vppctl. */
  cli(command: string): Promise<string>;
  /** Sends a signal and waits for the process to end. */
  kill(signal: Deno.Signal): Promise<void>;
  /** Starts it again in the same folder after kill(); resolves when it answers. */
  restart(): Promise<void>;
  /** Ends it, if it still runs, and removes its folder. */
  stop(): Promise<void>;
}

/** Starts a VPP and waits until it answers. Needs MAGLEV_VPP_PREFIX. */
export async function startVpp(options: StartVppOptions = {}): Promise<RunningVpp> {
  nameLibrary();
  const vpp = new Vpp(options);
  await vpp.restart();
  return vpp;
}

/** Has the bridge load this VPP's libvppapiclient, unless another one is named. */
function nameLibrary(): void {
  if ((Deno.env.get("MAGLEV_VPPAPICLIENT") ?? "") !== "") return;
  for (const { name, isDirectory } of Deno.readDirSync(`${PREFIX}/lib`)) {
    const path = `${PREFIX}/lib/${name}/libvppapiclient.so`;
    if (isDirectory && exists(path)) Deno.env.set("MAGLEV_VPPAPICLIENT", path);
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

class Vpp implements RunningVpp {
  readonly dir = Deno.makeTempDirSync({ prefix: "vpp-" });
  readonly apiSocket = `${this.dir}/api.sock`;
  readonly statsSocket = `${this.dir}/stats.sock`;
  readonly #cliSocket = `${this.dir}/cli.sock`;
  readonly #options: StartVppOptions;
  #process: Deno.ChildProcess | undefined;

  constructor(options: StartVppOptions) {
    this.#options = options;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  apiAddress(kind: ApiKind): string {
    return kind === "socket" ? this.apiSocket : `shm:${apiPrefix(this.dir)}`;
  }

  async cli(command: string): Promise<string> {
    const { stdout } = await new Deno.Command(`${PREFIX}/bin/vppctl`, {
      args: ["-s", this.#cliSocket, ...command.split(" ")],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
      // A VPP that spins accepts and never answers.
      signal: AbortSignal.timeout(CLI_MS),
    }).output();
    return new TextDecoder().decode(stdout);
  }

  async kill(signal: Deno.Signal): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    this.#process = undefined;
    send(process, signal);
    const timer = setTimeout(() => send(process, "SIGKILL"), STOP_MS);
    await process.status;
    clearTimeout(timer);
  }

  async restart(): Promise<void> {
    // The socket files of a killed VPP stay, and would look like a running one.
    for (const path of [this.apiSocket, this.statsSocket, this.#cliSocket]) {
      await Deno.remove(path).catch(() => {});
    }
    await Deno.writeTextFile(`${this.dir}/startup.conf`, startupConf(this.dir, this.#options));
    const commands = this.#options.commands ?? [];
    await Deno.writeTextFile(`${this.dir}/startup.cli`, commands.map((c) => `${c}\n`).join(""));
    const { netns } = this.#options;
    const inside = netns === undefined ? [] : ["ip", "netns", "exec", netns];
    const [program, ...args] = [...inside, `${PREFIX}/bin/vpp`, "-c", `${this.dir}/startup.conf`];
    this.#process = new Deno.Command(program!, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await this.#ready();
  }

  async stop(): Promise<void> {
    await this.kill("SIGKILL");
    await Deno.remove(this.dir, { recursive: true });
    for (const suffix of ["global_vm", "vpe-api"]) {
      await Deno.remove(`/dev/shm/${apiPrefix(this.dir)}-${suffix}`).catch(() => {});
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #ready(): Promise<void> {
    const clock = new SystemClock();
    const endMs = clock.monotonicMs() + READY_MS;
    while (clock.monotonicMs() < endMs) {
      const accepts = await Deno.connect({ transport: "unix", path: this.apiSocket })
        .then((conn) => (conn.close(), true), () => false);
      if (accepts && (await this.cli("show version")).includes("vpp")) return;
      await new Promise<void>((resolve) => clock.after(20, resolve));
    }
    await this.stop();
    throw new Error(`VPP of ${PREFIX} is not up after ${READY_MS} ms`);
  }
}

function send(process: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    process.kill(signal);
  } catch (error) {
    // Deno throws a TypeError for a process that has ended already: fine, that is the aim.
    if (!(error instanceof TypeError)) throw error;
  }
}

/** Name of the shared-memory segment: one per folder, so that several VPPs may run. */
function apiPrefix(dir: string): string {
  return dir.slice(dir.lastIndexOf("/") + 1);
}

function startupConf(dir: string, options: StartVppOptions): string {
  return `unix {
  nodaemon
  nosyslog
  nocolor
  cli-no-banner
  cli-no-pager
  runtime-dir ${dir}
  cli-listen ${dir}/cli.sock
  log ${dir}/vpp.log
  startup-config ${dir}/startup.cli
  ${options.pollSleep === false ? "" : "poll-sleep-usec 100"}
}
api-segment { prefix ${apiPrefix(dir)} }
socksvr { socket-name ${dir}/api.sock }
statseg { socket-name ${dir}/stats.sock size ${options.statseg ?? "16m"} page-size 4k }
memory { main-heap-size 256M main-heap-page-size 4k }
buffers { buffers-per-numa 16384 page-size 4k }
cpu { workers ${options.workers ?? 0} }
plugins {
  ${options.plugins === undefined ? "" : `path ${options.plugins}`}
  plugin default { disable }
  plugin lb_plugin.so { enable }
  plugin af_packet_plugin.so { enable }
  plugin ping_plugin.so { enable }
}
`;
}
