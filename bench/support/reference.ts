/**
 * The references for probes: the cheapest honest probers, against the same servers in the same run.
 *
 * - tcp and http (also with steps or a header before them): limit.c of ../shared/bench/health
 * - udp and dns: udp.c; other kinds over TCP: stream.c; echo requests and tunnels: packet.c
 * - https: OpenSSL's own client, which makes one full handshake and request after the other
 */
import { encodeQuestion } from "../../src/probe/dns/message.ts";
import { checkRequest } from "../../src/probe/grpc/health_message.ts";
import { h2RequestBytes } from "../../src/probe/h2/request.ts";
import { cpuMs } from "./child.ts";
import { referenceProgram } from "./compile.ts";
import { ENCAP_PORT, ENCAP_SOURCE, ENCAP_VIP, farmAddress } from "./farm_address.ts";
import { FARM_ANSWERS } from "./farm_answers.ts";
import { BENCH_KINDS, type TlsFiles } from "./probe_kinds.ts";
import { sharedProgram } from "./shared_program.ts";

export interface ReferenceOptions {
  readonly targets: number;
  readonly port: number;
  /** Network namespace from which the servers are probed; empty: this one. */
  readonly netns: string;
  readonly files: TlsFiles;
  readonly windowS: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** Time before the window, in which the program starts. */
const SETTLE_S = 2;

/** A reference's CPU per probe in microseconds; undefined without its source or program. */
export async function referenceUsOf(
  kind: string,
  options: ReferenceOptions,
): Promise<number | undefined> {
  const { farm } = BENCH_KINDS[kind]!;
  if (farm.startsWith("https")) return opensslUs(options);
  const argv = await commandOf(kind, farm, options);
  return argv === undefined ? undefined : await measuredUs(argv, options);
}

/** The reference's command line; it runs somewhat longer than the window. */
async function commandOf(
  kind: string,
  farm: string,
  { targets, port, netns, windowS, intervalMs, timeoutMs }: ReferenceOptions,
): Promise<readonly string[] | undefined> {
  const seconds = windowS + SETTLE_S + 1;
  const words = (...list: readonly (string | number)[]) => list.map(String);
  if (farm === "icmp" || farm === "encap") {
    const vipPort = kind === "encap-tcp" ? ENCAP_PORT : 0;
    const tunnel = farm === "encap" ? words(ENCAP_VIP, ENCAP_SOURCE, vipPort) : [];
    const inside = netns === "" ? [] : ["ip", "netns", "exec", netns];
    const program = await referenceProgram("packet");
    return [...inside, program, ...words(targets, intervalMs, seconds), ...tunnel];
  }
  if (farm === "udp") {
    return [await referenceProgram("udp"), ...words("probe", targets, port, intervalMs, seconds)];
  }
  const talk = TALKS[farm];
  if (talk !== undefined) {
    const { request, answerBytes } = talk;
    const program = await referenceProgram("stream");
    return [
      ...[program, ...words(targets, port, intervalMs, seconds)],
      ...[request.toHex(), String(answerBytes)],
    ];
  }
  const program = await sharedProgram("limit");
  if (program === undefined) return undefined;
  return [
    ...[program, "-k", farm],
    ...words("-n", targets, "-p", port, "-i", intervalMs, "-t", timeoutMs, "-s", seconds),
  ];
}

interface Talk {
  readonly request: Uint8Array;
  readonly answerBytes: number;
}

const QUESTION = encodeQuestion({ id: 1, name: "www.example.com", type: 1, recursion: true });

/** What stream.c sends and reads. */
const TALKS: Readonly<Record<string, Talk>> = {
  agent: { request: new Uint8Array(0), answerBytes: FARM_ANSWERS.agent!.length },
  "dns-tcp": {
    request: Uint8Array.of(0, QUESTION.length, ...QUESTION),
    answerBytes: QUESTION.length + 2,
  },
  grpc: {
    request: requestTo("POST", "/grpc.health.v1.Health/Check", checkRequest("")),
    answerBytes: FARM_ANSWERS.grpc!.length,
  },
  http2: {
    request: requestTo("GET", "/", new Uint8Array(0)),
    answerBytes: FARM_ANSWERS.http2!.length,
  },
};

function requestTo(method: string, path: string, body: Uint8Array): Uint8Array {
  return h2RequestBytes([
    [":method", method],
    [":scheme", "http"],
    [":path", path],
    [":authority", farmAddress(0)],
  ], body);
}

/** CPU of a program per probe during the window. */
async function measuredUs(
  argv: readonly string[],
  { targets, windowS, intervalMs }: ReferenceOptions,
): Promise<number> {
  const [program, ...args] = argv;
  const process = new Deno.Command(program!, { args, stdout: "null" }).spawn();
  await new Promise((resolve) => setTimeout(resolve, 1000 * SETTLE_S));
  const fromMs = cpuMs(process.pid);
  await new Promise((resolve) => setTimeout(resolve, 1000 * windowS));
  const cpu = cpuMs(process.pid) - fromMs;
  const { success } = await process.status;
  if (!success) throw new Error(`the reference ${argv.join(" ")} failed`);
  return (1000 * cpu) / ((targets * windowS * 1000) / intervalMs);
}

const S_TIME_S = 5;

/**
 * CPU of `openssl s_time -new` per connection in microseconds, with verification and a GET of `/`;
 * undefined without that program. It shows the prober's certificate to a server that requests one.
 */
async function opensslUs({ port, files }: ReferenceOptions): Promise<number | undefined> {
  const server = `${farmAddress(0)}:${port}`;
  const client = `openssl s_time -new -www / -verify 2 -connect ${server} -time ${S_TIME_S}`;
  // `times` of the shell: two lines, its own and its children's user and system time.
  const { stdout } = await new Deno.Command("/bin/sh", {
    args: [
      ...["-c", `${client} -CAfile "$1" -cert "$2" -key "$3" 2>/dev/null; times`, "sh"],
      ...[files.ca, files.cert, files.key],
    ],
    stdout: "piped",
    stderr: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  const count = Number(/^(\d+) connections in .* real seconds/m.exec(text)?.[1] ?? 0);
  const times = [...text.matchAll(/(\d+)m([\d.]+)s/g)].slice(-2);
  const seconds = times.reduce((sum, [, m, s]) => sum + 60 * Number(m) + Number(s), 0);
  return count === 0 ? undefined : (1e6 * seconds) / count;
}
