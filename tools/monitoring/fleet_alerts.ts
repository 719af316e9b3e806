/** PURE. The alert rules about fleets: a part of alerts.ts. */
import { type Alert, type Series, series } from "./alert.ts";

/** A fingerprint of each of two load balancers of a fleet. */
function fleet(of: string, first: number, second: number): Series {
  const one = (instance: string) =>
    `maglev_fleet_fingerprint{of="${of}",fleet="edge",instance="${instance}",job="maglevd"}`;
  return { [one("lb1:9091")]: [first], [one("lb2:9091")]: [second] };
}

export const FLEET_ALERTS: readonly Alert[] = [
  {
    name: "MaglevFleetDiffers",
    query: "count by (job, fleet) (count_values by (job, fleet) " +
      '("fingerprint", maglev_fleet_fingerprint{of="actual",fleet!=""}))',
    condition: "> 1",
    for: "1m",
    severity: "warning",
    summary: "load balancers of fleet {{ $labels.fleet }} have {{ $value }} different tables",
    action:
      "`maglevc --server lb1,lb2,… show fleet differences` names each cause. A reboot of one " +
      "of them now breaks flows.",
    fires: fleet("actual", 1, 2),
    silent: fleet("actual", 1, 1),
  },
  {
    name: "MaglevFleetConfigDiffers",
    query: "count by (job, fleet) (count_values by (job, fleet) " +
      '("fingerprint", maglev_fleet_fingerprint{of="inputs",fleet!=""}))',
    condition: "> 1",
    for: "15m",
    severity: "warning",
    summary: "files or operators of fleet {{ $labels.fleet }} decide differently",
    action: "`maglevc --server lb1,lb2,… show fleet differences`, causes `config` and `intent`.",
    fires: fleet("inputs", 1, 2),
    silent: fleet("inputs", 1, 1),
  },
  {
    name: "MaglevVppDiffers",
    query: 'maglev_fleet_fingerprint{of="actual"} - ignoring (of) ' +
      'maglev_fleet_fingerprint{of="wanted"}',
    condition: "!= 0",
    for: "2m",
    severity: "warning",
    summary: "VPP of {{ $labels.instance }} does not have the tables that it should have",
    action: "`maglevc show fleet differences`, then `explain backend NAME` of what it names.",
    fires: { ...fleet("actual", 1, 1), ...fleet("wanted", 1, 2) },
    silent: { ...fleet("actual", 1, 2), ...fleet("wanted", 1, 2) },
  },
  {
    name: "MaglevFleetStoreAway",
    query: "maglev_fleet_store_up",
    condition: "== 0",
    for: "5m",
    severity: "warning",
    summary: "{{ $labels.instance }} does not have its fleet's store; shared intents are refused",
    action: "Look at etcd. Intents in force stay; `maglevc show fleet intents` has the reason.",
    fires: { [series("maglev_fleet_store_up")]: [0] },
    silent: { [series("maglev_fleet_store_up")]: [1] },
  },
  {
    name: "MaglevFleetStoreForeign",
    query: "maglev_fleet_store_foreign",
    condition: "> 0",
    for: "0s",
    severity: "critical",
    summary:
      "{{ $labels.instance }} does not believe its fleet's store: wiped, restored or another's",
    action: "`maglevc show fleet intents`, then `fleet restore` or `fleet forget` (docs/fleet.md).",
    fires: { [series("maglev_fleet_store_foreign")]: [1] },
    silent: { [series("maglev_fleet_store_foreign")]: [0] },
  },
  {
    name: "MaglevFleetIntentHeld",
    query: 'sum by (job, instance, here) (maglev_fleet_intents{here=~"held|unfit"})',
    condition: "> 0",
    for: "1m",
    severity: "warning",
    summary:
      "{{ $labels.instance }} does not obey {{ $value }} intents of its fleet ({{ $labels.here }})",
    action: "`maglevc show fleet intents` has the reason of each.",
    fires: { [series("maglev_fleet_intents", 'kind="pause",here="held"')]: [1] },
    silent: { [series("maglev_fleet_intents", 'kind="pause",here="held"')]: [0] },
  },
  {
    name: "MaglevFleetClockSkew",
    query: "maglev_fleet_clock_skew_seconds",
    condition: "> 1",
    for: "5m",
    severity: "warning",
    summary: "clocks of {{ $labels.instance }} and of its fleet differ by {{ $value }} s",
    action: "`maglevc show fleet intents` names the load balancer. `timedatectl` on both.",
    fires: { [series("maglev_fleet_clock_skew_seconds")]: [5] },
    silent: { [series("maglev_fleet_clock_skew_seconds")]: [0.1] },
  },
  {
    name: "MaglevFleetValuesIgnored",
    query: "sum by (job, instance) (maglev_fleet_values_ignored)",
    condition: "> 0",
    for: "5m",
    severity: "warning",
    summary: "{{ $labels.instance }} cannot read {{ $value }} intents of its fleet's store",
    action: "An older maglevd next to newer ones, or another program writes to the store.",
    fires: { [series("maglev_fleet_values_ignored", 'reason="newer"')]: [1] },
    silent: { [series("maglev_fleet_values_ignored", 'reason="newer"')]: [0] },
  },
  {
    name: "MaglevFleetRolloutRefused",
    query: 'maglev_fleet_rollout{state="refused"}',
    condition: "> 0",
    for: "1m",
    severity: "warning",
    summary: "the rollout of the fleet of {{ $labels.instance }} stopped at a gate",
    action: "`maglevc show fleet` names the load balancer and the gate. Then `fleet rollout stop`, " +
      "`fleet rollout revert`, or a new rollout.",
    fires: { [series("maglev_fleet_rollout", 'state="refused"')]: [1] },
    silent: { [series("maglev_fleet_rollout", 'state="refused"')]: [0] },
  },
  {
    name: "MaglevFleetNameTaken",
    query: "maglev_fleet_name_taken",
    condition: "> 0",
    for: "1m",
    severity: "warning",
    summary: "another process has the name of {{ $labels.instance }} in its fleet",
    action: "Give each load balancer its own `--fleet-lb`.",
    fires: { [series("maglev_fleet_name_taken")]: [1] },
    silent: { [series("maglev_fleet_name_taken")]: [0] },
  },
];
