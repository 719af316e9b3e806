/** Evaluates the frontends of one instant of a forecast, and the VIPs that they need. PURE. */
import { FAR_PAST_MS, type MonotonicMs } from "../base/instant.ts";
import type { AllEncapChecks } from "../checker/encap/pairs.ts";
import { serversInVpp, weightsOf } from "../checker/past.ts";
import type { Config, FrontendConfig } from "../config/model.ts";
import { tunneledStates } from "../health/encap.ts";
import { type FrontendHealth, frontendHealth } from "../health/frontend.ts";
import { NO_MEMORY } from "../health/policy/memory.ts";
import type { CountedState } from "../health/state.ts";
import { desiredVip, vipKeyOf } from "../vpp/lb/desired.ts";
import type { DesiredVip } from "../vpp/lb/model.ts";
import { vipKeyText } from "../vpp/lb/model.ts";
import { type NamesAt, namesOfFrontend } from "../vpp/lb/names_at.ts";

/** A configuration in one state of health. */
export interface HealthView {
  readonly config: Config;
  /** The frontends of `config` with the weights in force. */
  readonly frontends: ReadonlyMap<string, FrontendConfig>;
  /** The state that decides the weights of each backend of `config`. */
  readonly stateOf: (backend: string) => CountedState;
  /** Checks through VPP's tunnel by frontend; absent: none. */
  readonly encap?: AllEncapChecks | undefined;
}

/** What later instants need of a frontend's health. */
type Known = Pick<FrontendHealth, "memory" | "servers">;

/** The health of each frontend at the instant before, by name; policies decide by it. */
export type Past = ReadonlyMap<string, Known>;

/** `new-flows-table-length` of a configuration without a `vpp.lb` section. */
const DEFAULT_TABLE_LENGTH = 1024;
/** Frontends handled between two stops. */
const FRONTENDS_AT_ONCE = 50;

/** A desired VIP with the name of its frontend. */
export interface DesiredFrontend {
  readonly frontend: string;
  /** vipKeyText() of `vip`. */
  readonly key: string;
  readonly vip: DesiredVip;
  /** With `steps`: the VIP at each step of `slow-start` before `vip`, in order; else empty. */
  readonly steps: readonly DesiredVip[];
  /** Names of its backends by the address that they have in this view. */
  readonly namesAt: NamesAt;
}

/** The VIPs by vipKeyText(), and the health of their frontends. */
export interface DesiredFrontends {
  readonly vips: ReadonlyMap<string, DesiredFrontend>;
  readonly health: Past;
}

/** Input of desiredVipsOf(), in addition to the view. */
export interface DesiredOptions {
  /** The health at the instant before. */
  readonly past: Past;
  /** The VIPs at the instant before. Absent: each frontend has the VIP that it had. */
  readonly vipsBefore?: DesiredFrontends["vips"];
  /** Time of the instant. Default: policies do not follow time, as if their times were over. */
  readonly nowMs?: MonotonicMs | undefined;
  /**
   * Lets time pass in frontends where a server began to rise (`slow-start`) since this health, until
   * all have their weights. Absent: time stands still.
   */
  readonly risenSince?: Past;
  /** Names of frontends that have the health of `past`, without an evaluation. Absent: none. */
  readonly unchanged?: ReadonlySet<string>;
  /** Their VIPs, by name; filled here, and used again at the next instant. */
  readonly known?: Map<string, DesiredFrontend>;
}

/** Evaluates the frontends of a view. */
export function* desiredVipsOf(
  view: HealthView,
  options: DesiredOptions,
): Generator<undefined, DesiredFrontends> {
  const { past, vipsBefore, nowMs = FAR_PAST_MS, risenSince } = options;
  const { unchanged, known = new Map() } = options;
  const { config, frontends, stateOf, encap } = view;
  const newFlowsTableLength = config.vppLb?.newFlowsTableLength ?? DEFAULT_TABLE_LENGTH;
  const addressOf = (backend: string) => config.backends.get(backend)!.address;
  const vips = new Map<string, DesiredFrontend>();
  const healthOf = new Map<string, Known>();
  for (const frontend of frontends.values()) {
    if (vips.size % FRONTENDS_AT_ONCE === 0) yield;
    let before = past.get(frontend.name);
    if (before !== undefined && unchanged?.has(frontend.name) === true) {
      let same = known.get(frontend.name);
      if (same === undefined) {
        same = desiredFrontend(frontend, desiredVip(frontend, { ...before, newFlowsTableLength }));
        known.set(frontend.name, same);
      }
      healthOf.set(frontend.name, before);
      vips.set(same.key, same);
      continue;
    }
    // A frontend that moves to another VIP has no weights there.
    let sent = vipsBefore === undefined
      ? before
      : vipsBefore.get(vipKeyText(vipKeyOf(frontend)))?.vip;
    const lookup = {
      stateOf: tunneledStates(stateOf, encap?.get(frontend.name)),
      addressOf,
      weightsBefore: () => sent && weightsOf(sent),
      isProgrammed: () => vipsBefore === undefined || sent !== undefined,
      tableLength: newFlowsTableLength,
    };
    const healthAt = (nowMs: MonotonicMs) =>
      frontendHealth(frontend, lookup, { past: before?.memory ?? NO_MEMORY, nowMs });
    const vipOf = (health: FrontendHealth) =>
      desiredVip(frontend, { servers: serversInVpp(health), newFlowsTableLength });
    let health = healthAt(nowMs);
    const steps: DesiredVip[] = [];
    if (risenSince !== undefined && hasRisen(health, risenSince.get(frontend.name))) {
      for (let dueMs; (dueMs = health.memory.wakeAtMs) !== undefined;) {
        steps.push(vipOf(health));
        before = sent = health;
        health = healthAt(dueMs);
      }
    }
    healthOf.set(frontend.name, health);
    const wanted = desiredFrontend(frontend, vipOf(health));
    vips.set(wanted.key, { ...wanted, steps });
  }
  return { vips, health: healthOf };

  function desiredFrontend(frontend: FrontendConfig, vip: DesiredVip): DesiredFrontend {
    const namesAt = namesOfFrontend(frontend, config.backends);
    return { frontend: frontend.name, key: vipKeyText(vip), vip, steps: [], namesAt };
  }
}

/** True when a server rises now that did not before. */
function hasRisen(
  { memory: { slowStart } }: FrontendHealth,
  before: Pick<FrontendHealth, "memory"> | undefined,
): boolean {
  const known = before?.memory.slowStart?.ramps;
  return [...slowStart?.ramps.keys() ?? []].some((name) => known?.has(name) !== true);
}
