/** PURE. Lines of VPP and of its VIPs. */
import type { WallMs } from "../base/instant.ts";
import { vipKeyOf } from "../vpp/lb/desired.ts";
import { protocolName, type VipKey, vipPrefix } from "../vpp/lb/model.ts";
import type { CountersSnapshot, ServerCounters, VipCounters, VppInfo } from "../vpp/ports.ts";
import { WITHHELD_KINDS } from "../vpp/sync/guard/withheld.ts";
import { type Page, SeriesWriter } from "./text.ts";
import type { MetricsView } from "./view.ts";

const connected = new SeriesWriter("maglev_vpp_connected");
const uptime = new SeriesWriter("maglev_vpp_uptime_seconds");
const connectedTime = new SeriesWriter("maglev_vpp_connected_seconds");
const withheld = new SeriesWriter("maglev_vpp_withheld");
const info = new SeriesWriter("maglev_vpp_info");
const vipPackets = new SeriesWriter("maglev_vpp_vip_packets_total");
const routePackets = new SeriesWriter("maglev_vpp_vip_route_packets_total");
const routeBytes = new SeriesWriter("maglev_vpp_vip_route_bytes_total");
const backendFlows = new SeriesWriter("maglev_vpp_backend_flows");
const backendPackets = new SeriesWriter("maglev_vpp_backend_packets_total");
const backendBytes = new SeriesWriter("maglev_vpp_backend_bytes_total");

/** The families of this file. */
export const vppRows = {
  *maglev_vpp_connected({ vpp }: MetricsView, page: Page) {
    yield connected.line(page, [], vpp?.kind === "connected" ? 1 : 0);
  },
  *maglev_vpp_uptime_seconds(view: MetricsView, page: Page) {
    const bootAtMs = infoOf(view)?.bootAtMs;
    if (bootAtMs !== undefined) yield uptime.line(page, [], since(bootAtMs, view));
  },
  *maglev_vpp_connected_seconds(view: MetricsView, page: Page) {
    const connectedAtMs = infoOf(view)?.connectedAtMs;
    if (connectedAtMs !== undefined) yield connectedTime.line(page, [], since(connectedAtMs, view));
  },
  *maglev_vpp_withheld(view: MetricsView, page: Page) {
    if (infoOf(view) === undefined) return;
    for (const kind of WITHHELD_KINDS) {
      yield withheld.line(
        page,
        [kind],
        (view.withheld ?? []).filter((each) => each.kind === kind).length,
      );
    }
  },
  *maglev_vpp_info(view: MetricsView, page: Page) {
    const vpp = infoOf(view);
    if (vpp !== undefined) yield info.line(page, [vpp.version, vpp.buildDate, `${vpp.pid}`], 1);
  },
  *maglev_vpp_vip_packets_total({ counters }: MetricsView, page: Page) {
    for (const [labels, vip] of vipsOf(counters)) {
      vipPackets.line(page, [...labels, "next"], vip.next);
      vipPackets.line(page, [...labels, "first"], vip.first);
      vipPackets.line(page, [...labels, "untracked"], vip.untracked);
      yield vipPackets.line(page, [...labels, "no_server"], vip.noServer);
    }
  },
  *maglev_vpp_vip_route_packets_total({ counters }: MetricsView, page: Page) {
    for (const [labels, { fibPackets }] of vipsOf(counters)) {
      if (fibPackets !== undefined) yield routePackets.line(page, labels, fibPackets);
    }
  },
  *maglev_vpp_vip_route_bytes_total({ counters }: MetricsView, page: Page) {
    for (const [labels, { fibBytes }] of vipsOf(counters)) {
      if (fibBytes !== undefined) yield routeBytes.line(page, labels, fibBytes);
    }
  },
  *maglev_vpp_backend_flows({ snapshot: { config, frontends }, vipOf }: MetricsView, page: Page) {
    for (const { config: frontend } of frontends.values()) {
      const key = vipKeyOf(frontend);
      const servers = vipOf(key)?.servers ?? [];
      if (servers.length === 0) continue;
      const flowsOf = new Map(
        servers.map(({ address, figures }) => [address.text, figures?.flows]),
      );
      const labels = labelsOf(key);
      const names = new Set(frontend.pools.flatMap(({ backends }) => backends.map((b) => b.name)));
      for (const name of names) {
        const flows = flowsOf.get(config.backends.get(name)!.address.text);
        if (flows !== undefined) yield backendFlows.line(page, [...labels, name], flows);
      }
    }
  },
  *maglev_vpp_backend_packets_total(view: MetricsView, page: Page) {
    for (const [name, { packets }] of serversOf(view)) {
      yield backendPackets.line(page, [name], packets);
    }
  },
  *maglev_vpp_backend_bytes_total(view: MetricsView, page: Page) {
    for (const [name, { bytes }] of serversOf(view)) yield backendBytes.line(page, [name], bytes);
  },
};

function infoOf({ vpp }: MetricsView): VppInfo | undefined {
  return vpp?.kind === "connected" ? vpp.info : undefined;
}

/** Seconds since a Unix time, none below 0 when a clock was set back. */
function since(unixMs: WallMs, { nowMs }: MetricsView): number {
  return Math.max(0, nowMs - unixMs) / 1000;
}

function* vipsOf(counters: CountersSnapshot | undefined): Generator<[string[], VipCounters]> {
  if (counters === undefined) return;
  for (const [place, vip] of counters.vips.entries()) {
    yield [labelsOf(vip), counters.at(place)];
  }
}

function labelsOf(vip: VipKey): string[] {
  return [vipPrefix(vip), protocolName(vip.protocol), `${vip.port}`];
}

/** Backends whose address VPP has counters for. */
function* serversOf({ counters, snapshot }: MetricsView): Generator<[string, ServerCounters]> {
  const servers = counters?.servers() ?? [];
  if (servers.length === 0) return;
  const byAddress = new Map(servers.map((server) => [server.address.text, server]));
  for (const [name, { address }] of snapshot.config.backends) {
    const server = byAddress.get(address.text);
    if (server !== undefined) yield [name, server];
  }
}
