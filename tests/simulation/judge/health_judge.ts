/**
 * Judges the states of backends: a server that always answered in time was never called down, one
 * that does not answer is noticed, and history and events are the same.
 */
import type { Daemon } from "../../../src/daemon/wire.ts";
import type { Backend, BackendState, Transition } from "../../../src/health/state.ts";
import type { Config, HealthcheckConfig } from "../../../src/config/model.ts";
import type { DaemonProcess } from "../world/process.ts";
import { READY, type Report, wordsOf } from "../world/agents.ts";
import type { World } from "../world/world.ts";

/** A verdict comes at most so long after the answer or the timeout. */
const VERDICT_MS = 200;
/** On top of the time that the probes take. */
const NOTICED_MS = 2500;
/** The longest time until a round of isolation targets has ended that begins now. */
const ROUND_MS = 1000;
/** After a time without targets, `isolation` may begin again when they have answered for so long. */
const REARMED_MS = 5000;
/** An agent that has not answered so often is forgotten. */
const FORGOTTEN_ROUNDS = 3;
/** A penalty is kept with so much less precision. */
const LEAST_PENALTY = 0.01;
const PROBE_CODES = /^L[467]/;

export class HealthJudge {
  readonly #world: World;
  readonly #fail: (invariant: string, message: string) => void;
  readonly #states = new Map<string, BackendState>();
  /** When a backend changed its state by anything but a probe. */
  readonly #actedMs = new Map<string, number>();
  /** Until then probes may be void or late. */
  #blindUntilMs = 0;
  /** Until then results may be lost. */
  #lossyUntilMs = 0;
  /** The last time in which nothing answers the prober. */
  #cutOff = { sinceMs: -Infinity, untilMs: -Infinity };
  /** Since then `isolation` may hold failures back: the one before ended long ago. */
  #isArmed = false;
  /** Length of the last stop of the process, and its end. */
  #stopMs = 0;
  /** Since when nothing but probes decides. */
  #sinceMs = 0;
  #lastAtMs = -Infinity;
  /** When each has gone down by its checks. */
  readonly #fallsMs = new Map<string, number[]>();
  /** The longest half-life of penalties that a file had; Infinity since the clock was set. */
  #halfLifeMs = 1;

  constructor(world: World, fail: (invariant: string, message: string) => void) {
    this.#world = world;
    this.#fail = fail;
  }

  wired({ checker }: Daemon): void {
    this.#states.clear();
    for (const [name, { state }] of checker.current.backends) this.#states.set(name, state);
    // Intents that are restored publish their transitions at the start.
    for (const intent of checker.current.intents.list()) {
      if (intent.kind !== "lameduck") this.#states.delete(intent.backend);
    }
    this.#settled();
    this.#lastAtMs = -Infinity;
  }

  /** `loses`: results are lost too. */
  blindFor(ms: number, loses: boolean): void {
    const untilMs = this.#world.time.nowMs + ms;
    this.#blindUntilMs = Math.max(this.#blindUntilMs, untilMs);
    if (loses) this.#lossyUntilMs = Math.max(this.#lossyUntilMs, untilMs);
    this.#stopMs = ms;
  }

  /** Nothing answers the prober for `ms`. */
  cutOffFor(ms: number): void {
    const { nowMs } = this.#world.time;
    this.#isArmed = nowMs > Math.max(this.#cutOff.untilMs, this.#blindUntilMs) + REARMED_MS;
    this.#cutOff = { sinceMs: nowMs, untilMs: nowMs + ms };
  }

  clockSet(): void {
    this.#lastAtMs = -Infinity;
    // Over a restart penalties decay by the wall clock.
    this.#halfLifeMs = Infinity;
  }

  reloading(): void {
    this.#settled();
  }

  /** After the events of a reload. */
  reloaded({ checker }: Daemon): void {
    const { backends } = checker.current;
    for (const [name, state] of this.#states) {
      if (!backends.has(name)) {
        if (state !== "removed") this.#fail("one story", `${name} is gone without an event`);
        this.#states.delete(name);
      }
    }
    for (const [name, { state }] of backends) this.#states.set(name, state);
    this.#settled();
  }

  transition(name: string, transition: Transition, { checker }: Daemon): void {
    const { from, to, result, atMs } = transition;
    const before = this.#states.get(name);
    if (before !== undefined && before !== from) {
      this.#fail("one story", `${name}: event ${from} -> ${to} after ${before}`);
    }
    this.#states.set(name, to);
    const backend = checker.current.backends.get(name);
    if (backend !== undefined && !backend.history.includes(transition)) {
      this.#fail("one story", `${name}: ${from} -> ${to} is not in its history`);
    }
    if (atMs < this.#lastAtMs - 1) this.#fail("one story", `${name}: an event of the past`);
    this.#lastAtMs = Math.max(this.#lastAtMs, atMs);
    if (from === "up" && to === "down") {
      this.#fallsMs.set(name, [...this.#fallsMs.get(name) ?? [], this.#world.time.nowMs]);
    }
    if (!PROBE_CODES.test(result.code)) this.#actedMs.set(name, this.#world.time.nowMs);
    else this.#probed(name, transition, checker.current.config);
  }

  /** A transition by a probe must agree with what the server did. */
  #probed(
    name: string,
    { from, to }: Transition,
    config: Config,
  ): void {
    const backend = config.backends.get(name);
    const check = config.healthchecks.get(backend?.healthcheck ?? "");
    if (backend === undefined || check === undefined) return;
    const record = this.#world.servers.record(backend.address.text, check);
    const { nowMs } = this.#world.time;
    if (to === "down") {
      const latestMs = this.latestVerdictMs(check, config);
      const isBad = record.badMs !== undefined && nowMs - record.badMs <= latestMs;
      if (!isBad) this.#fail("answers in time are never down", `${name} ${from} -> down`);
      if (this.isIsolated(check, config)) {
        this.#fail("a prober that is cut off takes no server down", `${name} ${from} -> down`);
      }
      if (from === "up" && record.bad < check.fall && !this.isShared(name, config)) {
        this.#fail("fall failures", `${name} is down after ${record.bad} of ${check.fall}`);
      }
    }
    if (
      to === "up" && from === "down" && record.good < check.rise &&
      !this.isShared(name, config) && !this.mayPassLate(backend.address.text)
    ) {
      this.#fail("rise passes", `${name} is up after ${record.good} of ${check.rise}`);
    }
  }

  /** The time from the start of a probe to its verdict. */
  latestVerdictMs({ timeoutMs }: HealthcheckConfig, { healthchecker }: Config): number {
    // With isolation a failure waits until a round of targets has ended.
    const roundMs = healthchecker.isolation === undefined ? 0 : ROUND_MS;
    return timeoutMs + VERDICT_MS + roundMs + this.latenessMs;
  }

  /** True when a failure of this check cannot count, because no target has answered for long. */
  isIsolated(check: HealthcheckConfig, { healthchecker: { isolation } }: Config): boolean {
    if (isolation === undefined || !this.#isArmed || this.latenessMs > 0) return false;
    const { sinceMs, untilMs } = this.#cutOff;
    const { nowMs } = this.#world.time;
    const surelyMs = sinceMs + check.timeoutMs + ROUND_MS;
    return nowMs > surelyMs && nowMs <= untilMs && nowMs < sinceMs + isolation.maxHoldMs;
  }

  /** Several backends probe this server with one check, or the definition has just changed. */
  isShared(name: string, { backends }: Config): boolean {
    const { address, healthcheck } = backends.get(name)!;
    const changedMs = Math.max(
      this.#actedMs.get(name) ?? 0,
      this.#lossyUntilMs,
      // Failures that isolation made void end no row.
      this.#cutOff.untilMs,
    );
    if (this.#world.time.nowMs - changedMs < 12_000) return true;
    const same = [...backends.values()].filter((other) =>
      other.address.text === address.text && other.healthcheck === healthcheck
    );
    return same.length > 1 || this.#world.time.nowMs - this.#sinceMs < 12_000;
  }

  /** After a stop, an answer after the timeout looks like one that came in time. */
  mayPassLate(address: string): boolean {
    const { servers, time } = this.#world;
    const isRecent = time.nowMs - servers.sinceMs(address) < 12_000;
    return this.latenessMs > 0 && (isRecent || servers.of(address) === "late");
  }

  /** How late verdicts may be, because the process was stopped. */
  get latenessMs(): number {
    const { nowMs } = this.#world.time;
    return nowMs < this.#blindUntilMs + 2000 ? this.#stopMs + 2000 : 0;
  }

  /** Until when `isolation` may hold failures back that are noticed without it. */
  #heldUntilMs({ healthchecker: { isolation } }: Config): number {
    if (isolation === undefined) return -Infinity;
    const { sinceMs, untilMs } = this.#cutOff;
    // A new worker, or other settings, begin to hold again.
    const beganMs = Math.max(sinceMs, this.#sinceMs, this.#blindUntilMs);
    return Math.min(untilMs, beganMs + isolation.maxHoldMs + ROUND_MS) + ROUND_MS;
  }

  #settled(): void {
    this.#sinceMs = this.#world.time.nowMs;
  }

  /** True while damping holds it; a hold has a cause and an end. */
  #isDamped({ name, state, damping, policy }: Backend, nowMs: number): boolean {
    if (damping === undefined) return false;
    const { penalty, atMs } = damping;
    const falls = (this.#fallsMs.get(name) ?? [])
      .reduce((sum, fallMs) => sum + 2 ** (-Math.max(0, atMs - fallMs) / this.#halfLifeMs), 0);
    if (penalty > falls + LEAST_PENALTY) {
      this.#fail("penalties have causes", `${name} has ${penalty}, and its falls give ${falls}`);
    }
    const { suppressedMs } = damping;
    if (suppressedMs === undefined || policy.damping === undefined) return false;
    if (state === "up") this.#fail("a server that damping holds is not up", name);
    // A reload may have made the longest hold shorter.
    const { halfLifeMs, reuse, maxHoldMs } = policy.damping;
    const decayedMs = atMs + halfLifeMs * Math.log2(Math.max(1, penalty / reuse));
    const lastMs = Math.max(
      Math.min(decayedMs, suppressedMs + maxHoldMs),
      this.#sinceMs,
      this.#blindUntilMs,
    );
    if (nowMs - lastMs > NOTICED_MS) {
      this.#fail("holds end", `${name} is held for ${nowMs - suppressedMs} ms`);
    }
    return true;
  }

  /** What an agent has reported for long enough is in force; one that does not answer is forgotten. */
  #checkAgent({ name, agent = READY }: Backend, { address, check, config }: {
    readonly address: string;
    readonly check: HealthcheckConfig;
    readonly config: Config;
  }): void {
    if (check.agent === undefined) return;
    const { nowMs } = this.#world.time;
    const { report, atMs } = this.#world.servers.agentOf(address);
    const roundMs = 1.1 * check.agent.intervalMs + check.timeoutMs;
    const sinceMs = Math.max(
      atMs,
      this.#actedMs.get(name) ?? 0,
      this.#sinceMs,
      this.#blindUntilMs,
      nowMs >= this.#cutOff.untilMs ? this.#cutOff.untilMs : nowMs,
      this.#heldUntilMs(config),
    );
    if (nowMs - sinceMs < FORGOTTEN_ROUNDS * roundMs + NOTICED_MS) return;
    if (sameReport(agent, report ?? READY)) return;
    const text = report === undefined ? "silent" : wordsOf(report);
    this.#fail("agents are heard", `${name} has ${wordsOf(agent)}, and its agent is ${text}`);
  }

  /** Since when a server behaves as it does, and nothing but probes decides about its backend. */
  undisturbedMs(name: string, config: Config): number {
    const { servers, time } = this.#world;
    return Math.max(
      servers.sinceMs(config.backends.get(name)!.address.text),
      this.#actedMs.get(name) ?? 0,
      this.#sinceMs,
      this.#blindUntilMs,
      time.nowMs >= this.#cutOff.untilMs ? this.#cutOff.untilMs : this.#cutOff.sinceMs,
      this.#heldUntilMs(config),
    );
  }

  /** A server that has behaved alike for long enough has the state that this deserves. */
  tick({ daemon, clock }: DaemonProcess): void {
    if (daemon === undefined) return;
    const { servers, time } = this.#world;
    const { backends, config } = daemon.checker.current;
    for (const { damping } of config.healthchecks.values()) {
      this.#halfLifeMs = Math.max(this.#halfLifeMs, damping?.halfLifeMs ?? 0);
    }
    for (const [name, backend] of backends) {
      const { state } = backend;
      if (this.#isDamped(backend, clock.monotonicMs())) continue;
      if (state !== "up" && state !== "down" && state !== "unknown") continue;
      const { address, healthcheck } = config.backends.get(name)!;
      const check = config.healthchecks.get(healthcheck ?? "");
      if (check === undefined) continue;
      this.#checkAgent(backend, { address: address.text, check, config });
      const sinceMs = this.undisturbedMs(name, config);
      const answers = servers.answers({ address: address.text, healthcheck: check });
      if (time.nowMs - sinceMs < noticedAfterMs(check, answers)) continue;
      if ((state === "up") !== answers) {
        const does = servers.of(address.text);
        this.#fail("servers are noticed", `${name} is ${state}, and ${address.text} is "${does}"`);
      }
    }
  }
}

function sameReport(a: Report, b: Report): boolean {
  return a.down === b.down && a.admin === b.admin && a.percent === b.percent;
}

/**
 * A server that answers from some time on, or no longer does, is noticed within this by a check: its
 * next probe is in the slow interval, and the others are in the fast one.
 */
export function noticedAfterMs(check: HealthcheckConfig, answers: boolean): number {
  const { rise, fall, intervalMs, fastIntervalMs, downIntervalMs, timeoutMs } = check;
  const probeMs = (paceMs: number) => 1.1 * paceMs + timeoutMs;
  const firstMs = probeMs(Math.max(fastIntervalMs, answers ? downIntervalMs : intervalMs));
  return firstMs + (answers ? rise : fall) * probeMs(fastIntervalMs) + NOTICED_MS;
}
