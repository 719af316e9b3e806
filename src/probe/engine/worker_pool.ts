/**
 * The probe engine: targets spread over worker threads. Keeps what is needed to set a worker up
 * again after its death (targets, and a copy of their counters), so that its backends are probed
 * on at the pace that fits their health; nobody is called down because a prober died.
 *
 * Workers come in crews, one for each network namespace in use: threads that entered one stay in
 * it. A crew is hired with the first target of its namespace, and dismissed when it had none for
 * a while (a reload that changes the namespace leaves one behind).
 */
import { orLate } from "../../async/deadline.ts";
import type { IpAddress } from "../../base/address.ts";
import { invariant } from "../../base/assert.ts";
import type { Clock, Logger, Timer } from "../../base/ports.ts";
import { initialCounter, stepCounter } from "../../health/counter.ts";
import { firstDelaysMs } from "../../health/interval.ts";
import { BLIND_AFTER, Blindness } from "./blindness.ts";
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
import type { VoidReport } from "./reports.ts";
import { WorkerHandle, type WorkerThread } from "./worker_handle.ts";
import { type Command, type FromWorker, outcomesOf, startCommand } from "./worker_protocol.ts";
import { type SchedulerStats } from "./reports.ts";

export interface WorkerPoolOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Number of workers of each namespace, at least 1 (`--probe-workers`). */
  readonly workers: number;
  /** Makes a thread that runs worker.ts; default: a module worker on the file beside this one. */
  readonly spawn?: () => WorkerThread;
}

/** How long stats() waits for a worker. */
const STATS_MS = 1000;

/**
 * Targets of a worker that died are all probed again within so long, however slow their pace: it
 * is not known when they were probed last.
 */
const RESTORE_MS = 500;

/** How long a crew without targets is kept. */
const IDLE_MS = 5000;

/** A started target, who probes it, and the counter as the worker has it. */
interface Entry {
  readonly member: Member;
  target: ProbeTarget;
  counter: number;
  unknown: boolean;
}

/** A worker, the commands it will be given at the end of this turn, and who waits for figures. */
interface Member {
  readonly handle: WorkerHandle;
  /** For log records. */
  readonly name: string;
  /** Namespace it is in, empty for the daemon's own. */
  readonly netns: string;
  /** Targets it has. */
  size: number;
  commands: Command[];
  /** How often its thread died, or could not be started, since it last reported a probe. */
  deaths: number;
  readonly waiting: Map<number, (stats: SchedulerStats) => void>;
}

/** The workers of one namespace; `dismissal` is set while they have nothing to do. */
interface Crew {
  readonly members: readonly Member[];
  dismissal: Timer | undefined;
}

/** ProbeEngine over worker threads. */
export class WorkerPool implements ProbeEngine {
  onOutcomes: (outcomes: readonly ProbeOutcome[]) => void = () => {};
  onVoid: (probe: VoidProbe) => void = () => {};
  onStart: ProbeEngine["onStart"] = () => {};
  readonly #options: WorkerPoolOptions;
  readonly #crews = new Map<string, Crew>();
  readonly #leaving = new Set<Promise<void>>();
  readonly #entries = new Map<number, Entry>();
  readonly #blindness: Blindness;
  #seq = 0;
  #tracing = false;
  #closed: Promise<void> | undefined;

  constructor(options: WorkerPoolOptions) {
    invariant(options.workers >= 1, `a pool needs a worker, not ${options.workers}`);
    this.#options = options;
    this.#blindness = new Blindness(options);
  }

  start(target: ProbeTarget): void {
    if (this.#closed !== undefined) return;
    this.#blindness.forget(target.id);
    const entry: Entry = {
      member: this.#memberFor(target),
      target,
      counter: target.counter ?? initialCounter(target.healthcheck),
      unknown: true,
    };
    entry.member.size++;
    this.#entries.set(target.id, entry);
    this.#command(entry.member, startCommand(entry, target.firstDelayMs));
  }

  readdress(id: number, address: IpAddress): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.target = { ...entry.target, address };
    this.#command(entry.member, { kind: "readdress", id, address: address.text });
  }

  stop(id: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#blindness.forget(id);
    this.#command(entry.member, { kind: "stop", id });
    if (--entry.member.size === 0) this.#dismissLater(entry.member.netns);
  }

  probers(): ProberView[] {
    const views: ProberView[] = [];
    for (const [netns, { members }] of this.#crews) {
      const backends = members.reduce((sum, { size }) => sum + size, 0);
      views.push({ netns, threads: members.length, backends, blind: this.#blindness.spots(netns) });
    }
    return views.sort((a, b) => a.netns < b.netns ? -1 : 1);
  }

  voidReason(backend: string): string | undefined {
    return this.#blindness.reasonOf(backend);
  }

  trace(on: boolean): void {
    if (on === this.#tracing) return;
    this.#tracing = on;
    for (const { handle } of this.#members()) handle.post({ kind: "trace", on });
  }

  async stats(): Promise<ProbeStats> {
    const parts = await Promise.all(this.#members().map((member) => this.#ask(member)));
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
    return this.#entries.get(id)?.member.handle.answers ?? false;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#entries.clear();
    this.#blindness.close();
    for (const netns of [...this.#crews.keys()]) this.#dismiss(netns);
    await Promise.all(this.#leaving);
  }

  #members(): Member[] {
    return [...this.#crews.values()].flatMap(({ members }) => members);
  }

  /**
   * Who is to probe a target: the one that has it already, else the one of its namespace with
   * the fewest targets. It keeps it to the end.
   */
  #memberFor({ id, netns }: ProbeTarget): Member {
    const known = this.#entries.get(id)?.member;
    if (known !== undefined) {
      if (known.netns === netns) {
        known.size--;
        return known;
      }
      this.stop(id);
    }
    const crew = this.#crewOf(netns);
    return crew.members.reduce((least, member) => member.size < least.size ? member : least);
  }

  #crewOf(netns: string): Crew {
    const known = this.#crews.get(netns);
    if (known !== undefined) {
      known.dismissal?.cancel();
      known.dismissal = undefined;
      return known;
    }
    const members: Member[] = [];
    for (let i = 0; i < this.#options.workers; i++) members.push(this.#hire(netns, i));
    const crew: Crew = { members, dismissal: undefined };
    this.#crews.set(netns, crew);
    return crew;
  }

  #hire(netns: string, index: number): Member {
    const { clock, log, spawn } = this.#options;
    const name = netns === "" ? `probe-${index}` : `probe-${netns}-${index}`;
    const member: Member = {
      handle: new WorkerHandle({
        name,
        clock,
        log,
        spawn: spawn ?? spawnWorker,
        onMessage: (message) => this.#hear(member, message),
        onRestart: () => this.#restore(member),
        // The first attempt is made, and may fail, before there is a member.
        onDown: (reason) => queueMicrotask(() => this.#down(member, reason)),
      }),
      name,
      netns,
      size: 0,
      commands: [],
      deaths: 0,
      waiting: new Map(),
    };
    this.#brief(member);
    return member;
  }

  /** The first a new thread hears. */
  #brief({ handle, netns }: Member): void {
    if (netns !== "") handle.post({ kind: "enter", netns });
    if (this.#tracing) handle.post({ kind: "trace", on: true });
  }

  /** Lets a crew go when it still has nothing to do in a while. */
  #dismissLater(netns: string): void {
    const crew = this.#crews.get(netns);
    if (crew === undefined || crew.members.some(({ size }) => size > 0)) return;
    crew.dismissal?.cancel();
    crew.dismissal = this.#options.clock.after(IDLE_MS, () => this.#dismiss(netns));
  }

  #dismiss(netns: string): void {
    const crew = this.#crews.get(netns);
    if (crew === undefined) return;
    this.#crews.delete(netns);
    crew.dismissal?.cancel();
    for (const { handle } of crew.members) {
      const left = handle.close().finally(() => this.#leaving.delete(left));
      this.#leaving.add(left);
    }
  }

  /** Commands of one turn go out as one message: a start of 10,000 targets is one clone. */
  #command(member: Member, command: Command): void {
    if (this.#closed !== undefined) return;
    member.commands.push(command);
    if (member.commands.length === 1) queueMicrotask(() => this.#send(member));
  }

  #send(member: Member): void {
    const { commands } = member;
    member.commands = [];
    if (commands.length > 0) member.handle.post({ kind: "commands", commands });
  }

  /**
   * Tells a new thread everything; what was still to be sent is part of it. The probes that the old
   * one had under way are void, which matters to backends that wait for a first result.
   */
  #restore(member: Member): void {
    this.#brief(member);
    const entries = [...this.#entries.values()].filter((entry) => entry.member === member);
    for (const { unknown, target: { id, generation } } of entries) {
      if (unknown) this.onVoid({ id, generation, latenessMs: 0, reason: "its worker died" });
    }
    const delays = firstDelaysMs(
      entries.map(({ target }) => Math.min(target.healthcheck.fastIntervalMs, RESTORE_MS)),
    );
    member.commands = entries.map((entry, place) => startCommand(entry, delays[place]!));
    this.#send(member);
  }

  #hear(member: Member, message: FromWorker): void {
    if (this.#closed !== undefined) return;
    switch (message.kind) {
      case "outcomes":
        member.deaths = 0;
        return this.#outcomes(outcomesOf(message));
      case "void":
        member.deaths = 0;
        return this.#voidProbe(message.report);
      case "started":
        return this.onStart(message);
      case "namespace":
        return this.#report(member, message.news);
      case "no-echo":
        return this.#options.log.warn("probe-worker", {
          worker: member.name,
          err: `cannot notice when results wait: ${message.reason}`,
        });
      case "stats":
        member.waiting.get(message.seq)?.(message.stats);
        return;
      default:
        // Pings and the farewell are the handle's.
        return;
    }
  }

  #voidProbe(report: VoidReport): void {
    const target = this.#entries.get(report.id)?.target;
    if (target?.generation !== report.generation) return;
    this.#blindness.void(target, report);
    this.onVoid(report);
  }

  /** Nothing is heard of its targets while it has no thread: they are void as soon as that lasts. */
  #down(member: Member, reason: string): void {
    if (this.#closed !== undefined || ++member.deaths < BLIND_AFTER) return;
    const lack = "thread";
    const cause = { lack, reason: `the probing thread cannot be kept running: ${reason}` } as const;
    const targets = [...this.#entries.values()].filter((entry) => entry.member === member)
      .map(({ target }) => target);
    this.#blindness.unprobed(targets, cause);
    for (const { id, generation } of targets) {
      this.onVoid({ id, generation, latenessMs: 0, ...cause });
    }
  }

  #report({ name, netns }: Member, { action, problem }: NamespaceNews): void {
    const { log } = this.#options;
    if (problem === "") log.info("probe-worker", { worker: name, netns, action });
    else log.error("probe-worker", { worker: name, netns, action, err: problem });
  }

  /** Steps the copies of the counters and passes on what still has a taker. */
  #outcomes(outcomes: readonly ProbeOutcome[]): void {
    const current = outcomes.filter(({ id, generation, result }) => {
      const entry = this.#entries.get(id);
      if (entry === undefined || entry.target.generation !== generation) return false;
      entry.counter = stepCounter(entry.counter, result.ok, entry.target.healthcheck);
      entry.unknown = false;
      this.#blindness.forget(id);
      return true;
    });
    if (current.length > 0) this.onOutcomes(current);
  }

  /** Figures of one worker; undefined when it does not answer in time. */
  async #ask(member: Member): Promise<SchedulerStats | undefined> {
    const seq = ++this.#seq;
    const answer = Promise.withResolvers<SchedulerStats | undefined>();
    member.waiting.set(seq, answer.resolve);
    if (!member.handle.post({ kind: "stats", seq })) answer.resolve(undefined);
    const { clock } = this.#options;
    try {
      return await orLate(answer.promise, { clock, deadlineMs: STATS_MS, late: () => undefined });
    } finally {
      member.waiting.delete(seq);
    }
  }
}

function spawnWorker(): WorkerThread {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "probe" });
}
