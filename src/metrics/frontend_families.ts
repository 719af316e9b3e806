/** PURE. The families of metrics about frontends. */
import type { Family } from "./family.ts";

const FRONTEND = { frontend: "name of the frontend" };
const POOL = { ...FRONTEND, pool: "name of the pool" };
const PAIR = { ...FRONTEND, backend: "name of the backend" };
const ENTRY = { ...POOL, backend: "name of the backend" };

/** By name, in the order in which they are written. */
export const FRONTEND_FAMILIES = {
  maglev_frontend_state: {
    type: "gauge",
    help: "1 for the state the frontend is in, 0 for the others.",
    labels: { ...FRONTEND, state: "unknown, up, down" },
    kept: "scrape",
  },
  maglev_frontend_held: {
    type: "gauge",
    help: "1 while no server is up and VPP keeps the weights it has, else 0.",
    labels: FRONTEND,
    kept: "scrape",
  },
  maglev_frontend_pool_held: {
    type: "gauge",
    help: "Servers that are down and keep their weight, because of the pool's max-down.",
    labels: POOL,
    kept: "scrape",
  },
  maglev_frontend_pool_rising: {
    type: "gauge",
    help: "Servers that came up and have not reached their weight, because of slow-start.",
    labels: POOL,
    kept: "scrape",
  },
  maglev_frontend_announced: {
    type: "gauge",
    help: "1 while the prefix of a frontend with `announce` is announced, else 0.",
    labels: FRONTEND,
    kept: "scrape",
  },
  maglev_announce_stale: {
    type: "gauge",
    help: "1 while the file of maglev.announce lacks a change because writing failed, else 0.",
    labels: {},
    kept: "scrape",
  },
  maglev_lameduck: {
    type: "gauge",
    help: "1 while an operator keeps all prefixes withdrawn, else 0.",
    labels: {},
    kept: "scrape",
    absent: "without maglev.announce",
  },
  maglev_next_failure_empties: {
    type: "gauge",
    help: "Frontends that lose their last server when one more server fails.",
    labels: {},
    kept: "scrape",
  },
  maglev_frontend_pool_backend_weight: {
    type: "gauge",
    help: "Configured weight, or the operator's weight that replaces it.",
    labels: ENTRY,
    kept: "scrape",
  },
  maglev_frontend_pool_backend_effective_weight: {
    type: "gauge",
    help: "Weight that follows from health and the active pool; the desired one in VPP.",
    labels: ENTRY,
    kept: "scrape",
  },
  maglev_encap_up: {
    type: "gauge",
    help:
      "1 while the server passes the check through VPP's tunnel, and before its first result, " +
      "else 0.",
    labels: PAIR,
    kept: "scrape",
    absent: "without encap",
  },
  maglev_encap_probe_total: {
    type: "counter",
    help: "Probes through VPP's tunnel that counted.",
    labels: {
      ...PAIR,
      result: "pass or fail",
      code: "result code: L3ENCAP, L4OK, L7OK",
    },
    kept: "scrape",
    absent: "for results that never came",
  },
  maglev_encap_probe_void_total: {
    type: "counter",
    help:
      "Probes through VPP's tunnel that did not count, because this host lacks something for them.",
    labels: PAIR,
    kept: "scrape",
    absent: "for pairs without such probes",
  },
} as const satisfies Record<string, Family>;
