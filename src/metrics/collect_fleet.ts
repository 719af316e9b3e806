/** PURE. The fingerprints of this load balancer, by which Prometheus compares it with others. */
import { fleetKey, type LocalPrints, localVips, PrintCache } from "../explain/vip_side.ts";
import { rootPrint } from "../fleet/fingerprint.ts";
import { type Page, SeriesWriter } from "./text.ts";
import type { MetricsView } from "./view.ts";

const fingerprint = new SeriesWriter("maglev_fleet_fingerprint");

/** A sample is a number of 64 bits with 53 significant ones. */
const BITS = (1n << 48n) - 1n;

/** The family of this file. */
export const fleetRows = {
  maglev_fleet_fingerprint(view: MetricsView, page: Page) {
    const { snapshot, vpp, vppRead = false, vipOf, prints = new PrintCache() } = view;
    const known = vppRead && vpp?.kind === "connected"
      ? { can: { weights: vpp.info.weights }, vip: vipOf }
      : undefined;
    const vips = localVips(snapshot, known).map((vip) => ({
      key: fleetKey(vip.key),
      prints: prints.of(vip, snapshot),
    }));
    const line = (of: keyof LocalPrints) => {
      const root = rootPrint(vips.map(({ key, prints }) => [key, prints[of] ?? 0n]));
      fingerprint.line(page, Number(root & BITS), of);
    };
    line("inputs");
    line("wanted");
    if (known !== undefined) line("actual");
    return [];
  },
};
