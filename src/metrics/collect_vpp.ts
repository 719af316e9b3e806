/** PURE. Lines of VPP and of its VIPs. */
import { protocolName, vipPrefix } from "../vpp/lb/model.ts";
import type { CountersSnapshot, VipCounters, VppInfo } from "../vpp/ports.ts";
import { WITHHELD_KINDS } from "../vpp/withheld.ts";
import { SeriesWriter } from "./text.ts";
import type { MetricsView } from "./view.ts";

const connected = new SeriesWriter("maglev_vpp_connected");
const uptime = new SeriesWriter("maglev_vpp_uptime_seconds");
const connectedTime = new SeriesWriter("maglev_vpp_connected_seconds");
const withheld = new SeriesWriter("maglev_vpp_withheld");
const info = new SeriesWriter("maglev_vpp_info");
const vipPackets = new SeriesWriter("maglev_vpp_vip_packets_total");
const routePackets = new SeriesWriter("maglev_vpp_vip_route_packets_total");
const routeBytes = new SeriesWriter("maglev_vpp_vip_route_bytes_total");

/** The families of this file. */
export const vppRows = {
  *maglev_vpp_connected({ vpp }: MetricsView) {
    yield connected.line([], vpp?.kind === "connected" ? 1 : 0);
  },
  *maglev_vpp_uptime_seconds(view: MetricsView) {
    const bootAtMs = infoOf(view)?.bootAtMs;
    if (bootAtMs !== undefined) yield uptime.line([], since(bootAtMs, view));
  },
  *maglev_vpp_connected_seconds(view: MetricsView) {
    const connectedAtMs = infoOf(view)?.connectedAtMs;
    if (connectedAtMs !== undefined) yield connectedTime.line([], since(connectedAtMs, view));
  },
  *maglev_vpp_withheld(view: MetricsView) {
    if (infoOf(view) === undefined) return;
    for (const kind of WITHHELD_KINDS) {
      yield withheld.line(
        [kind],
        (view.withheld ?? []).filter((each) => each.kind === kind).length,
      );
    }
  },
  *maglev_vpp_info(view: MetricsView) {
    const vpp = infoOf(view);
    if (vpp !== undefined) yield info.line([vpp.version, vpp.buildDate, `${vpp.pid}`], 1);
  },
  *maglev_vpp_vip_packets_total({ counters }: MetricsView) {
    for (const [labels, vip] of vipsOf(counters)) {
      yield vipPackets.line([...labels, "next"], vip.next) +
        vipPackets.line([...labels, "first"], vip.first) +
        vipPackets.line([...labels, "untracked"], vip.untracked) +
        vipPackets.line([...labels, "no_server"], vip.noServer);
    }
  },
  *maglev_vpp_vip_route_packets_total({ counters }: MetricsView) {
    for (const [labels, { fibPackets }] of vipsOf(counters)) {
      if (fibPackets !== undefined) yield routePackets.line(labels, fibPackets);
    }
  },
  *maglev_vpp_vip_route_bytes_total({ counters }: MetricsView) {
    for (const [labels, { fibBytes }] of vipsOf(counters)) {
      if (fibBytes !== undefined) yield routeBytes.line(labels, fibBytes);
    }
  },
};

function infoOf({ vpp }: MetricsView): VppInfo | undefined {
  return vpp?.kind === "connected" ? vpp.info : undefined;
}

/** Seconds since a Unix time, none below 0 when a clock was set back. */
function since(unixMs: number, { nowMs }: MetricsView): number {
  return Math.max(0, nowMs - unixMs) / 1000;
}

function* vipsOf(counters: CountersSnapshot | undefined): Generator<[string[], VipCounters]> {
  if (counters === undefined) return;
  for (const [place, vip] of counters.vips.entries()) {
    const labels = [vipPrefix(vip), protocolName(vip.protocol), `${vip.port}`];
    yield [labels, counters.at(place)];
  }
}
