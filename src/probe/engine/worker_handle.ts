/**
 * Supervises one worker thread. Starts it, pings it, and restarts it after a growing delay when it
 * fails, stops answering or cannot be started. Independent of probes.
 */
import { BackoffDelays } from "../../async/backoff.ts";
import { settledWithin } from "../../async/deadline.ts";
import { FAR_PAST_MS } from "../../base/instant.ts";
import type { Clock, Logger, Timer } from "../../base/ports.ts";
import { errorCode, printable, wordsOf } from "../os_errors.ts";
import type { FromWorker, ToWorker } from "./worker_protocol.ts";

/** The part of Worker that is used; tests replace it. */
export interface WorkerThread {
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  onmessageerror: ((event: MessageEvent) => void) | null;
  postMessage(message: ToWorker): void;
  terminate(): void;
}

export interface WorkerHandleOptions {
  /** Name for log records. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly spawn: () => WorkerThread;
  readonly onMessage: (message: FromWorker) => void;
  /** A new thread replaced a dead one and has no state yet. */
  readonly onRestart: () => void;
  /** Called with the reason when the thread is lost or cannot start; another attempt follows. */
  readonly onDown?: (reason: string) => void;
}

/** Delays before restarts. */
const RESTART_DELAYS = { firstMs: 100, maxMs: 5000 };

/** A worker that lived this long may be restarted quickly again. */
const SETTLED_MS = 30_000;

/** Interval of the pings, and the number of unanswered ones after which a thread counts as hung. */
const PING_MS = 1000;
const MISSED_PINGS = 5;

/** The number before its first answer: on a busy host loading the worker takes seconds. */
const MISSED_AT_START = 30;

/** Timeout of a graceful close; after it the worker is terminated. */
const CLOSE_MS = 500;

/** A worker thread, including the time between a crash and its restart. */
export class WorkerHandle {
  readonly #options: WorkerHandleOptions;
  #thread: WorkerThread | undefined;
  #startedMs = FAR_PAST_MS;
  readonly #delays = new BackoffDelays(RESTART_DELAYS);
  #restart: Timer | undefined;
  #ping: Timer | undefined;
  #sent = 0;
  #answered = 0;
  #closing: (() => void) | undefined;
  #closed = false;

  constructor(options: WorkerHandleOptions) {
    this.#options = options;
    this.#start();
  }

  /** False while the thread is starting, hung or dead. */
  get answers(): boolean {
    return this.#thread !== undefined && this.#answered > 0 && this.#sent - this.#answered <= 1;
  }

  /** Sends a message. False while there is no thread: the message is lost and onRestart follows. */
  post(message: ToWorker): boolean {
    this.#thread?.postMessage(message);
    return this.#thread !== undefined;
  }

  /** Lets the worker cancel its probes and confirm; terminates it after CLOSE_MS. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#restart?.cancel();
    this.#ping?.cancel();
    const thread = this.#thread;
    if (thread === undefined) return;
    const goodbye = Promise.withResolvers<void>();
    this.#closing = goodbye.resolve;
    thread.postMessage({ kind: "close" });
    const { clock } = this.#options;
    await settledWithin(goodbye.promise, { clock, deadlineMs: CLOSE_MS });
    this.#drop();
  }

  /** Starts a thread. False when that failed; then another attempt follows. */
  #start(): boolean {
    this.#startedMs = this.#options.clock.monotonicMs();
    let thread: WorkerThread;
    try {
      thread = this.#options.spawn();
    } catch (error) {
      // Out of memory or at a limit of threads: may be temporary, and must not end the daemon.
      this.#startLater(`cannot start the thread: ${spawnProblem(error)}`);
      return false;
    }
    thread.onmessage = ({ data }) => this.#receive(data);
    thread.onerror = (event) => {
      event.preventDefault();
      this.#died(event.message);
    };
    thread.onmessageerror = () => this.#died("the thread sent a message that cannot be decoded");
    this.#thread = thread;
    this.#sent = this.#answered = 0;
    this.#ping = this.#options.clock.after(PING_MS, () => this.#watch());
    return true;
  }

  #receive(message: FromWorker): void {
    if (message.kind === "pong") this.#answered = message.seq;
    else if (message.kind === "closed") this.#closing?.();
    else this.#options.onMessage(message);
  }

  /**
   * Counts pings, not time: when the main thread itself was stopped for a minute, one ping is
   * unanswered, not sixty.
   */
  #watch(): void {
    const most = this.#answered === 0 ? MISSED_AT_START : MISSED_PINGS;
    if (this.#sent - this.#answered >= most) {
      this.#died(`the thread has not answered for ${most} s`);
      return;
    }
    this.post({ kind: "ping", seq: ++this.#sent });
    this.#ping = this.#options.clock.after(PING_MS, () => this.#watch());
  }

  #died(reason: string): void {
    if (this.#thread === undefined) return;
    this.#drop();
    if (this.#closed) this.#closing?.();
    else this.#startLater(reason);
  }

  #startLater(reason: string): void {
    const { clock, log, name, onRestart, onDown } = this.#options;
    if (clock.monotonicMs() - this.#startedMs >= SETTLED_MS) this.#delays.reset();
    const delayMs = this.#delays.next();
    const err = printable(reason.split("\n", 1)[0]!);
    log.error("probe-worker", { worker: name, err, "restart-in-ms": delayMs });
    onDown?.(err);
    this.#restart = clock.after(delayMs, () => {
      if (!this.#start()) return;
      log.info("probe-worker", { worker: name, action: "restarted" });
      onRestart();
    });
  }

  #drop(): void {
    this.#ping?.cancel();
    const thread = this.#thread;
    if (thread === undefined) return;
    this.#thread = undefined;
    thread.onmessage = thread.onerror = thread.onmessageerror = null;
    // An error in the dying thread must not become an uncaught error of this one.
    thread.onerror = (event) => event.preventDefault();
    thread.terminate();
  }
}

/** The reason why a thread did not start. Deno throws the result of pthread_create(). */
function spawnProblem(error: unknown): string {
  return errorCode(error) === "EAGAIN"
    ? "the limit of threads is reached (raise TasksMax= of the systemd unit, or pids.max of its " +
      "control group)"
    : wordsOf(error);
}

/** Starts a thread that runs worker.ts. */
export function spawnWorker(): WorkerThread {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "probe" });
}
