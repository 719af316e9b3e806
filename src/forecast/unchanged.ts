/**
 * Finds what a reload leaves as it is, so that a forecast evaluates only the rest. PURE. A reload
 * changes a line or two of thousands.
 */
import { usesAny } from "../checker/members.ts";
import { decidesByPast } from "../checker/past.ts";
import type { WorkedOutReload } from "../checker/worked_reload.ts";
import { type VipKey, vipPrefix } from "../vpp/lb/model.ts";

/**
 * Names of the frontends that have the same definition, servers and weights before and after a
 * reload, with servers in the same state, and no policy or check through VPP's tunnel. Their health is the one before.
 */
export function unchangedFrontends(
  { before, plan, after }: Pick<WorkedOutReload, "before" | "plan" | "after">,
): ReadonlySet<string> {
  const unchanged = new Set<string>();
  const length = before.config.vppLb?.newFlowsTableLength;
  if (after.config.vppLb?.newFlowsTableLength !== length) return unchanged;
  const unlike = new Set<string>();
  plan.backends.forEach((backend, name) => {
    const same = before.backends.get(name) === backend &&
      before.config.backends.get(name) === after.config.backends.get(name);
    if (!same) unlike.add(name);
  });
  for (const [name, frontend] of after.frontends) {
    const view = before.frontends.get(name);
    const same = view?.config === frontend && !decidesByPast(view) && !usesAny(frontend, unlike) &&
      after.encap?.has(name) !== true;
    if (same) unchanged.add(name);
  }
  return unchanged;
}

/** True for a VIP on a prefix whose VIPs are all unchanged: VPP has no rules across prefixes. */
export function settledPrefixes(
  unchanged: ReadonlySet<string>,
  instants: readonly ReadonlyMap<string, { readonly frontend: string; readonly vip: VipKey }>[],
): (vip: VipKey) => boolean {
  if (unchanged.size === 0) return () => false;
  const others = new Set<string>();
  for (const vips of instants) {
    for (const { frontend, vip } of vips.values()) {
      if (!unchanged.has(frontend)) others.add(vipPrefix(vip));
    }
  }
  return others.size === 0 ? () => true : (vip) => !others.has(vipPrefix(vip));
}
