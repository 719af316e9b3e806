/** PURE. Lines of backends, frontends and probes. */
import { PROBE_DURATION_BUCKETS_S } from "../checker/tally.ts";
import type { BackendTally } from "../checker/tally.ts";
import { BACKEND_STATE_NUMBER, type BackendState, type FrontendState } from "../health/state.ts";
import type { Backend } from "../health/state.ts";
import { formatValue, SeriesWriter } from "./text.ts";
import type { MetricsView } from "./view.ts";

const BACKEND_STATES = Object.keys(BACKEND_STATE_NUMBER) as BackendState[];
const FRONTEND_STATES: readonly FrontendState[] = ["unknown", "up", "down"];

const backendState = new SeriesWriter("maglev_backend_state");
const backendHealth = new SeriesWriter("maglev_backend_health");
const backendEnabled = new SeriesWriter("maglev_backend_enabled");
const transitions = new SeriesWriter("maglev_backend_transitions_total");
const certificate = new SeriesWriter("maglev_backend_certificate_expiry_seconds");
const frontendState = new SeriesWriter("maglev_frontend_state");
const weight = new SeriesWriter("maglev_frontend_pool_backend_weight");
const effectiveWeight = new SeriesWriter("maglev_frontend_pool_backend_effective_weight");
const probes = new SeriesWriter("maglev_probe_total");
const voids = new SeriesWriter("maglev_probe_void_total");
const durationBucket = new SeriesWriter("maglev_probe_duration_seconds", {
  suffix: "_bucket",
  last: "le",
});
const durationSum = new SeriesWriter("maglev_probe_duration_seconds", { suffix: "_sum" });
const durationCount = new SeriesWriter("maglev_probe_duration_seconds", { suffix: "_count" });

/** Text after the labels of each bucket. */
const BUCKET_ENDS = [...PROBE_DURATION_BUCKETS_S, Infinity].map((bound) =>
  `${formatValue(bound)}"} `
);

/** The families of this file. */
export const backendRows = {
  *maglev_backend_state({ snapshot: { backends, config } }: MetricsView) {
    for (const [name, { state }] of backends) {
      const { address, healthcheck } = config.backends.get(name)!;
      const start = backendState.open([name, address.text, healthcheck ?? ""]);
      let text = "";
      for (const other of BACKEND_STATES) {
        text += start + other + (other === state ? '"} 1\n' : '"} 0\n');
      }
      yield text;
    }
  },
  *maglev_backend_health({ snapshot: { backends } }: MetricsView) {
    for (const [name, { counter }] of backends) yield backendHealth.line([name], counter);
  },
  *maglev_backend_enabled({ snapshot: { backends } }: MetricsView) {
    for (const [name, { enabled }] of backends) yield backendEnabled.line([name], enabled ? 1 : 0);
  },
  *maglev_backend_transitions_total(view: MetricsView) {
    for (const [{ name }, tally] of tallied(view)) {
      for (const { from, to, count } of tally.transitions()) {
        yield transitions.line([name, from, to], count);
      }
    }
  },
  *maglev_backend_certificate_expiry_seconds({ snapshot: { backends } }: MetricsView) {
    for (const [name, { certificateExpiryMs }] of backends) {
      if (certificateExpiryMs === undefined) continue;
      yield certificate.line([name], certificateExpiryMs / 1000);
    }
  },
  *maglev_frontend_state({ snapshot: { frontends } }: MetricsView) {
    for (const [name, { state }] of frontends) {
      for (const other of FRONTEND_STATES) {
        yield frontendState.line([name, other], other === state ? 1 : 0);
      }
    }
  },
  *maglev_frontend_pool_backend_weight({ snapshot: { frontends } }: MetricsView) {
    for (const [frontend, { config }] of frontends) {
      for (const pool of config.pools) {
        for (const entry of pool.backends) {
          yield weight.line([frontend, pool.name, entry.name], entry.weight);
        }
      }
    }
  },
  *maglev_frontend_pool_backend_effective_weight({ snapshot: { frontends } }: MetricsView) {
    for (const [frontend, { config, effectiveWeights }] of frontends) {
      for (const [p, pool] of config.pools.entries()) {
        for (const [b, entry] of pool.backends.entries()) {
          const labels = [frontend, pool.name, entry.name];
          yield effectiveWeight.line(labels, effectiveWeights[p]![b]!);
        }
      }
    }
  },
  *maglev_probe_total(view: MetricsView) {
    for (const [{ name }, tally] of tallied(view)) {
      if (tally.type === undefined) continue;
      for (const { result, code, count } of tally.probes()) {
        yield probes.line([name, tally.type, result, code], count);
      }
    }
  },
  *maglev_probe_duration_seconds(view: MetricsView) {
    for (const [{ name }, tally] of tallied(view)) {
      if (tally.type !== undefined) yield durationRow([name, tally.type], tally);
    }
  },
  *maglev_probe_void_total(view: MetricsView) {
    for (const [{ name }, tally] of tallied(view)) {
      if (tally.voids > 0) yield voids.line([name], tally.voids);
    }
  },
};

/** The lines of one histogram, all of one instant. */
function durationRow(labels: readonly string[], { durations }: BackendTally): string {
  const { classes, count, sumMs } = durations;
  const start = durationBucket.open(labels);
  let text = "";
  let below = 0;
  for (let i = 0; i < BUCKET_ENDS.length; i++) {
    below += classes[i]!;
    text += `${start}${BUCKET_ENDS[i]}${below}\n`;
  }
  return text + durationSum.line(labels, sumMs / 1000) + durationCount.line(labels, count);
}

function* tallied({ snapshot, tallies }: MetricsView): Generator<[Backend, BackendTally]> {
  let i = 0;
  for (const backend of snapshot.backends.values()) {
    const tally = tallies[i++];
    if (tally !== undefined) yield [backend, tally];
  }
}
