/**
 * Reads the counters of all VIPs periodically and publishes each result as one snapshot. A snapshot
 * is always live: it is withdrawn when the connection ends or reading fails, and it never contains
 * a VIP by an index that may be another's.
 *
 *     every interval    look up unknown indices → one read of the segment → snapshot
 *
 * A VIP's counters are found by its index in VPP's pool and by the index of its route. Each reading
 * of the reconciler gives the pool indices; those of VIPs added later are looked up here. Lookups
 * are repeated only when VIPs were added, removed or recreated. If a VIP changed its index between
 * the lookup and the read, the read is repeated.
 */
import { MaglevError } from "../../base/errors.ts";
import { later, NEVER_MS } from "../../base/instant.ts";
import type { Clock, Logger, Timer } from "../../base/ports.ts";
import { countedServers, type CountedVip, CountersPlan } from "./plan.ts";
import type { ActualVip } from "../lb/model.ts";
import { vipKeyText, vipPrefix } from "../lb/model.ts";
import type {
  ConnectionState,
  CountedVips,
  CountersSnapshot,
  CountersSource,
  LbApi,
  StatsReader,
  VppConnection,
} from "../ports.ts";

/** Pause before the next attempt while the reconciler has not read VPP yet. */
const NOT_READ_MS = 100;
/** A failing read is tried this often, with this pause, before the run gives up. */
const READS = 10;
const READ_PAUSE_MS = 20;
/** Maximum route lookups under way. */
const LOOKUPS = 256;

/** Options of VppCounters. */
export interface VppCountersOptions {
  readonly connection: VppConnection;
  /** The VIPs of the current connection; undefined until VPP was read. */
  readonly counted: () => CountedVips | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Period of the snapshots; read at start and after reload(). */
  readonly intervalMs: () => number;
}

/** The state of one connection. */
interface Live {
  readonly lb: LbApi;
  readonly reader: StatsReader;
  /** By VIP: the index of its route. */
  routes: ReadonlyMap<string, Route>;
  plan: { readonly version: number; readonly plan: CountersPlan } | undefined;
}

interface Route {
  /** The version since which the VIP has its index; see CountedVips. */
  readonly since: number;
  readonly routeIndex: number | undefined;
}

export class VppCounters implements CountersSource {
  onSnapshot: (snapshot: CountersSnapshot | undefined) => void = () => {};
  readonly #options: VppCountersOptions;
  #snapshot: CountersSnapshot | undefined;
  #live: Live | undefined;
  #timer: Timer | undefined;
  /** When the next run is due, on the monotonic clock. */
  #dueMs = NEVER_MS;
  #running: Promise<void> | undefined;
  #endPause: () => void = () => {};
  #started = false;
  #stopped = false;
  /** The last problem; logged again only after another one or a success. */
  #problem: string | undefined;

  constructor(options: VppCountersOptions) {
    this.#options = options;
  }

  get snapshot(): CountersSnapshot | undefined {
    return this.#snapshot;
  }

  /**
   * Follows the connection. The source of `counted` must subscribe before, so that it is notified
   * of a change first.
   */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    const { connection } = this.#options;
    connection.subscribe((state) => this.#connectionChanged(state));
    this.#connectionChanged(connection.state);
  }

  /** Stops; resolves when nothing is under way. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#disconnect();
    await this.#running;
  }

  /** A new configuration is in force. Its interval counts from now, unless a run is due earlier. */
  reload(): void {
    const { clock, intervalMs } = this.#options;
    const leftMs = this.#dueMs - clock.monotonicMs();
    // A run under way sets the timer at its end.
    if (this.#live !== undefined && leftMs > 0) this.#arm(Math.min(leftMs, intervalMs()));
  }

  #connectionChanged(state: ConnectionState): void {
    if (this.#stopped) return;
    this.#disconnect();
    if (state.kind !== "connected" || state.stats === undefined) return;
    this.#live = { lb: state.lb, reader: state.stats, routes: new Map(), plan: undefined };
    this.#arm(0);
  }

  #disconnect(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#live = undefined;
    this.#endPause();
    this.#problem = undefined;
    this.#publish(undefined);
  }

  #arm(delayMs: number): void {
    const { clock } = this.#options;
    this.#timer?.cancel();
    this.#dueMs = later(clock.monotonicMs(), delayMs);
    this.#timer = clock.after(delayMs, () => this.#tick());
  }

  #tick(): void {
    const live = this.#live;
    const counted = this.#options.counted();
    if (live === undefined) return;
    if (counted === undefined) return this.#arm(NOT_READ_MS);
    const { clock, intervalMs } = this.#options;
    const startMs = this.#dueMs;
    // One run at a time: that of an earlier connection may still wait for a reply in vain.
    const before = this.#running ?? Promise.resolve();
    this.#running = before.then(() => this.#run(live, counted)).then(() => {
      if (this.#live !== live) return;
      this.#arm(Math.max(0, startMs + intervalMs() - clock.monotonicMs()));
    });
  }

  /** Publishes one snapshot, or logs the problem. Never rejects. */
  async #run(live: Live, counted: CountedVips): Promise<void> {
    let problem: string | undefined;
    try {
      const unknown = await this.#learn(live, counted);
      problem = await this.#take(live, counted) ?? unknown;
    } catch (error) {
      problem = MaglevError.from(error).message;
      if (this.#live === live) this.#publish(undefined);
    }
    // The failures of a connection that has ended are not reported.
    if (this.#live !== live) return;
    if (problem !== undefined && this.#problem !== problem) {
      this.#options.logger.warn("vpp-counters-error", { err: problem });
    }
    this.#problem = problem;
  }

  /** Looks up unknown indices; returns the reason if some are still unknown. */
  async #learn(live: Live, counted: CountedVips): Promise<string | undefined> {
    if (live.plan?.version === counted.version) return undefined;
    let problem: string | undefined;
    if (counted.vips().some(({ poolIndex }) => poolIndex === undefined)) {
      problem = await counted.learnIndices();
    }
    await lookUpRoutes(live, counted);
    return problem;
  }

  /** Reads and publishes; returns the reason if that was not possible. */
  async #take(live: Live, counted: CountedVips): Promise<string | undefined> {
    let problem = "";
    for (let i = 0; i < READS; i++) {
      if (this.#live !== live) return undefined;
      const plan = planOf(live, counted);
      const read = plan.read();
      if (read.kind === "ok") {
        const snapshot = plan.snapshot(read.values, this.#options.clock.wallMs());
        this.#publish(snapshot);
        this.#say(snapshot);
        return undefined;
      }
      problem = read.kind === "error"
        ? read.message
        : "cannot read the stats segment: VPP keeps rearranging it";
      await this.#pause();
    }
    if (this.#live === live) this.#publish(undefined);
    return problem;
  }

  #say(snapshot: CountersSnapshot): void {
    const { logger } = this.#options;
    if (!logger.enabled("debug")) return;
    let packets = 0;
    for (let n = 0; n < snapshot.vips.length; n++) {
      const { next, first, untracked, noServer } = snapshot.at(n);
      packets += next + first + untracked + noServer;
    }
    logger.debug("vpp-counters", { vips: snapshot.vips.length, packets });
  }

  async #pause(): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(READ_PAUSE_MS, over.resolve);
    this.#endPause = over.resolve;
    await over.promise;
    timer.cancel();
  }

  #publish(snapshot: CountersSnapshot | undefined): void {
    if (snapshot === undefined && this.#snapshot === undefined) return;
    this.#snapshot = snapshot;
    this.onSnapshot(snapshot);
  }
}

/** Plans the read of the VIPs whose index is known now. */
function planOf(live: Live, counted: CountedVips): CountersPlan {
  const { version } = counted;
  if (live.plan?.version === version) return live.plan.plan;
  const vips = counted.vips().flatMap((vip): CountedVip[] => {
    const { poolIndex } = vip;
    return poolIndex === undefined
      ? []
      : [{ vip, poolIndex, routeIndex: knownRoute(live, vip, counted)?.routeIndex }];
  });
  const servers = countedServers(counted.vips());
  const plan = new CountersPlan({ vips, servers }, live.reader);
  // An incomplete plan is not kept: the missing indices may be known at the next run.
  if (vips.length === counted.vips().length) live.plan = { version, plan };
  return plan;
}

/** The route of a VIP that was not recreated since it was looked up. */
function knownRoute(live: Live, vip: ActualVip, counted: CountedVips): Route | undefined {
  const route = live.routes.get(vipKeyText(vip));
  return route?.since === counted.indexedSince(vip) ? route : undefined;
}

/** Looks up unknown routes, one for each prefix; forgets those of removed VIPs. */
async function lookUpRoutes(live: Live, counted: CountedVips): Promise<void> {
  const routes = new Map<string, Route>();
  const missing = new Map<string, ActualVip[]>();
  for (const vip of counted.vips()) {
    const known = knownRoute(live, vip, counted);
    if (known !== undefined) routes.set(vipKeyText(vip), known);
    else if (vip.poolIndex !== undefined) {
      const prefix = vipPrefix(vip);
      missing.set(prefix, [...missing.get(prefix) ?? [], vip]);
    }
  }
  const prefixes = [...missing.values()];
  for (let start = 0; start < prefixes.length; start += LOOKUPS) {
    await Promise.all(
      prefixes.slice(start, start + LOOKUPS).map(async (sharing) => {
        const since = sharing.map((vip) => counted.indexedSince(vip));
        const routeIndex = await live.lb.routeIndex(sharing[0]!);
        sharing.forEach((vip, i) => routes.set(vipKeyText(vip), { since: since[i]!, routeIndex }));
      }),
    );
  }
  live.routes = routes;
}
