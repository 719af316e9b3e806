/**
 * Addresses that a program listens on or is reached at: `host:port`, `:port`, `[v6]:port`,
 * `unix:/path`.
 */
import { parseIp } from "./address.ts";

export type ListenAddress =
  | {
    readonly kind: "tcp";
    /** Without brackets; empty: all addresses of both families. */
    readonly host: string;
    /** 0: the system's choice, to listen on only. */
    readonly port: number;
  }
  | { readonly kind: "unix"; readonly path: string };

/** Longest path that fits into a sockaddr_un (unix(7)), in bytes. */
const MAX_UNIX_PATH = 107;

/** The address, or the reason why the text is invalid. */
export function parseListenAddress(text: string): ListenAddress | string {
  if (text.startsWith("unix:")) return parseUnix(text.slice("unix:".length));
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  if (match === null) return "need host:port, :port, [v6]:port or unix:/path";
  const [, bracketed, plain = "", digits] = match;
  const port = Number(digits);
  if (port > 65_535) return `need a port of at most 65535, have ${port}`;
  if (bracketed !== undefined) {
    if (parseIp(bracketed, { allowZone: true })?.family !== 6) {
      return "need an IPv6 address within the brackets";
    }
    return { kind: "tcp", host: bracketed, port };
  }
  if (/^[\d.]+$/.test(plain) && parseIp(plain)?.family !== 4) {
    return `${plain} is not an IPv4 address`;
  }
  if (!/^[A-Za-z0-9._-]*$/.test(plain)) return `${JSON.stringify(plain)} is not a host name`;
  return { kind: "tcp", host: plain, port };
}

function parseUnix(path: string): ListenAddress | string {
  if (!path.startsWith("/")) return "need an absolute path after unix:";
  if (path.includes("\0") || new TextEncoder().encode(path).length > MAX_UNIX_PATH) {
    return `need a path of at most ${MAX_UNIX_PATH} bytes after unix:`;
  }
  return { kind: "unix", path };
}

/** The same in writing. */
export function formatListenAddress(address: ListenAddress): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  const { host, port } = address;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
