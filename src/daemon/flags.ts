/** maglevd's flags; the usage text and the environment variables follow from this table. */
import type { FlagTable, Settings } from "../system/settings.ts";
import { ABOUT_FLAGS, logFlags } from "../system/shared_flags.ts";

export const MAGLEVD_FLAGS = {
  config: {
    kind: "string",
    default: "/etc/vpp-maglev/maglev.yaml",
    env: "MAGLEV_CONFIG",
    grants: "config",
    placeholder: "PATH",
    help: "configuration file; with --check also - for standard input",
  },
  "vpp-api-addr": {
    kind: "string",
    default: "/run/vpp/api.sock",
    env: "MAGLEV_VPP_API_ADDR",
    grants: "socket",
    placeholder: "ADDR",
    help: "VPP's API: path of its socket; shm: or shm:PREFIX for its shared memory; " +
      "empty: no VPP, health checks only",
  },
  "vpp-stats-addr": {
    kind: "string",
    default: "/run/vpp/stats.sock",
    env: "MAGLEV_VPP_STATS_ADDR",
    placeholder: "PATH",
    help: "VPP's stats socket; empty: no counters",
  },
  "metrics-addr": {
    kind: "string",
    default: ":9091",
    env: "MAGLEV_METRICS_ADDR",
    grants: "listen",
    placeholder: "ADDRESS",
    help: "where /metrics, /healthz and /readyz are served: host:port, :port (all addresses), " +
      "[v6]:port or unix:/path; empty: nowhere",
  },
  "state-dir": {
    kind: "string",
    default: "",
    env: "MAGLEV_STATE_DIR",
    grants: "folder",
    placeholder: "PATH",
    help: "folder in which operators' pauses, disables and weights survive, and the history; " +
      "empty: they do not",
  },
  "state-max-age": {
    kind: "duration",
    default: 30 * 24 * 3_600_000,
    env: "MAGLEV_STATE_MAX_AGE",
    min: 1,
    placeholder: "TIME",
    help: "pauses, disables, drains and weights older than this are dropped at the start",
  },
  "grpc-addr": {
    kind: "string",
    default: ":9090",
    env: "MAGLEV_GRPC_ADDR",
    grants: "listen",
    placeholder: "ADDR",
    help: "where gRPC is served: host:port, :port (all addresses), [v6]:port or unix:/path; " +
      "empty: nowhere",
  },
  reflection: {
    kind: "boolean",
    default: true,
    env: "MAGLEV_REFLECTION",
    help: "serve gRPC reflection",
  },
  "grpc-tls-cert": {
    kind: "string",
    default: "",
    env: "MAGLEV_GRPC_TLS_CERT",
    grants: "file",
    placeholder: "PATH",
    help: "certificate (PEM, with its chain) for TLS; read again on SIGHUP",
  },
  "grpc-tls-key": {
    kind: "string",
    default: "",
    env: "MAGLEV_GRPC_TLS_KEY",
    grants: "file",
    placeholder: "PATH",
    help: "its key (PEM)",
  },
  "grpc-client-ca": {
    kind: "string",
    default: "",
    env: "MAGLEV_GRPC_CLIENT_CA",
    grants: "file",
    placeholder: "PATH",
    help: "authority (PEM) of the certificates that clients must show; they are operators, " +
      "with OU=viewer viewers",
  },
  "grpc-tokens": {
    kind: "string",
    default: "",
    env: "MAGLEV_GRPC_TOKENS",
    grants: "file",
    placeholder: "PATH",
    help: "file of lines `viewer TOKEN` and `operator TOKEN`, which others must not be able to " +
      "read; read again on SIGHUP",
  },
  "grpc-anonymous-role": {
    kind: "string",
    default: "viewer",
    env: "MAGLEV_GRPC_ANONYMOUS_ROLE",
    choices: ["none", "viewer", "operator"],
    placeholder: "ROLE",
    help: "role of callers without credentials: none, viewer, operator; those of this host are " +
      "operators while neither tokens nor a client CA are configured",
  },
  "fleet-store": {
    kind: "string",
    default: "",
    env: "MAGLEV_FLEET_STORE",
    placeholder: "STORE",
    help: "store of intents that several load balancers share: etcd:HOST:PORT,…; empty: none",
  },
  fleet: {
    kind: "string",
    default: "default",
    env: "MAGLEV_FLEET",
    placeholder: "NAME",
    help: "name of the fleet in its store",
  },
  "fleet-lb": {
    kind: "string",
    default: "",
    env: "MAGLEV_FLEET_LB",
    placeholder: "NAME",
    help: "name of this load balancer in its fleet, which no other one has; needed with a store",
  },
  "fleet-site": {
    kind: "string",
    default: "",
    env: "MAGLEV_FLEET_SITE",
    placeholder: "NAME",
    help: "site of this load balancer, for intents of one site; empty: none",
  },
  "fleet-tls-ca": {
    kind: "string",
    default: "",
    env: "MAGLEV_FLEET_TLS_CA",
    grants: "file",
    placeholder: "PATH",
    help: "authority (PEM) of the store's certificates; empty: no TLS; read at each connection",
  },
  "fleet-tls-cert": {
    kind: "string",
    default: "",
    env: "MAGLEV_FLEET_TLS_CERT",
    grants: "file",
    placeholder: "PATH",
    help: "certificate (PEM) that is shown to the store",
  },
  "fleet-tls-key": {
    kind: "string",
    default: "",
    env: "MAGLEV_FLEET_TLS_KEY",
    grants: "file",
    placeholder: "PATH",
    help: "its key (PEM)",
  },
  ...logFlags("MAGLEV_"),
  "probe-workers": {
    kind: "integer",
    default: 1,
    env: "MAGLEV_PROBE_WORKERS",
    min: 1,
    max: 64,
    placeholder: "N",
    help: "threads that probe, 1 to 64; servers are spread over them",
  },
  check: {
    kind: "boolean",
    default: false,
    help:
      "validate the configuration, print what is wrong, exit 0 (valid), 1 (parse) or 2 (semantic)",
  },
  ...ABOUT_FLAGS,
} as const satisfies FlagTable;

export type MaglevdSettings = Settings<typeof MAGLEVD_FLAGS>;
