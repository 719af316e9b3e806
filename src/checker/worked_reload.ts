/**
 * PURE. Computes the effects of a reload on checks and operators' intents, as a value. The effects
 * on VPP take longer, and are computed from this value (src/forecast/).
 */
import type { WallMs } from "../base/instant.ts";
import { diffConfig } from "../config/diff.ts";
import type { Config, FrontendConfig } from "../config/model.ts";
import { type AllEncapChecks, checksAfter } from "./encap/pairs.ts";
import type { Durability } from "../intent/ports.ts";
import type { IntentSet } from "../intent/intent.ts";
import { afterReload, type DroppedIntent } from "../intent/rules.ts";
import type { StatsNeeds } from "../vpp/lb/guard/stats_budget.ts";
import type { Snapshot } from "./ports.ts";
import { frontendsInForce } from "../intent/weights_in_force.ts";
import { planReload, type ReloadPlan } from "./reload.ts";

/** The effects of a reload on checks and intents. Every backend is in exactly one of the first five. */
export interface ReloadOutline {
  /** New backends, in the order of the new file, as in all lists but `stopped`. */
  readonly started: readonly string[];
  /** Removed backends, in the order of the old file. */
  readonly stopped: readonly string[];
  /** Checked from the beginning, because their check changed. */
  readonly restarted: readonly string[];
  /** Backends that continue at another address. */
  readonly readdressed: readonly string[];
  /** Backends that continue unchanged. */
  readonly kept: readonly string[];
  /** As in Forecast. */
  readonly carried: readonly string[];
  /** Operators' intents that the reload ends. */
  readonly intentsDropped: readonly DroppedIntent[];
  /** True when VPP's global settings change (`lb_conf`). */
  readonly lbConfChanged: boolean;
  /** True when, with them, all sticky flows of all VIPs are forgotten. */
  readonly flowsForgotten: boolean;
  /** The needs of the next configuration in VPP's stats segment. */
  readonly size: StatsNeeds;
}

/** The computed effects of a reload, except those on VPP. */
export interface WorkedOutReload {
  /** The state before the reload. */
  readonly before: Snapshot;
  readonly outline: ReloadOutline;
  readonly plan: ReloadPlan;
  /** Operators' intents after it. */
  readonly intentSet: IntentSet;
  /** The configuration and weights in force after it. */
  readonly after: {
    readonly config: Config;
    readonly frontends: ReadonlyMap<string, FrontendConfig>;
    /** Checks through VPP's tunnel; absent without `encap`. */
    readonly encap?: AllEncapChecks;
  };
}

/** The result of a reload. */
export interface ReloadResult {
  /** Resolves when the intents that it ended are removed from disk, or this failed. */
  readonly durable: Promise<Durability>;
  /** The effects of the reload, which are the input of the forecast for VPP. */
  readonly worked: WorkedOutReload;
}

/** Computes the effects of `next`, a checked configuration, on checks and intents. */
export function* workOutReload(
  snapshot: Snapshot,
  next: Config,
  nowMs: WallMs,
): Generator<undefined, WorkedOutReload> {
  const { config, backends, intents } = snapshot;
  const { backends: diff, lbConfChanged } = diffConfig(config, next);
  yield;
  const plan = planReload({ next, before: config, diff, backends, nowMs });
  yield;
  const { intentSet, dropped } = afterReload(intents, { next, backends: plan.backends });
  const outline = {
    started: diff.added,
    stopped: diff.removed,
    restarted: diff.restarted,
    readdressed: diff.readdressed,
    kept: diff.untouched,
    carried: plan.carried.filter((name) => plan.backends.get(name)!.standing === "carried"),
    intentsDropped: dropped,
    lbConfChanged,
    flowsForgotten: config.vppLb?.stickyBucketsPerCore !== next.vppLb?.stickyBucketsPerCore,
    get size() {
      return sizeInVpp(next);
    },
  };
  const frontends = frontendsInForce(next, intentSet, plan.backends);
  const after = { config: next, frontends, ...checksAfter(next, snapshot) };
  return { before: snapshot, outline, plan, intentSet, after };
}

/** Counts the VIPs, and the distinct addresses of VIPs and their servers. */
function sizeInVpp({ frontends, backends }: Config): StatsNeeds {
  const addresses = new Set<string>();
  for (const { address, pools } of frontends.values()) {
    addresses.add(address.text);
    for (const pool of pools) {
      for (const { name } of pool.backends) addresses.add(backends.get(name)!.address.text);
    }
  }
  return { routes: addresses.size, vips: frontends.size };
}
