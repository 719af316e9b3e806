/** PURE. The families of metrics about the threads that probe, and about their certificates. */
import { LACKS } from "../probe/lack.ts";
import type { Family } from "./family.ts";

const NETNS = { netns: "network namespace of the probes; empty for maglevd's own" };

/** By name, in the order in which they are written. */
export const PROBER_FAMILIES = {
  maglev_prober_blind: {
    type: "gauge",
    help: "Backends whose probes are void because this host lacks something; 0 while all is well.",
    labels: {
      ...NETNS,
      reason: `missing resource: ${LACKS.join(", ")}`,
    },
    kept: "scrape",
  },
  maglev_prober_isolated: {
    type: "gauge",
    help: "1 while probers take themselves to be cut off from the network, else 0.",
    labels: NETNS,
    kept: "scrape",
  },
  maglev_prober_isolation_expired: {
    type: "gauge",
    help: "1 from max-hold of an isolation until its targets are back, else 0.",
    labels: NETNS,
    kept: "scrape",
  },
  maglev_client_certificate_expiry_seconds: {
    type: "gauge",
    help: "First end of validity in a file of client certificates that probes show, Unix time.",
    labels: { file: "path of the file, as `client-cert` has it" },
    kept: "scrape",
    absent: "without `client-cert`",
  },
} as const satisfies Readonly<Record<string, Family>>;
