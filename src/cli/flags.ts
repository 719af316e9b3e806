/**
 * PURE. maglevc's flags; the usage text and the environment variables are derived from this table.
 */
import { type FlagTable, readSettings, type Settings } from "../system/settings.ts";
import { ABOUT_FLAGS, clientFlags, clientTls } from "../system/shared_flags.ts";

export const MAGLEVC_FLAGS = {
  server: {
    kind: "string",
    default: "localhost:9090",
    env: "MAGLEV_SERVER",
    grants: "servers",
    placeholder: "ADDR",
    help: "maglevd's gRPC: host:port, :port (this host), [v6]:port or unix:/path, the port 9090 " +
      "when left out; several with commas: a,b,c; NAME=ADDR gives it a name",
  },
  output: {
    kind: "string",
    default: "text",
    env: "MAGLEV_OUTPUT",
    choices: ["text", "json", "yaml"],
    placeholder: "FORM",
    help: "text, or the whole answer as json or yaml",
  },
  color: {
    kind: "boolean",
    default: false,
    env: "MAGLEV_COLOR",
    help: "colour; left out: in the shell on a terminal, unless NO_COLOR is set",
  },
  timeout: {
    kind: "duration",
    default: 10_000,
    env: "MAGLEV_TIMEOUT",
    min: 1,
    max: 24 * 3_600_000,
    placeholder: "TIME",
    help: "longest wait for an answer",
  },
  ...clientFlags("MAGLEV_", { to: "the server", of: "the server's" }),
  ...ABOUT_FLAGS,
} as const satisfies FlagTable;

export type MaglevcSettings = Settings<typeof MAGLEVC_FLAGS>;

/** The flags read, and the words that are not flags. */
export interface CommandLine {
  readonly kind: "ok";
  readonly settings: MaglevcSettings;
  readonly words: readonly string[];
  /** Undefined: not configured. */
  readonly color: boolean | undefined;
  readonly tls: boolean;
}

type Environment = (name: string) => string | undefined;

/** Reads the arguments; flags may stand before, between and after the words of a command. */
export function readCommandLine(
  args: readonly string[],
  env: Environment,
): CommandLine | { readonly kind: "error"; readonly message: string } {
  const read = readSettings(MAGLEVC_FLAGS, { args, env, positionals: true });
  if (read.kind === "error") return read;
  const { settings, positionals, given } = read;
  const tls = clientTls(settings, given);
  if (typeof tls === "string") return { kind: "error", message: tls };
  return {
    kind: "ok",
    settings,
    words: positionals,
    color: given.has("color") ? settings.color : noColor(env),
    tls,
  };
}

/** @see https://no-color.org */
function noColor(env: Environment): false | undefined {
  return (env("NO_COLOR") ?? "") === "" ? undefined : false;
}
