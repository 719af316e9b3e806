/** Watchers of a daemon that probes: see ../grpc.ts. */
import { MaglevClient } from "../../src/grpc/client/client.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import { mulberry32 } from "../../tests/support/fakes/mulberry32.ts";
import { type Child, cpuMs, memoryMiB, start } from "./child.ts";
import { startGrpcReference } from "./grpc_reference.ts";
import { startServers } from "./servers.ts";

export interface WatchOptions {
  /** Backends, probed once in `intervalMs`. */
  readonly targets: number;
  readonly watchers: readonly number[];
  /** Events a second. */
  readonly rate: number;
  /** Of each phase, in seconds. */
  readonly windowS: number;
  readonly intervalMs: number;
  readonly seed: number;
}

/** A backend that is paused, resumed, and then passes its check. */
const EVENTS_PER_TURN = 3;
/** Time for pending changes. */
const SETTLE_MS = 2000;
/** Events that arrive later count as lost. */
const TIMEOUT_MS = 30_000;

/** Figures of the daemon since the last request; counts: since its start. */
interface Figures {
  readonly probes: number;
  readonly voids: number;
  readonly downs: number;
  readonly events: number;
  readonly lateness: Spread;
  readonly lag: Spread;
}

interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Figures of all watchers. */
interface Received {
  /** Fewest and most events of a watcher. */
  readonly least: number;
  readonly most: number;
  readonly total: number;
  readonly dropped: number;
  readonly ended: number;
  readonly latencyMs: Spread & { readonly p999: number };
}

/** A row for each number of watchers. */
export async function* measureWatch(options: WatchOptions): AsyncGenerator<object> {
  for (const watchers of options.watchers) yield await measure(watchers, options);
}

async function measure(watchers: number, options: WatchOptions): Promise<object> {
  const { targets, intervalMs, windowS } = options;
  await using farm = await startServers(targets);
  const args = [targets, farm.port, intervalMs].map(String);
  const daemon = start("scraped_daemon.ts", args);
  let watching: Child | undefined;
  try {
    const known = daemon.next(({ event }) => event === "all-known");
    const { address } = await daemon.next(({ event }) => event === "grpc") as unknown as Place;
    await known;
    await pause(3000);
    const before = await figures(daemon);
    const alone = await phase(daemon, { ...options, address, before });
    const replayFromMs = performance.now();
    const present = targets + frontendsOf(targets);
    watching = start("watchers.ts", [address, watchers, present].map(String));
    await watching.next(({ event }) => event === "all-replayed");
    const replayMs = performance.now() - replayFromMs;
    const replay = await figures(daemon);
    await received(watching, 0);
    const watched = await phase(daemon, { ...options, address, before: replay });
    const { least, most, total, dropped, ended, latencyMs } = await received(
      watching,
      watchers * watched.made,
    );
    const rssMiB = memoryMiB(daemon.pid);
    return {
      backends: targets,
      farm: farm.kind,
      watchers,
      made: watched.made,
      eventsPerSecond: rounded(watched.made / windowS),
      received: { least, most, dropped, ended },
      lost: watchers * watched.made - total,
      latencyMs: spread(latencyMs),
      cpuUsPerEvent: rounded((1000 * (watched.cpuMs - alone.cpuMs)) / (watchers * watched.made)),
      alone: shown(alone),
      watched: shown(watched),
      presentState: {
        events: watchers * present,
        ms: Math.round(replayMs),
        lateness: spread(replay.lateness),
        lag: spread(replay.lag),
        voids: replay.voids - alone.voids,
      },
      rssMiB,
      reference: await referenceOf(watchers, options),
      falseVerdicts: watched.downs,
    };
  } finally {
    await watching?.end();
    await daemon.end();
  }
}

interface Place {
  readonly address: string;
}

interface Phase extends Figures {
  readonly made: number;
  readonly cpuMs: number;
  readonly probesBefore: number;
  readonly voidsBefore: number;
}

interface PhaseOptions extends WatchOptions, Place {
  /** At its start. */
  readonly before: Figures;
}

/** An operator pauses and resumes backends at random instants. */
async function phase(daemon: Child, options: PhaseOptions): Promise<Phase> {
  const { targets, rate, windowS, seed, before, address } = options;
  const client = new MaglevClient({ address, clock: new SystemClock() });
  const prng = mulberry32(seed);
  const cpuFromMs = cpuMs(daemon.pid);
  const endMs = performance.now() + 1000 * windowS;
  const turns: Promise<void>[] = [];
  for (let turn = 0, atMs = performance.now(); atMs < endMs; turn++) {
    turns.push(pauseAndResume(client, `backend${turn % targets}`));
    atMs += -Math.log(1 - prng()) * 1000 * EVENTS_PER_TURN / rate;
    await pause(Math.max(0, Math.min(atMs, endMs) - performance.now()));
  }
  await Promise.all(turns);
  await pause(SETTLE_MS);
  client.close();
  const cpu = cpuMs(daemon.pid) - cpuFromMs;
  const after = await figures(daemon);
  return {
    ...after,
    made: after.events - before.events,
    cpuMs: cpu,
    probesBefore: before.probes,
    voidsBefore: before.voids,
  };
}

async function pauseAndResume(client: MaglevClient, name: string): Promise<void> {
  await client.call("PauseBackend", { name });
  await pause(50);
  await client.call("ResumeBackend", { name });
}

/** The same number of watchers and events, with a server that does nothing else. */
async function referenceOf(watchers: number, options: WatchOptions): Promise<object | undefined> {
  const reference = await startGrpcReference(new Uint8Array(0));
  if (reference === undefined) return undefined;
  try {
    return { node: reference.version, ...await measureBare(reference, { ...options, watchers }) };
  } finally {
    await reference.stop();
  }
}

/** The figures of `watchers` watchers of a server that only sends events. */
export async function measureBare(
  { child, address }: { readonly child: Child; readonly address: string },
  { watchers, rate, windowS }: Pick<WatchOptions, "rate" | "windowS"> & {
    readonly watchers: number;
  },
): Promise<object> {
  const watching = start("watchers.ts", [address, watchers, 0].map(String));
  try {
    await watching.next(({ event }) => event === "all-replayed");
    await pause(1000);
    const cpuFromMs = cpuMs(child.pid);
    const done = child.next(({ event }) => event === "made");
    await child.send(`${rate} ${windowS}`);
    const { made } = await done as unknown as { made: number };
    await pause(SETTLE_MS);
    const cpu = cpuMs(child.pid) - cpuFromMs;
    const { least, most, latencyMs } = await received(watching, watchers * made);
    return {
      made,
      received: { least, most },
      latencyMs: spread(latencyMs),
      cpuUsPerEvent: rounded((1000 * cpu) / (watchers * made)),
    };
  } finally {
    await watching.end();
  }
}

/** The figures of scraped_daemon.ts. */
function frontendsOf(targets: number): number {
  return Math.ceil(targets / 16);
}

async function figures(daemon: Child): Promise<Figures> {
  const answer = daemon.next(({ event }) => event === "figures");
  await daemon.send("figures");
  return await answer as unknown as Figures;
}

/** Events of the watchers, after `expected` in all or the timeout. */
async function received(watching: Child, expected: number): Promise<Received> {
  const endMs = performance.now() + TIMEOUT_MS;
  while (await countOf(watching) < expected && performance.now() < endMs) await pause(200);
  const answer = watching.next(({ event }) => event === "received");
  await watching.send("received");
  return await answer as unknown as Received;
}

async function countOf(watching: Child): Promise<number> {
  const answer = watching.next(({ event }) => event === "count");
  await watching.send("count");
  return ((await answer) as unknown as { total: number }).total;
}

function shown(phase: Phase): object {
  return {
    probes: phase.probes - phase.probesBefore,
    voids: phase.voids - phase.voidsBefore,
    lateness: spread(phase.lateness),
    lag: spread(phase.lag),
  };
}

function spread<T extends object>(values: T): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => typeof value === "number")
      .map(([name, value]) => [name, rounded(value)]),
  );
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
