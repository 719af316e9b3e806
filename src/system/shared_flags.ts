/** PURE. Flags that several programs have, so that they are spelled, checked and explained alike. */
import { LOG_LEVELS } from "../base/ports.ts";
import type { FlagTable } from "./settings.ts";

/** What each program can report of itself. */
export const ABOUT_FLAGS = {
  "print-permissions": {
    kind: "boolean",
    default: false,
    help: "print the command that the launcher would run, one argument a line",
  },
  version: { kind: "boolean", default: false, help: "print version, commit and build date" },
  help: { kind: "boolean", default: false, help: "print this text" },
} as const satisfies FlagTable;

/** The log of a daemon. `prefix` of its variables: `MAGLEV_`. */
export function logFlags(prefix: string) {
  return {
    "log-level": {
      kind: "string",
      default: "info",
      env: `${prefix}LOG_LEVEL`,
      choices: LOG_LEVELS,
      anyCase: true,
      placeholder: "LEVEL",
      help: "minimum log level: debug, info, warn, error",
    },
    "log-format": {
      kind: "string",
      default: "auto",
      env: `${prefix}LOG_FORMAT`,
      choices: ["auto", "json", "text", "pretty"],
      placeholder: "FORM",
      help:
        "json and text as of Go's slog, pretty for people; auto: pretty on a terminal, else json",
    },
  } as const satisfies FlagTable;
}

/** How a client of maglevd connects. `peer`: whom it connects to, as the help names it. */
export function clientFlags(
  prefix: string,
  { to, of }: {
    /** `the server`. */
    readonly to: string;
    /** `the server's`. */
    readonly of: string;
  },
) {
  return {
    tls: {
      kind: "boolean",
      default: false,
      env: `${prefix}TLS`,
      help: `TLS to ${to}, with the system's authorities; left out: when one of the next four is ` +
        "given",
    },
    "tls-ca": {
      kind: "string",
      default: "",
      env: `${prefix}TLS_CA`,
      grants: "file",
      placeholder: "PATH",
      help: `authorities (PEM) that verify ${of} certificate, in place of the system's`,
    },
    "tls-cert": {
      kind: "string",
      default: "",
      env: `${prefix}TLS_CERT`,
      grants: "file",
      placeholder: "PATH",
      help: `certificate (PEM) to show to ${to}`,
    },
    "tls-key": {
      kind: "string",
      default: "",
      env: `${prefix}TLS_KEY`,
      grants: "file",
      placeholder: "PATH",
      help: "its key (PEM)",
    },
    "tls-server-name": {
      kind: "string",
      default: "",
      env: `${prefix}TLS_SERVER_NAME`,
      placeholder: "NAME",
      help: `name in ${of} certificate, when it is not that of the address`,
    },
    "token-file": {
      kind: "string",
      default: "",
      env: `${prefix}TOKEN_FILE`,
      grants: "file",
      placeholder: "PATH",
      help: `file with the token to show to ${to}; others must not be able to read it`,
    },
  } as const satisfies FlagTable;
}

/** The values of clientFlags(). */
export interface ClientSettings {
  readonly tls: boolean;
  readonly "tls-ca": string;
  readonly "tls-cert": string;
  readonly "tls-key": string;
  readonly "tls-server-name": string;
}

/**
 * Whether there is TLS; a text: what is wrong. An explicit value wins over all other flags:
 * `--tls=false` is for a single server without TLS. `given` are the flags that were set.
 */
export function clientTls(
  settings: ClientSettings,
  given: ReadonlySet<string>,
): boolean | string {
  const { "tls-ca": ca, "tls-cert": cert, "tls-key": key } = settings;
  const lone = lonePart("tls", { cert, key });
  if (lone !== undefined) return lone;
  const named = ca !== "" || cert !== "" || settings["tls-server-name"] !== "";
  return given.has("tls") ? settings.tls : named;
}

/** What is wrong with `--X-cert` and `--X-key`, of which neither is of use alone. */
export function lonePart(
  flag: string,
  { cert, key }: { readonly cert: string; readonly key: string },
): string | undefined {
  if ((cert === "") === (key === "")) return undefined;
  const [has, lacks] = cert === "" ? ["key", "cert"] : ["cert", "key"];
  return `flag --${flag}-${has}: needs --${flag}-${lacks} too`;
}
