/**
 * The simulator's stats socket. It sends each client the descriptor of shared memory with a stats
 * segment, as VPP does. One server is one life of the simulated VPP: when it dies, clients keep the
 * memory, which no longer changes.
 */
import { openShim, type Shim } from "../../ffi/open.ts";
import { errnoName } from "../base/errno.ts";
import { MaglevError } from "../base/errors.ts";
import type { Clock, Timer } from "../base/ports.ts";
import { type CounterChange, type Counters, THREADS, VIP_COUNTERS } from "./plugin/counters.ts";
import { corruptSegment } from "./stats_faults.ts";
import type { Faults } from "./faults.ts";
import { StatsSegment } from "./stats_segment.ts";

/** `update-interval` of VPP's statseg. */
const HEARTBEAT_MS = 10_000;
/** Interval at which a wait is restarted; no behaviour depends on it. */
const WAIT_MS = 60_000;
/** Interval at which the fault `churn` rearranges the segment. */
const CHURN_MS = 1;

/** Options of StatsServer. */
export interface StatsServerOptions {
  /** Of the socket. A file that is there is replaced. */
  readonly path: string;
  readonly clock: Clock;
  /** Size of the segment; it is longer when that does not do. */
  readonly sizeBytes: number;
  /** The counters to show. */
  readonly counters: Counters;
  readonly faults: Faults;
  /** Resolves when a client may be served. */
  readonly mayServe: () => Promise<void>;
}

/** The socket while it is open. */
interface Listening {
  readonly listener: number;
  /** Ends a wait for clients. */
  readonly wake: number;
  /** Resolved when it is to be closed. */
  readonly closing: PromiseWithResolvers<void>;
  /** Resolves when its last use has ended. */
  readonly served: Promise<void>;
}

/** One life of the stats segment, and its socket. */
export class StatsServer {
  readonly segment: StatsSegment;
  readonly #options: StatsServerOptions;
  readonly #shim: Shim;
  readonly #memory: number;
  #listening: Listening | undefined;
  #heartbeat = 0;
  #timer: Timer | undefined;
  #churnTimer: Timer | undefined;

  /** Throws MaglevError `failed-precondition` without the shim. */
  constructor(options: StatsServerOptions) {
    const opened = openShim();
    if (opened.kind === "error") throw new MaglevError("failed-precondition", opened.message);
    this.#options = options;
    this.#shim = opened.shim;
    const { calls } = opened.shim;
    this.#memory = done(calls.maglev_stats_create(0), "memfd");
    this.segment = new StatsSegment({
      threads: THREADS,
      sizeBytes: options.sizeBytes,
      scalars: options.faults.stats === "double" ? "double" : "u64",
      memory: {
        resize: (size) => void done(calls.maglev_stats_resize(this.#memory, size), "resize"),
        write: (offset, bytes) => {
          const copy = new Uint8Array(bytes);
          done(calls.maglev_stats_write(this.#memory, offset, copy, copy.length), "write");
        },
      },
    });
    const nowS = Math.floor(options.clock.wallMs() / 1000);
    this.segment.setScalar("/sys/heartbeat", 0);
    this.segment.setScalar("/sys/last_stats_clear", 0);
    this.segment.setScalar("/sys/boottime", nowS);
    this.segment.setScalar("/sys/num_worker_threads", THREADS - 1);
    options.counters.onChange = (change) => this.#show(change);
    options.counters.replay();
    this.#beat();
    this.applyFaults();
  }

  /** Opens the socket, unless it is open. */
  listen(): void {
    if (this.#listening !== undefined) return;
    removeFile(this.#options.path);
    const path = new TextEncoder().encode(`${this.#options.path}\0`);
    const { calls } = this.#shim;
    const listener = done(calls.maglev_stats_listen(path, path.length), this.#options.path);
    const wake = done(calls.maglev_wake_open(), "eventfd");
    const closing = Promise.withResolvers<void>();
    const served = this.#serve({ listener, wake, closing });
    this.#listening = { listener, wake, closing, served };
  }

  /** Closes the socket; its file stays, and refuses. Resolves when it does. */
  async refuse(): Promise<void> {
    const listening = this.#listening;
    if (listening === undefined) return;
    this.#listening = undefined;
    const { calls } = this.#shim;
    listening.closing.resolve();
    calls.maglev_wake(listening.wake);
    await listening.served;
    calls.maglev_close(listening.listener);
    calls.maglev_close(listening.wake);
  }

  /** Ends this life; resolves when nothing is left of it here. */
  async die(): Promise<void> {
    this.#options.counters.onChange = () => {};
    this.#timer?.cancel();
    this.#churnTimer?.cancel();
    await this.refuse();
    this.#shim.calls.maglev_close(this.#memory);
    this.#shim.close();
  }

  /** Applies `faults.stats` to the segment. */
  applyFaults(): void {
    const { stats } = this.#options.faults;
    this.#churnTimer?.cancel();
    this.segment.restore();
    if (stats === "churn") this.#churn();
    else corruptSegment(this.segment, stats);
  }

  async #serve({ listener, wake, closing }: Omit<Listening, "served">): Promise<void> {
    let open = true;
    const closed = closing.promise.then(() => void (open = false));
    const { calls } = this.#shim;
    while (open) {
      await calls.maglev_icmp_wait(listener, -1, wake, WAIT_MS, 0);
      await Promise.race([this.#options.mayServe(), closed]);
      // The client may have disconnected.
      if (open) calls.maglev_stats_offer(listener, this.#memory);
    }
  }

  #show({ kind, thread, index, counts }: CounterChange): void {
    if (kind !== "vip") {
      const name = kind === "route" ? "/net/route/to" : "/net/route/via";
      this.segment.setElement(name, "combined", { thread, index, values: counts });
    } else {
      VIP_COUNTERS.forEach((name, i) =>
        this.segment.setElement(name, "simple", { thread, index, values: [counts[i]!] })
      );
    }
    // The fault persists.
    corruptSegment(this.segment, this.#options.faults.stats);
  }

  #beat(): void {
    this.#timer = this.#options.clock.after(HEARTBEAT_MS, () => {
      this.segment.setScalar("/sys/heartbeat", ++this.#heartbeat);
      this.#beat();
    });
  }

  #churn(): void {
    this.#churnTimer = this.#options.clock.after(CHURN_MS, () => {
      this.segment.moveDirectory();
      this.#churn();
    });
  }
}

function done(answer: number, what: string): number {
  if (answer >= 0) return answer;
  throw new MaglevError("unavailable", `simulated stats segment: ${what}: ${errnoName(answer)}`);
}

function removeFile(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
