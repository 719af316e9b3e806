/**
 * PURE. maglevc's flags; the usage text and the environment variables are derived from this table.
 */
import { type FlagTable, readSettings, type Settings } from "../system/settings.ts";

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
  tls: {
    kind: "boolean",
    default: false,
    env: "MAGLEV_TLS",
    help: "TLS, with the system's authorities; left out: when one of the next four is given",
  },
  "tls-ca": {
    kind: "string",
    default: "",
    env: "MAGLEV_TLS_CA",
    grants: "file",
    placeholder: "PATH",
    help: "authorities (PEM) that verify the server's certificate, in place of the system's",
  },
  "tls-cert": {
    kind: "string",
    default: "",
    env: "MAGLEV_TLS_CERT",
    grants: "file",
    placeholder: "PATH",
    help: "certificate (PEM) to show to the server",
  },
  "tls-key": {
    kind: "string",
    default: "",
    env: "MAGLEV_TLS_KEY",
    grants: "file",
    placeholder: "PATH",
    help: "its key (PEM)",
  },
  "tls-server-name": {
    kind: "string",
    default: "",
    env: "MAGLEV_TLS_SERVER_NAME",
    placeholder: "NAME",
    help: "name in the server's certificate, when it is not that of the address",
  },
  "token-file": {
    kind: "string",
    default: "",
    env: "MAGLEV_TOKEN_FILE",
    grants: "file",
    placeholder: "PATH",
    help: "file with the token to show to the server; others must not be able to read it",
  },
  "print-permissions": {
    kind: "boolean",
    default: false,
    help: "print the command that the launcher would run, one argument a line",
  },
  version: { kind: "boolean", default: false, help: "print version, commit and build date" },
  help: { kind: "boolean", default: false, help: "print this text" },
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
  const { "tls-ca": ca, "tls-cert": cert, "tls-key": key } = settings;
  if ((cert === "") !== (key === "")) {
    const [has, lacks] = cert === "" ? ["key", "cert"] : ["cert", "key"];
    return { kind: "error", message: `flag --tls-${has}: needs --tls-${lacks} too` };
  }
  // An explicit value wins over all other flags: `--tls=false` is for a single server without TLS.
  const named = ca !== "" || cert !== "" || settings["tls-server-name"] !== "";
  const tls = given.has("tls") ? settings.tls : named;
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
