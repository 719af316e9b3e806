/** The engine as tests in network namespaces use it: real workers, outcomes kept by name. */
import assert from "node:assert/strict";
import { parseIp } from "../../../src/base/address.ts";
import type { HealthcheckConfig } from "../../../src/config/model.ts";
import type { ProbeOutcome, ProberView, VoidProbe } from "../../../src/probe/ports.ts";
import { WorkerPool } from "../../../src/probe/engine/worker_pool.ts";
import { SystemClock } from "../../../src/system/system_clock.ts";
import { readUntil, until } from "../judges/until.ts";
import { healthcheck } from "./healthcheck.ts";
import { RecordingLogger } from "../fakes/recording_logger.ts";

/** An ICMP check. */
export const ICMP: Partial<HealthcheckConfig> = { params: { type: "icmp" }, port: 0 };
/** Short, because a test waits for several probes. */
export const PACE = { intervalMs: 200, fastIntervalMs: 200, downIntervalMs: 200, timeoutMs: 600 };

/** Longest time in which a server program starts, or a verdict follows, on a busy machine. */
const SERVER_MS = 60_000;

/** A pool whose outcomes are kept by the name of the target. */
export class Engine {
  readonly log = new RecordingLogger();
  readonly outcomes = new Map<string, ProbeOutcome[]>();
  readonly voids: VoidProbe[] = [];
  readonly #names: string[] = [];
  readonly #pool: WorkerPool;

  constructor(workers = 1) {
    this.#pool = new WorkerPool({ clock: new SystemClock(), log: this.log, workers });
    this.#pool.onOutcomes = (list) => {
      for (const outcome of list) this.outcomes.get(this.#names[outcome.id]!)!.push(outcome);
    };
    this.#pool.onVoid = (probe) => this.voids.push(probe);
  }

  /** Probes `address`; the name is for the questions below. */
  start(name: string, address: string, check: Partial<HealthcheckConfig>, netns: string): void {
    const id = this.#names.push(name) - 1;
    this.outcomes.set(name, []);
    this.#pool.start({
      id,
      generation: 1,
      backend: name,
      address: parseIp(address, { allowZone: true })!,
      healthcheck: healthcheck({ ...PACE, ...check }),
      netns,
      firstDelayMs: id,
    });
  }

  /** Distinct verdicts of a target, from outcome `from` on. */
  verdicts(name: string, from = 0): string[] {
    return [...new Set(this.verdictsInOrder(name, from))];
  }

  /** The verdict of each outcome of a target, from outcome `from` on. */
  verdictsInOrder(name: string, from = 0): string[] {
    return this.outcomes.get(name)!.slice(from).map(({ result }) =>
      result.detail === "" ? result.code : `${result.code} ${result.detail}`
    );
  }

  /** Waits until each of these targets, or every one, has that many outcomes. */
  async each(count: number, names = [...this.outcomes.keys()]): Promise<void> {
    await until(() => names.every((name) => this.outcomes.get(name)!.length >= count));
  }

  /** Waits until the last verdict of a target is `verdict`. */
  async says(name: string, verdict: RegExp): Promise<void> {
    const read = () => ({
      newest: this.verdicts(name, -1)[0] ?? "",
      all: this.verdicts(name),
      void: this.voidReason(name),
    });
    await readUntil(read, ({ newest }) => verdict.test(newest), {
      what: `${name}: ${verdict}`,
      deadlineMs: SERVER_MS,
    });
  }

  /** Why the newest probe of a target was void; undefined when it was not. */
  voidReason(name: string): string | undefined {
    return this.#pool.voidReason(name);
  }

  /** Waits until a target's probes are void for that reason. */
  async lacks(name: string, reason: RegExp): Promise<void> {
    const read = () => ({ reason: this.voidReason(name) ?? "", verdicts: this.verdicts(name) });
    await readUntil(read, (seen) => reason.test(seen.reason));
  }

  /** Waits until a target is void for that reason, and makes sure that no probe of it counted. */
  async seesNothing(name: string, reason: string): Promise<void> {
    await until(() => this.voidReason(name) !== undefined);
    assert.deepEqual([this.voidReason(name), this.verdicts(name)], [reason, []], name);
  }

  /** Waits until the newest probe of a target counted, with that verdict. */
  async sees(name: string, verdict: RegExp): Promise<void> {
    await readUntil(() => this.voidReason(name), (reason) => reason === undefined);
    await this.says(name, verdict);
  }

  /** Views of the pool. */
  probers(): readonly ProberView[] {
    return this.#pool.probers();
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

/** Runs `fn` with an engine of `workers` threads for each namespace. */
export async function withEngine(
  fn: (engine: Engine) => Promise<void>,
  workers = 1,
): Promise<void> {
  const engine = new Engine(workers);
  try {
    await fn(engine);
  } finally {
    await engine.close();
  }
}
