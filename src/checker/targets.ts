/**
 * Assigns ids to the backends that the probe engine probes. Ids are dense and reused; each use has
 * its own generation, so that late results of an earlier use are detected and dropped.
 */
import type { IpAddress } from "../base/address.ts";
import { invariant, violated } from "../base/assert.ts";
import type { AgentConfig, Config, HealthcheckConfig, ProbeType } from "../config/model.ts";
import type { EncapPair } from "./encap/pairs.ts";
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
  /** It is the agent of the backend, not its check. */
  readonly isAgent: boolean;
  /** It is the check through VPP's tunnel of this pair, not that of the backend. */
  readonly encap?: EncapPair | undefined;
}

/** The engine's targets by the names of their backends; see agentKey() for agents. */
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

  /** Starts probing a backend and its agent; earlier targets of its name are stopped first. */
  start(spec: TargetSpec): void {
    this.stop(spec.backend);
    const { backend, healthcheck } = spec;
    this.#start(spec, { backend, isAgent: false, counter: () => this.#counterOf(backend) });
    if (healthcheck.agent === undefined) return;
    const agent = agentCheck(healthcheck, healthcheck.agent);
    const key = agentKey(backend);
    this.#start({ ...spec, backend: key, healthcheck: agent }, { backend, isAgent: true });
  }

  /** Starts the check of a pair through VPP's tunnel; `spec.backend` stands for the pair. */
  startEncap(
    spec: TargetSpec,
    { pair, counter }: { readonly pair: EncapPair; readonly counter: () => number },
  ): void {
    this.#start(spec, { backend: pair.backend, isAgent: false, encap: pair, counter });
  }

  stopEncap(key: string): void {
    this.#stop(key);
  }

  #start(
    spec: TargetSpec,
    { backend, isAgent, encap, counter }: Pick<RunningTarget, "backend" | "isAgent" | "encap"> & {
      readonly counter?: () => number;
    },
  ): void {
    const id = this.#free.pop() ?? this.#byId.length;
    const generation = (this.#generations[id] ?? 0) + 1;
    const { backend: key, address, healthcheck, netns, firstDelayMs, soonestMs } = spec;
    const { type } = healthcheck.params;
    // No spreads: 10,000 of each are made at a start.
    const target = { id, generation, backend, type, isAgent, encap };
    this.#generations[id] = generation;
    this.#byId[id] = target;
    this.#byName.set(key, target);
    this.#engine.start({
      id,
      generation,
      backend: key,
      address,
      healthcheck,
      netns,
      firstDelayMs,
      soonestMs,
      counter,
    });
  }

  /** Starts probing these, each with the healthcheck and address of `config`, spread evenly. */
  startSpread(config: Config, backends: readonly Backend[]): void {
    const { netns } = config.healthchecker;
    const addressOf = (backend: string) => config.backends.get(backend)!.address;
    const round = firstRound(backends.map(({ name }) => {
      const { fastIntervalMs } = checkOf(config, name);
      return { address: addressOf(name).text, fastIntervalMs };
    }));
    backends.forEach(({ name: backend }, i) => {
      const { delayMs: firstDelayMs, soonestMs } = round[i]!;
      const healthcheck = checkOf(config, backend);
      const address = addressOf(backend);
      this.start({ backend, address, healthcheck, netns, firstDelayMs, soonestMs });
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
    // Without a check there is no agent either.
    if (!this.#byName.has(backend)) return;
    this.#stop(backend);
    this.#stop(agentKey(backend));
  }

  #stop(key: string): void {
    const target = this.#byName.get(key);
    if (target === undefined) return;
    this.#byName.delete(key);
    this.#byId[target.id] = undefined;
    this.#free.push(target.id);
    this.#engine.stop(target.id);
  }

  stopAll(): void {
    for (const key of [...this.#byName.keys()]) this.#stop(key);
  }

  /** Changes the address from the next probe on. */
  readdress(backend: string, address: IpAddress): void {
    const target = this.#byName.get(backend);
    invariant(target !== undefined, `readdress of ${backend}, which is not probed`);
    this.#engine.readdress(target.id, address);
    const agent = this.#byName.get(agentKey(backend));
    if (agent !== undefined) this.#engine.readdress(agent.id, address);
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

/** Stands for a backend's agent; names of backends have no blanks. */
function agentKey(backend: string): string {
  return `${backend} (agent)`;
}

/** The check that asks the agent of a server. */
function agentCheck(
  check: HealthcheckConfig,
  { port, intervalMs }: AgentConfig,
): HealthcheckConfig {
  const { agent: _, ...own } = check;
  return {
    ...own,
    port,
    intervalMs,
    fastIntervalMs: intervalMs,
    downIntervalMs: intervalMs,
    timeoutMs: Math.min(intervalMs, check.timeoutMs),
    rise: 1,
    fall: 1,
    params: { type: "agent" },
  };
}

/** The healthcheck of a backend that has one. */
export function checkOf(config: Config, backend: string): HealthcheckConfig {
  const check = config.backends.get(backend)?.healthcheck;
  const healthcheck = check === undefined ? undefined : config.healthchecks.get(check);
  return healthcheck ?? violated(`backend ${backend} has no healthcheck to start`);
}
