/**
 * Measures the API in three parts:
 *
 * - unary: GetBackend over one connection, several calls at a time, to a maglevd process that
 *   probes 100 backends. It alternates with an ordinary grpc-js server on Node that returns the
 *   same message. Two clients: one that costs almost nothing, so that the server is the limit, and
 *   maglevc's own. Medians of the rounds.
 * - watch: a daemon of N backends probed once a second (support/scraped_daemon.ts). An operator
 *   pauses and resumes backends at random instants, three events each time. The first phase has no
 *   watchers, the second has watchers of all backends, each with a connection of its own. Figures:
 *   the time from an event to its last byte in each watcher; the lateness of probes and of the main
 *   thread in both phases and while the present state is sent; missing events. The reference is the
 *   server on Node, which does nothing but send events.
 * - start: from the start of the maglevd process to its first reply over gRPC, and to its first
 *   probe. The reference is Deno with an empty program.
 *
 * Options: --parts unary,watch,start --seconds 5 --rounds 5 --in-flight 1,64 --targets 5000
 * --watchers 10,100 --rate 100 (events/s) --window 20 (s) --start-targets 100,1000,10000 --seed 1
 * --release FOLDER (for start: the maglevd of that release; default: of this checkout)
 */
import { parseArgs } from "node:util";
import { environment } from "./support/environment.ts";
import { measureStart } from "./support/grpc_start.ts";
import { measureUnary } from "./support/grpc_unary.ts";
import { measureWatch } from "./support/grpc_watch.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    parts: { type: "string", default: "unary,watch,start" },
    seconds: { type: "string", default: "5" },
    rounds: { type: "string", default: "5" },
    "in-flight": { type: "string", default: "1,64" },
    targets: { type: "string", default: "5000" },
    watchers: { type: "string", default: "10,100" },
    rate: { type: "string", default: "100" },
    window: { type: "string", default: "20" },
    "start-targets": { type: "string", default: "100,1000,10000" },
    seed: { type: "string", default: "1" },
    release: { type: "string", default: "" },
  },
});

const numbers = (text: string) => text.split(",").map(Number);
const parameters = {
  parts: values.parts.split(","),
  seconds: Number(values.seconds),
  rounds: Number(values.rounds),
  inFlight: numbers(values["in-flight"]),
  targets: Number(values.targets),
  watchers: numbers(values.watchers),
  rate: Number(values.rate),
  windowS: Number(values.window),
  startTargets: numbers(values["start-targets"]),
  intervalMs: 1000,
  seed: Number(values.seed),
  release: values.release,
};

const PARTS: Readonly<Record<string, () => AsyncGenerator<object>>> = {
  unary: () => measureUnary(parameters),
  watch: () => measureWatch(parameters),
  start: () => measureStart(parameters),
};

const rows: object[] = [];
for (const part of parameters.parts) {
  const measure = PARTS[part];
  if (measure === undefined) throw new Error(`No part "${part}": need unary, watch or start`);
  for await (const figures of measure()) {
    const row = { part, load: environment().load, ...figures };
    console.error(JSON.stringify(row));
    rows.push(row);
  }
}
console.log(JSON.stringify({ parameters, environment: environment(), figures: rows }, null, 1));
