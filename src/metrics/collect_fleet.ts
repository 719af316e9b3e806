/** PURE. The fingerprints of this load balancer, by which Prometheus compares it with others. */
import { LocalRoots } from "../explain/local_roots.ts";
import { type Page, SeriesWriter } from "./text.ts";
import type { MetricsView } from "./view.ts";

const fingerprint = new SeriesWriter("maglev_fleet_fingerprint");

/** A sample is a number of 64 bits with 53 significant ones. */
const BITS = (1n << 48n) - 1n;

/** The family of this file. */
export const fleetRows = {
  maglev_fleet_fingerprint(view: MetricsView, page: Page) {
    const { snapshot, vpp, vppRead = false, vipOf, roots = new LocalRoots() } = view;
    const known = vppRead && vpp?.kind === "connected"
      ? { can: { weights: vpp.info.weights }, vip: vipOf }
      : undefined;
    const sums = roots.of(snapshot, known);
    for (const kind of ["inputs", "wanted", "actual"] as const) {
      const root = sums[kind];
      if (root !== undefined) fingerprint.line(page, Number(root & BITS), kind);
    }
    return [];
  },
};
