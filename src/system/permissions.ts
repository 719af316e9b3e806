/**
 * PURE. What the daemon is started with: permissions and the runtime's settings, one list, from
 * which deno.json's task, the demo, the tests and the documentation follow.
 */

/**
 * Flags of V8; they cannot be set later, or for a worker alone.
 *
 * - `optimize-for-size`: probes make short-lived garbage, and V8 by default lets it grow. Without
 *   it a daemon of 10,000 backends holds 330 MiB, with it 140 MiB, for a few per cent more CPU
 *   (docs/benchmarks.md).
 * - `enable-experimental-regexp-engine-on-excessive-backtracks`: a response-regexp such as `^(a+)+$`
 *   takes exponential time on the wrong body, which a hostile server can send; V8 then changes to an
 *   engine of linear time. What that engine cannot do (look-around, back-references) is refused in
 *   the configuration.
 */
export const V8_FLAGS: readonly string[] = [
  "--optimize-for-size",
  "--enable-experimental-regexp-engine-on-excessive-backtracks",
];

/** The daemon's runtime settings, as `deno run` takes them. */
export const RUNTIME_FLAGS: readonly string[] = [`--v8-flags=${V8_FLAGS.join(",")}`];

/**
 * Environment of the runtime, set by whoever starts the daemon: certificates of servers are held
 * against the system's authorities (/etc/ssl/certs) and not against Deno's copy of Mozilla's,
 * which knows none that the operator added. Deno reads it before the program begins; it needs no
 * permission.
 */
export const RUNTIME_ENVIRONMENT: Readonly<Record<string, string>> = {
  DENO_TLS_CA_STORE: "system",
};

export interface PermissionOptions {
  /** Folder of main.ts and src/: workers load their code from there. */
  readonly sourceFolder: string;
  /** The configuration's path, when it is outside /etc/vpp-maglev and the source folder. */
  readonly config?: string;
  /** The shim; default build/maglev_shim.so in the source folder. */
  readonly shim?: string;
  /** Further files to be read: `ca-file`s outside these folders. */
  readonly files?: readonly string[];
  /** VPP's API socket; default /run/vpp/api.sock. Empty, or shared memory (`shm:`): none. */
  readonly vppApiAddr?: string;
  /** Paths of unix sockets to listen on. */
  readonly listen?: readonly string[];
  /** The state directory; default /var/lib/vpp-maglev. Empty: none. */
  readonly stateDir?: string;
}

/**
 * The folder in which a unix socket to listen on is made, before it gets its name: beside it, for
 * a rename does not cross file systems.
 */
export function nurseryOf(socket: string): string {
  return `${socket}.new`;
}

/**
 * Environment variables the daemon reads; LOG_… are asked for by the package `yaml`, GRPC_… by
 * `@grpc/grpc-js`.
 */
export const MAGLEVD_ENVIRONMENT: readonly string[] = [
  "GRPC_*",
  "LOG_STREAM",
  "LOG_TOKENS",
  "MAGLEV_CONFIG",
  "MAGLEV_GRPC_ADDR",
  "MAGLEV_GRPC_ANONYMOUS_ROLE",
  "MAGLEV_GRPC_CLIENT_CA",
  "MAGLEV_GRPC_TLS_CERT",
  "MAGLEV_GRPC_TLS_KEY",
  "MAGLEV_GRPC_TOKENS",
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

/**
 * `--allow-…` flags for `deno run`. Each is needed:
 * read: code of the workers, configuration with its `ca-file`s, certificates and tokens for gRPC,
 * VPP's socket, the state directory;
 * write: connecting to a unix socket counts as writing to it, and so does listening; the state
 * directory;
 * net: servers of any address are probed, so it cannot be narrowed; VPP's socket is in it, and
 * listening;
 * env: the settings;
 * ffi: the shim (ICMP sockets, network namespaces, the limit on descriptors and their number, VPP's
 * stats socket, for which no other permission is needed), and no other library. VPP's shared memory
 * needs nothing more either: the shim itself starts the bridge that loads libvppapiclient, and the
 * socket's permissions fall away.
 */
export function maglevdPermissions(options: PermissionOptions): readonly string[] {
  const socket = options.vppApiAddr ?? "/run/vpp/api.sock";
  const read = [options.sourceFolder, "/etc/vpp-maglev"];
  if (options.config !== undefined) read.push(options.config);
  read.push(...options.files ?? []);
  const stateDir = options.stateDir ?? "/var/lib/vpp-maglev";
  const written = [
    ...(socket.startsWith("/") ? [socket] : []),
    ...(options.listen ?? []).flatMap((path) => [path, nurseryOf(path)]),
    ...(stateDir === "" ? [] : [stateDir]),
  ];
  read.push(...written);
  return [
    `--allow-read=${read.join(",")}`,
    ...(written.length === 0 ? [] : [`--allow-write=${written.join(",")}`]),
    "--allow-net",
    `--allow-env=${MAGLEVD_ENVIRONMENT.join(",")}`,
    `--allow-ffi=${options.shim ?? `${options.sourceFolder}/build/maglev_shim.so`}`,
  ];
}

/** Environment variables that maglevc reads; LOG_… are asked for by `yaml`, GRPC_… by `@grpc/grpc-js`. */
export const MAGLEVC_ENVIRONMENT: readonly string[] = [
  "GRPC_*",
  "HOME",
  "LOGNAME",
  "LOG_STREAM",
  "LOG_TOKENS",
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

export interface MaglevcPermissionOptions {
  /** Folder of cli.ts and src/. */
  readonly sourceFolder: string;
  /** The user's HOME and XDG_STATE_HOME; deno.json has the variables themselves. */
  readonly home: string;
  readonly stateHome: string;
  /** Tokens and certificates outside these folders. */
  readonly files?: readonly string[];
  /** Paths of unix sockets outside /run/vpp-maglev. */
  readonly sockets?: readonly string[];
}

/**
 * `--allow-…` flags of maglevc. Each is needed:
 * read: its code; tokens and certificates in /etc/vpp-maglev and ~/.config/maglevc, and with the
 * source folder what is given by a path relative to it; the history;
 * write: the history, in the one or the other place; connecting to a unix socket counts as writing;
 * net: whatever server it is told;
 * env: the settings, and the name of the user;
 * sys: the number of a user without a name.
 * No programs, no libraries.
 */
export function maglevcPermissions(options: MaglevcPermissionOptions): readonly string[] {
  const { sourceFolder, home, stateHome, files = [], sockets = [] } = options;
  const written = [
    "/run/vpp-maglev",
    `${home}/.local/state/maglevc`,
    `${stateHome}/maglevc`,
    ...sockets,
  ];
  const read = [sourceFolder, "/etc/vpp-maglev", `${home}/.config/maglevc`, ...files, ...written];
  return [
    `--allow-read=${read.join(",")}`,
    `--allow-write=${written.join(",")}`,
    "--allow-net",
    `--allow-env=${MAGLEVC_ENVIRONMENT.join(",")}`,
    "--allow-sys=uid",
  ];
}
