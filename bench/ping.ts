/**
 * Measures control_ping through the client: one at a time and pipelined, over VPP's socket and over
 * its shared memory. The reference is a minimal client in C (support/ping.c on the socket,
 * support/ping_shm.c on libvppapiclient), against the same VPP in alternating rounds.
 *
 *   deno run -A bench/ping.ts [--socket /run/vpp/api.sock] [--single 20000] [--pipelined 300000]
 *     [--poll-sleep]
 *
 * Without --socket it starts a VPP from MAGLEV_VPP_PREFIX, without poll-sleep by default. Prints
 * one JSON object.
 */
import { parseArgs } from "node:util";
import type { Logger } from "../src/base/ports.ts";
import { SystemClock } from "../src/system/system_clock.ts";
import { VppClient } from "../src/vpp/api/client.ts";
import { MAX_IN_FLIGHT } from "../src/vpp/api/in_flight.ts";
import { connectTransport } from "../src/vpp/transport/connect.ts";
import { API_KINDS, SKIP_REASON, startVpp } from "../tests/vpp/support.ts";
import { compileReference } from "./support/compile.ts";
import { environment } from "./support/environment.ts";

/** Alternating rounds of each; the median counts. */
const ROUNDS = 5;
/** Requests given to the client at a time: more than it sends together, fewer than its limit. */
const BATCH = 16_384;

interface Figures {
  readonly p50Us: number;
  readonly p99Us: number;
  readonly pipelinedPerS: number;
}

interface Sizes {
  readonly single: number;
  readonly pipelined: number;
}

const CLOCK = new SystemClock();
const SILENT: Logger = { enabled: () => false, debug() {}, info() {}, warn() {}, error() {} };

/** Figures of the client only. */
interface ClientFigures extends Figures {
  readonly connectMs: number;
}

async function measureClient(address: string, sizes: Sizes): Promise<ClientFigures> {
  const options = { clientName: "bench", deadlineMs: 5000, clock: CLOCK };
  const connectStartMs = performance.now();
  const transport = await connectTransport(address, options);
  const connectMs = performance.now() - connectStartMs;
  const client = new VppClient(transport, {
    clock: CLOCK,
    logger: SILENT,
    observer: { message() {} },
  });
  try {
    const us = new Float64Array(sizes.single);
    for (let i = 0; i < us.length; i++) {
      const startMs = performance.now();
      await client.ping();
      us[i] = (performance.now() - startMs) * 1000;
    }
    us.sort();
    const startMs = performance.now();
    for (let left = sizes.pipelined; left > 0; left -= BATCH) {
      const pings = Array.from({ length: Math.min(left, BATCH) }, () => client.ping());
      await Promise.all(pings);
    }
    const seconds = (performance.now() - startMs) / 1000;
    return {
      p50Us: us[us.length >> 1] ?? 0,
      p99Us: us[Math.floor(us.length * 0.99)] ?? 0,
      pipelinedPerS: sizes.pipelined / seconds,
      connectMs,
    };
  } finally {
    client.close();
  }
}

interface ReferenceOptions {
  /** Arguments before the sizes. */
  readonly where: readonly string[];
  readonly sizes: Sizes;
}

async function measureReference(
  program: string,
  { where, sizes }: ReferenceOptions,
): Promise<Figures> {
  const args = [...where, `${sizes.single}`, `${sizes.pipelined}`, `${MAX_IN_FLIGHT}`];
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const figures: Figures = JSON.parse(new TextDecoder().decode(stdout));
  return figures;
}

/** The median of each figure, rounded to a tenth. */
function median(runs: readonly Figures[]): Figures {
  const of = (pick: (run: Figures) => number) => {
    const sorted = runs.map(pick).sort((a, b) => a - b);
    return Math.round((sorted[sorted.length >> 1] ?? 0) * 10) / 10;
  };
  return {
    p50Us: of((run) => run.p50Us),
    p99Us: of((run) => run.p99Us),
    pipelinedPerS: Math.round(of((run) => run.pipelinedPerS)),
  };
}

/** The address of the client, and its reference. */
interface Way {
  readonly address: string;
  /** Source in support/, and arguments that name the VPP. */
  readonly reference: { readonly name: string; readonly where: readonly string[] };
}

/** The transport of an address of `--vpp-api-addr`. */
function wayOf(address: string): Way {
  if (!address.startsWith("shm:")) {
    return { address, reference: { name: "ping", where: [address] } };
  }
  const library = Deno.env.get("MAGLEV_VPPAPICLIENT") ?? "libvppapiclient.so";
  const prefix = address.slice("shm:".length);
  return { address, reference: { name: "ping_shm", where: [library, prefix] } };
}

async function measure(
  { address, reference: { name, where } }: Way,
  sizes: Sizes,
): Promise<Record<string, unknown>> {
  const folder = await Deno.makeTempDir();
  try {
    const program = await compileReference(folder, name);
    const client: ClientFigures[] = [];
    const reference: Figures[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      client.push(await measureClient(address, sizes));
      if (program !== undefined) reference.push(await measureReference(program, { where, sizes }));
    }
    const connectMs = Math.round(
      client.map((run) => run.connectMs).sort((a, b) => a - b)[ROUNDS >> 1] ?? 0,
    );
    const ours = { ...median(client), connectMs };
    if (reference.length === 0) return { client: ours, reference: "no C compiler (cc)" };
    const theirs = median(reference);
    const ratio = {
      p50: Number((ours.p50Us / theirs.p50Us).toFixed(2)),
      pipelined: Number((ours.pipelinedPerS / theirs.pipelinedPerS).toFixed(2)),
    };
    return { client: ours, reference: theirs, ratio };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function main(): Promise<Record<string, unknown>> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      socket: { type: "string", default: "" },
      single: { type: "string", default: "20000" },
      pipelined: { type: "string", default: "300000" },
      "poll-sleep": { type: "boolean", default: false },
    },
  });
  const sizes = { single: Number(values.single), pipelined: Number(values.pipelined) };
  const about = {
    benchmark: "ping",
    parameters: { ...sizes, rounds: ROUNDS, window: MAX_IN_FLIGHT, batch: BATCH },
    environment: environment(),
  };
  if (values.socket !== "") {
    return { ...about, vpp: "given", ...await measure(wayOf(values.socket), sizes) };
  }
  if (SKIP_REASON !== "") return { ...about, skipped: "no --socket and no MAGLEV_VPP_PREFIX" };
  const pollSleep = values["poll-sleep"];
  const vpp = await startVpp({ pollSleep });
  try {
    const figures: Record<string, unknown> = {};
    for (const kind of API_KINDS) {
      figures[kind] = await measure(wayOf(vpp.apiAddress(kind)), sizes);
    }
    return { ...about, vpp: pollSleep ? "poll-sleep 100 us" : "without poll-sleep", ...figures };
  } finally {
    await vpp.stop();
  }
}

console.log(JSON.stringify(await main()));
