/**
 * A probe engine that probes nothing: it records calls, and the test supplies what the
 * probes found. It holds the checker to its side of the contract (dense ids, generations, no
 * readdress of a target that is not started); tests/contract/ holds the fake to the engine's side.
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
  /** Of backends whose newest probe was void. */
  readonly #voidReasons = new Map<string, string>();
  #probes = 0;
  #voids = 0;
  #closed = false;

  probers(): readonly ProberView[] {
    const counts = new Map<string, number>();
    for (const { netns } of this.running.values()) counts.set(netns, (counts.get(netns) ?? 0) + 1);
    const views = [...counts].map(([netns, backends]) => ({
      netns,
      threads: 1,
      backends,
      blind: [],
    }));
    return views.sort((a, b) => a.netns < b.netns ? -1 : 1);
  }

  voidReason(backend: string): string | undefined {
    return this.#voidReasons.get(backend);
  }

  trace(on: boolean): void {
    this.tracing = on;
  }

  start(target: ProbeTarget): void {
    if (this.#closed) return;
    const { id, generation, backend } = target;
    assert.equal(generation, (this.#generations.get(id) ?? 0) + 1, "generations go up by one");
    this.#forget(id);
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
    const backend = this.#forget(id);
    if (backend !== undefined) this.calls.push(`stop ${backend}`);
  }

  stats(): Promise<ProbeStats> {
    const lateness = { count: 0, p50: 0, p99: 0, max: 0 };
    return Promise.resolve({ probes: this.#probes, voids: this.#voids, lateness, inFlight: 0 });
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const id of [...this.#names.keys()]) this.#forget(id);
    return Promise.resolve();
  }

  /** Forgets a target; returns its backend, or undefined when the id is not started. */
  #forget(id: number): string | undefined {
    const backend = this.#names.get(id);
    if (backend === undefined) return undefined;
    this.#names.delete(id);
    this.running.delete(backend);
    this.#voidReasons.delete(backend);
    return backend;
  }

  /** The outcome of a probe of a backend that is being probed. */
  outcome(backend: string, result: ProbeResult): ProbeOutcome {
    const target = this.running.get(backend);
    assert.ok(target !== undefined, `${backend} is not being probed`);
    return { id: target.id, generation: target.generation, result, atMs: this.nowMs };
  }

  /** Hands in one batch: `{ a: PASS, b: FAIL }`. */
  report(results: Readonly<Record<string, ProbeResult>>): void {
    const outcomes = Object.entries(results).map(([name, result]) => this.outcome(name, result));
    this.#probes += outcomes.length;
    for (const { id, generation } of outcomes) {
      this.#voidReasons.delete(this.#names.get(id)!);
      if (this.tracing) this.onStart({ id, generation });
    }
    this.onOutcomes(outcomes);
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
    this.#voids++;
    this.#voidReasons.set(backend, reason);
    if (this.tracing) this.onStart({ id, generation });
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
