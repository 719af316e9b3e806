/** PURE. Stores and rollouts of fleets as objects of the page; texts are cut already. */
import type { LbStore } from "../../../grpc/client/fleet/stores.ts";
import type { Fleet, FleetRollout } from "../../protocol.ts";

/** By the names of this dashboard's load balancers. */
export function storesOf(
  stores: ReadonlyMap<string, LbStore>,
): Pick<Fleet, "stores" | "rollouts"> {
  if (stores.size === 0) return {};
  const all = [...stores].map(([lb, store]) => ({
    lb,
    name: store.lb,
    fleet: store.fleet,
    site: store.site,
    state: store.kind,
    reason: store.reason,
    since_ms: Math.round(store.sinceMs),
    applied: store.applied,
    members: store.members,
    away: store.away,
    unobeyed: store.unobeyed,
  }));
  const rollouts = rolloutsOf(stores);
  return { stores: all, ...(rollouts.length === 0 ? {} : { rollouts }) };
}

/** Of each fleet the newest that a load balancer with the store reports. */
function rolloutsOf(stores: ReadonlyMap<string, LbStore>): readonly FleetRollout[] {
  const newest = new Map<string, FleetRollout>();
  for (const { fleet, kind, rollout } of stores.values()) {
    if (kind !== "ok" || rollout === undefined) continue;
    const step = Math.round(rollout.stepMs);
    const known = newest.get(fleet);
    if (known !== undefined && known.step_ms >= step) continue;
    const { id, hash, state, note, waveCount, wavesOpen, lbs } = rollout;
    newest.set(fleet, {
      fleet,
      id,
      hash,
      state,
      step_ms: step,
      wave_count: waveCount,
      waves_open: wavesOpen,
      // That of an operator's step has a name in it.
      note: state === "refused" ? note : "",
      lbs,
    });
  }
  return [...newest.values()];
}
