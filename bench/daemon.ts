/**
 * Measures the whole daemon as a process, against a farm on loopback and a simulated VPP. Figures:
 * the cost of a probe with checker, log and VPP; the time from the start of the process until every
 * backend is known and VPP has every weight; memory; and the growth of each with the number of
 * backends. Frontends have 16 servers each.
 *
 * Options: --kinds tcp,http --targets 100,1000,5000,10000 --window 20 (s) --interval 1000 (ms)
 */
import { parseArgs } from "node:util";
import { startSimulator } from "../src/sim/api_server.ts";
import { type LogLine, MaglevdProcess } from "../src/demo/daemon_process.ts";
import { SystemClock } from "../src/system/system_clock.ts";
import { cpuMs, memoryMiB } from "./support/child.ts";
import { startFarm } from "./support/farms.ts";
import { daemonConfig } from "./support/daemon_config.ts";
import { environment } from "./support/environment.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    kinds: { type: "string", default: "tcp,http" },
    targets: { type: "string", default: "100,1000,5000,10000" },
    window: { type: "string", default: "20" },
    interval: { type: "string", default: "1000" },
  },
});

const parameters = {
  kinds: values.kinds.split(","),
  targets: values.targets.split(",").map(Number),
  windowS: Number(values.window),
  intervalMs: Number(values.interval),
  serversPerVip: 16,
};

interface Row {
  readonly kind: string;
  readonly backends: number;
  readonly frontends: number;
  /** From the start of the process to the first and the last backend-transition out of unknown. */
  readonly firstKnownMs: number;
  readonly allKnownMs: number;
  /** To the moment VPP has every server with its weight. */
  readonly allInVppMs: number;
  readonly cpuUsPerProbe: number;
  readonly rssMiB: { readonly start: number; readonly end: number };
  readonly descriptors: number;
  readonly falseVerdicts: number;
}

async function measure(kind: string, backends: number): Promise<Row> {
  const folder = await Deno.makeTempDir({ prefix: "maglev-bench-" });
  const farm = await startFarm(backends, kind);
  const simulator = await startSimulator({ path: `${folder}/api.sock`, clock: new SystemClock() });
  const config = `${folder}/maglev.yaml`;
  await Deno.writeTextFile(
    config,
    daemonConfig({ ...parameters, kind, count: backends, port: farm.port }),
  );
  const allUp = Promise.withResolvers<number>();
  let [up, firstKnownMs, falseVerdicts] = [0, 0, 0];
  const startMs = performance.now();
  const elapsedMs = () => Math.round(performance.now() - startMs);
  const onLine = (line: LogLine) => {
    if (line.msg !== "backend-transition") return;
    if (line.to !== "up") falseVerdicts++;
    else if (++up === 1) firstKnownMs = elapsedMs();
    if (up === backends) allUp.resolve(elapsedMs());
  };
  const maglevd = new MaglevdProcess({ config, vppApiAddr: simulator.path, onLine });
  try {
    const allKnownMs = await allUp.promise;
    while (!allInVpp()) await pause(5);
    const allInVppMs = elapsedMs();
    await pause(3000);
    const rssStart = memoryMiB(maglevd.pid);
    const cpuFrom = cpuMs(maglevd.pid);
    await pause(1000 * parameters.windowS);
    const cpu = cpuMs(maglevd.pid) - cpuFrom;
    const probes = (backends * parameters.windowS * 1000) / parameters.intervalMs;
    return {
      kind,
      backends,
      frontends: Math.ceil(backends / parameters.serversPerVip),
      firstKnownMs,
      allKnownMs,
      allInVppMs,
      cpuUsPerProbe: Math.round((10_000 * cpu) / probes) / 10,
      rssMiB: { start: rssStart, end: memoryMiB(maglevd.pid) },
      descriptors: [...Deno.readDirSync(`/proc/${maglevd.pid}/fd`)].length,
      falseVerdicts,
    };
  } finally {
    await maglevd.stop();
    await simulator.stop();
    await farm.child.end();
    await Deno.remove(folder, { recursive: true });
  }

  function allInVpp(): boolean {
    let weighted = 0;
    for (const vip of simulator.plugin.vips()) {
      for (const server of simulator.plugin.serversOf(vip)) if (server.weight === 100) weighted++;
    }
    return weighted === backends;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const rows: Row[] = [];
for (const kind of parameters.kinds) {
  for (const backends of parameters.targets) {
    const row = await measure(kind, backends);
    console.error(JSON.stringify(row));
    rows.push(row);
  }
}
console.log(JSON.stringify({ parameters, environment: environment(), figures: rows }, null, 1));
