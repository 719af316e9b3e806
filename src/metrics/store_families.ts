/** PURE. The families of metrics about a fleet with a store. */
import type { Family } from "./family.ts";

const WITHOUT_STORE = "without `--fleet-store`";

/** By name, in the order in which they are written. */
export const STORE_FAMILIES = {
  maglev_fleet_store_up: {
    type: "gauge",
    help: "1 while the store of the fleet answers and is believed.",
    labels: {},
    kept: "scrape",
    absent: WITHOUT_STORE,
  },
  maglev_fleet_store_foreign: {
    type: "gauge",
    help: "1 while the store of the fleet has a content that is not believed.",
    labels: {},
    kept: "scrape",
    absent: WITHOUT_STORE,
  },
  maglev_fleet_store_silent_seconds: {
    type: "gauge",
    help: "Time since the store of the fleet was heard last.",
    labels: {},
    kept: "scrape",
    absent: `${WITHOUT_STORE}, and before its first answer`,
  },
  maglev_fleet_intents: {
    type: "gauge",
    help: "Intents of the fleet, by kind and by what became of them on this load balancer.",
    labels: {
      kind: "pause, disable, drain or weight",
      here: "obeyed, held by the guard, unfit for the configuration, elsewhere (for others), over",
    },
    kept: "scrape",
    absent: WITHOUT_STORE,
  },
  maglev_fleet_members: {
    type: "gauge",
    help: "Load balancers of the fleet, this one too.",
    labels: { state: "present or away" },
    kept: "scrape",
    absent: WITHOUT_STORE,
  },
  maglev_fleet_clock_skew_seconds: {
    type: "gauge",
    help: "Greatest difference between this wall clock and that of a load balancer of the fleet.",
    labels: {},
    kept: "scrape",
    absent: WITHOUT_STORE,
  },
  maglev_fleet_values_ignored: {
    type: "gauge",
    help: "Values of the fleet's intents that are not obeyed because they cannot be read.",
    labels: { reason: "too-large, invalid, newer (of a later version)" },
    kept: "scrape",
    absent: WITHOUT_STORE,
  },
  maglev_fleet_rollout: {
    type: "gauge",
    help: "1 for the state of the fleet's rollout; 0 for all without one.",
    labels: {
      state: "open, refused (a gate was red), stopped, reverting, reverted or done",
    },
    kept: "scrape",
    absent: WITHOUT_STORE,
  },
  maglev_fleet_name_taken: {
    type: "gauge",
    help: "1 while another process has the name of this load balancer.",
    labels: {},
    kept: "scrape",
    absent: WITHOUT_STORE,
  },
} as const satisfies Readonly<Record<string, Family>>;

/** True for families that need a store of a fleet. */
export function isOfStore(name: string): boolean {
  return Object.hasOwn(STORE_FAMILIES, name);
}
