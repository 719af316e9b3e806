/** PURE. Finds frontends that would lose all servers with a weight. */
import type { IpAddress } from "../base/address.ts";
import type { MonotonicMs } from "../base/instant.ts";
import type { FrontendConfig } from "../config/model.ts";
import { type BackendLookup, type FrontendHealth, frontendHealth } from "../health/frontend.ts";
import type { FrontendView } from "./ports.ts";

/**
 * True when a frontend serves now, and no server of it would have weight with the weights of
 * `without`. Before its checks have decided, a frontend serves with the weights that VPP has.
 */
export function isEmptied(
  view: FrontendView,
  without: FrontendConfig,
  { lookup, nowMs, evaluator = frontendHealth }: {
    readonly lookup: BackendLookup;
    readonly nowMs: MonotonicMs;
    readonly evaluator?: typeof frontendHealth;
  },
): boolean {
  const weights = lookup.weightsBefore?.();
  const hasWeight = (address: IpAddress) => (weights?.get(address.text) ?? 0) > 0;
  // One that the prober is blind to serves with the weight that VPP has.
  const serves = ({ state, held, servers }: FrontendHealth) =>
    state === "up" || held === true ||
    servers.some(({ keep, address }) => keep === true && hasWeight(address));
  const mayServe = ({ pools }: FrontendConfig) =>
    pools.some((pool) =>
      pool.backends.some(({ name, weight }) =>
        weight > 0 && lookup.stateOf(name) === "unknown" && hasWeight(lookup.addressOf(name))
      )
    );
  const isUnknown = view.state === "unknown";
  if (!serves(view) && !(isUnknown && mayServe(view.config))) return false;
  if (isUnknown && mayServe(without)) return false;
  return !serves(evaluator(without, lookup, { past: view.memory, nowMs }));
}
