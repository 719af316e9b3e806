/**
 * The probe engine: targets spread over worker threads. Keeps what is needed to set a worker up
 * again after its death (targets, and a copy of their counters), so that its backends are probed
 * on at the pace that fits their health; nobody is called down because a prober died.
 */
import type { IpAddress } from "../base/address.ts";
import { invariant } from "../base/assert.ts";
import type { Clock, Logger } from "../base/ports.ts";
import { initialCounter, stepCounter } from "../health/counter.ts";
import { firstDelaysMs } from "../health/interval.ts";
import { LatenessHistogram } from "./lateness.ts";
import type { ProbeEngine, ProbeOutcome, ProbeStats, ProbeTarget, VoidProbe } from "./ports.ts";
import { WorkerHandle, type WorkerThread } from "./worker_handle.ts";
import {
  type Command,
  type FromWorker,
  outcomesOf,
  type SchedulerStats,
} from "./worker_protocol.ts";

export interface WorkerPoolOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Number of workers, at least 1 (`--probe-workers`). */
  readonly workers: number;
  /** Makes a thread that runs worker.ts; default: a module worker on the file beside this one. */
  readonly spawn?: () => WorkerThread;
}

/** How long stats() waits for a worker. */
const STATS_MS = 1000;

/** A started target, and the counter as the worker has it. */
interface Entry {
  target: ProbeTarget;
  counter: number;
  unknown: boolean;
}

/** A worker, the commands it will be given at the end of this turn, and who waits for figures. */
interface Member {
  readonly handle: WorkerHandle;
  commands: Command[];
  readonly waiting: Map<number, (stats: SchedulerStats) => void>;
}

/** ProbeEngine over worker threads. */
export class WorkerPool implements ProbeEngine {
  onOutcomes: (outcomes: readonly ProbeOutcome[]) => void = () => {};
  onVoid: (probe: VoidProbe) => void = () => {};
  readonly #options: WorkerPoolOptions;
  readonly #members: Member[] = [];
  readonly #entries = new Map<number, Entry>();
  #seq = 0;
  #closed: Promise<void> | undefined;

  constructor(options: WorkerPoolOptions) {
    invariant(options.workers >= 1, `a pool needs a worker, not ${options.workers}`);
    this.#options = options;
    for (let index = 0; index < options.workers; index++) this.#hire(index);
  }

  start(target: ProbeTarget): void {
    invariant(target.netns === "", "supported.ts lets no network namespace pass");
    const entry: Entry = {
      target,
      counter: initialCounter(target.healthcheck),
      unknown: true,
    };
    this.#entries.set(target.id, entry);
    this.#command(target.id, startCommand(entry, target.firstDelayMs));
  }

  readdress(id: number, address: IpAddress): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.target = { ...entry.target, address };
    this.#command(id, { kind: "readdress", id, address: address.text });
  }

  stop(id: number): void {
    if (this.#entries.delete(id)) this.#command(id, { kind: "stop", id });
  }

  async stats(): Promise<ProbeStats> {
    const parts = await Promise.all(this.#members.map((member) => this.#ask(member)));
    const histogram = new LatenessHistogram();
    const sum = { probes: 0, voids: 0, inFlight: 0 };
    for (const part of parts) {
      if (part === undefined) continue;
      sum.probes += part.probes;
      sum.voids += part.voids;
      sum.inFlight += part.inFlight;
      histogram.merge(part.lateness);
    }
    return { ...sum, lateness: histogram.summary() };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#entries.clear();
    await Promise.all(this.#members.map(({ handle }) => handle.close()));
  }

  #hire(index: number): void {
    const { clock, log, spawn } = this.#options;
    const member: Member = {
      handle: new WorkerHandle({
        name: `probe-${index}`,
        clock,
        log,
        spawn: spawn ?? spawnWorker,
        onMessage: (message) => this.#hear(member, message),
        onRestart: () => this.#restore(index),
      }),
      commands: [],
      waiting: new Map(),
    };
    this.#members.push(member);
  }

  /** Ids are dense, so their remainders spread targets evenly. */
  #indexOf(id: number): number {
    return id % this.#members.length;
  }

  /** Commands of one turn go out as one message: a start of 10,000 targets is one clone. */
  #command(id: number, command: Command): void {
    if (this.#closed !== undefined) return;
    const member = this.#members[this.#indexOf(id)]!;
    member.commands.push(command);
    if (member.commands.length === 1) queueMicrotask(() => this.#send(member));
  }

  #send(member: Member): void {
    const { commands } = member;
    member.commands = [];
    if (commands.length > 0) member.handle.post({ kind: "commands", commands });
  }

  /** Tells a new thread everything; what was still to be sent is part of it. */
  #restore(index: number): void {
    const member = this.#members[index]!;
    const entries = [...this.#entries.values()].filter(({ target }) =>
      this.#indexOf(target.id) === index
    );
    const delays = firstDelaysMs(entries.map(({ target }) => target.healthcheck.fastIntervalMs));
    member.commands = entries.map((entry, place) => startCommand(entry, delays[place]!));
    this.#send(member);
  }

  #hear(member: Member, message: FromWorker): void {
    if (this.#closed !== undefined) return;
    switch (message.kind) {
      case "outcomes":
        return this.#outcomes(outcomesOf(message));
      case "void": {
        const { report } = message;
        const current = this.#entries.get(report.id)?.target.generation === report.generation;
        return current ? this.onVoid(report) : undefined;
      }
      case "stats":
        member.waiting.get(message.seq)?.(message.stats);
        return;
      default:
        // Pings and the farewell are the handle's.
        return;
    }
  }

  /** Steps the copies of the counters and passes on what still has a taker. */
  #outcomes(outcomes: readonly ProbeOutcome[]): void {
    const current = outcomes.filter(({ id, generation, result }) => {
      const entry = this.#entries.get(id);
      if (entry === undefined || entry.target.generation !== generation) return false;
      const { counter, unknown, target } = entry;
      entry.counter = stepCounter(counter, result.ok, { policy: target.healthcheck, unknown });
      entry.unknown = false;
      return true;
    });
    if (current.length > 0) this.onOutcomes(current);
  }

  /** Figures of one worker; undefined when it does not answer in time. */
  async #ask(member: Member): Promise<SchedulerStats | undefined> {
    const seq = ++this.#seq;
    const { clock } = this.#options;
    try {
      return await new Promise<SchedulerStats | undefined>((resolve) => {
        const patience = clock.after(STATS_MS, () => resolve(undefined));
        member.waiting.set(seq, (stats) => {
          patience.cancel();
          resolve(stats);
        });
        if (!member.handle.post({ kind: "stats", seq })) {
          patience.cancel();
          resolve(undefined);
        }
      });
    } finally {
      member.waiting.delete(seq);
    }
  }
}

/** Addresses travel as text: a worker has no use for their bytes, which are dear to clone. */
function startCommand({ target, counter, unknown }: Entry, firstDelayMs: number): Command {
  const { id, generation, address, healthcheck } = target;
  return {
    kind: "start",
    target: {
      id,
      generation,
      spec: { address: address.text, healthcheck },
      firstDelayMs,
      counter,
      unknown,
    },
  };
}

function spawnWorker(): WorkerThread {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "probe" });
}
