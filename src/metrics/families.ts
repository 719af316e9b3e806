/**
 * PURE. Every metric of the daemon. The metrics page and docs/metrics.md follow from this table.
 */
import { PROBE_DURATION_BUCKETS_S } from "../checker/tally.ts";
import type { Family } from "./family.ts";
import { FRONTEND_FAMILIES } from "./frontend_families.ts";
import { PROBER_FAMILIES } from "./prober_families.ts";
import { STORE_FAMILIES } from "./store_families.ts";

const BACKEND = { backend: "name of the backend" };
const TYPE = { type: "type of its health check: icmp, tcp, http, https, grpc, dns, udp" };
const VIP = {
  prefix: "address and length of the VIP, such as `192.0.2.1/32`",
  protocol: "tcp, udp, or any for a VIP of all ports",
  port: "port; 0 for a VIP of all ports",
};
const METHOD = {
  grpc_service: "service with its package",
  grpc_method: "method",
  grpc_type: "unary, server_stream, client_stream or bidi_stream",
};
const WITHOUT_VPP = "while VPP is not connected";
const SCOPE = { scope: "all: the whole of VPP was compared; vip: single VIPs only" };

/** The buckets that gRPC's metrics have in other programs. */
const GRPC_BUCKETS_S = [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10];

/** By name, in the order in which they are written. */
export const FAMILIES = {
  maglev_backend_state: {
    type: "gauge",
    help: "1 for the state the backend is in, 0 for the others.",
    labels: {
      ...BACKEND,
      address: "its address",
      healthcheck: "name of its health check; empty for a static backend",
      state: "unknown, up, down, paused, disabled, removed",
    },
    kept: "scrape",
  },
  maglev_backend_health: {
    type: "gauge",
    help: "Rise/fall counter of the backend: below rise it is not up, and a failure is 0; from " +
      "rise on it is up, and a pass is the maximum, rise + fall - 1. It jumps at rise.",
    labels: BACKEND,
    kept: "scrape",
  },
  maglev_backend_enabled: {
    type: "gauge",
    help: "0 for a backend that is disabled, else 1.",
    labels: BACKEND,
    kept: "scrape",
  },
  maglev_backend_transitions_total: {
    type: "counter",
    help: "Changes of the backend's state.",
    labels: { ...BACKEND, from: "state before", to: "state after" },
    kept: "scrape",
    absent: "for changes that never happened",
  },
  maglev_backend_certificate_expiry_seconds: {
    type: "gauge",
    help: "First end of validity in the last certificate chain that the backend showed, Unix time.",
    labels: BACKEND,
    kept: "scrape",
    absent: "for backends that have not shown one",
  },
  maglev_backend_damping_penalty: {
    type: "gauge",
    help: "Penalty for flapping: 1 for each time it went down, halved each half-life.",
    labels: BACKEND,
    kept: "scrape",
    absent: "for backends without damping",
  },
  maglev_backend_damped: {
    type: "gauge",
    help: "1 while the backend stays down because of damping, even when its checks pass, else 0.",
    labels: BACKEND,
    kept: "scrape",
    absent: "for backends without damping",
  },
  maglev_backend_agent_state: {
    type: "gauge",
    help: "1 for what the backend's agent reports, 0 for the others; down takes precedence.",
    labels: { ...BACKEND, state: "ready, drain, maint, down" },
    kept: "scrape",
    absent: "for backends without agents",
  },
  maglev_backend_agent_weight_ratio: {
    type: "gauge",
    help: "Share of its weight that the backend's agent allows, 0 to 1, apart from its state.",
    labels: BACKEND,
    kept: "scrape",
    absent: "for backends without agents",
  },
  ...FRONTEND_FAMILIES,
  maglev_probe_total: {
    type: "counter",
    help: "Probes that counted.",
    labels: {
      ...BACKEND,
      ...TYPE,
      result: "pass or fail",
      code: "result code: L4OK, L4TOUT, L4CON, L6OK, L6TOUT, L6RSP, L7OK, L7TOUT, L7RSP, L7STS",
    },
    kept: "scrape",
    absent: "for results that never came",
  },
  maglev_probe_duration_seconds: {
    type: "histogram",
    help: "Duration of probes that counted.",
    labels: { ...BACKEND, ...TYPE },
    buckets: PROBE_DURATION_BUCKETS_S,
    kept: "scrape",
    absent: "for backends that were never probed",
  },
  maglev_probe_void_total: {
    type: "counter",
    help: "Probes that did not count because the prober itself was late or lacked a resource.",
    labels: BACKEND,
    kept: "scrape",
    absent: "for backends without such probes",
  },
  ...PROBER_FAMILIES,
  maglev_vpp_connected: {
    type: "gauge",
    help: "1 while VPP is connected, else 0.",
    labels: {},
    kept: "scrape",
  },
  maglev_vpp_uptime_seconds: {
    type: "gauge",
    help: "Time since VPP started.",
    labels: {},
    kept: "scrape",
    absent: `${WITHOUT_VPP}, and without VPP's stats segment`,
  },
  maglev_vpp_connected_seconds: {
    type: "gauge",
    help: "Time since VPP was connected.",
    labels: {},
    kept: "scrape",
    absent: WITHOUT_VPP,
  },
  maglev_vpp_withheld: {
    type: "gauge",
    help: "Operations withheld from VPP, because it would crash or lose packets.",
    labels: {
      kind: "chain: a chain of VIPs that VPP cannot carry; stats: no room in the stats segment; " +
        "recreate: a VIP that something keeps changing; nat: a NAT VIP of another program that " +
        "cannot be removed safely; limit: a value that crashes VPP",
    },
    kept: "scrape",
    absent: WITHOUT_VPP,
  },
  maglev_vpp_info: {
    type: "gauge",
    help: "1; its labels describe the connected VPP.",
    labels: {
      version: "version of VPP",
      build_date: "date on which it was built",
      pid: "its process id",
    },
    kept: "scrape",
    absent: WITHOUT_VPP,
  },
  maglev_vpp_api_total: {
    type: "counter",
    help: "Messages to and from VPP.",
    labels: {
      msg: "name of the message",
      direction: "send or recv",
      result: "failure for a reply with an error, else success",
    },
    kept: "event",
  },
  maglev_vpp_api_errors_total: {
    type: "counter",
    help: "Replies of VPP with an error, by the error.",
    labels: { msg: "name of the message", error: "VPP's name of the error, such as INVALID_VALUE" },
    kept: "event",
    absent: "for errors that never came",
  },
  maglev_vpp_lbsync_total: {
    type: "counter",
    help: "Operations that VPP acknowledged.",
    labels: {
      ...SCOPE,
      kind: "vip_added, vip_removed, as_added, as_removed, as_weight_updated",
    },
    kept: "event",
    absent: "for kinds that never happened",
  },
  maglev_vpp_lbsync_duration_seconds: {
    type: "histogram",
    help: "Duration of synchronisations, from their turn to the last reply of VPP.",
    labels: SCOPE,
    buckets: [.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10],
    kept: "event",
  },
  maglev_vpp_vip_packets_total: {
    type: "counter",
    help: "Packets to a VIP, as VPP's load balancer counts them since the VIP was added. " +
      "`untracked` that rises without load means scans of other ports, or too few sticky buckets.",
    labels: {
      ...VIP,
      kind: "next: of flows that had a server; first: first of a flow; untracked: of flows not " +
        "remembered because the table was full; no_server: dropped because there was no server",
    },
    kept: "scrape",
    absent: `${WITHOUT_VPP}, and without VPP's stats segment`,
  },
  maglev_vpp_vip_route_packets_total: {
    type: "counter",
    help: "Packets of the route to a VIP, which all VIPs of one prefix share.",
    labels: VIP,
    kept: "scrape",
    absent:
      `${WITHOUT_VPP}, without VPP's stats segment, and for VIPs whose route it does not report`,
  },
  maglev_vpp_vip_route_bytes_total: {
    type: "counter",
    help: "Bytes of the route to a VIP, which all VIPs of one prefix share.",
    labels: VIP,
    kept: "scrape",
    absent:
      `${WITHOUT_VPP}, without VPP's stats segment, and for VIPs whose route it does not report`,
  },
  maglev_vpp_backend_flows: {
    type: "gauge",
    help: "Sticky entries of VPP for the backend at the last full read: an upper bound of its " +
      "flows, because expired entries count until they are reused.",
    labels: { ...VIP, ...BACKEND },
    kept: "scrape",
    absent: `${WITHOUT_VPP}, and before the first full read with the backend`,
  },
  maglev_vpp_backend_packets_total: {
    type: "counter",
    help: "Packets that VPP sent to the backend's address, over all its VIPs.",
    labels: BACKEND,
    kept: "scrape",
    absent: `${WITHOUT_VPP}, and without VPP's stats segment`,
  },
  maglev_vpp_backend_bytes_total: {
    type: "counter",
    help:
      "Bytes that VPP sent to the backend's address, outer headers included, over all its VIPs.",
    labels: BACKEND,
    kept: "scrape",
    absent: `${WITHOUT_VPP}, and without VPP's stats segment`,
  },
  ...STORE_FAMILIES,
  maglev_fleet_fingerprint: {
    type: "gauge",
    help:
      "Fingerprint of all VIPs, 48 bits. Load balancers with equal values agree; a difference " +
      "between two values means nothing.",
    labels: {
      of: "inputs: what the file and operators decide; wanted: the tables that VPP should have; " +
        "actual: those that it has",
    },
    kept: "scrape",
    absent: "of actual while VPP is not connected or was not read",
  },
  grpc_server_started_total: {
    type: "counter",
    help: "Calls that began.",
    labels: METHOD,
    kept: "event",
  },
  grpc_server_handled_total: {
    type: "counter",
    help: "Calls that ended, with any status.",
    labels: { ...METHOD, grpc_code: "status, such as OK or NotFound" },
    kept: "event",
  },
  grpc_server_msg_received_total: {
    type: "counter",
    help: "Messages received from clients.",
    labels: METHOD,
    kept: "event",
  },
  grpc_server_msg_sent_total: {
    type: "counter",
    help: "Messages sent to clients.",
    labels: METHOD,
    kept: "event",
  },
  grpc_server_handling_seconds: {
    type: "histogram",
    help: "Duration of calls that ended.",
    labels: METHOD,
    buckets: GRPC_BUCKETS_S,
    kept: "event",
  },
  maglev_config_last_reload_successful: {
    type: "gauge",
    help: "0 when the newest reload was refused, because of the file; else 1.",
    labels: {},
    kept: "event",
  },
  maglev_eventloop_lag_seconds: {
    type: "gauge",
    help: "Greatest lateness of the main thread's timers within the last 10 to 20 s.",
    labels: {},
    kept: "scrape",
  },
  maglev_build_info: {
    type: "gauge",
    help: "1; its labels describe this maglevd.",
    labels: {
      version: "version",
      commit: "git commit, or unknown",
      build_date: "date of the commit, or unknown",
    },
    kept: "scrape",
  },
  process_cpu_user_seconds_total: {
    type: "counter",
    help: "CPU time spent in user mode.",
    labels: {},
    kept: "scrape",
  },
  process_cpu_system_seconds_total: {
    type: "counter",
    help: "CPU time spent in the kernel.",
    labels: {},
    kept: "scrape",
  },
  process_cpu_seconds_total: {
    type: "counter",
    help: "CPU time spent.",
    labels: {},
    kept: "scrape",
  },
  process_start_time_seconds: {
    type: "gauge",
    help: "Start of the process, Unix time.",
    labels: {},
    kept: "scrape",
  },
  process_resident_memory_bytes: {
    type: "gauge",
    help: "Memory resident.",
    labels: {},
    kept: "scrape",
  },
  process_open_fds: {
    type: "gauge",
    help: "File descriptors in use.",
    labels: {},
    kept: "scrape",
    absent: "without the shim",
  },
  process_max_fds: {
    type: "gauge",
    help: "File descriptors that may be in use (soft limit).",
    labels: {},
    kept: "scrape",
    absent: "without the shim",
  },
} as const satisfies Readonly<Record<string, Family>>;

export type FamilyName = keyof typeof FAMILIES;

type NamesKept<K extends Family["kept"]> = {
  [N in FamilyName]: (typeof FAMILIES)[N]["kept"] extends K ? N : never;
}[FamilyName];

/** Families that collect.ts writes. */
export type ScrapedName = NamesKept<"scrape">;
/** Families that prom-client keeps. */
export type EventName = NamesKept<"event">;

/** The family by its name. */
export function familyOf(name: FamilyName): Family {
  return FAMILIES[name];
}

/** True for families that are there only with VPP integration. */
export function isOfVpp(name: FamilyName): boolean {
  return name.startsWith("maglev_vpp_");
}

/** Names of all families, in the order of the table. */
export const FAMILY_NAMES = Object.keys(FAMILIES) as readonly FamilyName[];
