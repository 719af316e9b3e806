/**
 * PURE. Computes the permissions of one start of a program from its settings and environment.
 *
 * Only named paths and addresses are opened, and a list is never empty, because Deno takes an empty
 * list as permission for everything. Deno splits its lists at commas, so a path with a comma cannot
 * be granted.
 */
import { parseIp } from "../../base/address.ts";
import { DEFAULT_PORT } from "../../base/lb_names.ts";
import {
  CREDENTIALS,
  type Program,
  READ_PATHS,
  stagingFolder,
  WRITE_PATHS,
} from "./permissions.ts";
import type { FlagSpec, FlagTable } from "../settings.ts";

export interface PermissionInput {
  /** Of the program. */
  readonly flags: FlagTable;
  /** Values by flag, as readSettings() returns them. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly env: (name: string) => string | undefined;
  /** Folder of the checkout, absolute. */
  readonly root: string;
}

/** `--allow-…` flags for `deno run`; or the path that Deno cannot be granted. */
export type Permissions =
  | { readonly kind: "ok"; readonly flags: readonly string[] }
  | { readonly kind: "comma"; readonly path: string };

/** The permissions of one start of `program`. */
export function permissionsOf(program: Program, input: PermissionInput): Permissions {
  const { flags, settings, env, root } = input;
  const opened = new Opened();
  opened.read(...program.code.map((folder) => `${root}/${folder}`), ...program.read);
  opened.write(...program.write);
  opened.read(...(env(READ_PATHS) ?? "").split(":"));
  opened.write(...(env(WRITE_PATHS) ?? "").split(":"));
  opened.read(env(CREDENTIALS) ?? "");
  if (program.home) openHome(opened, env);
  for (const [name, spec] of Object.entries(flags)) {
    openValue(opened, spec, String(settings[name]));
  }
  const ffi = program.shim ? [env("MAGLEV_SHIM") || `${root}/build/maglev_shim.so`] : [];
  const net = program.net === "servers" && !opened.anyNet ? opened.nets : undefined;
  const paths = [...opened.reads, ...opened.writes, ...net ?? [], ...ffi];
  const comma = paths.find((path) => path.includes(","));
  if (comma !== undefined) return { kind: "comma", path: comma };
  return {
    kind: "ok",
    flags: [
      ...listFlag("read", opened.reads),
      ...listFlag("write", opened.writes),
      ...net === undefined ? ["--allow-net"] : listFlag("net", net),
      ...listFlag("env", program.environment),
      ...listFlag("sys", program.system),
      ...listFlag("ffi", ffi),
    ],
  };
}

/** Omits an empty list: Deno would take it as permission for everything. */
function listFlag(name: string, entries: Iterable<string>): readonly string[] {
  const list = [...entries];
  return list.length === 0 ? [] : [`--allow-${name}=${list.join(",")}`];
}

/** Sets, in the order of their first mention. */
class Opened {
  readonly reads = new Set<string>();
  readonly writes = new Set<string>();
  readonly nets = new Set<string>();
  /** A server has a name: its addresses are not known, and change. */
  anyNet = false;

  read(...paths: readonly string[]): void {
    addNamed(this.reads, paths);
  }

  /** Writable paths are readable too: sockets and renames need both. */
  write(...paths: readonly string[]): void {
    this.read(...paths);
    addNamed(this.writes, paths);
  }

  net(...addresses: readonly string[]): void {
    addNamed(this.nets, addresses);
  }
}

function addNamed(to: Set<string>, values: readonly string[]): void {
  for (const value of values) if (value !== "") to.add(value);
}

/** Same rule as historyPath() of maglevc: paths that are not absolute do not count. */
function openHome(opened: Opened, env: (name: string) => string | undefined): void {
  const home = env("HOME") ?? "";
  const state = env("XDG_STATE_HOME") ?? "";
  if (home.startsWith("/")) opened.read(`${home}/.config/maglevc`);
  if (state.startsWith("/")) opened.write(`${state}/maglevc`);
  else if (home.startsWith("/")) opened.write(`${home}/.local/state/maglevc`);
}

function openValue(opened: Opened, { grants }: FlagSpec, value: string): void {
  switch (grants) {
    case undefined:
      return;
    case "config":
      return opened.read(configPlace(value));
    case "configs":
      return opened.read(...value.split(",").map((path) => configPlace(withoutBlanks(path))));
    case "file":
      return opened.read(value);
    case "folder":
    case "output":
      return opened.write(value);
    case "socket":
      return value.startsWith("/") ? opened.write(value) : undefined;
    case "listen":
      return openListener(opened, value);
    case "servers":
      for (const server of value.split(",")) {
        openServer(opened, withoutBlanks(server).replace(SERVER_NAME, ""));
      }
  }
}

function withoutBlanks(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, "");
}

/**
 * The folder of the configuration file, because `ca-file`s lie next to it. For a file in `/`,
 * `/dev` or `/proc` only the file itself. `-` is standard input, which needs no permission. The
 * launcher also detects other names of `/`, and refuses them.
 */
function configPlace(path: string): string {
  if (path === "" || path === "-") return "";
  if (/^\/+[^/]*$|^\/(dev|proc)\//.test(path)) return path;
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : path.slice(0, slash);
}

/** The name of a server (`NAME=ADDR`); an equals sign of a socket's path is not one. */
const SERVER_NAME = /^[^=:/[\]]*=/;

/** All addresses are opened with all ports: which one of them is free is tried first. */
function openListener(opened: Opened, address: string): void {
  if (address === "") return;
  if (address.startsWith("unix:")) {
    const path = address.slice("unix:".length);
    if (path === "") return;
    opened.write(path, stagingFolder(path));
    opened.net(address);
    return;
  }
  const { host, port } = hostAndPort(address);
  if (host === "" && isPort(port, 0)) opened.net("0.0.0.0", "[::]");
  else openAddress(opened, { host, port, least: 0 });
}

/** Narrows the permission where Deno can take the address in a list; otherwise it stays open. */
function openServer(opened: Opened, server: string): void {
  if (server.startsWith("unix:/")) {
    opened.write(server.slice("unix:".length));
    opened.net(server);
    return;
  }
  openAddress(opened, { ...hostAndPort(server), least: 1 });
}

/** `least` is the smallest port that may be used. */
function openAddress(
  opened: Opened,
  { host, port, least }: { readonly host: string; readonly port: string; readonly least: number },
): void {
  const goodPort = isPort(port, least);
  if (goodPort && (host === "" || host === "localhost")) {
    opened.net("localhost", `127.0.0.1:${port}`, `[::1]:${port}`);
  } else if (goodPort && isLiteral(host)) {
    opened.net(`${host}:${port}`);
  } else {
    opened.anyNet = true;
  }
}

function isPort(text: string, least: number): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= least && Number(text) <= 65_535;
}

/** `host` keeps its brackets. A text that is neither form gets a host or a port of no use. */
function hostAndPort(server: string): { readonly host: string; readonly port: string } {
  const port = String(DEFAULT_PORT);
  if (server.startsWith("[")) {
    const end = server.indexOf("]") + 1;
    const rest = server.slice(end);
    if (rest === "") return { host: server, port };
    return { host: server.slice(0, end), port: rest.startsWith(":") ? rest.slice(1) : "" };
  }
  const colon = server.indexOf(":");
  if (colon < 0) return { host: server === "" ? "?" : server, port };
  if (server.includes(":", colon + 1)) return { host: `[${server}]`, port };
  return { host: server.slice(0, colon), port: server.slice(colon + 1) };
}

/** An address that Deno's list takes as it is: no zone, no IPv4 within IPv6. */
function isLiteral(host: string): boolean {
  const inside = /^\[([0-9A-Fa-f:]*)\]$/.exec(host)?.[1];
  if (inside !== undefined) return parseIp(inside)?.family === 6;
  return parseIp(host)?.family === 4;
}
