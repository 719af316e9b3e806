/**
 * PURE. What the daemon is started with: permissions and the runtime's settings, one list, from
 * which deno.json's task, the demo, the tests and the documentation follow.
 */

/**
 * Flags of V8. Without them a daemon of 10,000 backends holds 330 MiB, most of it room for garbage
 * that is collected late; with them 140 MiB, for about 3 us more CPU a probe (docs/benchmarks.md).
 */
export const RUNTIME_FLAGS: readonly string[] = ["--v8-flags=--optimize-for-size"];

export interface PermissionOptions {
  /** Folder of main.ts and src/: workers load their code from there. */
  readonly sourceFolder: string;
  /** The configuration's path, when it is outside /etc/vpp-maglev and the source folder. */
  readonly config?: string;
  /** VPP's API socket; default /run/vpp/api.sock. Empty: none. */
  readonly vppApiAddr?: string;
}

/** Environment variables the daemon reads; LOG_… are asked for by the package `yaml`. */
export const MAGLEVD_ENVIRONMENT: readonly string[] = [
  "LOG_STREAM",
  "LOG_TOKENS",
  "MAGLEV_CONFIG",
  "MAGLEV_LOG_FORMAT",
  "MAGLEV_LOG_LEVEL",
  "MAGLEV_VPP_API_ADDR",
];

/**
 * `--allow-…` flags for `deno run`. Each is needed:
 * read: code of the workers, configuration, VPP's socket, and /dev/null (to count descriptors);
 * write: connecting to a unix socket counts as writing to it;
 * net: servers of any address are probed, so it cannot be narrowed; VPP's socket is in it;
 * env: the settings.
 */
export function maglevdPermissions(options: PermissionOptions): readonly string[] {
  const socket = options.vppApiAddr ?? "/run/vpp/api.sock";
  const read = [options.sourceFolder, "/dev/null", "/etc/vpp-maglev"];
  if (options.config !== undefined) read.push(options.config);
  const flags = [];
  if (socket !== "") {
    read.push(socket);
    flags.push(`--allow-write=${socket}`);
  }
  return [
    `--allow-read=${read.join(",")}`,
    ...flags,
    "--allow-net",
    `--allow-env=${MAGLEVD_ENVIRONMENT.join(",")}`,
  ];
}
