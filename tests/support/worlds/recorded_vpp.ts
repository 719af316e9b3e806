/**
 * A model of VPP for a checker: it takes the weights of each `program` event immediately, while it
 * is connected. It records the circumstances in which each view of a frontend was evaluated,
 * because policies decide by the weights that VPP had then.
 */
import fc from "fast-check";
import type { MonotonicMs } from "../../../src/base/instant.ts";
import type { Checker } from "../../../src/checker/checker.ts";
import type { Config } from "../../../src/config/model.ts";
import type { FrontendView, WeightsSent } from "../../../src/checker/ports.ts";
import type { BackendLookup } from "../../../src/health/frontend_model.ts";
import { withKeptWeights } from "../../../src/vpp/lb/keep.ts";
import { desiredVip, vipKeyOf } from "../../../src/vpp/lb/desired.ts";
import { type ActualVip, type DesiredVip, vipKeyText } from "../../../src/vpp/lb/model.ts";
import { SentWeights } from "../../../src/vpp/sync/sent_weights.ts";
import type { FakeClock } from "../fakes/fake_clock.ts";

/** The inputs of an evaluation that may be others now. */
export interface Circumstances {
  readonly weights: ReadonlyMap<string, number> | undefined;
  readonly isProgrammed: boolean;
  readonly tableLength: BackendLookup["tableLength"];
  readonly nowMs: MonotonicMs;
  readonly config: Config;
  /** The view of the same frontend before. */
  readonly before: FrontendView | undefined;
}

/** Something that happens to VPP. */
export type VppEvent =
  /** It is connected and read: its servers have these weights in turn, or it is empty. */
  | { readonly kind: "found"; readonly weights: readonly number[] }
  /** The whole configuration is sent, as after warm-up. */
  | { readonly kind: "synchronised" }
  | { readonly kind: "away" };

export const vppEvents: fc.Arbitrary<VppEvent> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: "synchronised" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "away" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("found" as const),
      weights: fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 4 }),
    }),
  },
);

export class RecordedVpp implements WeightsSent {
  readonly #sent = new SentWeights();
  readonly #circumstances = new WeakMap<FrontendView, Circumstances>();
  readonly #newest = new Map<string, FrontendView>();
  readonly #clock: FakeClock;
  #checker: Checker | undefined;
  #state: "away" | "found" | "synchronised" = "away";
  #vips = new Map<string, ActualVip>();

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  of(frontend: FrontendView["config"]): ReadonlyMap<string, number> | undefined {
    return this.#sent.of(vipKeyOf(frontend));
  }

  isProgrammed(frontend: FrontendView["config"]): boolean {
    return this.#sent.isOwn(vipKeyOf(frontend));
  }

  isConnected(): boolean {
    return this.#state !== "away";
  }

  /** Begins to follow the checker; before other subscribers. */
  follow(checker: Checker): void {
    this.#checker = checker;
    this.#sent.onFound = () => checker.weightsKnown("found");
    checker.subscribe((event) => {
      this.remember();
      if (event.kind === "program") this.#program(event.frontends);
      else if (event.kind === "reload") this.#reload();
      this.#acknowledge();
    });
    this.remember();
  }

  take(event: VppEvent): void {
    this.remember();
    if (event.kind === "away") {
      this.#state = "away";
      this.#sent.disconnected();
    } else if (event.kind === "synchronised") {
      if (this.#state === "away") return;
      this.#state = "synchronised";
      this.#program([...this.#views()]);
      this.#acknowledge();
    } else {
      this.#state = "found";
      this.#sent.disconnected();
      this.#vips = new Map();
      if (event.weights.length > 0) this.#fill(event.weights);
      this.#sent.found([...this.#vips.values()]);
    }
    this.remember();
  }

  /** The circumstances of the evaluation that made this view. */
  circumstancesOf(view: FrontendView): Circumstances {
    return this.#circumstances.get(view)!;
  }

  /** Records the circumstances for views that were made since the last call. */
  remember(): void {
    for (const view of this.#views()) {
      if (this.#circumstances.has(view)) continue;
      this.#circumstances.set(view, {
        weights: this.of(view.config),
        isProgrammed: this.isProgrammed(view.config),
        tableLength: this.#checker!.current.config.vppLb?.newFlowsTableLength,
        nowMs: this.#clock.monotonicMs(),
        config: this.#checker!.current.config,
        before: this.#newest.get(view.name),
      });
      this.#newest.set(view.name, view);
    }
  }

  #views(): Iterable<FrontendView> {
    return this.#checker!.current.frontends.values();
  }

  /** VPP has the servers of the configuration already, with these weights in turn. */
  #fill(weights: readonly number[]): void {
    let at = 0;
    for (const view of this.#views()) {
      const { servers, ...vip } = this.#desired(view);
      const weighed = servers.map((server) => ({
        ...server,
        weight: weights[at++ % weights.length]!,
      }));
      this.#vips.set(vipKeyText(vip), actualOf({ ...vip, servers: weighed }));
    }
  }

  #program(views: readonly FrontendView[]): void {
    if (this.#state !== "synchronised") return;
    for (const view of views) {
      const desired = this.#desired(view);
      const key = vipKeyText(desired);
      const vip = withKeptWeights(desired, this.#vips.get(key));
      this.#vips.set(key, actualOf(vip));
      this.#sent.sent(vip, new Set());
    }
  }

  #desired({ config, servers }: FrontendView): DesiredVip {
    const { newFlowsTableLength } = this.#checker!.current.config.vppLb ??
      { newFlowsTableLength: 1024 };
    return desiredVip(config, { servers, newFlowsTableLength });
  }

  /** VPP has the weights of drains as soon as it is programmed. */
  #acknowledge(): void {
    const checker = this.#checker!;
    if (this.#state !== "synchronised") return;
    for (const intent of checker.current.intents.list()) {
      if (intent.kind === "drain") checker.drainAcknowledged(intent);
    }
  }

  #reload(): void {
    const views = [...this.#views()];
    this.#program(views);
    const keys = views.map(({ config }) => vipKeyOf(config));
    this.#sent.retain(keys);
    const texts = new Set(keys.map(vipKeyText));
    for (const key of this.#vips.keys()) if (!texts.has(key)) this.#vips.delete(key);
  }
}

function actualOf(vip: DesiredVip): ActualVip {
  const servers = vip.servers.map(({ address, weight }) => ({
    address,
    weight,
    buckets: undefined,
    flushed: false,
  }));
  return { ...vip, poolIndex: undefined, servers, removed: [] };
}
