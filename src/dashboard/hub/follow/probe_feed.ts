/**
 * Follows the probes of a maglevd that a browser shows, and its messages to VPP. The maglevd sums
 * them up; here they become one event each 250 ms, however often it reports.
 */
import { pause } from "../../../async/pause.ts";
import type { Clock, Prng } from "../../../base/ports.ts";
import type { messages } from "../../../grpc/client/client.ts";
import { waitMs } from "../../../grpc/client/watch.ts";
import { ACTIVITY_BOUNDS, ACTIVITY_PER_S, head, MAX_BACKENDS } from "../model/bounds.ts";
import { nanoseconds, resultOf } from "../model/convert.ts";
import type { MaglevdModel, ModelEvent, Now } from "../model/maglevd_model.ts";
import { RateLimit } from "../model/rate_limit.ts";
import type { DashboardEvent } from "../../protocol.ts";
import type { Connection } from "./connection.ts";
import { Periodic } from "./periodic.ts";

/** Probes and messages are summed up over this time, in milliseconds. */
export const FLUSH_MS = 250;

/** A maglevd without sums would take a request of nothing else for one of everything. */
const REQUEST: Partial<messages.WatchRequest> = {
  log: true,
  logLevel: "error",
  activityEveryNs: nanoseconds(FLUSH_MS),
};

type Probe = (DashboardEvent & { readonly type: "probes" })["probes"][string];

export interface ProbeFeedOptions {
  readonly connection: Connection;
  readonly model: MaglevdModel;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly send: (event: ModelEvent) => void;
}

/** Follows from its construction to stop(). */
export class ProbeFeed {
  readonly #options: ProbeFeedOptions;
  readonly #abort = new AbortController();
  readonly #limit = new RateLimit(ACTIVITY_PER_S);
  readonly #timer: Periodic;
  readonly #running: Promise<void>;
  #probes = new Map<string, Probe>();
  #calls = 0;
  #failed = 0;
  #hadCalls = false;

  constructor(options: ProbeFeedOptions) {
    this.#options = options;
    this.#timer = new Periodic(options.clock, FLUSH_MS, () => this.#flush());
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#timer.stop();
    this.#abort.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { connection, clock, prng } = this.#options;
    const { signal } = this.#abort;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const options = { signal, onOpen: () => attempt = 0, bounds: ACTIVITY_BOUNDS };
        for await (const { event } of connection.watch(REQUEST, options)) {
          if (signal.aborted) return;
          if (event?.$case === "activity") this.#add(event.value);
          // What is not read stays with the sender, which counts what it loses.
          while (!this.#limit.take(clock.monotonicMs()) && !signal.aborted) {
            await pause(this.#limit.waitMs(clock.monotonicMs()), { clock, signal });
          }
        }
      } catch {
        // Why it ended shows at the stream of events, which ends likewise.
      }
      await pause(waitMs(attempt, prng), { clock, signal });
    }
  }

  #add({ probes, vppCalls, vppErrors }: messages.ActivityEvent): void {
    const { clock } = this.#options;
    const now = { nowMs: clock.monotonicMs(), wallMs: clock.wallMs() };
    for (const probe of head(probes, MAX_BACKENDS).items) this.#addProbe(probe, now);
    this.#calls += vppCalls;
    this.#failed += vppErrors;
  }

  #addProbe({ backend, count, counter, result }: messages.ProbeSummary, now: Now): void {
    if (result === undefined) return;
    const last = resultOf(result);
    if (!this.#options.model.probe(backend, { result: last, counter, now })) return;
    const before = this.#probes.get(backend)?.[3] ?? 0;
    const durationMs = Number(result.durationNs / 10_000n) / 100;
    this.#probes.set(backend, [last.code, last.ok, counter, before + count, durationMs]);
  }

  #flush(): void {
    const { model, send } = this.#options;
    if (this.#probes.size > 0) {
      send({ type: "probes", probes: Object.fromEntries(this.#probes) });
      this.#probes = new Map();
    }
    // Once more with 0, so that the figure does not stay at its last value.
    if (this.#calls === 0 && this.#failed === 0 && !this.#hadCalls) return;
    this.#hadCalls = this.#calls > 0;
    model.setVppCalls(this.#calls, FLUSH_MS);
    send({ type: "vpp-api", calls: this.#calls, failed: this.#failed });
    this.#calls = this.#failed = 0;
  }
}
