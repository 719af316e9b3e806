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
  maglev_vpp_connected({ vpp }: MetricsView, page: Page) {
    connected.line(page, vpp?.kind === "connected" ? 1 : 0);
    return [];
  },
  maglev_vpp_uptime_seconds(view: MetricsView, page: Page) {
    const bootAtMs = infoOf(view)?.bootAtMs;
    if (bootAtMs !== undefined) uptime.line(page, since(bootAtMs, view));
    return [];
  },
  maglev_vpp_connected_seconds(view: MetricsView, page: Page) {
    const connectedAtMs = infoOf(view)?.connectedAtMs;
    if (connectedAtMs !== undefined) connectedTime.line(page, since(connectedAtMs, view));
    return [];
  },
  maglev_vpp_withheld(view: MetricsView, page: Page) {
    if (infoOf(view) === undefined) return [];
    for (const kind of WITHHELD_KINDS) {
      const count = (view.withheld ?? []).filter((each) => each.kind === kind).length;
      withheld.line(page, count, kind);
    }
    return [];
  },
  maglev_vpp_info(view: MetricsView, page: Page) {
    const vpp = infoOf(view);
    if (vpp !== undefined) info.line(page, 1, vpp.version, vpp.buildDate, `${vpp.pid}`);
    return [];
  },
  *maglev_vpp_vip_packets_total({ counters }: MetricsView, page: Page) {
    for (const { prefix, protocol, port, vip } of vipsOf(counters)) {
      vipPackets.line(page, vip.next, prefix, protocol, port, "next");
      vipPackets.line(page, vip.first, prefix, protocol, port, "first");
      vipPackets.line(page, vip.untracked, prefix, protocol, port, "untracked");
      vipPackets.line(page, vip.noServer, prefix, protocol, port, "no_server");
      if (page.full) yield;
    }
  },
  *maglev_vpp_vip_route_packets_total({ counters }: MetricsView, page: Page) {
    for (const { prefix, protocol, port, vip: { fibPackets } } of vipsOf(counters)) {
      if (fibPackets !== undefined) routePackets.line(page, fibPackets, prefix, protocol, port);
      if (page.full) yield;
    }
  },
  *maglev_vpp_vip_route_bytes_total({ counters }: MetricsView, page: Page) {
    for (const { prefix, protocol, port, vip: { fibBytes } } of vipsOf(counters)) {
      if (fibBytes !== undefined) routeBytes.line(page, fibBytes, prefix, protocol, port);
      if (page.full) yield;
    }
  },
  *maglev_vpp_backend_flows(
    { snapshot: { config, frontends }, vipOf }: MetricsView,
    page: Page,
  ) {
    for (const { config: frontend } of frontends.values()) {
      const key = vipKeyOf(frontend);
      const servers = vipOf(key)?.servers ?? [];
      if (servers.length === 0) continue;
      const flowsOf = new Map(
        servers.map(({ address, figures }) => [address.text, figures?.flows]),
      );
      const { prefix, protocol, port } = labelsOf(key);
      const names = new Set(frontend.pools.flatMap(({ backends }) => backends.map((b) => b.name)));
      for (const name of names) {
        const flows = flowsOf.get(config.backends.get(name)!.address.text);
        if (flows !== undefined) backendFlows.line(page, flows, prefix, protocol, port, name);
        if (page.full) yield;
      }
    }
  },
  *maglev_vpp_backend_packets_total(view: MetricsView, page: Page) {
    for (const { name, server: { packets } } of serversOf(view)) {
      backendPackets.line(page, packets, name);
      if (page.full) yield;
    }
  },
  *maglev_vpp_backend_bytes_total(view: MetricsView, page: Page) {
    for (const { name, server: { bytes } } of serversOf(view)) {
      backendBytes.line(page, bytes, name);
      if (page.full) yield;
    }
  },
};

function infoOf({ vpp }: MetricsView): VppInfo | undefined {
  return vpp?.kind === "connected" ? vpp.info : undefined;
}

/** Seconds since a Unix time, none below 0 when a clock was set back. */
function since(unixMs: WallMs, { nowMs }: MetricsView): number {
  return Math.max(0, nowMs - unixMs) / 1000;
}

interface LabelledVip extends VipLabels {
  readonly vip: VipCounters;
}

function* vipsOf(counters: CountersSnapshot | undefined): Generator<LabelledVip> {
  if (counters === undefined) return;
  for (const [place, vip] of counters.vips.entries()) {
    yield { ...labelsOf(vip), vip: counters.at(place) };
  }
}

interface VipLabels {
  readonly prefix: string;
  readonly protocol: string;
  readonly port: string;
}

function labelsOf(vip: VipKey): VipLabels {
  return { prefix: vipPrefix(vip), protocol: protocolName(vip.protocol), port: `${vip.port}` };
}

interface NamedServer {
  readonly name: string;
  readonly server: ServerCounters;
}

/** Backends whose address VPP has counters for. */
function* serversOf({ counters, snapshot }: MetricsView): Generator<NamedServer> {
  const servers = counters?.servers() ?? [];
  if (servers.length === 0) return;
  const byAddress = new Map(servers.map((server) => [server.address.text, server]));
  for (const { name, address } of snapshot.config.backends.values()) {
    const server = byAddress.get(address.text);
    if (server !== undefined) yield { name, server };
  }
}
