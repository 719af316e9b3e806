/**
 * A probe engine that probes nothing: it records calls, and the test supplies what the
 * probes found. It holds the checker to the engine's contract (ids, generations, no readdress of
 * what is not started).
 */
import assert from "node:assert/strict";
import type { IpAddress } from "../../../src/base/address.ts";
import { EPOCH_MS } from "../../../src/base/instant.ts";
import type { ProbeResult } from "../../../src/health/state.ts";
import type {
  ProbeEngine,
  ProbeOutcome,
  ProberView,
  ProbeStats,
  ProbeTarget,
  VoidProbe,
} from "../../../src/probe/ports.ts";

/** A pass as a TCP probe reports it. */
export const PASS: ProbeResult = {
  ok: true,
  layer: "L4",
  code: "L4OK",
  detail: "",
  durationMs: 0.5,
};

/** A failure as a TCP probe reports it. */
export const FAIL: ProbeResult = {
  ok: false,
  layer: "L4",
  code: "L4CON",
  detail: "connection refused",
  durationMs: 0.5,
};

export class FakeProbeEngine implements ProbeEngine {
  onOutcomes: (outcomes: readonly ProbeOutcome[]) => void = () => {};
  onVoid: (probe: VoidProbe) => void = () => {};
  onStart: ProbeEngine["onStart"] = () => {};
  tracing = false;
  /** Started and not stopped, by backend. */
  readonly running = new Map<string, ProbeTarget>();
  /** `start a`, `readdress a 10.0.0.2`, `stop a`, in order. */
  readonly calls: string[] = [];
  /** Time of the verdicts. */
  nowMs = EPOCH_MS;
  readonly #names = new Map<number, string>();
  readonly #generations = new Map<number, number>();

  /** What probers() answers. */
  views: readonly ProberView[] = [];
  /** What voidReason() answers, by backend. */
  readonly reasons = new Map<string, string>();

  probers(): readonly ProberView[] {
    return this.views;
  }

  voidReason(backend: string): string | undefined {
    return this.reasons.get(backend);
  }

  trace(on: boolean): void {
    this.tracing = on;
  }

  start(target: ProbeTarget): void {
    const { id, generation, backend } = target;
    assert.equal(generation, (this.#generations.get(id) ?? 0) + 1, "generations go up by one");
    assert.ok(!this.#names.has(id), `id ${id} is in use`);
    assert.ok(!this.running.has(backend), `${backend} is being probed already`);
    assert.ok(id <= this.#generations.size, `id ${id} is not dense`);
    this.#generations.set(id, generation);
    this.#names.set(id, backend);
    this.running.set(backend, target);
    this.calls.push(`start ${backend}`);
  }

  readdress(id: number, address: IpAddress): void {
    const target = this.running.get(this.#names.get(id) ?? "");
    assert.ok(target !== undefined, `readdress of id ${id}, which is not started`);
    this.running.set(target.backend, { ...target, address });
    this.calls.push(`readdress ${target.backend} ${address.text}`);
  }

  stop(id: number): void {
    const backend = this.#names.get(id);
    if (backend === undefined) return;
    this.#names.delete(id);
    this.running.delete(backend);
    this.calls.push(`stop ${backend}`);
  }

  stats(): Promise<ProbeStats> {
    const lateness = { count: 0, p50: 0, p99: 0, max: 0 };
    return Promise.resolve({ probes: 0, voids: 0, lateness, inFlight: this.running.size });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The outcome of a probe of a backend that is being probed. */
  outcome(backend: string, result: ProbeResult): ProbeOutcome {
    const target = this.running.get(backend);
    assert.ok(target !== undefined, `${backend} is not being probed`);
    return { id: target.id, generation: target.generation, result, atMs: this.nowMs };
  }

  /** Hands in one batch: `{ a: PASS, b: FAIL }`. */
  report(results: Readonly<Record<string, ProbeResult>>): void {
    this.onOutcomes(Object.entries(results).map(([name, result]) => this.outcome(name, result)));
  }

  /** Hands in so many failures of each that it is down, whatever it was. */
  takeDown(...backends: readonly string[]): void {
    this.#repeat(FAIL, backends, ({ healthcheck }) => healthcheck.fall);
  }

  /** Hands in so many passes of each that it is up, whatever it was. */
  bringUp(...backends: readonly string[]): void {
    this.#repeat(PASS, backends, ({ healthcheck }) => healthcheck.rise);
  }

  /** Hands in a void probe of a backend. */
  reportVoid(backend: string, reason = "no local port is free"): void {
    const { id, generation } = this.outcome(backend, FAIL);
    this.onVoid({ id, generation, latenessMs: 0, reason });
  }

  /** Round by round, each a batch. */
  #repeat(
    result: ProbeResult,
    backends: readonly string[],
    timesOf: (target: ProbeTarget) => number,
  ): void {
    const times = (name: string) => timesOf(this.running.get(name)!);
    for (let round = 0; round < Math.max(...backends.map(times)); round++) {
      this.report(Object.fromEntries(backends.map((name) => [name, result])));
    }
  }
}
