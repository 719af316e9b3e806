/**
 * A probe worker as a thread of a simulated process: the scheduler and the results of production,
 * with simulated servers. It loads for a while, may hang and may crash.
 */
import { unreachable } from "../../../src/base/assert.ts";
import { ResultPort } from "../../../src/probe/engine/result_batch.ts";
import { Scheduler } from "../../../src/probe/engine/scheduler.ts";
import type { WorkerThread } from "../../../src/probe/engine/worker_handle.ts";
import {
  type Command,
  commandsOf,
  type FromWorker,
  type ToWorker,
} from "../../../src/probe/engine/worker_protocol.ts";
import { Isolation, type IsolationSpec } from "../../../src/probe/isolation/isolation.ts";
import type { Dice } from "./dice.ts";
import type { Servers } from "./servers.ts";
import { ProcessClock, type WorldTime } from "./time.ts";

/** How long a message between threads is on its way. */
const MESSAGE_MS = 0.05;
/** How long a worker loads. */
const LOAD_MS = 100;

export interface SimWorkerOptions {
  readonly time: WorldTime;
  /** The clock of the main thread. */
  readonly main: ProcessClock;
  readonly servers: Servers;
  readonly dice: Dice;
}

export class SimWorker implements WorkerThread {
  onmessage: WorkerThread["onmessage"] = null;
  onerror: WorkerThread["onerror"] = null;
  onmessageerror: WorkerThread["onmessageerror"] = null;
  /** The clock of this thread. */
  readonly clock: ProcessClock;
  readonly #main: ProcessClock;
  readonly #scheduler: Scheduler;
  readonly #results: ResultPort;
  readonly #servers: Servers;
  #isolation: Isolation | undefined;
  #tracing = false;

  constructor({ time, main, servers, dice }: SimWorkerOptions) {
    const clock = new ProcessClock(time);
    this.clock = clock;
    this.#main = main;
    this.#servers = servers;
    this.#results = new ResultPort({ clock, post: (message) => this.#post(message) });
    this.#scheduler = new Scheduler({
      clock,
      prng: dice.prng,
      prober: (spec) => servers.probe(spec, clock),
      onProbe: (report) => this.#results.add(report),
      onVoid: (report) => this.#post({ kind: "void", report }),
      onStart: (id, generation) =>
        this.#tracing ? this.#post({ kind: "started", id, generation }) : undefined,
    });
    this.#loadedMs = clock.monotonicMs() + LOAD_MS;
  }

  readonly #loadedMs: number;

  postMessage(message: ToWorker): void {
    const loadMs = Math.max(0, this.#loadedMs - this.clock.monotonicMs());
    this.clock.event(loadMs + MESSAGE_MS, () => this.#obey(message));
  }

  terminate(): void {
    this.clock.kill();
  }

  /** The thread dies of a bug. */
  crash(): void {
    this.clock.kill();
    const event = { message: "a bug in the worker", preventDefault() {} } as ErrorEvent;
    this.#main.event(MESSAGE_MS, () => this.onerror?.(event));
  }

  #obey(message: ToWorker): void {
    switch (message.kind) {
      case "enter":
        return;
      case "commands":
        for (const command of commandsOf(message)) this.#run(command);
        return;
      case "trace":
        this.#tracing = message.on;
        return;
      case "isolation":
        return this.#isolate(message);
      case "ping":
        return this.#post({ kind: "pong", seq: message.seq });
      case "stats":
        return this.#post({ kind: "stats", seq: message.seq, stats: this.#scheduler.stats() });
      case "close":
        this.#scheduler.close();
        this.#isolation?.close();
        this.#results.flush();
        return this.#post({ kind: "closed" });
      default:
        unreachable(message);
    }
  }

  /** As the entry of a worker does. */
  #isolate(
    { spec, settings }: { readonly spec: IsolationSpec | undefined; readonly settings: number },
  ): void {
    this.#isolation?.close();
    this.#isolation = spec && new Isolation({
      spec,
      clock: this.clock,
      prober: (target) => this.#servers.probe(target, this.clock),
      onNews: (news) => this.#post({ kind: "isolation", news, settings }),
    });
    this.#scheduler.isolation = this.#isolation;
  }

  #run(command: Command): void {
    if (command.kind === "start") this.#scheduler.start(command.target);
    else if (command.kind === "stop") this.#scheduler.stop(command.id);
    else this.#scheduler.readdress(command.id, command.address);
  }

  #post(data: FromWorker): void {
    if (this.clock.dead) return;
    this.#main.event(
      MESSAGE_MS,
      () => this.onmessage?.({ data } as MessageEvent<FromWorker>),
    );
  }
}
