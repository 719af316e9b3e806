/** PURE. The alert rules about policies: a part of alerts.ts. */
import { type Alert, LOOK_MINUTE, series } from "./alert.ts";

/** Sample per minute of an isolation that `max-hold` of 60 s ended before the test looks. */
const ISOLATED_FOR_A_MINUTE = [...new Array<number>(LOOK_MINUTE - 2).fill(0), 1, 0];

export const POLICY_ALERTS: readonly Alert[] = [
  {
    name: "MaglevServersHeld",
    query: "maglev_frontend_held",
    condition: "== 1",
    for: "1m",
    severity: "critical",
    summary: "all servers of VIP {{ $labels.frontend }} are down, and VPP goes on sending to them",
    action: "`maglevc show frontends NAME` lists its servers with the reason of each.",
    fires: { [series("maglev_frontend_held", 'frontend="web"')]: [1] },
    silent: { [series("maglev_frontend_held", 'frontend="web"')]: [0] },
  },
  {
    name: "MaglevPoolHeld",
    query: "maglev_frontend_pool_held",
    condition: "> 0",
    for: "5m",
    severity: "warning",
    summary: "{{ $value }} servers of {{ $labels.frontend }} are down and keep their weights " +
      "(max-down of pool {{ $labels.pool }})",
    action: "`maglevc explain frontend NAME` names them. Flows to them fail until one returns.",
    fires: { [series("maglev_frontend_pool_held", 'frontend="web",pool="main"')]: [2] },
    silent: { [series("maglev_frontend_pool_held", 'frontend="web",pool="main"')]: [0] },
  },
  {
    name: "MaglevEncapFails",
    query: "maglev_encap_up",
    condition: "== 0",
    for: "1m",
    severity: "warning",
    summary: "packets of {{ $labels.frontend }} do not pass the tunnel to {{ $labels.backend }}",
    action: "`maglevc show frontends NAME` has the reason: tunnel or VIP is missing on the server.",
    fires: { [series("maglev_encap_up", 'frontend="web",backend="nginx0"')]: [0] },
    silent: { [series("maglev_encap_up", 'frontend="web",backend="nginx0"')]: [1] },
  },
  {
    name: "MaglevProberIsolated",
    // `max-hold` ends an isolation, and the gauge with it, although the host may still be cut off.
    query: "max_over_time(maglev_prober_isolated[5m])",
    condition: "== 1",
    for: "0s",
    severity: "critical",
    summary:
      "{{ $labels.instance }} takes or took itself to be cut off: failures do not count for max-hold",
    action: "Its uplink and the targets of `isolation`: `maglevc show status`.",
    fires: { [series("maglev_prober_isolated", 'netns=""')]: ISOLATED_FOR_A_MINUTE },
    silent: { [series("maglev_prober_isolated", 'netns=""')]: [1, 0] },
  },
  {
    name: "MaglevIsolationExpired",
    query: "maglev_prober_isolation_expired",
    condition: "== 1",
    for: "0s",
    severity: "critical",
    summary: "{{ $labels.instance }} counts failures, and the targets of its isolation are away",
    action: "Its uplink and the targets: `maglevc show status`. Servers that it calls down may be well.",
    fires: { [series("maglev_prober_isolation_expired", 'netns=""')]: [1] },
    silent: { [series("maglev_prober_isolation_expired", 'netns=""')]: [0] },
  },
  {
    name: "MaglevAnnounceStale",
    query: "maglev_announce_stale",
    condition: "== 1",
    for: "30s",
    severity: "critical",
    summary: "{{ $labels.instance }} cannot write the file of maglev.announce: routes are old",
    action: "`announce-failed` in the journal has the reason. Withdraw routes by hand until then.",
    fires: { [series("maglev_announce_stale")]: [1] },
    silent: { [series("maglev_announce_stale")]: [0] },
  },
  {
    name: "MaglevVipNotAnnounced",
    query: "maglev_frontend_announced",
    condition: "== 0 unless on (job, instance) maglev_lameduck == 1",
    for: "5m",
    severity: "warning",
    summary: "VIP {{ $labels.frontend }} of {{ $labels.instance }} is not announced",
    action: "`maglevc show frontends NAME`: fewer servers than `min-up`, or `hysteresis` runs.",
    fires: {
      [series("maglev_frontend_announced", 'frontend="web"')]: [0],
      [series("maglev_lameduck")]: [0],
    },
    silent: {
      [series("maglev_frontend_announced", 'frontend="web"')]: [0],
      [series("maglev_lameduck")]: [1],
    },
  },
  {
    name: "MaglevLameduckLasts",
    query: "maglev_lameduck",
    condition: "== 1",
    for: "1h",
    severity: "warning",
    summary: "{{ $labels.instance }} has been in lameduck for an hour: it announces nothing",
    action: "`maglevc show status` names who began it; end it when the maintenance is done.",
    fires: { [series("maglev_lameduck")]: [1] },
    silent: { [series("maglev_lameduck")]: [1, 0] },
  },
];
