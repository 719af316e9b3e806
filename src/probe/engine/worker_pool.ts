/**
 * Spreads targets over worker threads. Keeps each target's configuration, which can read the
 * checker's counter, so that a crashed worker is replaced without a false transition and its
 * backends are probed again at the pace that fits their health.
 *
 * A thread that entered a network namespace cannot leave it. Therefore each namespace has a group
 * of workers of its own: spawned with the first target there, retired after it had no target for
 * a while (after a reload that changes the namespace).
 */
import { orLate } from "../../async/deadline.ts";
import type { IpAddress } from "../../base/address.ts";
import { invariant } from "../../base/assert.ts";
import { isEqual } from "../../base/equal.ts";
import type { IsolationConfig } from "../../config/model.ts";
import type { Clock, Logger, Timer } from "../../base/ports.ts";
import { firstRound, spreadMsOf } from "../../health/first_round.ts";
import { BLIND_AFTER, Blindness } from "./blindness.ts";
import { IDLE_MS, MAX_COMMANDS, RESTORE_MS, STATS_MS } from "./times.ts";
import { CutOffs, type ProbingThread } from "../isolation/cut_offs.ts";
import { type IsolationSpec, isolationSpec } from "../isolation/isolation.ts";
import { LatenessHistogram } from "./lateness.ts";
import type { NamespaceNews } from "../net/namespace.ts";
import type {
  ProbeEngine,
  ProbeOutcome,
  ProberView,
  ProbeStats,
  ProbeTarget,
  VoidProbe,
} from "../ports.ts";
import type { SchedulerStats, VoidReport } from "./reports.ts";
import { outcomesOf } from "./result_batch.ts";
import { spawnWorker, WorkerHandle, type WorkerThread } from "./worker_handle.ts";
import { CommandBatch, type FromWorker } from "./worker_protocol.ts";

export interface WorkerPoolOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Number of workers of each namespace, at least 1 (`--probe-workers`). */
  readonly workers: number;
  /** Makes a thread that runs worker.ts; default: a module worker on worker.ts. */
  readonly spawn?: () => WorkerThread;
}

/** A started target, the worker that probes it, and whether no probe has counted yet. */
interface Entry {
  readonly worker: PoolWorker;
  target: ProbeTarget;
  unknown: boolean;
}

/** A worker, the commands that it gets at the end of this turn, and the pending stats() calls. */
interface PoolWorker extends ProbingThread {
  readonly handle: WorkerHandle;
  /** Targets it has. */
  size: number;
  readonly commands: CommandBatch;
  /** Deaths and failed starts of its thread since it last reported a probe. */
  deaths: number;
  readonly waiting: Map<number, (stats: SchedulerStats) => void>;
}

/** The workers of one namespace; `retirement` is set while they have no targets. */
interface WorkerGroup {
  readonly workers: readonly PoolWorker[];
  retirement: Timer | undefined;
}

/** ProbeEngine over worker threads. */
export class WorkerPool implements ProbeEngine {
  onOutcomes: (outcomes: readonly ProbeOutcome[]) => void = () => {};
  onVoid: (probe: VoidProbe) => void = () => {};
  onStart: ProbeEngine["onStart"] = () => {};
  readonly #options: WorkerPoolOptions;
  readonly #groups = new Map<string, WorkerGroup>();
  readonly #closing = new Set<Promise<void>>();
  readonly #entries = new Map<number, Entry>();
  readonly #blindness: Blindness;
  readonly #cutOffs: CutOffs;
  #seq = 0;
  #tracing = false;
  #isolation: IsolationSpec | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: WorkerPoolOptions) {
    invariant(options.workers >= 1, `workers is ${options.workers}, must be at least 1`);
    this.#options = options;
    this.#blindness = new Blindness(options);
    this.#cutOffs = new CutOffs(options.log);
  }

  /**
   * Starts the workers of the daemon's own namespace, so that they are ready when the first target
   * comes: loading one takes 0.1 s. Without a target they are retired.
   */
  warm(): void {
    this.#groupOf("");
    this.#retireLater("");
  }

  isolate(config: IsolationConfig | undefined): void {
    const spec = config && isolationSpec(config);
    if (isEqual(spec, this.#isolation)) return;
    const settings = this.#cutOffs.clear();
    this.#isolation = spec;
    for (const { handle } of this.#workers()) handle.post({ kind: "isolation", spec, settings });
  }

  start(target: ProbeTarget): void {
    if (this.#closed !== undefined) return;
    this.#blindness.forget(target.id);
    const entry: Entry = {
      worker: this.#workerFor(target),
      target,
      unknown: true,
    };
    entry.worker.size++;
    this.#entries.set(target.id, entry);
    const { firstDelayMs, soonestMs = firstDelayMs, healthcheck: { fastIntervalMs } } = target;
    const first = { firstDelayMs, soonestMs, spreadMs: spreadMsOf(fastIntervalMs) };
    this.#command(entry.worker, (commands) => commands.start(entry, first));
  }

  readdress(id: number, address: IpAddress): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.target = { ...entry.target, address };
    this.#command(entry.worker, (commands) => commands.readdress(id, address.text));
  }

  stop(id: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#blindness.forget(id);
    this.#command(entry.worker, (commands) => commands.stop(id));
    if (--entry.worker.size === 0) this.#retireLater(entry.worker.netns);
  }

  probers(): ProberView[] {
    return [...this.#groups].flatMap(([netns, { workers }]) => {
      const backends = workers.reduce((sum, { size }) => sum + size, 0);
      const blind = this.#blindness.spots(netns);
      // Workers without a target are about to be retired.
      return backends + blind.length === 0
        ? []
        : [{ netns, threads: workers.length, backends, blind, ...this.#cutOffs.partOf(netns) }];
    }).sort((a, b) => a.netns < b.netns ? -1 : 1);
  }

  voidReason(backend: string): string | undefined {
    return this.#blindness.reasonOf(backend);
  }

  trace(on: boolean): void {
    if (on === this.#tracing) return;
    this.#tracing = on;
    for (const { handle } of this.#workers()) handle.post({ kind: "trace", on });
  }

  async stats(): Promise<ProbeStats> {
    const parts = await Promise.all(this.#workers().map((worker) => this.#statsOf(worker)));
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

  answers(id: number): boolean {
    return this.#entries.get(id)?.worker.handle.answers ?? false;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#entries.clear();
    this.#blindness.close();
    for (const netns of [...this.#groups.keys()]) this.#retire(netns);
    await Promise.all(this.#closing);
  }

  #workers(): PoolWorker[] {
    return [...this.#groups.values()].flatMap(({ workers }) => workers);
  }

  /**
   * The worker for a target: the one that has it already, otherwise the one of its namespace with
   * the fewest targets. A target stays with its worker until it is stopped.
   */
  #workerFor({ id, netns }: ProbeTarget): PoolWorker {
    const known = this.#entries.get(id)?.worker;
    if (known !== undefined) {
      if (known.netns === netns) {
        known.size--;
        return known;
      }
      this.stop(id);
    }
    const group = this.#groupOf(netns);
    return group.workers.reduce((least, worker) => worker.size < least.size ? worker : least);
  }

  #groupOf(netns: string): WorkerGroup {
    const known = this.#groups.get(netns);
    if (known !== undefined) {
      known.retirement?.cancel();
      known.retirement = undefined;
      return known;
    }
    const workers: PoolWorker[] = [];
    for (let i = 0; i < this.#options.workers; i++) workers.push(this.#spawn(netns, i));
    const group: WorkerGroup = { workers, retirement: undefined };
    this.#groups.set(netns, group);
    return group;
  }

  #spawn(netns: string, index: number): PoolWorker {
    const { clock, log, spawn } = this.#options;
    const name = netns === "" ? `probe-${index}` : `probe-${netns}-${index}`;
    const worker: PoolWorker = {
      handle: new WorkerHandle({
        name,
        clock,
        log,
        spawn: spawn ?? spawnWorker,
        onMessage: (message) => this.#receive(worker, message),
        onRestart: () => this.#restore(worker),
        // The first attempt is made in the constructor and may fail before `worker` is assigned.
        onDown: (reason) => queueMicrotask(() => this.#down(worker, reason)),
      }),
      name,
      netns,
      size: 0,
      commands: new CommandBatch(),
      deaths: 0,
      waiting: new Map(),
    };
    this.#resend(worker);
    return worker;
  }

  /** Sends the state that a new thread needs before its first command. */
  #resend(worker: PoolWorker): void {
    const { handle, netns } = worker;
    const { settings } = this.#cutOffs;
    const spec = this.#isolation;
    if (netns !== "") handle.post({ kind: "enter", netns });
    this.#cutOffs.forget(worker);
    if (spec !== undefined) handle.post({ kind: "isolation", spec, settings });
    if (this.#tracing) handle.post({ kind: "trace", on: true });
  }

  /** Retires a group that still has no targets after IDLE_MS. */
  #retireLater(netns: string): void {
    const group = this.#groups.get(netns);
    if (group === undefined || group.workers.some(({ size }) => size > 0)) return;
    group.retirement?.cancel();
    group.retirement = this.#options.clock.after(IDLE_MS, () => this.#retire(netns));
  }

  #retire(netns: string): void {
    const group = this.#groups.get(netns);
    if (group === undefined) return;
    this.#groups.delete(netns);
    group.retirement?.cancel();
    for (const worker of group.workers) {
      this.#cutOffs.forget(worker);
      const closed = worker.handle.close().finally(() => this.#closing.delete(closed));
      this.#closing.add(closed);
    }
  }

  /**
   * Commands of one turn go out as one message, because messages are expensive. Many go out in
   * parts, so that the worker probes the first while this thread makes the others.
   */
  #command(worker: PoolWorker, add: (commands: CommandBatch) => void): void {
    if (this.#closed !== undefined) return;
    const { commands } = worker;
    add(commands);
    if (commands.size >= MAX_COMMANDS) this.#send(worker);
    else if (commands.size === 1) queueMicrotask(() => this.#send(worker));
  }

  #send({ commands, handle }: PoolWorker): void {
    if (commands.size > 0) handle.post(commands.take());
  }

  /**
   * Sends all targets to a new thread, including those whose command was still pending. Probes in
   * flight in the old thread are void; that is reported for backends that wait for a first result.
   */
  #restore(worker: PoolWorker): void {
    this.#resend(worker);
    const entries = [...this.#entries.values()].filter((entry) => entry.worker === worker);
    for (const { unknown, target: { id, generation } } of entries) {
      if (unknown) this.onVoid({ id, generation, latenessMs: 0, reason: "its worker died" });
    }
    const targets = entries.map(({ target: { address, healthcheck } }) => {
      const fastIntervalMs = Math.min(healthcheck.fastIntervalMs, RESTORE_MS);
      return { address: address.text, fastIntervalMs };
    });
    const round = firstRound(targets);
    worker.commands.clear();
    entries.forEach((entry, index) => {
      const { delayMs } = round[index]!;
      const spreadMs = targets[index]!.fastIntervalMs;
      worker.commands.start(entry, { firstDelayMs: delayMs, soonestMs: delayMs, spreadMs });
    });
    this.#send(worker);
  }

  #receive(worker: PoolWorker, message: FromWorker): void {
    if (this.#closed !== undefined) return;
    switch (message.kind) {
      case "outcomes":
        worker.deaths = 0;
        return this.#outcomes(outcomesOf(message));
      case "void":
        worker.deaths = 0;
        return this.#voidProbe(message.report);
      case "started":
        return this.onStart(message);
      case "namespace":
        return this.#report(worker, message.news);
      case "isolation":
        return this.#cutOffs.changed(worker, message);
      case "no-echo":
        return this.#options.log.warn("probe-worker", {
          worker: worker.name,
          err: `cannot detect delayed results: ${message.reason}`,
        });
      case "stats":
        return worker.waiting.get(message.seq)?.(message.stats);
      default:
        // WorkerHandle consumes pongs and `closed`.
        return;
    }
  }

  #voidProbe(report: VoidReport): void {
    const target = this.#entries.get(report.id)?.target;
    if (target?.generation !== report.generation) return;
    this.#blindness.void(target, report);
    this.onVoid(report);
  }

  /** Without a thread its targets are not probed: after BLIND_AFTER failures they are void. */
  #down(worker: PoolWorker, reason: string): void {
    if (this.#closed !== undefined || ++worker.deaths < BLIND_AFTER) return;
    const lack = "thread";
    const cause = { lack, reason: `cannot keep the probing thread running: ${reason}` } as const;
    const targets = [...this.#entries.values()].filter((entry) => entry.worker === worker)
      .map(({ target }) => target);
    this.#blindness.unprobed(targets, cause);
    for (const { id, generation } of targets) {
      this.onVoid({ id, generation, latenessMs: 0, ...cause });
    }
  }

  #report({ name, netns }: PoolWorker, { action, problem }: NamespaceNews): void {
    if (problem === "") this.#options.log.info("probe-worker", { worker: name, netns, action });
    else this.#options.log.error("probe-worker", { worker: name, netns, action, err: problem });
  }

  /** Passes on the results of targets that are still started. */
  #outcomes(outcomes: readonly ProbeOutcome[]): void {
    const current = outcomes.filter(({ id, generation }) => {
      const entry = this.#entries.get(id);
      if (entry === undefined || entry.target.generation !== generation) return false;
      entry.unknown = false;
      this.#blindness.forget(id);
      return true;
    });
    if (current.length > 0) this.onOutcomes(current);
  }

  /** Statistics of one worker; undefined when it does not answer within STATS_MS. */
  async #statsOf(worker: PoolWorker): Promise<SchedulerStats | undefined> {
    const seq = ++this.#seq;
    const answer = Promise.withResolvers<SchedulerStats | undefined>();
    worker.waiting.set(seq, answer.resolve);
    if (!worker.handle.post({ kind: "stats", seq })) answer.resolve(undefined);
    const { clock } = this.#options;
    try {
      return await orLate(answer.promise, { clock, deadlineMs: STATS_MS, late: () => undefined });
    } finally {
      worker.waiting.delete(seq);
    }
  }
}
