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
  maglev_fleet_intents: {
    type: "gauge",
    help: "Intents of the fleet, by what became of them on this load balancer.",
    labels: {
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
