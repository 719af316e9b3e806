/**
 * Compares several maglevds by their fingerprints: every 2.5 s while a browser is there, else every
 * 30 s, so that a page that opens has something to show. Each maglevd reads its VPP for it at most
 * once in 5 s.
 */
import { compareFleet } from "../../../fleet/compare.ts";
import { fleetsIn } from "../../../fleet/relatives.ts";
import {
  type AskOptions,
  explainFleet,
  type FleetServer,
  readReports,
} from "../../../grpc/client/fleet/read.ts";
import { type LbStore, readStores } from "../../../grpc/client/fleet/stores.ts";
import { later, type MonotonicMs } from "../../../base/instant.ts";
import type { Clock } from "../../../base/ports.ts";
import type { Fleet } from "../../protocol.ts";
import { type ComparedFleet, fleetOf, MAX_DIFFERENCES } from "./fleet.ts";
import { storesOf } from "./stores.ts";
import { Periodic } from "../follow/periodic.ts";
import { Throttle } from "../follow/throttle.ts";

/** A difference is shown within 5 s: this, and the time of the answers. */
const WATCHED_MS = 2500;
/** Every so many turns it is read without a browser. */
const SELDOM = 12;
/** The stores are read at most so often. */
const STORES_MS = 5000;
/** Least time between the starts of two readings. */
const LEAST_MS = 1000;

export interface FleetReaderOptions {
  /** The load balancers, in order. */
  readonly servers: () => readonly FleetServer[];
  readonly clock: Clock;
  readonly isWatched: () => boolean;
  /** The comparison is another one than before. */
  readonly changed: (fleet: Fleet) => void;
}

export class FleetReader {
  readonly #options: FleetReaderOptions;
  readonly #abort = new AbortController();
  readonly #throttle: Throttle;
  #timer: Periodic | undefined;
  #turns = 0;
  #known: ReadonlyMap<string, LbStore> = new Map();
  #knownMs: MonotonicMs | undefined;
  #fleet: Fleet | undefined;
  #text = "";

  constructor(options: FleetReaderOptions) {
    this.#options = options;
    this.#throttle = new Throttle({
      clock: options.clock,
      everyMs: () => LEAST_MS,
      rest: 1,
      work: () => this.#read(),
    });
  }

  /** The last comparison; undefined: none was made yet. */
  get fleet(): Fleet | undefined {
    return this.#fleet;
  }

  start(): void {
    this.#timer ??= new Periodic(this.#options.clock, WATCHED_MS, () => {
      if (++this.#turns % SELDOM === 0 || this.#options.isWatched()) this.want();
    });
  }

  /** A browser has come, or a load balancer. */
  want(): void {
    this.#throttle.want();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#timer?.stop();
    await this.#throttle.stop();
  }

  /** The stores, at most so old: an answer has all intents of a fleet. */
  async #stores(options: AskOptions): Promise<ReadonlyMap<string, LbStore>> {
    const nowMs = options.clock.monotonicMs();
    if (this.#knownMs !== undefined && nowMs < later(this.#knownMs, STORES_MS)) return this.#known;
    this.#knownMs = nowMs;
    this.#known = await readStores(options);
    return this.#known;
  }

  async #read(): Promise<void> {
    const { servers: serversNow, clock, changed } = this.#options;
    const { signal } = this.#abort;
    const servers = serversNow();
    // Nothing to compare before the first of them has answered.
    if (servers.every(({ away }) => away !== undefined) && this.#fleet === undefined) return;
    const beganMs = clock.monotonicMs();
    const reports = await readReports({ servers, clock, signal });
    const tookMs = clock.monotonicMs() - beganMs;
    const fleets = await Promise.all(
      fleetsIn(reports).map(async (set): Promise<ComparedFleet> => {
        const [only, ...others] = set;
        if (others.length === 0 && typeof only!.answer !== "string") return { lone: only!.lb };
        const comparison = compareFleet(set);
        const options = { servers, clock, signal, tookMs, most: MAX_DIFFERENCES };
        return await explainFleet(comparison, { ...options, anonymous: true });
      }),
    );
    if (signal.aborted) return;
    const fleet = {
      ...fleetOf(fleets),
      ...storesOf(await this.#stores({ servers, clock, signal })),
    };
    if (signal.aborted) return;
    const text = JSON.stringify(fleet);
    if (text === this.#text) return;
    this.#text = text;
    this.#fleet = fleet;
    changed(fleet);
  }
}
