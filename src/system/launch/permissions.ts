/**
 * PURE. The permissions and runtime settings that each program is started with, as they follow
 * from its command line and environment.
 *
 * `tools/release/launcher.sh` starts the programs. It takes its lists from these tables
 * (launcher_table.ts) and repeats permissionsOf() (grants.ts) in shell; a property test compares both.
 */

/**
 * Probes make short-lived garbage, and V8 by default lets the heap grow. A daemon of 10,000 backends
 * holds 330 MiB without it and 140 MiB with it, at a few per cent more CPU (docs/benchmarks.md).
 */
const SMALL_HEAP = "--optimize-for-size";

/**
 * Flags of V8 for the daemon; they cannot be set later, or for a worker alone.
 *
 * `preconfigured-old-space-size` (MB): a start fills the heap once, and without it collects it seven
 * times meanwhile, which is a quarter of the CPU until 10,000 backends are known. It is the limit up
 * to the first full collection alone, which src/system/garbage.ts asks for; that needs `expose-gc`.
 */
export const V8_FLAGS: readonly string[] = [
  SMALL_HEAP,
  "--preconfigured-old-space-size=128",
  "--expose-gc",
];

/**
 * Flags of V8 for the dashboard. Its events are garbage of one turn: a small young generation keeps
 * 200 browsers below 90 MiB, and 117 MiB without it, at the same CPU. `optimize-for-size` would take
 * a third more CPU (docs/benchmarks.md).
 */
export const FRONTEND_V8_FLAGS: readonly string[] = ["--max-semi-space-size=2"];

/** The daemon's runtime settings, as `deno run` takes them. */
export const RUNTIME_FLAGS: readonly string[] = [`--v8-flags=${V8_FLAGS.join(",")}`];

/**
 * Environment of the runtime, set by the launcher. Servers' certificates are checked against the
 * system's authorities (/etc/ssl/certs), not against Deno's copy of Mozilla's, which lacks those
 * that the operator added. Deno does not look for new versions of itself. Deno reads these before
 * the program starts, so they need no permission.
 */
export const RUNTIME_ENVIRONMENT: Readonly<Record<string, string>> = {
  DENO_TLS_CA_STORE: "system",
  DENO_NO_UPDATE_CHECK: "1",
};

/**
 * The folder in which a unix socket is created before it is renamed. It is next to the socket,
 * because a rename does not cross file systems.
 */
export function stagingFolder(socket: string): string {
  return `${socket}.new`;
}

/**
 * Environment variables that the daemon reads; the package `yaml` reads LOG_…, `@grpc/grpc-js` reads
 * GRPC_….
 */
export const MAGLEVD_ENVIRONMENT: readonly string[] = [
  "GRPC_*",
  "LOG_STREAM",
  "LOG_TOKENS",
  "MAGLEV_BUILD",
  "MAGLEV_CONFIG",
  "MAGLEV_FLEET",
  "MAGLEV_FLEET_*",
  "MAGLEV_GRPC_ADDR",
  "MAGLEV_GRPC_ANONYMOUS_ROLE",
  "MAGLEV_GRPC_CLIENT_CA",
  "MAGLEV_GRPC_TLS_CERT",
  "MAGLEV_GRPC_TLS_KEY",
  "MAGLEV_GRPC_TOKENS",
  "MAGLEV_HANG_UPS",
  "MAGLEV_LOG_FORMAT",
  "MAGLEV_LOG_LEVEL",
  "MAGLEV_METRICS_ADDR",
  "MAGLEV_PROBE_WORKERS",
  "MAGLEV_REFLECTION",
  "MAGLEV_SHIM",
  "MAGLEV_STATE_DIR",
  "MAGLEV_STATE_MAX_AGE",
  "MAGLEV_VPP_API_ADDR",
  "MAGLEV_VPP_STATS_ADDR",
];

/** Environment variables that maglevc reads; `yaml` reads LOG_…, `@grpc/grpc-js` reads GRPC_…. */
export const MAGLEVC_ENVIRONMENT: readonly string[] = [
  "GRPC_*",
  "HOME",
  "LOGNAME",
  "LOG_STREAM",
  "LOG_TOKENS",
  "MAGLEV_BUILD",
  "MAGLEV_COLOR",
  "MAGLEV_OUTPUT",
  "MAGLEV_SERVER",
  "MAGLEV_TIMEOUT",
  "MAGLEV_TLS",
  "MAGLEV_TLS_CA",
  "MAGLEV_TLS_CERT",
  "MAGLEV_TLS_KEY",
  "MAGLEV_TLS_SERVER_NAME",
  "MAGLEV_TOKEN_FILE",
  "NO_COLOR",
  "SUDO_USER",
  "TERM",
  "USER",
  "XDG_STATE_HOME",
];

/** Environment variables that maglevd-frontend reads; GRPC_… are asked for by `@grpc/grpc-js`. */
export const FRONTEND_ENVIRONMENT: readonly string[] = [
  "GRPC_*",
  "MAGLEV_BUILD",
  "MAGLEV_FRONTEND_*",
  "MAGLEV_LISTEN",
  "MAGLEV_SERVERS",
];

/** Environment variables that maglevt reads; `yaml` reads LOG_…. */
export const MAGLEVT_ENVIRONMENT: readonly string[] = [
  "LOG_STREAM",
  "LOG_TOKENS",
  "MAGLEV_BUILD",
  "MAGLEV_CONFIG",
  "NO_COLOR",
  "TERM",
];

/** A program as the launcher sees it. */
export interface Program {
  readonly name: string;
  /** Its entry file in the checkout. */
  readonly entry: string;
  readonly runtimeFlags: readonly string[];
  /** Environment variables it may read. */
  readonly environment: readonly string[];
  /** Folders of the checkout from which threads load their code. */
  readonly code: readonly string[];
  /** Paths it may always read, and write. */
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** `open`: any address. `servers`: those of the command line, where these can be listed. */
  readonly net: "open" | "servers";
  /** Facts of the system it may ask the runtime for: `--allow-sys`. */
  readonly system: readonly string[];
  /** It loads the shim. */
  readonly shim: boolean;
  /** It reads `~/.config/maglevc` and keeps its history. */
  readonly home: boolean;
  /** Words stand between its flags; see SettingsInput.positionals. */
  readonly words: boolean;
}

/** Where Debian keeps certificate authorities; `ca-file` often names one of these. */
const AUTHORITIES: readonly string[] = [
  "/etc/ssl",
  "/usr/share/ca-certificates",
  "/usr/local/share/ca-certificates",
];

/**
 * read: code of its threads, configuration with its `ca-file`s, VPP's socket, state directory,
 * certificates and tokens for gRPC;
 * write: connecting to a unix socket counts as writing to it, and so does listening; the state
 * directory;
 * net: servers of any address are probed, so it stays open; unix sockets are within it;
 * ffi: the shim and no other library. VPP's stats socket and its shared memory are opened by the
 * shim, so they need nothing more.
 */
export const MAGLEVD: Program = {
  name: "maglevd",
  entry: "main.ts",
  runtimeFlags: RUNTIME_FLAGS,
  environment: MAGLEVD_ENVIRONMENT,
  code: ["src", "ffi"],
  read: ["/etc/vpp-maglev", ...AUTHORITIES],
  write: ["/run/vpp-maglev"],
  net: "open",
  system: [],
  shim: true,
  home: false,
  words: false,
};

/** No programs, no libraries, no threads; its servers, its credentials, its history. */
export const MAGLEVC: Program = {
  name: "maglevc",
  entry: "cli.ts",
  runtimeFlags: [],
  environment: MAGLEVC_ENVIRONMENT,
  code: [],
  read: ["/etc/vpp-maglev", ...AUTHORITIES],
  write: ["/run/vpp-maglev"],
  net: "servers",
  // The number of a user without a name.
  system: ["uid"],
  shim: false,
  home: true,
  words: true,
};

/**
 * net: the maglevds, where they can be listed, and the address where browsers are served;
 * read: its password, credentials and certificates. The page is part of the program.
 */
export const FRONTEND: Program = {
  name: "maglevd-frontend",
  entry: "frontend.ts",
  runtimeFlags: [`--v8-flags=${FRONTEND_V8_FLAGS.join(",")}`],
  environment: FRONTEND_ENVIRONMENT,
  code: [],
  read: ["/etc/vpp-maglev", ...AUTHORITIES],
  write: ["/run/vpp-maglev"],
  net: "servers",
  system: [],
  shim: false,
  home: false,
  words: false,
};

/** Its configurations and its log; VIPs have any address, so the network stays open. */
export const MAGLEVT: Program = {
  name: "maglevt",
  entry: "tester.ts",
  runtimeFlags: [`--v8-flags=${SMALL_HEAP}`],
  environment: MAGLEVT_ENVIRONMENT,
  code: [],
  read: ["/etc/vpp-maglev", ...AUTHORITIES],
  write: [],
  net: "open",
  // For the head of the screen.
  system: ["hostname"],
  shim: false,
  home: false,
  words: false,
};

/** Variables that the launcher itself reads: further paths, with colons between. */
export const READ_PATHS = "MAGLEV_READ_PATHS";
export const WRITE_PATHS = "MAGLEV_WRITE_PATHS";

/** Where systemd puts the files of `LoadCredential=`; readable for the unit's user alone. */
export const CREDENTIALS = "CREDENTIALS_DIRECTORY";
