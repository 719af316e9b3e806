/** PURE. Lines of backends, frontends and probes. */
import { PROBE_DURATION_BUCKETS_S } from "../checker/tally.ts";
import { clientCertificatesOf } from "../config/client_certificates.ts";
import type { Config } from "../config/model.ts";
import { AGENT_READY } from "../health/agent.ts";
import { BACKEND_STATE_NUMBER, type BackendState, type FrontendState } from "../health/state.ts";
import { isSuppressed, penaltyAt } from "../health/policy/damping.ts";
import { formatValue, type Page, SeriesWriter } from "./text.ts";
import type { MetricsView } from "./view.ts";

const BACKEND_STATES = Object.keys(BACKEND_STATE_NUMBER) as BackendState[];
const AGENT_STATES = ["ready", "drain", "maint", "down"] as const;
const FRONTEND_STATES: readonly FrontendState[] = ["unknown", "up", "down"];

const backendState = new SeriesWriter("maglev_backend_state");
const backendHealth = new SeriesWriter("maglev_backend_health");
const backendEnabled = new SeriesWriter("maglev_backend_enabled");
const transitions = new SeriesWriter("maglev_backend_transitions_total");
const certificate = new SeriesWriter("maglev_backend_certificate_expiry_seconds");
const ownCertificate = new SeriesWriter("maglev_client_certificate_expiry_seconds");
const dampingPenalty = new SeriesWriter("maglev_backend_damping_penalty");
const damped = new SeriesWriter("maglev_backend_damped");
const agentState = new SeriesWriter("maglev_backend_agent_state");
const agentRatio = new SeriesWriter("maglev_backend_agent_weight_ratio");
const frontendState = new SeriesWriter("maglev_frontend_state");
const frontendHeld = new SeriesWriter("maglev_frontend_held");
const poolHeld = new SeriesWriter("maglev_frontend_pool_held");
const poolRising = new SeriesWriter("maglev_frontend_pool_rising");
const frontendAnnounced = new SeriesWriter("maglev_frontend_announced");
const weight = new SeriesWriter("maglev_frontend_pool_backend_weight");
const effectiveWeight = new SeriesWriter("maglev_frontend_pool_backend_effective_weight");
const probes = new SeriesWriter("maglev_probe_total");
const encapUp = new SeriesWriter("maglev_encap_up");
const encapProbes = new SeriesWriter("maglev_encap_probe_total");
const encapVoids = new SeriesWriter("maglev_encap_probe_void_total");
const voidProbes = new SeriesWriter("maglev_probe_void_total");
const durationBucket = new SeriesWriter("maglev_probe_duration_seconds", {
  suffix: "_bucket",
  last: "le",
});
const durationSum = new SeriesWriter("maglev_probe_duration_seconds", { suffix: "_sum" });
const durationCount = new SeriesWriter("maglev_probe_duration_seconds", { suffix: "_count" });

const ENCODER = new TextEncoder();
const STATE_ENDS = BACKEND_STATES.map((state) => ENCODER.encode(`${state}"} `));
const BUCKET_ENDS = [...PROBE_DURATION_BUCKETS_S, Infinity].map((bound) =>
  ENCODER.encode(`${formatValue(bound)}"} `)
);
/** By state: the values of a backend's series of states. */
const STATE_VALUES = new Map(
  BACKEND_STATES.map((state) => [state, BACKEND_STATES.map((other) => other === state ? 1 : 0)]),
);

const NO_PAIRS: NonNullable<MetricsView["encap"]> = [];

/** The families of this file. */
export const backendRows = {
  *maglev_backend_state({ snapshot: { backends, config } }: MetricsView, page: Page) {
    for (const { name, state } of backends.values()) {
      const { address, healthcheck } = config.backends.get(name)!;
      backendState.lines(
        page,
        STATE_ENDS,
        STATE_VALUES.get(state)!,
        name,
        address.text,
        healthcheck ?? "",
      );
      if (page.full) yield;
    }
  },
  *maglev_backend_health({ snapshot: { backends } }: MetricsView, page: Page) {
    for (const { name, counter } of backends.values()) {
      backendHealth.line(page, counter, name);
      if (page.full) yield;
    }
  },
  *maglev_backend_enabled({ snapshot: { backends } }: MetricsView, page: Page) {
    for (const { name, enabled } of backends.values()) {
      backendEnabled.line(page, enabled ? 1 : 0, name);
      if (page.full) yield;
    }
  },
  *maglev_backend_transitions_total({ tallies }: MetricsView, page: Page) {
    for (const { name, transitions: counts } of tallies) {
      for (const { from, to, count } of counts) {
        transitions.line(page, count, name, from, to);
      }
      if (page.full) yield;
    }
  },
  *maglev_backend_certificate_expiry_seconds(
    { snapshot: { backends } }: MetricsView,
    page: Page,
  ) {
    for (const { name, certificateExpiryMs } of backends.values()) {
      if (certificateExpiryMs === undefined) continue;
      certificate.line(page, certificateExpiryMs / 1000, name);
      if (page.full) yield;
    }
  },
  *maglev_client_certificate_expiry_seconds({ snapshot: { config } }: MetricsView, page: Page) {
    for (const { certPath, validUntilMs } of clientCertificatesOf(config)) {
      ownCertificate.line(page, validUntilMs / 1000, certPath);
      if (page.full) yield;
    }
  },
  *maglev_backend_damping_penalty(
    { snapshot: { backends }, monotonicMs }: MetricsView,
    page: Page,
  ) {
    for (const { name, damping, policy } of backends.values()) {
      if (policy.damping === undefined) continue;
      const value = damping === undefined ? 0 : penaltyAt(damping, policy.damping, monotonicMs);
      dampingPenalty.line(page, value, name);
      if (page.full) yield;
    }
  },
  *maglev_backend_damped({ snapshot: { backends }, monotonicMs }: MetricsView, page: Page) {
    for (const { name, damping, policy } of backends.values()) {
      if (policy.damping === undefined) continue;
      damped.line(page, isSuppressed(damping, policy.damping, monotonicMs) ? 1 : 0, name);
      if (page.full) yield;
    }
  },
  *maglev_backend_agent_state({ snapshot: { backends, config } }: MetricsView, page: Page) {
    for (const { name, agent } of backends.values()) {
      if (!hasAgent(name, config)) continue;
      const { down, admin } = agent ?? AGENT_READY;
      const reported = down ? "down" : admin;
      for (const state of AGENT_STATES) {
        agentState.line(page, state === reported ? 1 : 0, name, state);
      }
      if (page.full) yield;
    }
  },
  *maglev_backend_agent_weight_ratio({ snapshot: { backends, config } }: MetricsView, page: Page) {
    for (const { name, agent } of backends.values()) {
      if (!hasAgent(name, config)) continue;
      agentRatio.line(page, (agent ?? AGENT_READY).percent / 100, name);
      if (page.full) yield;
    }
  },
  *maglev_frontend_state({ snapshot: { frontends } }: MetricsView, page: Page) {
    for (const { name, state } of frontends.values()) {
      for (const other of FRONTEND_STATES) {
        frontendState.line(page, other === state ? 1 : 0, name, other);
      }
      if (page.full) yield;
    }
  },
  *maglev_frontend_held({ snapshot: { frontends } }: MetricsView, page: Page) {
    for (const { name, held } of frontends.values()) {
      frontendHeld.line(page, held === true ? 1 : 0, name);
      if (page.full) yield;
    }
  },
  *maglev_frontend_pool_held({ snapshot: { frontends } }: MetricsView, page: Page) {
    for (const { name, config, memory: { maxDown } } of frontends.values()) {
      for (const pool of config.pools) {
        poolHeld.line(page, maxDown?.get(pool.name)?.held.length ?? 0, name, pool.name);
        if (page.full) yield;
      }
    }
  },
  *maglev_frontend_pool_rising({ snapshot: { frontends } }: MetricsView, page: Page) {
    for (const { name, config, memory: { slowStart } } of frontends.values()) {
      for (const pool of config.pools) {
        const rising = slowStart?.pool === pool.name ? slowStart.ramps.size : 0;
        poolRising.line(page, rising, name, pool.name);
        if (page.full) yield;
      }
    }
  },
  *maglev_frontend_announced({ snapshot: { frontends }, announced }: MetricsView, page: Page) {
    for (const name of frontends.keys()) {
      const is = announced?.(name);
      if (is === undefined) continue;
      frontendAnnounced.line(page, is ? 1 : 0, name);
      if (page.full) yield;
    }
  },
  *maglev_frontend_pool_backend_weight({ snapshot: { frontends } }: MetricsView, page: Page) {
    for (const { name, config } of frontends.values()) {
      for (const pool of config.pools) {
        for (const entry of pool.backends) {
          weight.line(page, entry.weight, name, pool.name, entry.name);
          if (page.full) yield;
        }
      }
    }
  },
  *maglev_frontend_pool_backend_effective_weight(
    { snapshot: { frontends } }: MetricsView,
    page: Page,
  ) {
    for (const { name, config: { pools }, effectiveWeights } of frontends.values()) {
      for (let p = 0; p < pools.length; p++) {
        const { name: pool, backends } = pools[p]!;
        for (let b = 0; b < backends.length; b++) {
          effectiveWeight.line(page, effectiveWeights[p]![b]!, name, pool, backends[b]!.name);
          if (page.full) yield;
        }
      }
    }
  },
  *maglev_encap_up({ encap = NO_PAIRS }: MetricsView, page: Page) {
    for (const { frontend, backend, isUp } of encap) {
      encapUp.line(page, isUp ? 1 : 0, frontend, backend);
      if (page.full) yield;
    }
  },
  *maglev_encap_probe_total({ encap = NO_PAIRS }: MetricsView, page: Page) {
    for (const { frontend, backend, tally } of encap) {
      for (const { result, code, count } of tally?.probes ?? []) {
        encapProbes.line(page, count, frontend, backend, result, code);
      }
      if (page.full) yield;
    }
  },
  *maglev_encap_probe_void_total({ encap = NO_PAIRS }: MetricsView, page: Page) {
    for (const { frontend, backend, tally } of encap) {
      if (tally !== undefined && tally.voids > 0) {
        encapVoids.line(page, tally.voids, frontend, backend);
      }
      if (page.full) yield;
    }
  },
  *maglev_probe_total({ tallies }: MetricsView, page: Page) {
    for (const { name, type, probes: counts } of tallies) {
      if (type === undefined) continue;
      for (const { result, code, count } of counts) {
        probes.line(page, count, name, type, result, code);
      }
      if (page.full) yield;
    }
  },
  *maglev_probe_duration_seconds({ tallies }: MetricsView, page: Page) {
    const upTo = new Array<number>(BUCKET_ENDS.length).fill(0);
    for (const { name, type, durations } of tallies) {
      if (type === undefined) continue;
      // All lines of one histogram are of one instant.
      let below = 0;
      for (let i = 0; i < upTo.length; i++) upTo[i] = below += durations.classes[i]!;
      durationBucket.lines(page, BUCKET_ENDS, upTo, name, type);
      durationSum.line(page, durations.sumMs / 1000, name, type);
      durationCount.line(page, durations.count, name, type);
      if (page.full) yield;
    }
  },
  *maglev_probe_void_total({ tallies }: MetricsView, page: Page) {
    for (const { name, voids } of tallies) {
      if (voids > 0) voidProbes.line(page, voids, name);
      if (page.full) yield;
    }
  },
};

function hasAgent(backend: string, { backends, healthchecks }: Config): boolean {
  const { healthcheck } = backends.get(backend)!;
  return healthcheck !== undefined && healthchecks.get(healthcheck)!.agent !== undefined;
}
