/**
 * Assigns ids to the backends that the probe engine probes. Ids are dense and reused; each use has
 * its own generation, so that late results of an earlier use are detected and dropped.
 */
import type { IpAddress } from "../base/address.ts";
import { invariant } from "../base/assert.ts";
import type { Config, HealthcheckConfig, ProbeType } from "../config/model.ts";
import { firstRound } from "../health/first_round.ts";
import type { Backend } from "../health/state.ts";
import type { ProbeEngine } from "../probe/ports.ts";
import type { ReloadAction } from "./reload.ts";

/** A ProbeTarget without id and generation, which are assigned here. */
export interface TargetSpec {
  readonly backend: string;
  readonly address: IpAddress;
  readonly healthcheck: HealthcheckConfig;
  readonly netns: string;
  readonly firstDelayMs: number;
  readonly soonestMs: number;
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
  readonly #counterOf: (backend: string) => number;
  readonly #byId: (RunningTarget | undefined)[] = [];
  readonly #byName = new Map<string, RunningTarget>();
  /** By id, kept while the id is free. */
  readonly #generations: number[] = [];
  readonly #free: number[] = [];

  /** `counterOf` reads the rise/fall counter of a backend. */
  constructor(engine: ProbeEngine, counterOf: (backend: string) => number) {
    this.#engine = engine;
    this.#counterOf = counterOf;
  }

  /** Starts probing a backend; an earlier target of its name is stopped first. */
  start(spec: TargetSpec): void {
    this.stop(spec.backend);
    const id = this.#free.pop() ?? this.#byId.length;
    const generation = (this.#generations[id] ?? 0) + 1;
    const { backend, healthcheck } = spec;
    const target = { id, generation, backend, type: healthcheck.params.type };
    this.#generations[id] = generation;
    this.#byId[id] = target;
    this.#byName.set(backend, target);
    this.#engine.start({ id, generation, ...spec, counter: () => this.#counterOf(backend) });
  }

  /** Starts probing these, each with the healthcheck and address of `config`, spread evenly. */
  startSpread(config: Config, backends: readonly Backend[]): void {
    const { netns } = config.healthchecker;
    const specs = backends.map(({ name }) => ({
      backend: name,
      address: config.backends.get(name)!.address,
      healthcheck: checkOf(config, name),
      netns,
    }));
    const round = firstRound(specs.map(({ address, healthcheck }) => {
      return { address: address.text, fastIntervalMs: healthcheck.fastIntervalMs };
    }));
    specs.forEach((spec, i) => {
      const { delayMs: firstDelayMs, soonestMs } = round[i]!;
      this.start({ ...spec, firstDelayMs, soonestMs });
    });
  }

  /** Applies the actions of a reload; `backends` are those after it. */
  apply(
    actions: readonly ReloadAction[],
    { config, backends }: {
      readonly config: Config;
      readonly backends: ReadonlyMap<string, Backend>;
    },
  ): void {
    const starts: Backend[] = [];
    for (const action of actions) {
      if (action.kind === "stop") this.stop(action.backend);
      else if (action.kind === "start") starts.push(backends.get(action.backend)!);
      else this.readdress(action.backend, action.address);
    }
    this.startSpread(config, starts);
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

  /** Changes the address from the next probe on. */
  readdress(backend: string, address: IpAddress): void {
    const target = this.#byName.get(backend);
    invariant(target !== undefined, `readdress of ${backend}, which is not probed`);
    this.#engine.readdress(target.id, address);
  }

  /** The target of a result; undefined for a result of an earlier generation. */
  find(of: { readonly id: number; readonly generation: number }): RunningTarget | undefined {
    const target = this.#byId[of.id];
    return target?.generation === of.generation ? target : undefined;
  }

  /** False while nothing can be concluded from silence about a backend. */
  answers(backend: string): boolean {
    const target = this.#byName.get(backend);
    return target !== undefined && (this.#engine.answers?.(target.id) ?? true);
  }

  has(backend: string): boolean {
    return this.#byName.has(backend);
  }
}

/** The healthcheck of a backend that has one. */
export function checkOf(config: Config, backend: string): HealthcheckConfig {
  const check = config.backends.get(backend)?.healthcheck;
  const healthcheck = check === undefined ? undefined : config.healthchecks.get(check);
  invariant(healthcheck !== undefined, `backend ${backend} has no healthcheck to start`);
  return healthcheck;
}
