/** PURE. Finds frontends that would lose their last server with a weight. */
import type { MonotonicMs } from "../base/instant.ts";
import { withoutWeight } from "../config/pool_weights.ts";
import { type BackendLookup, type FrontendHealth, frontendHealth } from "../health/frontend.ts";
import type { FrontendView } from "./ports.ts";

/** True when a frontend serves now, and no server of it would have weight without a backend's. */
export function isLastServer(
  view: FrontendView,
  backend: string,
  { lookup, nowMs, evaluator = frontendHealth }: {
    readonly lookup: BackendLookup;
    readonly nowMs: MonotonicMs;
    readonly evaluator?: typeof frontendHealth;
  },
): boolean {
  const weights = lookup.weightsBefore?.();
  // One that the prober is blind to serves with the weight that VPP has.
  const serves = ({ state, held, servers }: FrontendHealth) =>
    state === "up" || held === true ||
    servers.some(({ keep, address }) => keep === true && (weights?.get(address.text) ?? 0) > 0);
  if (!serves(view)) return false;
  return !serves(evaluator(withoutWeight(view.config, backend), lookup, {
    past: view.memory,
    nowMs,
  }));
}
