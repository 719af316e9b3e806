/** PURE. Lines of backends, frontends and probes. */
import { PROBE_DURATION_BUCKETS_S } from "../checker/tally.ts";
import type { BackendTally } from "../checker/tally.ts";
import { BACKEND_STATE_NUMBER, type BackendState, type FrontendState } from "../health/state.ts";
import type { Backend } from "../health/state.ts";
import { formatValue, type Page, SeriesWriter } from "./text.ts";
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

const ENCODER = new TextEncoder();
/** By state: the end of its line if the backend is in it, and otherwise. */
const STATE_ENDS = BACKEND_STATES.map((state) => ({
  state,
  is: ENCODER.encode(`${state}"} 1\n`),
  isNot: ENCODER.encode(`${state}"} 0\n`),
}));
/** Text after the labels of each bucket. */
const BUCKET_ENDS = [...PROBE_DURATION_BUCKETS_S, Infinity].map((bound) =>
  ENCODER.encode(`${formatValue(bound)}"} `)
);

/** The families of this file. */
export const backendRows = {
  *maglev_backend_state({ snapshot: { backends, config } }: MetricsView, page: Page) {
    for (const [name, { state }] of backends) {
      const { address, healthcheck } = config.backends.get(name)!;
      const start = page.length;
      backendState.open(page, [name, address.text, healthcheck ?? ""]);
      const end = page.length;
      for (const [i, { state: other, is, isNot }] of STATE_ENDS.entries()) {
        if (i > 0) page.repeat(start, end);
        page.addBytes(other === state ? is : isNot);
      }
      yield;
    }
  },
  *maglev_backend_health({ snapshot: { backends } }: MetricsView, page: Page) {
    for (const [name, { counter }] of backends) yield backendHealth.line(page, [name], counter);
  },
  *maglev_backend_enabled({ snapshot: { backends } }: MetricsView, page: Page) {
    for (const [name, { enabled }] of backends) {
      yield backendEnabled.line(page, [name], enabled ? 1 : 0);
    }
  },
  *maglev_backend_transitions_total(view: MetricsView, page: Page) {
    for (const [{ name }, tally] of tallied(view)) {
      for (const { from, to, count } of tally.transitions()) {
        yield transitions.line(page, [name, from, to], count);
      }
    }
  },
  *maglev_backend_certificate_expiry_seconds({ snapshot: { backends } }: MetricsView, page: Page) {
    for (const [name, { certificateExpiryMs }] of backends) {
      if (certificateExpiryMs === undefined) continue;
      yield certificate.line(page, [name], certificateExpiryMs / 1000);
    }
  },
  *maglev_frontend_state({ snapshot: { frontends } }: MetricsView, page: Page) {
    for (const [name, { state }] of frontends) {
      for (const other of FRONTEND_STATES) {
        yield frontendState.line(page, [name, other], other === state ? 1 : 0);
      }
    }
  },
  *maglev_frontend_pool_backend_weight({ snapshot: { frontends } }: MetricsView, page: Page) {
    for (const [frontend, { config }] of frontends) {
      for (const pool of config.pools) {
        for (const entry of pool.backends) {
          yield weight.line(page, [frontend, pool.name, entry.name], entry.weight);
        }
      }
    }
  },
  *maglev_frontend_pool_backend_effective_weight(
    { snapshot: { frontends } }: MetricsView,
    page: Page,
  ) {
    for (const [frontend, { config, effectiveWeights }] of frontends) {
      for (const [p, pool] of config.pools.entries()) {
        for (const [b, entry] of pool.backends.entries()) {
          const labels = [frontend, pool.name, entry.name];
          yield effectiveWeight.line(page, labels, effectiveWeights[p]![b]!);
        }
      }
    }
  },
  *maglev_probe_total(view: MetricsView, page: Page) {
    for (const [{ name }, tally] of tallied(view)) {
      if (tally.type === undefined) continue;
      for (const { result, code, count } of tally.probes()) {
        yield probes.line(page, [name, tally.type, result, code], count);
      }
    }
  },
  *maglev_probe_duration_seconds(view: MetricsView, page: Page) {
    for (const [{ name }, tally] of tallied(view)) {
      if (tally.type !== undefined) yield durationRow(page, [name, tally.type], tally);
    }
  },
  *maglev_probe_void_total(view: MetricsView, page: Page) {
    for (const [{ name }, tally] of tallied(view)) {
      if (tally.voids > 0) yield voids.line(page, [name], tally.voids);
    }
  },
};

/** The lines of one histogram, all of one instant. */
function durationRow(page: Page, labels: readonly string[], { durations }: BackendTally): void {
  const { classes, count, sumMs } = durations;
  const start = page.length;
  durationBucket.open(page, labels);
  const end = page.length;
  let below = 0;
  for (let i = 0; i < BUCKET_ENDS.length; i++) {
    if (i > 0) page.repeat(start, end);
    below += classes[i]!;
    page.addBytes(BUCKET_ENDS[i]!);
    page.addValue(below);
    page.end();
  }
  durationSum.line(page, labels, sumMs / 1000);
  durationCount.line(page, labels, count);
}

function* tallied({ snapshot, tallies }: MetricsView): Generator<[Backend, BackendTally]> {
  let i = 0;
  for (const backend of snapshot.backends.values()) {
    const tally = tallies[i++];
    if (tally !== undefined) yield [backend, tally];
  }
}
