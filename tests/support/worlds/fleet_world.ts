/**
 * Load balancers in memory for tests of src/fleet/: each has a configuration, states, intents and a
 * simulated plugin that has what it should have.
 */
import type { WallMs } from "../../../src/base/instant.ts";
import type { Snapshot } from "../../../src/checker/ports.ts";
import { Registry } from "../../../src/checker/registry.ts";
import { created } from "../../../src/checker/reload.ts";
import {
  fleetKey,
  type LocalVip,
  localVips,
  PrintCache,
  vipSide,
} from "../../../src/explain/vip_side.ts";
import type { KnownVpp } from "../../../src/explain/vpp_view.ts";
import {
  type Answer,
  compareFleet,
  type Comparison,
  tablesOf,
} from "../../../src/fleet/compare.ts";
import { Tables, type VipDifference, vipDifference } from "../../../src/fleet/difference.ts";
import { ALGORITHM, rootPrint } from "../../../src/fleet/fingerprint.ts";
import type { VipSide } from "../../../src/fleet/side.ts";
import type { BackendState } from "../../../src/health/state.ts";
import { type Intent, IntentSet } from "../../../src/intent/intent.ts";
import { LbPlugin } from "../../../src/sim/plugin/plugin.ts";
import { type LbCapabilities, vipKeyText } from "../../../src/vpp/lb/model.ts";
import { desiredVip } from "../../../src/vpp/lb/desired.ts";
import { monotonic, wall } from "../fakes/instants.ts";
import { type SmallConfig, smallConfig } from "../fakes/small_config.ts";
import { executeOn, readPlugin } from "./plugin_lb.ts";

/** What a load balancer of the world differs in. */
export interface FleetShape {
  readonly config: SmallConfig;
  /** Of backends that are not `up`. */
  readonly states?: Readonly<Record<string, BackendState>>;
  readonly intents?: readonly Intent[];
  readonly weights?: boolean;
  /** Unix time in milliseconds since which the configuration and all states are there. */
  readonly sinceMs?: number;
}

/** A load balancer whose plugin has what it should have. */
export class FleetLb {
  readonly lb: string;
  readonly snapshot: Snapshot;
  readonly plugin = new LbPlugin(monotonic(0));
  readonly can: LbCapabilities;
  readonly sinceMs: WallMs;
  readonly #cache = new PrintCache();

  constructor(lb: string, shape: FleetShape) {
    const { states = {}, intents = [], weights = true, sinceMs = 1000 } = shape;
    const config = smallConfig({ newFlowsTableLength: 1024, ...shape.config });
    this.lb = lb;
    this.can = { weights };
    this.sinceMs = wall(sinceMs);
    const backends = new Map([...config.backends].map(([name, backend]) => {
      const begun = created(config, backend, this.sinceMs);
      const intent = intents.find((each) => each.kind !== "lameduck" && each.backend === name);
      const kept = intent?.kind === "pause"
        ? "paused"
        : intent?.kind === "disable"
        ? "disabled"
        : undefined;
      const state = kept ?? states[name] ?? (backend.enabled ? "up" : "disabled");
      const counter = state === "up" ? begun.policy.rise + begun.policy.fall - 1 : 0;
      return [name, { ...begun, state, counter }];
    }));
    const registry = new Registry(config, backends, { intents: IntentSet.of(intents) });
    this.snapshot = registry.snapshot();
    this.#program();
  }

  #program(): void {
    for (const { config, servers } of this.snapshot.frontends.values()) {
      const { newFlowsTableLength } = this.snapshot.config.vppLb!;
      const vip = desiredVip(config, { servers, newFlowsTableLength });
      executeOn(this.plugin, { kind: "vip-add", vip });
      for (const { address, weight } of servers) {
        if (!this.can.weights && weight === 0) continue;
        const given = this.can.weights ? weight : 100;
        executeOn(this.plugin, { kind: "as-add", vip, address, weight: given });
      }
    }
  }

  get vpp(): KnownVpp {
    const vips = new Map(readPlugin(this.plugin, this.can).map((vip) => [vipKeyText(vip), vip]));
    return {
      kind: "known",
      can: this.can,
      vip: (key) => vips.get(vipKeyText(key)),
      since: () => undefined,
      held: () => false,
      withheld: () => [],
    };
  }

  vips(): readonly LocalVip[] {
    return localVips(this.snapshot, this.vpp);
  }

  answer(): Answer {
    const vips = new Map(
      this.vips().map((vip) => [
        fleetKey(vip.key),
        { frontend: vip.view.name, ...this.#cache.of(vip, this.snapshot) },
      ]),
    );
    return {
      version: "0.1.0",
      algorithm: ALGORITHM,
      configHash: "",
      configSinceMs: this.sinceMs,
      vpp: "known",
      vppVersion: "test",
      weights: this.can.weights,
      hashKind: "",
      readAtMs: undefined,
      root: rootPrint(tablesOf({ vips })),
      vips,
      repaired: [],
    };
  }

  side(vip: string): VipSide | undefined {
    const found = this.vips().find(({ key }) => fleetKey(key) === vip);
    return found && {
      ...vipSide(found, { snapshot: this.snapshot, vpp: this.vpp, configSinceMs: this.sinceMs }),
      lb: this.lb,
    };
  }
}

/** The comparison of a fleet, with the differences of all VIPs that differ. */
export function compared(
  lbs: readonly FleetLb[],
): { readonly comparison: Comparison; readonly differences: readonly VipDifference[] } {
  const comparison = compareFleet(lbs.map((lb) => ({ lb: lb.lb, answer: lb.answer() })));
  const tables = new Tables();
  const differences = comparison.differing.map((vip) => {
    const sides = lbs.flatMap((lb) => lb.side(vip) ?? []);
    const missing = lbs.filter((lb) => lb.side(vip) === undefined).map(({ lb }) => lb);
    const difference = vipDifference(vip, { sides, missing, tables });
    if (difference === undefined) throw new Error(`${vip} differs without a root`);
    return difference;
  });
  return { comparison, differences };
}
