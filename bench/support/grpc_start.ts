/** From the start of a maglevd process to its first reply and its first probe: see ../grpc.ts. */
import { MaglevdProcess } from "../../src/demo/daemon_process.ts";
import { daemonConfig } from "./daemon_config.ts";
import { GrpcConnection } from "./grpc_connection.ts";
import { launcherIn } from "./release.ts";

export interface StartOptions {
  readonly rounds: number;
  readonly startTargets: readonly number[];
  readonly intervalMs: number;
  /** Folder of the release that is started; empty: this checkout. */
  readonly release: string;
}

const SERVERS_PER_VIP = 16;
/** Interval of checks for a listener. */
const LOOK_MS = 2;
const TIMEOUT_MS = 30_000;

interface Spread {
  readonly p50: number;
  readonly max: number;
}

/** A row for each number of backends. */
export async function* measureStart(options: StartOptions): AsyncGenerator<object> {
  for (const backends of options.startTargets) {
    const [serving, probed, empty]: [number[], number[], number[]] = [[], [], []];
    // The first run fills the caches of the runtime and of the system.
    for (let round = -1; round < options.rounds; round++) {
      const one = await oneStart(backends, options);
      const runtimeMs = await emptyProgramMs();
      if (round < 0) continue;
      serving.push(one.servingMs);
      probed.push(one.probeMs);
      empty.push(runtimeMs);
    }
    const [toServing, toProbe, runtime] = [serving, probed, empty].map(spread);
    yield { backends, servingMs: toServing, firstProbeMs: toProbe, emptyProgramMs: runtime };
  }
}

async function oneStart(
  backends: number,
  { intervalMs, release }: StartOptions,
): Promise<{ readonly servingMs: number; readonly probeMs: number }> {
  const folder = await Deno.makeTempDir({ prefix: "maglev-bench-" });
  const config = `${folder}/maglev.yaml`;
  // All addresses of loopback lead here; the first connection is the first probe.
  using servers = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  const { port } = servers.addr;
  const shape = { kind: "tcp", count: backends, port, intervalMs, serversPerVip: SERVERS_PER_VIP };
  await Deno.writeTextFile(config, daemonConfig(shape));
  const address = `127.0.0.1:${freePort()}`;
  const startMs = performance.now();
  const maglevd = new MaglevdProcess({
    config,
    vppApiAddr: "",
    grpcAddr: address,
    launcher: launcherIn(release),
    onLine() {},
  });
  const accepted = servers.accept().then((connection) => {
    const probeMs = performance.now() - startMs;
    connection.close();
    return probeMs;
  });
  try {
    const servingMs = await firstAnswer(address) - startMs;
    return { servingMs, probeMs: await accepted };
  } finally {
    await maglevd.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Time of the first reply to GetVersion. */
export async function firstAnswer(address: string): Promise<number> {
  const endMs = performance.now() + TIMEOUT_MS;
  while (performance.now() < endMs) {
    const connection = await GrpcConnection.open(address).catch(() => undefined);
    // A connection to a free port may be one to itself, when the system chooses that port for it.
    const answered = await connection?.ask("/maglev.Maglev/GetVersion", new Uint8Array(0))
      .then(() => true, () => false);
    const nowMs = performance.now();
    await connection?.close();
    if (answered === true) return nowMs;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error(`maglevd did not serve gRPC within ${TIMEOUT_MS / 1000} s`);
}

/** A port that was free a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

export async function emptyProgramMs(): Promise<number> {
  const startMs = performance.now();
  await new Deno.Command(Deno.execPath(), { args: ["eval", ""], stdin: "null" }).output();
  return performance.now() - startMs;
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { p50: Math.round(sorted[sorted.length >> 1]!), max: Math.round(sorted.at(-1)!) };
}
