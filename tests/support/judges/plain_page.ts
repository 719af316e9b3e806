/**
 * Writes the page of a scrape in the plainest way: all series as a list, each put together by
 * itself. The real writer must give the same text, byte for byte.
 */
import { PROBE_DURATION_BUCKETS_S } from "../../../src/checker/tally.ts";
import { fleetKey, localVips, vipSide } from "../../../src/explain/vip_side.ts";
import { inputsPrint, rootPrint, tablePrint } from "../../../src/fleet/fingerprint.ts";
import type { FrontendView } from "../../../src/checker/ports.ts";
import { healthWithout } from "../../../src/forecast/next_failure.ts";
import { LACKS } from "../../../src/probe/lack.ts";
import { type FamilyName, familyOf } from "../../../src/metrics/families.ts";
import type { MetricsView } from "../../../src/metrics/view.ts";
import { vipKeyOf } from "../../../src/vpp/lb/desired.ts";
import { protocolName, type VipKey, vipPrefix } from "../../../src/vpp/lb/model.ts";
import { WITHHELD_KINDS } from "../../../src/vpp/sync/guard/withheld.ts";

/** A series: label values in the order of the table, its value, and for histograms its part. */
interface Series {
  readonly labels?: readonly string[];
  readonly value: number | undefined;
  readonly suffix?: string;
  readonly le?: string;
}

/** The page; series without a value are left out. */
export function plainPage(view: MetricsView): string {
  return [...familiesOf(view)].map(([name, series]) => {
    const { help, type, labels } = familyOf(name);
    const lines = series.filter(({ value }) => value !== undefined).map((one) => {
      const pairs = Object.keys(labels).map((label, i) => [label, one.labels![i]!]);
      if (one.le !== undefined) pairs.push(["le", one.le]);
      const text = pairs.map(([label, value]) => `${label}="${escaped(value!)}"`).join(",");
      return `${name}${one.suffix ?? ""}${text === "" ? "" : `{${text}}`} ${
        numberText(one.value!)
      }\n`;
    });
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
  }).join("");
}

function numberText(value: number): string {
  return String(value).replace(/^(-?)Infinity$/, (_, sign) => sign === "-" ? "-Inf" : "+Inf");
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (c) => c === "\n" ? "\\n" : `\\${c}`);
}

function* familiesOf(view: MetricsView): Generator<[FamilyName, readonly Series[]]> {
  yield* healthOf(view);
  yield* encapOf(view);
  yield* probesOf(view);
  if (view.vpp !== undefined) yield* vppOf(view);
  yield ["maglev_fleet_fingerprint", fingerprintsOf(view)];
  yield* processOf(view);
}

function* healthOf(view: MetricsView): Generator<[FamilyName, readonly Series[]]> {
  const { snapshot, tallies } = view;
  const { config } = snapshot;
  const backends = [...snapshot.backends.values()];
  const frontends = [...snapshot.frontends.values()];
  const states = ["unknown", "up", "down", "paused", "disabled", "removed"];
  yield [
    "maglev_backend_state",
    backends.flatMap(({ name, state }) => {
      const { address, healthcheck } = config.backends.get(name)!;
      return states.map((other) => ({
        labels: [name, address.text, healthcheck ?? "", other],
        value: Number(other === state),
      }));
    }),
  ];
  yield [
    "maglev_backend_health",
    backends.map(({ name, counter }) => ({ labels: [name], value: counter })),
  ];
  yield [
    "maglev_backend_enabled",
    backends.map(({ name, enabled }) => ({ labels: [name], value: Number(enabled) })),
  ];
  yield [
    "maglev_backend_transitions_total",
    tallies.flatMap(({ name, transitions }) =>
      transitions.map(({ from, to, count }) => ({ labels: [name, from, to], value: count }))
    ),
  ];
  yield [
    "maglev_backend_certificate_expiry_seconds",
    backends.map(({ name, certificateExpiryMs: ms }) => ({
      labels: [name],
      value: ms === undefined ? undefined : ms / 1000,
    })),
  ];
  yield [
    "maglev_backend_damping_penalty",
    backends.map(({ name, damping, policy }) => ({
      labels: [name],
      value: policy.damping &&
        (damping === undefined ? 0 : damping.penalty *
          2 ** (-(view.monotonicMs - damping.atMs) / policy.damping.halfLifeMs)),
    })),
  ];
  yield [
    "maglev_backend_damped",
    backends.map(({ name, damping, policy }) => ({
      labels: [name],
      value: policy.damping && Number(damping?.suppressedMs !== undefined),
    })),
  ];
  const withAgents = backends.filter(({ name }) => {
    const { healthcheck } = config.backends.get(name)!;
    return healthcheck !== undefined && config.healthchecks.get(healthcheck)!.agent !== undefined;
  });
  yield [
    "maglev_backend_agent_state",
    withAgents.flatMap(({ name, agent }) =>
      ["ready", "drain", "maint", "down"].map((state) => ({
        labels: [name, state],
        value: Number(state === (agent?.down === true ? "down" : agent?.admin ?? "ready")),
      }))
    ),
  ];
  yield [
    "maglev_backend_agent_weight_ratio",
    withAgents.map(({ name, agent }) => ({
      labels: [name],
      value: (agent?.percent ?? 100) / 100,
    })),
  ];
  yield [
    "maglev_frontend_state",
    frontends.flatMap(({ name, state }) =>
      ["unknown", "up", "down"].map((other) => ({
        labels: [name, other],
        value: Number(other === state),
      }))
    ),
  ];
  yield [
    "maglev_frontend_held",
    frontends.map(({ name, held }) => ({ labels: [name], value: Number(held === true) })),
  ];
  yield [
    "maglev_frontend_pool_held",
    frontends.flatMap(({ name, config: { pools }, memory: { maxDown } }) =>
      pools.map((pool) => ({
        labels: [name, pool.name],
        value: maxDown?.get(pool.name)?.held.length ?? 0,
      }))
    ),
  ];
  yield [
    "maglev_frontend_pool_rising",
    frontends.flatMap(({ name, config: { pools }, memory: { slowStart } }) =>
      pools.map((pool) => ({
        labels: [name, pool.name],
        value: slowStart?.pool === pool.name ? slowStart.ramps.size : 0,
      }))
    ),
  ];
  yield [
    "maglev_frontend_announced",
    frontends.flatMap(({ name }) => {
      const announced = view.announced?.(name);
      return announced === undefined ? [] : [{ labels: [name], value: Number(announced) }];
    }),
  ];
  const stale = view.announceStale;
  yield ["maglev_announce_stale", stale === undefined ? [] : [{ value: Number(stale) }]];
  const { config: { announce }, intents } = view.snapshot;
  const isLameduck = Number(intents.lameduck !== undefined);
  yield ["maglev_lameduck", announce === undefined ? [] : [{ value: isLameduck }]];
  yield ["maglev_next_failure_empties", [{ value: lonely(view) }]];
  const entries = frontends.flatMap(({ name, config: { pools }, effectiveWeights }) =>
    pools.flatMap((pool, p) =>
      pool.backends.map((entry, b) => ({
        labels: [name, pool.name, entry.name],
        weight: entry.weight,
        effective: effectiveWeights[p]![b]!,
      }))
    )
  );
  yield [
    "maglev_frontend_pool_backend_weight",
    entries.map(({ labels, weight }) => ({ labels, value: weight })),
  ];
  yield [
    "maglev_frontend_pool_backend_effective_weight",
    entries.map(({ labels, effective }) => ({ labels, value: effective })),
  ];
}

function* encapOf({ encap = [] }: MetricsView): Generator<[FamilyName, readonly Series[]]> {
  const pairs = encap.map((pair) => ({ ...pair, labels: [pair.frontend, pair.backend] }));
  yield ["maglev_encap_up", pairs.map(({ labels, isUp }) => ({ labels, value: isUp ? 1 : 0 }))];
  yield [
    "maglev_encap_probe_total",
    pairs.flatMap(({ labels, tally }) =>
      (tally?.probes ?? []).map(({ result, code, count }) => ({
        labels: [...labels, result, code],
        value: count,
      }))
    ),
  ];
  yield [
    "maglev_encap_probe_void_total",
    pairs.map(({ labels, tally }) => ({ labels, value: tally?.voids || undefined })),
  ];
}

function* probesOf({ tallies, probers }: MetricsView): Generator<[FamilyName, readonly Series[]]> {
  const probed = tallies.filter(({ type }) => type !== undefined);
  yield [
    "maglev_probe_total",
    probed.flatMap(({ name, type, probes }) =>
      probes.map(({ result, code, count }) => ({
        labels: [name, type!, result, code],
        value: count,
      }))
    ),
  ];
  yield [
    "maglev_probe_duration_seconds",
    probed.flatMap(({ name, type, durations: { classes, count, sumMs } }): Series[] => {
      const labels = [name, type!];
      const bounds = [...PROBE_DURATION_BUCKETS_S.map(String), "+Inf"];
      const upTo = (bucket: number) =>
        Array.from(classes).slice(0, bucket + 1).reduce((sum, each) => sum + each, 0);
      return [
        ...bounds.map((le, i) => ({ labels, suffix: "_bucket", le, value: upTo(i) })),
        { labels, suffix: "_sum", value: sumMs / 1000 },
        { labels, suffix: "_count", value: count },
      ];
    }),
  ];
  yield [
    "maglev_probe_void_total",
    tallies.map(({ name, voids }) => ({ labels: [name], value: voids === 0 ? undefined : voids })),
  ];
  yield [
    "maglev_prober_blind",
    probers.flatMap(({ netns, blind }) =>
      LACKS.map((lack) => ({
        labels: [netns, lack],
        value: blind.find((spot) => spot.lack === lack)?.backends ?? 0,
      }))
    ),
  ];
  yield [
    "maglev_prober_isolated",
    probers.map(({ netns, isolated }) => ({
      labels: [netns],
      value: isolated === undefined ? 0 : 1,
    })),
  ];
  yield [
    "maglev_prober_isolation_expired",
    probers.map(({ netns, expired }) => ({
      labels: [netns],
      value: expired === undefined ? 0 : 1,
    })),
  ];
  // No configuration of these worlds has client certificates.
  yield ["maglev_client_certificate_expiry_seconds", []];
}

/** Frontends that are without a server when one address fails: each address is failed. */
function lonely({ snapshot }: MetricsView): number {
  const serves = ({ servers }: Pick<FrontendView, "servers">) =>
    servers.some(({ weight, keep }) => weight > 0 || keep === true);
  return [...snapshot.frontends.values()].filter((view) =>
    serves(view) &&
    view.servers.some(({ address }) => !serves(healthWithout(view, address.text, snapshot)))
  ).length;
}

/** Fingerprints without the cache. */
function fingerprintsOf(view: MetricsView): readonly Series[] {
  const { snapshot, vpp, vipOf, vppRead } = view;
  const known = vppRead === true && vpp?.kind === "connected"
    ? { can: { weights: vpp.info.weights }, vip: vipOf }
    : undefined;
  const options = { snapshot, vpp: { kind: "off" as const }, configSinceMs: view.nowMs };
  const sides = localVips(snapshot, known).map((vip) => ({
    key: fleetKey(vip.key),
    side: vipSide(vip, options),
  }));
  const value = (print: (side: typeof sides[number]["side"]) => bigint) =>
    Number(rootPrint(sides.map(({ key, side }) => [key, print(side)])) % 2n ** 48n);
  return [
    { labels: ["inputs"], value: value(inputsPrint) },
    { labels: ["wanted"], value: value(({ wanted }) => tablePrint(wanted)) },
    { labels: ["actual"], value: known && value(({ actual }) => tablePrint(actual!)) },
  ];
}

function labelsOf(vip: VipKey): string[] {
  return [vipPrefix(vip), protocolName(vip.protocol), String(vip.port)];
}

function* vppOf(view: MetricsView): Generator<[FamilyName, readonly Series[]]> {
  const { vpp, counters, snapshot, withheld = [] } = view;
  const info = vpp?.kind === "connected" ? vpp.info : undefined;
  const since = (ms: number | undefined) =>
    ms === undefined ? undefined : Math.max(0, view.nowMs - ms) / 1000;
  yield ["maglev_vpp_connected", [{ value: info === undefined ? 0 : 1 }]];
  yield ["maglev_vpp_uptime_seconds", [{ value: since(info?.bootAtMs) }]];
  yield ["maglev_vpp_connected_seconds", [{ value: since(info?.connectedAtMs) }]];
  yield [
    "maglev_vpp_withheld",
    WITHHELD_KINDS.map((kind) => ({
      labels: [kind],
      value: info && withheld.filter((one) => one.kind === kind).length,
    })),
  ];
  const labels = info && [info.version, info.buildDate, String(info.pid)];
  yield ["maglev_vpp_info", labels === undefined ? [] : [{ labels, value: 1 }]];
  const vips = (counters?.vips ?? []).map((vip, i) => ({
    labels: labelsOf(vip),
    of: counters!.at(i),
  }));
  yield [
    "maglev_vpp_vip_packets_total",
    vips.flatMap(({ labels, of }) => [
      { labels: [...labels, "next"], value: of.next },
      { labels: [...labels, "first"], value: of.first },
      { labels: [...labels, "untracked"], value: of.untracked },
      { labels: [...labels, "no_server"], value: of.noServer },
    ]),
  ];
  yield [
    "maglev_vpp_vip_route_packets_total",
    vips.map(({ labels, of }) => ({ labels, value: of.fibPackets })),
  ];
  yield [
    "maglev_vpp_vip_route_bytes_total",
    vips.map(({ labels, of }) => ({ labels, value: of.fibBytes })),
  ];
  const addressOf = (name: string) => snapshot.config.backends.get(name)!.address.text;
  yield [
    "maglev_vpp_backend_flows",
    [...snapshot.frontends.values()].flatMap(({ config }) => {
      const key = vipKeyOf(config);
      const names = new Set(config.pools.flatMap((pool) => pool.backends.map(({ name }) => name)));
      return [...names].map((name) => ({
        labels: [...labelsOf(key), name],
        value: view.vipOf(key)?.servers
          .findLast(({ address }) => address.text === addressOf(name))?.figures?.flows,
      }));
    }),
  ];
  const servers = [...snapshot.config.backends.keys()].map((name) => ({
    labels: [name],
    of: counters?.servers().findLast(({ address }) => address.text === addressOf(name)),
  }));
  yield [
    "maglev_vpp_backend_packets_total",
    servers.map(({ labels, of }) => ({ labels, value: of?.packets })),
  ];
  yield [
    "maglev_vpp_backend_bytes_total",
    servers.map(({ labels, of }) => ({ labels, value: of?.bytes })),
  ];
}

function* processOf(view: MetricsView): Generator<[FamilyName, readonly Series[]]> {
  const { process, build } = view;
  yield ["maglev_eventloop_lag_seconds", [{ value: view.eventLoopLagS }]];
  yield [
    "maglev_build_info",
    [{ labels: [build.version, build.commit, build.date], value: 1 }],
  ];
  yield ["process_cpu_user_seconds_total", [{ value: process.userCpuS }]];
  yield ["process_cpu_system_seconds_total", [{ value: process.systemCpuS }]];
  yield ["process_cpu_seconds_total", [{ value: process.userCpuS + process.systemCpuS }]];
  yield ["process_start_time_seconds", [{ value: process.startS }]];
  yield ["process_resident_memory_bytes", [{ value: process.residentBytes }]];
  yield ["process_open_fds", [{ value: process.openDescriptors }]];
  yield ["process_max_fds", [{ value: process.maxDescriptors }]];
}
