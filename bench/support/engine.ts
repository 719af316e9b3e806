/**
 * The engine alone, as a process to be measured. It probes N targets of the farm, and writes one
 * JSON object per line when all are known and when a target goes down or comes up. For each line on
 * its standard input it writes its figures since the last one. Ends with its standard input.
 * Arguments: count, port, kind (see probe_kinds.ts), interval and timeout in milliseconds, workers,
 * the namespace of probes (empty: this one), and for TLS the files of the authority, of the prober's
 * certificate and of its key.
 */
import { parseIp } from "../../src/base/address.ts";
import { invariant } from "../../src/base/assert.ts";
import type { Logger } from "../../src/base/ports.ts";
import type { HealthcheckConfig } from "../../src/config/model.ts";
import { initialCounter, isUp, stepCounter } from "../../src/health/counter.ts";
import { firstRound } from "../../src/health/first_round.ts";
import { WorkerPool } from "../../src/probe/engine/worker_pool.ts";
import { farmAddress, tunnelAddress } from "./farm_address.ts";
import { BENCH_KINDS } from "./probe_kinds.ts";
import { FineClock } from "./fine_clock.ts";
import { linesOf } from "./lines.ts";

const [count, port, kind, intervalMs, timeoutMs, workers] = [
  Number(Deno.args[0]),
  Number(Deno.args[1]),
  Deno.args[2],
  Number(Deno.args[3]),
  Number(Deno.args[4]),
  Number(Deno.args[5]),
];

const [ca, cert, key] = Deno.args.slice(7);

const bench = BENCH_KINDS[kind ?? ""];
invariant(bench !== undefined, `the benchmark does not know the kind ${kind}`);

const healthcheck: HealthcheckConfig = {
  name: "bench",
  port,
  intervalMs,
  fastIntervalMs: intervalMs,
  downIntervalMs: intervalMs,
  timeoutMs,
  rise: 2,
  fall: 3,
  probeIpv4Src: bench.source ? parseIp("127.0.0.99") : undefined,
  probeIpv6Src: undefined,
  params: bench.params({ ca: ca ?? "", cert: cert ?? "", key: key ?? "" }),
};

function print(record: Record<string, unknown>): void {
  console.log(JSON.stringify(record));
}

const log: Logger = {
  enabled: () => true,
  debug: () => {},
  info: (event, fields) => print({ event, ...fields }),
  warn: (event, fields) => print({ event, ...fields }),
  error: (event, fields) => print({ event, ...fields }),
};

const clock = new FineClock();
const pool = new WorkerPool({ clock, log, workers });
const counters = new Int32Array(count).fill(initialCounter(healthcheck));
const known = new Uint8Array(count);
let unknown = count;
let failures = 0;
const codes: Record<string, number> = {};
let outcomes = 0;
let voids = 0;
pool.onOutcomes = (list) => {
  outcomes += list.length;
  for (const { id, result } of list) {
    if (!result.ok) failures++;
    codes[result.code] = (codes[result.code] ?? 0) + 1;
    const before = counters[id]!;
    const first = known[id] === 0;
    const after = stepCounter(before, result.ok, healthcheck);
    counters[id] = after;
    if (first) {
      known[id] = 1;
      if (--unknown === 0) print({ event: "all-known", atMs: clock.wallMs() });
    } else if (isUp(before, healthcheck) !== isUp(after, healthcheck)) {
      print({ event: isUp(after, healthcheck) ? "up" : "down", id, atMs: clock.wallMs() });
    }
  }
};
const reasons = new Set<string>();
pool.onVoid = ({ reason }) => {
  voids++;
  if (reason !== undefined) reasons.add(reason);
};

const netns = Deno.args[6] ?? "";
const addressOf = bench.farm === "encap" ? tunnelAddress : farmAddress;
const addresses = Array.from({ length: count }, (_, id) => parseIp(addressOf(id)));
const round = firstRound(addresses.map((address) => {
  invariant(address !== undefined, "the farm has IPv4 addresses");
  return { address: address.text, fastIntervalMs: intervalMs };
}));
for (const [id, { delayMs, soonestMs }] of round.entries()) {
  const address = addresses[id]!;
  pool.start({
    id,
    generation: 1,
    backend: `b${id}`,
    address,
    healthcheck,
    netns,
    firstDelayMs: delayMs,
    soonestMs,
  });
}

for await (const _ of linesOf(Deno.stdin.readable)) {
  const stats = await pool.stats();
  print({ event: "figures", ...stats, failures, outcomes, voids, codes, reasons: [...reasons] });
}
await pool.close();
