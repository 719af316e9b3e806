/**
 * PURE. The dashboard for Grafana, as the JSON that its import takes. Each panel is a row of a
 * table: title, expressions, unit. The layout follows from their order.
 *
 * Written by hand, not with Grafana's SDK: the few kinds of panels here need less code than the
 * package has files.
 */

/** One line, cell or number of a panel. */
interface Query {
  readonly expr: string;
  /** Name in the legend; `{{backend}}` is filled in. */
  readonly legend: string;
}

interface Panel {
  readonly title: string;
  /** For the panel's info sign. */
  readonly description: string;
  readonly kind: "stat" | "timeseries" | "state-timeline";
  /** Width, of the 24 columns of a row. */
  readonly width: 3 | 4 | 6 | 8 | 12 | 24;
  readonly unit: string;
  readonly queries: readonly Query[];
  /** Value from which on a stat is red; absent: it has no colour. */
  readonly redFrom?: number;
  /** Texts for values of a state timeline. */
  readonly states?: Readonly<Record<string, { readonly text: string; readonly color: string }>>;
}

const ON = 'job=~"$job",instance=~"$instance"';

export const PANELS: readonly Panel[] = [
  {
    title: "VIPs without servers",
    description: "Frontends of which no server takes new flows.",
    kind: "stat",
    width: 4,
    unit: "none",
    redFrom: 1,
    queries: [{ expr: `sum(1 - maglev_frontend_state{state="up",${ON}})`, legend: "VIPs" }],
  },
  {
    title: "Servers down",
    description: "Servers that failed their checks.",
    kind: "stat",
    width: 4,
    unit: "none",
    redFrom: 1,
    queries: [{ expr: `sum(maglev_backend_state{state="down",${ON}})`, legend: "servers" }],
  },
  {
    title: "Paused or disabled",
    description: "Servers that an operator or the file took out.",
    kind: "stat",
    width: 4,
    unit: "none",
    queries: [
      { expr: `sum(maglev_backend_state{state=~"paused|disabled",${ON}})`, legend: "servers" },
    ],
  },
  {
    title: "VPP away",
    description: "Number of maglevds that are not connected to their VPP.",
    kind: "stat",
    width: 4,
    unit: "none",
    redFrom: 1,
    queries: [{ expr: `sum(1 - maglev_vpp_connected{${ON}})`, legend: "maglevds" }],
  },
  {
    title: "Blind probes",
    description: "Servers whose probes are void, because the prober's host lacks something.",
    kind: "stat",
    width: 4,
    unit: "none",
    redFrom: 1,
    queries: [{ expr: `sum(maglev_prober_blind{${ON}})`, legend: "servers" }],
  },
  {
    title: "Reloads refused",
    description: "Number of maglevds whose newest reload was refused.",
    kind: "stat",
    width: 4,
    unit: "none",
    redFrom: 1,
    queries: [
      { expr: `sum(1 - maglev_config_last_reload_successful{${ON}})`, legend: "maglevds" },
    ],
  },
  {
    title: "State of servers",
    description: "Each server over time.",
    kind: "state-timeline",
    width: 24,
    unit: "none",
    states: {
      "0": { text: "unknown", color: "yellow" },
      "1": { text: "up", color: "green" },
      "2": { text: "down", color: "red" },
      "3": { text: "paused", color: "blue" },
      "4": { text: "disabled", color: "purple" },
    },
    queries: [{
      expr: `max by (instance, backend) (${
        ["up", "down", "paused", "disabled"].map((state, index) =>
          `${index + 1} * maglev_backend_state{state="${state}",${ON}}`
        ).join(" + ignoring(state) ")
      })`,
      legend: "{{backend}} ({{instance}})",
    }],
  },
  {
    title: "Effective weights",
    description: "What each server gets in VPP; it follows from health, pools and operators.",
    kind: "timeseries",
    width: 12,
    unit: "none",
    queries: [{
      expr: `maglev_frontend_pool_backend_effective_weight{${ON}}`,
      legend: "{{frontend}} {{backend}}",
    }],
  },
  {
    title: "Changes of state",
    description: "Transitions of servers.",
    kind: "timeseries",
    width: 12,
    unit: "none",
    queries: [{
      expr:
        `sum by (backend, to) (increase(maglev_backend_transitions_total{${ON}}[$__rate_interval]))`,
      legend: "{{backend}} → {{to}}",
    }],
  },
  {
    title: "Packets to VIPs",
    description: "As VPP's load balancer counts them.",
    kind: "timeseries",
    width: 12,
    unit: "pps",
    queries: [{
      expr: `sum by (prefix, port) (rate(maglev_vpp_vip_packets_total{${ON}}[$__rate_interval]))`,
      legend: "{{prefix}} {{port}}",
    }],
  },
  {
    title: "Dropped or not remembered",
    description: "no_server: dropped. untracked: VPP's sticky table was full.",
    kind: "timeseries",
    width: 12,
    unit: "pps",
    queries: [{
      expr:
        `sum by (prefix, port, kind) (rate(maglev_vpp_vip_packets_total{kind=~"no_server|untracked",${ON}}[$__rate_interval]))`,
      legend: "{{prefix}} {{port}} {{kind}}",
    }],
  },
  {
    title: "Bits to servers",
    description: "Sent by VPP, outer headers included, over all VIPs of a server.",
    kind: "timeseries",
    width: 12,
    unit: "bps",
    queries: [{
      expr: `8 * sum by (backend) (rate(maglev_vpp_backend_bytes_total{${ON}}[$__rate_interval]))`,
      legend: "{{backend}}",
    }],
  },
  {
    title: "Sticky flows",
    description: "An upper bound: an ended flow counts until VPP reuses its entry.",
    kind: "timeseries",
    width: 12,
    unit: "none",
    queries: [{
      expr: `sum by (backend) (maglev_vpp_backend_flows{${ON}})`,
      legend: "{{backend}}",
    }],
  },
  {
    title: "Duration of probes (p95)",
    description: "95th percentile of the probes that counted.",
    kind: "timeseries",
    width: 12,
    unit: "s",
    queries: [{
      expr:
        `histogram_quantile(0.95, sum by (backend, le) (rate(maglev_probe_duration_seconds_bucket{${ON}}[$__rate_interval])))`,
      legend: "{{backend}}",
    }],
  },
  {
    title: "Results of probes",
    description: "By result code; docs/healthchecks.md explains the codes.",
    kind: "timeseries",
    width: 12,
    unit: "ops",
    queries: [{
      expr: `sum by (code) (rate(maglev_probe_total{${ON}}[$__rate_interval]))`,
      legend: "{{code}}",
    }],
  },
  {
    title: "Certificates expire in",
    description: "The first end of validity in the chain of each server, and of the prober.",
    kind: "timeseries",
    width: 12,
    unit: "s",
    queries: [
      {
        expr: `maglev_backend_certificate_expiry_seconds{${ON}} - time()`,
        legend: "{{backend}}",
      },
      {
        expr: `maglev_client_certificate_expiry_seconds{${ON}} - time()`,
        legend: "{{file}}",
      },
    ],
  },
  {
    title: "Calls of the API",
    description: "By status.",
    kind: "timeseries",
    width: 12,
    unit: "ops",
    queries: [{
      expr: `sum by (grpc_code) (rate(grpc_server_handled_total{${ON}}[$__rate_interval]))`,
      legend: "{{grpc_code}}",
    }],
  },
  {
    title: "Messages of VPP",
    description: "Replies, and refusals.",
    kind: "timeseries",
    width: 12,
    unit: "ops",
    queries: [{
      expr: `sum by (direction, result) (rate(maglev_vpp_api_total{${ON}}[$__rate_interval]))`,
      legend: "{{direction}} {{result}}",
    }],
  },
  {
    title: "Synchronisation (p95)",
    description: "Time from its turn to VPP's last reply.",
    kind: "timeseries",
    width: 12,
    unit: "s",
    queries: [{
      expr:
        `histogram_quantile(0.95, sum by (scope, le) (rate(maglev_vpp_lbsync_duration_seconds_bucket{${ON}}[$__rate_interval])))`,
      legend: "{{scope}}",
    }],
  },
  {
    title: "CPU of maglevd",
    description: "Share of one core.",
    kind: "timeseries",
    width: 8,
    unit: "percentunit",
    queries: [{
      expr: `rate(process_cpu_seconds_total{${ON}}[$__rate_interval])`,
      legend: "{{instance}}",
    }],
  },
  {
    title: "Memory of maglevd",
    description: "Resident.",
    kind: "timeseries",
    width: 8,
    unit: "bytes",
    queries: [{ expr: `process_resident_memory_bytes{${ON}}`, legend: "{{instance}}" }],
  },
  {
    title: "Lateness of the main thread",
    description: "Greatest lateness of its timers.",
    kind: "timeseries",
    width: 8,
    unit: "s",
    queries: [{ expr: `maglev_eventloop_lag_seconds{${ON}}`, legend: "{{instance}}" }],
  },
];

const SOURCE = { type: "prometheus", uid: "${source}" };
const COLUMNS = 24;
const HEIGHTS: Readonly<Record<Panel["kind"], number>> = {
  stat: 4,
  timeseries: 8,
  "state-timeline": 8,
};

/** The dashboard, without the id that Grafana gives it. */
export function dashboard(): unknown {
  let [x, y, height] = [0, 0, 0];
  const panels = PANELS.map((panel, index) => {
    if (x + panel.width > COLUMNS) [x, y] = [0, y + height];
    height = HEIGHTS[panel.kind];
    const gridPos = { h: height, w: panel.width, x, y };
    x += panel.width;
    return { id: index + 1, gridPos, ...panelOf(panel) };
  });
  return {
    title: "vpp-maglev",
    uid: "vpp-maglev",
    description: "VIPs, servers and VPP of one or several maglevds.",
    tags: ["vpp-maglev"],
    schemaVersion: 39,
    version: 1,
    editable: true,
    timezone: "",
    refresh: "10s",
    time: { from: "now-1h", to: "now" },
    templating: {
      list: [
        { name: "source", label: "Data source", type: "datasource", query: "prometheus" },
        variable("job", "Job", "label_values(maglev_build_info, job)"),
        variable("instance", "maglevd", 'label_values(maglev_build_info{job=~"$job"}, instance)'),
      ],
    },
    annotations: { list: [] },
    panels,
  };
}

/** A choice of several values, all of them at first. */
function variable(name: string, label: string, query: string): unknown {
  return {
    name,
    label,
    type: "query",
    datasource: SOURCE,
    definition: query,
    query: { query, refId: name },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: ".*",
    current: { selected: true, text: ["All"], value: ["$__all"] },
  };
}

function panelOf({ title, description, kind, unit, queries, redFrom, states }: Panel): object {
  const steps = redFrom === undefined
    ? [{ color: "text", value: null }]
    : [{ color: "green", value: null }, { color: "red", value: redFrom }];
  return {
    title,
    description,
    type: kind,
    datasource: SOURCE,
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + index),
      datasource: SOURCE,
      expr,
      legendFormat: legend,
      ...(kind === "stat" ? { instant: true } : { range: true }),
    })),
    fieldConfig: {
      defaults: {
        unit,
        thresholds: { mode: "absolute", steps },
        ...(states === undefined ? {} : { mappings: mappingsOf(states) }),
        ...(kind === "timeseries" ? { custom: { axisSoftMin: 0 } } : {}),
      },
      overrides: [],
    },
    options: optionsOf(kind),
  };
}

function mappingsOf(states: NonNullable<Panel["states"]>): readonly unknown[] {
  const options = Object.entries(states).map(([value, state], index) =>
    [value, { ...state, index }] as const
  );
  return [{ type: "value", options: Object.fromEntries(options) }];
}

function optionsOf(kind: Panel["kind"]): unknown {
  switch (kind) {
    case "stat":
      return {
        colorMode: "background",
        graphMode: "none",
        reduceOptions: { calcs: ["lastNotNull"] },
      };
    case "timeseries":
      return {
        legend: { displayMode: "list", placement: "bottom", showLegend: true },
        tooltip: { mode: "multi", sort: "desc" },
      };
    case "state-timeline":
      return { mergeValues: true, showValue: "auto", rowHeight: 0.9 };
  }
}
