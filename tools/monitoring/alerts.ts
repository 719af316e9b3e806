/**
 * PURE. The alert rules for Prometheus, each with series on which it fires and on which it stays
 * silent. The rule file and its test file follow from this table.
 */

import { type Alert, LOOK_MINUTE, type Series, series } from "./alert.ts";
import { FLEET_ALERTS } from "./fleet_alerts.ts";
import { POLICY_ALERTS } from "./policy_alerts.ts";

/** Minutes that a test feeds. */
const MINUTES = 120;

/** A counter that grows by `step` each minute. */
function growing(step: number): readonly number[] {
  return Array.from({ length: MINUTES }, (_, minute) => minute * step);
}

const REFUSED = 'msg="lb_as_set_weight_reply",direction="recv",result="failure"';
const VIP = 'prefix="192.0.2.10/32",protocol="tcp",port="80"';
const CALL = 'grpc_method="GetBackend",grpc_service="maglev.Maglev",grpc_type="unary"';
const PROBED = 'backend="nginx0",type="http"';
const STATE = 'backend="nginx0",address="10.0.0.10",healthcheck="http",state="up"';
const DAY_S = 86_400;

export const ALERTS: readonly Alert[] = [
  {
    name: "MaglevdAway",
    query: 'up{job="maglevd"}',
    condition: "== 0",
    for: "1m",
    severity: "critical",
    summary: "{{ $labels.instance }} does not answer: servers are not checked",
    action: "VPP goes on with its last weights. `systemctl status vpp-maglev` and the journal.",
    fires: { [series("up")]: [0] },
    silent: { [series("up")]: [1] },
  },
  {
    name: "MaglevVipWithoutServers",
    query: 'maglev_frontend_state{state="up"}',
    condition: "== 0",
    for: "30s",
    severity: "critical",
    summary: "VIP {{ $labels.frontend }} of {{ $labels.instance }} has no server that serves",
    action: "`maglevc show frontends NAME` lists its servers with the reason of each.",
    fires: { [series("maglev_frontend_state", 'frontend="web",state="up"')]: [0] },
    silent: { [series("maglev_frontend_state", 'frontend="web",state="up"')]: [1] },
  },
  {
    name: "MaglevVipDropsPackets",
    query: "sum by (job, instance, prefix, protocol, port) " +
      '(rate(maglev_vpp_vip_packets_total{kind="no_server"}[2m]))',
    condition: "> 0",
    for: "1m",
    severity: "critical",
    summary: "VPP drops packets to {{ $labels.prefix }} port {{ $labels.port }}: no server",
    action: "`maglevc show frontends`: a VIP that is down, or whose weights are all 0.",
    fires: { [series("maglev_vpp_vip_packets_total", `${VIP},kind="no_server"`)]: growing(6) },
    silent: { [series("maglev_vpp_vip_packets_total", `${VIP},kind="no_server"`)]: [7] },
  },
  {
    name: "MaglevBackendDown",
    query: 'maglev_backend_state{state="down"}',
    condition: "== 1",
    for: "1m",
    severity: "warning",
    summary: "server {{ $labels.backend }} ({{ $labels.address }}) is down",
    action: "`maglevc show backends NAME` shows the code and text of its last result.",
    fires: { [series("maglev_backend_state", STATE.replace("up", "down"))]: [1] },
    silent: { [series("maglev_backend_state", STATE.replace("up", "down"))]: [0] },
  },
  {
    name: "MaglevBackendFlaps",
    query: "sum by (job, instance, backend) " +
      '(increase(maglev_backend_transitions_total{to=~"up|down"}[15m]))',
    condition: "> 6",
    for: "0s",
    severity: "warning",
    summary: "server {{ $labels.backend }} changed its state more than six times in 15 minutes",
    action: "Its log, or a larger `fall`. `maglevc set backend NAME pause` until it is repaired.",
    fires: {
      [series("maglev_backend_transitions_total", 'backend="nginx0",from="up",to="down"')]: growing(
        1,
      ),
    },
    silent: {
      [series("maglev_backend_transitions_total", 'backend="nginx0",from="up",to="down"')]: [
        3,
      ],
    },
  },
  {
    name: "MaglevNoProbes",
    query: "sum by (job, instance) (rate(maglev_probe_total[2m]))",
    condition: "== 0 and on (job, instance) " +
      'sum by (job, instance) (maglev_backend_state{state=~"unknown|up|down",healthcheck!=""}) > 0',
    for: "1m",
    severity: "critical",
    summary: "{{ $labels.instance }} has probed no server for two minutes",
    action:
      "`maglevc show status`, group of probing threads. Restart maglevd when it gives no cause.",
    fires: {
      [series("maglev_probe_total", `${PROBED},result="pass",code="L7OK"`)]: [500],
      [series("maglev_backend_state", STATE)]: [1],
    },
    silent: {
      [series("maglev_probe_total", `${PROBED},result="pass",code="L7OK"`)]: growing(60),
      [series("maglev_backend_state", STATE)]: [1],
    },
  },
  {
    name: "MaglevProberBlind",
    query: "maglev_prober_blind",
    condition: "> 0",
    for: "30s",
    severity: "critical",
    summary:
      "{{ $labels.instance }} cannot probe {{ $value }} servers: it lacks {{ $labels.reason }}",
    action:
      "States and weights stay as they are. `maglevc show status` has the reason and its cure.",
    fires: { [series("maglev_prober_blind", 'netns="",reason="ports"')]: [4] },
    silent: { [series("maglev_prober_blind", 'netns="",reason="ports"')]: [0] },
  },
  {
    name: "MaglevVppDisconnected",
    query: "maglev_vpp_connected",
    condition: "== 0",
    for: "1m",
    severity: "critical",
    summary: "{{ $labels.instance }} is not connected to VPP: verdicts change no weights",
    action:
      "`systemctl status vpp`, the group of VPP's socket, `vpp-connect-failed` in the journal.",
    fires: { [series("maglev_vpp_connected")]: [0] },
    silent: { [series("maglev_vpp_connected")]: [1] },
  },
  {
    name: "MaglevWeightsNotInForce",
    query: "sum by (job, instance, kind) (maglev_vpp_withheld)",
    condition: "> 0",
    for: "1m",
    severity: "critical",
    summary: "{{ $labels.instance }} withholds {{ $value }} changes from VPP ({{ $labels.kind }})",
    action: "`maglevc show status` names each, with the reason why VPP would not survive it.",
    fires: { [series("maglev_vpp_withheld", 'kind="stats"')]: [2] },
    silent: { [series("maglev_vpp_withheld", 'kind="stats"')]: [0] },
  },
  ...POLICY_ALERTS,
  ...FLEET_ALERTS,
  {
    name: "MaglevVppRefuses",
    query: 'sum by (job, instance, msg) (rate(maglev_vpp_api_total{result="failure"}[5m]))',
    condition: "> 0",
    for: "0s",
    severity: "warning",
    summary: "VPP refuses {{ $labels.msg }} of {{ $labels.instance }}",
    action: "`vpp-lbsync-error` in the journal has VPP's error and the VIP.",
    fires: { [series("maglev_vpp_api_total", REFUSED)]: growing(1) },
    silent: { [series("maglev_vpp_api_total", REFUSED)]: [5] },
  },
  {
    name: "MaglevFlowsNotRemembered",
    query:
      'sum by (job, instance, prefix, protocol, port) (rate(maglev_vpp_vip_packets_total{kind="untracked"}[5m]))' +
      " / sum by (job, instance, prefix, protocol, port) (rate(maglev_vpp_vip_packets_total[5m]))",
    condition: "> 0.01",
    for: "10m",
    severity: "warning",
    summary: "VPP's sticky table is full for flows of {{ $labels.prefix }}",
    action: "Filter scans of other ports before VPP, or raise `sticky-buckets-per-core`.",
    fires: {
      [series("maglev_vpp_vip_packets_total", `${VIP},kind="untracked"`)]: growing(10),
      [series("maglev_vpp_vip_packets_total", `${VIP},kind="next"`)]: growing(100),
    },
    silent: {
      [series("maglev_vpp_vip_packets_total", `${VIP},kind="untracked"`)]: growing(1),
      [series("maglev_vpp_vip_packets_total", `${VIP},kind="next"`)]: growing(1000),
    },
  },
  {
    name: "MaglevCertificateExpires",
    query: "maglev_backend_certificate_expiry_seconds - time()",
    condition: `< 14 * ${DAY_S}`,
    for: "1h",
    severity: "warning",
    summary:
      "the certificate of server {{ $labels.backend }} expires in {{ $value | humanizeDuration }}",
    action: "Renew it. `maglevc show backends NAME` names the certificate of the chain.",
    fires: {
      [series("maglev_backend_certificate_expiry_seconds", 'backend="nginx0"')]: [13 * DAY_S],
    },
    silent: {
      [series("maglev_backend_certificate_expiry_seconds", 'backend="nginx0"')]: [15 * DAY_S],
    },
  },
  {
    name: "MaglevClientCertificateExpires",
    query: "maglev_client_certificate_expiry_seconds - time()",
    condition: `< 14 * ${DAY_S}`,
    for: "1h",
    severity: "warning",
    summary: "the certificate that probes of {{ $labels.instance }} show ({{ $labels.file }}) " +
      "expires in {{ $value | humanizeDuration }}",
    action: "Renew it, then `maglevc config reload`: probes show the file as it was read last.",
    fires: {
      [series("maglev_client_certificate_expiry_seconds", 'file="/etc/a.pem"')]: [13 * DAY_S],
    },
    silent: {
      [series("maglev_client_certificate_expiry_seconds", 'file="/etc/a.pem"')]: [15 * DAY_S],
    },
  },
  {
    name: "MaglevConfigReloadFailed",
    query: "maglev_config_last_reload_successful",
    condition: "== 0",
    for: "0s",
    severity: "warning",
    summary: "{{ $labels.instance }} refused its configuration file: the older one is in force",
    action: "`maglevd --check`; `maglevc config check` shows the same from elsewhere.",
    fires: { [series("maglev_config_last_reload_successful")]: [1, 0] },
    silent: { [series("maglev_config_last_reload_successful")]: [0, 1] },
  },
  {
    name: "MaglevApiFails",
    query: "sum by (job, instance, grpc_method, grpc_code) (rate(grpc_server_handled_total" +
      '{grpc_code=~"DataLoss|DeadlineExceeded|Internal|ResourceExhausted|Unknown"}[5m]))',
    condition: "> 0",
    for: "1m",
    severity: "warning",
    summary:
      "{{ $labels.grpc_method }} of {{ $labels.instance }} fails with {{ $labels.grpc_code }}",
    action: "`grpc-error` in the journal. ResourceExhausted: a client reads too slowly.",
    fires: { [series("grpc_server_handled_total", `${CALL},grpc_code="Internal"`)]: growing(1) },
    silent: { [series("grpc_server_handled_total", `${CALL},grpc_code="NotFound"`)]: growing(1) },
  },
  {
    name: "MaglevdRestarts",
    query: 'changes(process_start_time_seconds{job="maglevd"}[15m])',
    condition: "> 2",
    for: "0s",
    severity: "warning",
    summary: "{{ $labels.instance }} was restarted more than twice in 15 minutes",
    action: "`journalctl -u vpp-maglev`: the lines before each `maglevd-start`.",
    fires: { [series("process_start_time_seconds")]: growing(60) },
    silent: { [series("process_start_time_seconds")]: [60] },
  },
  {
    name: "MaglevdDescriptorsLow",
    query: 'process_open_fds{job="maglevd"} / process_max_fds{job="maglevd"}',
    condition: "> 0.8",
    for: "5m",
    severity: "warning",
    summary: "{{ $labels.instance }} uses more than 80 % of its file descriptors",
    action: "Raise LimitNOFILE of the unit: a probe needs one, a client of the API another.",
    fires: { [series("process_open_fds")]: [900], [series("process_max_fds")]: [1024] },
    silent: { [series("process_open_fds")]: [100], [series("process_max_fds")]: [1024] },
  },
];

/** The rule file, as an object that YAML writes. */
export function ruleFile(): unknown {
  const rules = ALERTS.map((alert) => ({
    alert: alert.name,
    expr: `${alert.query} ${alert.condition}`,
    ...(alert.for === "0s" ? {} : { for: alert.for }),
    labels: { severity: alert.severity },
    annotations: { summary: alert.summary, action: alert.action },
  }));
  return { groups: [{ name: "vpp-maglev", rules }] };
}

/** The file for `promtool test rules`: each alert fires on one set of series, and not on another. */
export function ruleTests(): unknown {
  const tests = ALERTS.flatMap((alert) => [
    ruleTest(alert, alert.fires, [{}]),
    ruleTest(alert, alert.silent, []),
  ]);
  return { rule_files: ["alerts.yml"], evaluation_interval: "5m", tests };
}

function ruleTest({ name }: Alert, inputs: Series, fired: readonly unknown[]): unknown {
  return {
    name: `${name} ${fired.length > 0 ? "fires" : "stays silent"}`,
    interval: "1m",
    input_series: Object.entries(inputs).map(([series, values]) => ({
      series,
      values: lasting(values),
    })),
    // Through ALERTS, so that labels and texts need no repetition here.
    promql_expr_test: [{
      expr: `count(ALERTS{alertname="${name}",alertstate="firing"})`,
      eval_time: `${LOOK_MINUTE}m`,
      exp_samples: fired.length > 0 ? [{ labels: "{}", value: 1 }] : [],
    }],
  };
}

/** In promtool's notation: `a+bxN` is a and N further values, each b more. */
function lasting(values: readonly number[]): string {
  const [first = 0, second] = values;
  if (values.length === MINUTES) return `${first}+${second! - first}x${MINUTES}`;
  const last = values.at(-1)!;
  return [...values.slice(0, -1), `${last}x${MINUTES}`].join(" ");
}
