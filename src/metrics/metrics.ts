/** All metrics of the daemon: where they are counted, and the text of a scrape. */
import type { Clock } from "../base/ports.ts";
import type { BuildInfo } from "../base/version.ts";
import { LocalRoots } from "../explain/local_roots.ts";
import type { ProberApi } from "../probe/ports.ts";
import type { ProcessFigures } from "../system/process_figures.ts";
import type { CountersSource, VppConnection } from "../vpp/ports.ts";
import type { Reconciler } from "../vpp/sync/reconcile.ts";
import type { VipKey } from "../vpp/lb/model.ts";
import { collect } from "./collect.ts";
import { EventMetrics } from "./event_metrics.ts";
import { LagMeter } from "./lag.ts";
import { checkerView, type FleetFigures, type TalliedChecker } from "./view.ts";

export interface MetricsOptions {
  readonly build: BuildInfo;
  readonly clock: Clock;
  readonly readProcess: () => Promise<ProcessFigures>;
}

/** Sources of a scrape. */
export interface MetricsSources {
  readonly checker: TalliedChecker;
  readonly engine: Pick<ProberApi, "probers">;
  /** Undefined without VPP integration. */
  readonly vpp:
    | {
      readonly connection: Pick<VppConnection, "state">;
      readonly counters: Pick<CountersSource, "snapshot">;
      readonly reconciler: Pick<Reconciler, "vip" | "withheld" | "counted">;
    }
    | undefined;
  readonly announcer?: {
    announced(frontend: string): boolean | undefined;
    readonly stale: boolean | undefined;
  };
  /** Absent: without a store of a fleet. */
  readonly fleet?: { readonly view: FleetFigures } | undefined;
}

export class Metrics {
  /** Where events are counted. */
  readonly events = new EventMetrics();
  readonly #options: MetricsOptions;
  readonly #lag: LagMeter;
  readonly #roots = new LocalRoots();

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.#lag = new LagMeter(options.clock);
  }

  start(): void {
    this.#lag.start();
  }

  /** Idempotent. */
  stop(): void {
    this.#lag.stop();
  }

  /**
   * The text of all families, in pieces whose bytes are valid until the next one. Its values are those of the moment in which the promise
   * resolves: a reload while it is read changes nothing but counters of probes, which go on.
   */
  async scrape(sources: MetricsSources): Promise<Iterable<Uint8Array>> {
    const { checker, engine, vpp, announcer, fleet } = sources;
    const { build, clock, readProcess } = this.#options;
    const process = await readProcess();
    const events = await this.events.text({ vpp: vpp !== undefined });
    const view = {
      build,
      nowMs: clock.wallMs(),
      monotonicMs: clock.monotonicMs(),
      ...checkerView(checker),
      probers: engine.probers(),
      vpp: vpp?.connection.state,
      counters: vpp?.counters.snapshot,
      vipOf: (key: VipKey) => vpp?.reconciler.vip(key),
      vppRead: vpp?.reconciler.counted() !== undefined,
      roots: this.#roots,
      withheld: vpp?.reconciler.withheld() ?? [],
      announced: (name: string) => announcer?.announced(name),
      announceStale: announcer?.stale,
      fleet: fleet?.view,
      process,
      eventLoopLagS: this.#lag.lagS,
    };
    return joined(collect(view), new TextEncoder().encode(events));
  }
}

function* joined(pieces: Iterable<Uint8Array>, last: Uint8Array): Generator<Uint8Array> {
  yield* pieces;
  yield last;
}
