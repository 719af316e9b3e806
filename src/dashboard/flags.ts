/** PURE. maglevd-frontend's flags; the usage text and the environment variables follow from this table. */
import type { FlagTable, Settings } from "../system/settings.ts";
import { ABOUT_FLAGS, clientFlags, logFlags } from "../system/shared_flags.ts";

export const FRONTEND_FLAGS = {
  server: {
    kind: "string",
    default: "",
    env: "MAGLEV_FRONTEND_SERVER",
    olderEnv: ["MAGLEV_FRONTEND_SERVERS", "MAGLEV_SERVERS"],
    grants: "servers",
    placeholder: "[NAME=]ADDR",
    help:
      "gRPC of a maglevd: host:port, :port (this host), [v6]:port or unix:/path, the port 9090 " +
      "when left out; several with commas: lb1=10.0.0.1,lb2=10.0.0.2",
  },
  listen: {
    kind: "string",
    default: ":8080",
    env: "MAGLEV_FRONTEND_LISTEN",
    olderEnv: ["MAGLEV_LISTEN"],
    grants: "listen",
    placeholder: "ADDR",
    help: "where browsers are served: host:port, :port (all addresses), [v6]:port or unix:/path",
  },
  "listen-tls-cert": {
    kind: "string",
    default: "",
    env: "MAGLEV_FRONTEND_LISTEN_TLS_CERT",
    grants: "file",
    placeholder: "PATH",
    help: "certificate (PEM, with its chain) for https; a new one is used within 10 s",
  },
  "listen-tls-key": {
    kind: "string",
    default: "",
    env: "MAGLEV_FRONTEND_LISTEN_TLS_KEY",
    grants: "file",
    placeholder: "PATH",
    help: "its key (PEM)",
  },
  user: {
    kind: "string",
    default: "",
    env: "MAGLEV_FRONTEND_USER",
    placeholder: "NAME",
    help: "login of /admin/, which needs a password too: in --password-file or in the variable " +
      "MAGLEV_FRONTEND_PASSWORD",
  },
  "password-file": {
    kind: "string",
    default: "",
    env: "MAGLEV_FRONTEND_PASSWORD_FILE",
    grants: "file",
    placeholder: "PATH",
    help: "file with the password as its one line, which others must not be able to read",
  },
  "admin-requires-tls": {
    kind: "boolean",
    default: false,
    env: "MAGLEV_FRONTEND_ADMIN_REQUIRES_TLS",
    help: "refuse /admin/ to browsers without https",
  },
  "trusted-proxies": {
    kind: "string",
    default: "",
    env: "MAGLEV_FRONTEND_TRUSTED_PROXIES",
    placeholder: "CIDR",
    help: "proxies whose X-Forwarded-For, -Host and -Proto are believed: addresses, prefixes, " +
      "unix for those of the socket; several with commas",
  },
  "allowed-hosts": {
    kind: "string",
    default: "",
    env: "MAGLEV_FRONTEND_ALLOWED_HOSTS",
    placeholder: "NAME",
    help:
      "names by which browsers without https may call the dashboard, next to addresses, names " +
      "without a dot and those of private networks; .example.net for all below it, * for any; " +
      "several with commas",
  },
  ...clientFlags("MAGLEV_FRONTEND_", { to: "the maglevds", of: "the maglevds'" }),
  ...logFlags("MAGLEV_FRONTEND_"),
  ...ABOUT_FLAGS,
} as const satisfies FlagTable;

export type FrontendSettings = Settings<typeof FRONTEND_FLAGS>;

/** The password, where it is not in a file. It is not a flag, because other users see those. */
export const PASSWORD_VARIABLE = "MAGLEV_FRONTEND_PASSWORD";
