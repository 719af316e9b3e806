/** Calls to a running maglevd, alternating with calls to a server on Node: see ../grpc.ts. */
import { MaglevdProcess } from "../../src/demo/daemon_process.ts";
import { GetBackendRequest } from "../../src/grpc/gen/maglev.ts";
import { encode } from "../../src/grpc/messages/codec.ts";
import { type Child, cpuMs, start } from "./child.ts";
import { startFarm } from "./farms.ts";
import { daemonConfig } from "./daemon_config.ts";
import { GrpcConnection } from "./grpc_connection.ts";
import { startGrpcReference } from "./grpc_reference.ts";

/** Of the daemon. */
const BACKENDS = 100;
const SERVERS_PER_VIP = 16;
const ASKED = "b7";
const CLIENTS = ["bare", "own"];

export interface UnaryOptions {
  /** Duration of a round; a first round is not counted. */
  readonly seconds: number;
  readonly rounds: number;
  readonly inFlight: readonly number[];
  readonly intervalMs: number;
}

interface Server {
  readonly address: string;
  readonly pid: number;
}

/** One round of one server. */
interface Round {
  readonly callsPerSecond: number;
  /** Of the server's process. */
  readonly cpuUsPerCall: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
}

/** A row for each client and number of calls at a time. */
export async function* measureUnary(options: UnaryOptions): AsyncGenerator<object> {
  const { intervalMs } = options;
  const folder = await Deno.makeTempDir({ prefix: "maglev-bench-" });
  const farm = await startFarm(BACKENDS, "tcp");
  const config = `${folder}/maglev.yaml`;
  const shape = { kind: "tcp", count: BACKENDS, port: farm.port, serversPerVip: SERVERS_PER_VIP };
  await Deno.writeTextFile(config, daemonConfig({ ...shape, intervalMs }));
  const [listening, allUp] = [Promise.withResolvers<string>(), Promise.withResolvers<void>()];
  let up = 0;
  const maglevd = new MaglevdProcess({
    config,
    vppApiAddr: "",
    metricsAddr: "127.0.0.1:0",
    grpcAddr: "127.0.0.1:0",
    onLine(line) {
      if (line.msg === "grpc-listen") listening.resolve(String(line["address"]));
      if (line.msg === "backend-transition" && line["to"] === "up" && ++up === BACKENDS) {
        allUp.resolve();
      }
    },
  });
  try {
    const address = await listening.promise;
    await allUp.promise;
    const answer = await askOnce(address);
    const reference = await startGrpcReference(answer);
    try {
      const servers = [{ address, pid: maglevd.pid }];
      if (reference !== undefined) {
        servers.push({ address: reference.address, pid: reference.child.pid });
      }
      for (const client of CLIENTS) {
        for (const inFlight of options.inFlight) {
          const [own, other] = await inTurns(servers, { ...options, client, inFlight });
          yield {
            client,
            inFlight,
            answerBytes: answer.length,
            maglevd: own,
            reference: other === undefined ? undefined : { node: reference!.version, ...other },
            ratio: other && rounded(own!.callsPerSecond / other.callsPerSecond),
            falseFailures: own!.failed,
          };
        }
      }
    } finally {
      await reference?.stop();
    }
  } finally {
    await maglevd.stop();
    await farm.child.end();
    await Deno.remove(folder, { recursive: true });
  }
}

async function askOnce(address: string): Promise<Uint8Array> {
  const connection = await GrpcConnection.open(address);
  const request = encode(GetBackendRequest, { name: ASKED });
  const answer = await connection.ask("/maglev.Maglev/GetBackend", request);
  await connection.close();
  return answer;
}

interface Turns extends Omit<UnaryOptions, "inFlight"> {
  readonly client: string;
  readonly inFlight: number;
}

/** For each server the medians of its rounds. */
async function inTurns(servers: readonly Server[], turns: Turns): Promise<readonly Round[]> {
  const { client, rounds } = turns;
  const loads = servers.map(({ address }) => start("unary_load.ts", [address, client, ASKED]));
  const results: Round[][] = servers.map(() => []);
  try {
    for (let round = -1; round < rounds; round++) {
      for (const [i, server] of servers.entries()) {
        const result = await oneRound(server, { ...turns, load: loads[i]! });
        // The first round warms both sides up.
        if (round >= 0) results[i]!.push(result);
      }
    }
  } finally {
    for (const load of loads) await load.end();
  }
  return results.map((list) => ({
    callsPerSecond: Math.round(median(list.map((one) => one.callsPerSecond))),
    cpuUsPerCall: rounded(median(list.map((one) => one.cpuUsPerCall))),
    p50Ms: rounded(median(list.map((one) => one.p50Ms))),
    p99Ms: rounded(median(list.map((one) => one.p99Ms))),
    failed: list.reduce((sum, { failed }) => sum + failed, 0),
  }));
}

interface Calls {
  readonly good: number;
  readonly failed: number;
  readonly elapsedMs: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number };
}

async function oneRound(server: Server, turn: Turns & { readonly load: Child }): Promise<Round> {
  const { load, seconds, inFlight } = turn;
  const cpuFromMs = cpuMs(server.pid);
  const answer = load.next(({ event }) => event === "calls");
  await load.send(`${seconds} ${inFlight}`);
  const { good, failed, elapsedMs, latencyMs } = await answer as unknown as Calls;
  return {
    callsPerSecond: (1000 * good) / elapsedMs,
    cpuUsPerCall: (1000 * (cpuMs(server.pid) - cpuFromMs)) / good,
    p50Ms: latencyMs.p50,
    p99Ms: latencyMs.p99,
    failed,
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
