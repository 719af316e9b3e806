/**
 * Which backends the probe engine works on, and under which number. Numbers are dense and used
 * again; each use has its own generation, so that what the engine still had on its way from an
 * earlier use is recognised as old and dropped.
 */
import type { IpAddress } from "../base/address.ts";
import { invariant } from "../base/assert.ts";
import type { HealthcheckConfig, ProbeType } from "../config/model.ts";
import type { ProbeEngine } from "../probe/ports.ts";

/** What to probe; a ProbeTarget without what is decided here. */
export interface TargetSpec {
  readonly backend: string;
  readonly address: IpAddress;
  readonly healthcheck: HealthcheckConfig;
  readonly netns: string;
  readonly firstDelayMs: number;
}

/** A target that is being probed. */
export interface RunningTarget {
  readonly id: number;
  readonly generation: number;
  readonly backend: string;
  readonly type: ProbeType;
}

/** The engine's targets by the names of their backends. */
export class ProbeTargets {
  readonly #engine: ProbeEngine;
  readonly #byId: (RunningTarget | undefined)[] = [];
  readonly #byName = new Map<string, RunningTarget>();
  /** By id, kept while the id is free. */
  readonly #generations: number[] = [];
  readonly #free: number[] = [];

  constructor(engine: ProbeEngine) {
    this.#engine = engine;
  }

  /** Starts probing a backend afresh; what was probed under its name is stopped first. */
  start(spec: TargetSpec): void {
    this.stop(spec.backend);
    const id = this.#free.pop() ?? this.#byId.length;
    const generation = (this.#generations[id] ?? 0) + 1;
    const { backend, healthcheck } = spec;
    const target = { id, generation, backend, type: healthcheck.params.type };
    this.#generations[id] = generation;
    this.#byId[id] = target;
    this.#byName.set(backend, target);
    this.#engine.start({ id, generation, ...spec });
  }

  /** Cancels a backend's probing; does nothing when it is not probed. */
  stop(backend: string): void {
    const target = this.#byName.get(backend);
    if (target === undefined) return;
    this.#byName.delete(backend);
    this.#byId[target.id] = undefined;
    this.#free.push(target.id);
    this.#engine.stop(target.id);
  }

  stopAll(): void {
    for (const backend of [...this.#byName.keys()]) this.stop(backend);
  }

  /** Another address from the next probe on. */
  readdress(backend: string, address: IpAddress): void {
    const target = this.#byName.get(backend);
    invariant(target !== undefined, `readdress of ${backend}, which is not probed`);
    this.#engine.readdress(target.id, address);
  }

  /** The target a result is of; undefined when it is of an earlier generation. */
  find(of: { readonly id: number; readonly generation: number }): RunningTarget | undefined {
    const target = this.#byId[of.id];
    return target?.generation === of.generation ? target : undefined;
  }

  has(backend: string): boolean {
    return this.#byName.has(backend);
  }
}
