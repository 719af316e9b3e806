/**
 * Has the pairs of frontends and backends probed through VPP's tunnel, as long as the check of the
 * backend itself is probed.
 */
import { invariant } from "../../base/assert.ts";
import { firstRound } from "../../health/first_round.ts";
import { isProbed } from "../../health/machine.ts";
import type { ProbeOutcome } from "../../probe/ports.ts";
import type { Registry } from "../registry.ts";
import { Tally } from "../tally.ts";
import type { ProbeTargets } from "../targets.ts";
import { encapKey, type EncapPair, samePackets } from "./pairs.ts";

export interface EncapProbesOptions {
  readonly targets: ProbeTargets;
  /** The registry in force. */
  readonly registry: () => Registry;
}

/** A pair that is being probed. */
interface Running {
  readonly pair: EncapPair;
  readonly netns: string;
}

export class EncapProbes {
  /** Totals by encapKey(). */
  readonly tally = new Tally();
  readonly #options: EncapProbesOptions;
  readonly #running = new Map<string, Running>();

  constructor(options: EncapProbesOptions) {
    this.#options = options;
  }

  /** Starts and stops what the registry needs; after a start or a reload. */
  update(): void {
    const { pairs } = this.#options.registry().encap;
    if (pairs.size + this.#running.size === 0) return;
    for (const [key, { pair: { frontend, backend } }] of this.#running) {
      if (pairs.get(frontend)?.has(backend) === true) continue;
      this.#stop(key);
      this.tally.forget(key);
    }
    this.#reconcile([...pairs.values()].flatMap((ofFrontend) => [...ofFrontend.values()]));
  }

  /** The same for one backend, whose state changed. */
  updateBackend(backend: string): void {
    const registry = this.#options.registry();
    const { pairs } = registry.encap;
    if (pairs.size === 0) return;
    this.#reconcile(
      registry.frontendsOf(backend).flatMap((name) => pairs.get(name)?.get(backend) ?? []),
    );
  }

  /** Counts a result; returns true when the check failed or passed by it, and did not before. */
  count(pair: EncapPair, { result, atMs }: ProbeOutcome): boolean {
    this.tally.countProbe(encapKey(pair.frontend, pair.backend), "encap", result);
    return this.#options.registry().stepEncap(pair, result, atMs);
  }

  countVoid({ frontend, backend }: EncapPair): void {
    this.tally.countVoid(encapKey(frontend, backend));
  }

  #reconcile(pairs: readonly EncapPair[]): void {
    const registry = this.#options.registry();
    const { netns } = registry.config.healthchecker;
    const starts: EncapPair[] = [];
    for (const pair of pairs) {
      const key = encapKey(pair.frontend, pair.backend);
      const running = this.#running.get(key);
      const state = registry.backend(pair.backend)?.state;
      invariant(state !== undefined, `no backend ${pair.backend}`);
      const wanted = isProbed(state);
      const kept = wanted && running?.netns === netns && samePackets(running.pair, pair);
      if (running !== undefined && !kept) this.#stop(key);
      if (wanted && !kept) starts.push(pair);
    }
    this.#start(starts, netns);
  }

  #start(pairs: readonly EncapPair[], netns: string): void {
    const round = firstRound(pairs.map(({ address, check: { fastIntervalMs } }) => {
      return { address: address.text, fastIntervalMs };
    }));
    pairs.forEach((pair, i) => {
      const { frontend, backend, address, check: healthcheck } = pair;
      const key = encapKey(frontend, backend);
      const { delayMs: firstDelayMs, soonestMs } = round[i]!;
      this.#running.set(key, { pair, netns });
      this.#options.targets.startEncap(
        { backend: key, address, healthcheck, netns, firstDelayMs, soonestMs },
        { pair, counter: () => this.#counterOf(pair) },
      );
    });
  }

  #counterOf({ frontend, backend }: EncapPair): number {
    return this.#options.registry().encap.of(frontend)!.get(backend)!.counter;
  }

  #stop(key: string): void {
    this.#running.delete(key);
    this.#options.targets.stopEncap(key);
  }
}
