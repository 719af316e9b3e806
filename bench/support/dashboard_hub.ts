/** The dashboard's hub in numbers: see ../dashboard.ts. */
import { FRONTEND_V8_FLAGS } from "../../src/system/launch/permissions.ts";
import { type Child, cpuMs, memoryMiB, start } from "./child.ts";
import { startServers } from "./servers.ts";

export interface HubOptions {
  readonly maglevds: number;
  /** Of each maglevd, probed once a second. */
  readonly backends: number;
  /** Events per second of all maglevds. */
  readonly rate: number;
  /** Of each phase, in seconds. */
  readonly windowS: number;
}

/** What is settled by then does not count for the next phase. */
const SETTLE_MS = 3000;

interface Figures {
  readonly probes: number;
}

/** What the hub takes, and what its stream of probes costs a maglevd. */
export async function* measureHub(options: HubOptions): AsyncGenerator<object> {
  yield* hubRows(options);
  yield await probeCost(options);
}

async function* hubRows(options: HubOptions): AsyncGenerator<object> {
  const { maglevds, backends, rate, windowS } = options;
  const canned = start("canned_maglevds.ts", [maglevds, backends, rate].map(String));
  const listening = await canned.next(({ event }) => event === "listening");
  const { addresses } = listening as unknown as { addresses: string[] };
  // As the dashboard: with the flags of maglevd it would take half of the memory, twice the time.
  const hub = start("hub_process.ts", addresses, { v8Flags: FRONTEND_V8_FLAGS });
  try {
    const startMs = performance.now();
    await hub.next(({ event }) => event === "connected");
    const connectMs = Math.round(performance.now() - startMs);
    for (const shown of [0, 1, maglevds]) {
      await hub.send(`show ${shown}`);
      await pause(SETTLE_MS);
      const row = await phase(hub, canned, windowS);
      yield { what: "hub", maglevds, backends, rate, shown, connectMs, ...row };
    }
  } finally {
    await hub.end();
    await canned.end();
  }
}

async function phase(hub: Child, canned: Child, windowS: number): Promise<object> {
  await figures(hub);
  const before = { hub: cpuMs(hub.pid), canned: cpuMs(canned.pid), atMs: performance.now() };
  await pause(1000 * windowS);
  const elapsedMs = performance.now() - before.atMs;
  const share = (ms: number) => Math.round((1000 * ms) / elapsedMs) / 10;
  const cpu = share(cpuMs(hub.pid) - before.hub);
  const senders = share(cpuMs(canned.pid) - before.canned);
  const { event: _, ...rest } = await figures(hub) as Figures & { readonly event: string };
  return {
    cpuPercent: cpu,
    sendersCpuPercent: senders,
    probesPerSecond: Math.round((1000 * rest.probes) / elapsedMs),
    rssMiB: memoryMiB(hub.pid),
    ...rest,
  };
}

/** CPU time of a maglevd per probe, without a browser and with one. */
async function probeCost({ backends, windowS }: HubOptions): Promise<object> {
  await using farm = await startServers(backends);
  const daemon = start("scraped_daemon.ts", [backends, farm.port, 1000].map(String));
  let hub: Child | undefined;
  try {
    const known = daemon.next(({ event }) => event === "all-known");
    const place = await daemon.next(({ event }) => event === "grpc");
    const { address } = place as unknown as { address: string };
    await known;
    hub = start("hub_process.ts", [address], { v8Flags: FRONTEND_V8_FLAGS });
    await hub.next(({ event }) => event === "connected");
    const costs: Record<string, number[]> = { closed: [], open: [] };
    // In turns, because the machine is not the same all the time.
    for (let round = 0; round < 3; round++) {
      for (const shown of [0, 1]) {
        await hub.send(`show ${shown}`);
        await pause(SETTLE_MS);
        costs[shown === 0 ? "closed" : "open"]!.push(await costPerProbe(daemon, windowS));
      }
    }
    const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[1]!;
    const [closed, open] = [median(costs.closed!), median(costs.open!)];
    return {
      what: "maglevd's CPU per probe",
      backends,
      farm: farm.kind,
      closedUs: Math.round(closed),
      openUs: Math.round(open),
      ratio: Math.round((100 * open) / closed) / 100,
    };
  } finally {
    await hub?.end();
    await daemon.end();
  }
}

/** In microseconds, of all threads of the maglevd. */
async function costPerProbe(daemon: Child, windowS: number): Promise<number> {
  const before = { probes: (await figures(daemon)).probes, cpuMs: cpuMs(daemon.pid) };
  await pause(1000 * windowS);
  const cpu = cpuMs(daemon.pid) - before.cpuMs;
  const { probes } = await figures(daemon);
  return (1000 * cpu) / (probes - before.probes);
}

async function figures(child: Child): Promise<Figures> {
  const answer = child.next(({ event }) => event === "figures");
  await child.send("figures");
  return await answer as unknown as Figures;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
