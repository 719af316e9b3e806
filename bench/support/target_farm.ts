/**
 * The servers for comparing several checkers, one after the other: farm.c of ../shared/bench/health
 * (one thread and epoll, so that they cost little), for https farm_tls.ts, and for icmp the kernel,
 * which replies for all of 127.0.0.0/8.
 */
import type { WallMs } from "../../src/base/instant.ts";
import { certificates } from "../../tests/support/servers/certificates.ts";
import { pinned, start } from "./child.ts";
import { linesOf } from "./lines.ts";
import { neededProgram } from "./shared_program.ts";
import { startUdpFarm } from "./farms.ts";

/**
 * `hang`: accepts and never responds. `stall`: leaves connection attempts unanswered. `open`:
 * serves again.
 */
export type Verb = "close" | "hang" | "stall" | "open";

/** Requests served since the last call. */
export interface Served {
  /** Connections (tcp), requests (http, https), echoes (icmp: of the whole namespace). */
  readonly count: number;
  /** CPU time of the servers; undefined when unknown. */
  readonly cpuMs: number | undefined;
}

export interface TargetFarm {
  readonly port: number;
  /** PEM file of the authority that signed the certificate; empty: none. */
  readonly caFile: string;
  /** The way a server of this kind hangs; undefined: it cannot hang. */
  readonly bad: Verb | undefined;
  /** Does that to a server; returns the time of completion (Unix time, milliseconds). */
  act(verb: Verb, id: number): Promise<WallMs>;
  takeServed(): Promise<Served>;
  stop(): Promise<void>;
}

export interface FarmOptions {
  readonly kind: string;
  readonly targets: number;
  readonly cpu: number | undefined;
  readonly folder: string;
}

export async function startTargets(options: FarmOptions): Promise<TargetFarm> {
  if (options.kind === "icmp") return kernelFarm();
  if (options.kind === "udp" || options.kind === "dns") return await udpFarm();
  return options.kind === "https" ? await tlsFarm(options) : await plainFarm(options);
}

/** As the test servers' ports: below the range from which the system takes local ones. */
function portOfProcess(): number {
  return 10_000 + (Deno.pid % 10_000);
}

interface FarmAnswer {
  readonly ok: 0 | 1;
  /** Unix time in nanoseconds; as a number good to 0.3 us. */
  readonly t?: number;
  readonly accepted?: number;
  readonly requests?: number;
  readonly farm_cpu_us?: number;
}

async function plainFarm({ kind, targets, cpu, folder }: FarmOptions): Promise<TargetFarm> {
  const [path, port] = [`${folder}/farm.sock`, portOfProcess()];
  const argv = [await neededProgram("farm"), "-n", targets, "-p", port, "-k", kind, "-c", path];
  const [program, ...args] = pinned(cpu, argv.map(String));
  const child = new Deno.Command(program!, { args, stdout: "piped" }).spawn();
  let ended = false;
  const status = child.status.then((status) => {
    ended = true;
    return status;
  });
  const output = linesOf(child.stdout);
  if ((await output.next()).done === true) throw new Error("The server farm did not start");
  const control = await Deno.connect({ transport: "unix", path });
  const answers = linesOf(control.readable);
  const writer = control.writable.getWriter();
  const ask = async (line: string): Promise<FarmAnswer> => {
    await writer.write(new TextEncoder().encode(`${line}\n`));
    const { value } = await answers.next();
    const answer = JSON.parse(value ?? "{}") as FarmAnswer;
    if (answer.ok !== 1) {
      const why = value ?? `it ended, ${JSON.stringify(await status)}`;
      throw new Error(`The server farm does not do "${line}": ${why}`);
    }
    return answer;
  };
  return {
    port,
    caFile: "",
    // A check that only connects cannot detect a server that accepts and then stays silent.
    bad: kind === "tcp" ? "stall" : "hang",
    act: async (verb, id) => ((await ask(`${verb} ${id}`)).t! / 1e6) as WallMs,
    async takeServed() {
      const { accepted, requests, farm_cpu_us } = await ask("stats");
      return { count: (kind === "tcp" ? accepted : requests)!, cpuMs: farm_cpu_us! / 1000 };
    },
    async stop() {
      if (!ended) child.kill("SIGTERM");
      await status;
      await answers.return(undefined);
      await output.return(undefined);
    },
  };
}

async function udpFarm(): Promise<TargetFarm> {
  const child = await startUdpFarm();
  const { port } = await child.next((record) => record.port !== undefined);
  return {
    port: port!,
    caFile: "",
    bad: undefined,
    act: () => Promise.reject(new Error("servers over UDP have no drill")),
    async takeServed() {
      const answer = child.next(({ served }) => served !== undefined);
      await child.send("served");
      const { served, cpuMs } = await answer;
      return { count: served!, cpuMs };
    },
    stop: () => child.end(),
  };
}

async function tlsFarm({ targets, cpu }: FarmOptions): Promise<TargetFarm> {
  const { folder } = await certificates();
  const child = start("farm_tls.ts", [String(targets), folder], { cpu });
  const { port } = await child.next((record) => record.port !== undefined);
  return {
    port: port!,
    caFile: `${folder}/ca.pem`,
    bad: "hang",
    async act(verb, id) {
      const answer = child.next(({ atMs }) => atMs !== undefined);
      await child.send(`${verb} ${id}`);
      return (await answer).atMs!;
    },
    async takeServed() {
      const answer = child.next(({ served }) => served !== undefined);
      await child.send("served");
      const { served, cpuMs } = await answer;
      return { count: served!, cpuMs };
    },
    stop: () => child.end(),
  };
}

/** Echo requests that this network namespace received: /proc/net/snmp, RFC 2011. */
function echoesReceived(): number {
  const lines = Deno.readTextFileSync("/proc/net/snmp").split("\n");
  const [names, values] = lines.filter((line) => line.startsWith("Icmp:"))
    .map((line) => line.split(" "));
  return Number(values![names!.indexOf("InEchos")]);
}

function kernelFarm(): TargetFarm {
  let before = echoesReceived();
  return {
    port: 0,
    caFile: "",
    bad: undefined,
    act: () => Promise.reject(new Error("An address of the kernel cannot be closed")),
    takeServed() {
      const now = echoesReceived();
      const count = now - before;
      before = now;
      return Promise.resolve({ count, cpuMs: undefined });
    },
    stop: () => Promise.resolve(),
  };
}
