/**
 * PURE. The value of `--server`: maglevds as `[NAME=]ADDR`, separated by commas, and the names
 * that screens give them. maglevc's comparison and the dashboard use the same names.
 *
 *     lb1.example.net, lb2.example.net:9191    lb1.example.net, lb2.example.net
 *     10.0.0.1:9090, 10.0.0.1:9091             10.0.0.1:9090, 10.0.0.1:9091
 *     [2001:db8::1], unix:/run/b.sock          2001:db8::1, b
 *     east=10.0.0.1, 10.0.0.2                  east, 10.0.0.2
 */
import { parseIp } from "./address.ts";
import { formatListenAddress, type ListenAddress, parseListenAddress } from "./listen_address.ts";
import { isWord } from "./text.ts";

/** Default port. */
export const DEFAULT_PORT = 9090;
/** Largest number of servers. */
export const MAX_SERVERS = 64;
/** Longest NAME, in characters. */
const MAX_NAME = 64;

/** A maglevd of the command line. */
export interface NamedServer {
  /** Unique among all. */
  readonly name: string;
  /** With its port: `host:port`, `[v6]:port` or `unix:/path`; unique too. */
  readonly address: string;
}

interface Parsed {
  readonly given: string | undefined;
  readonly address: ListenAddress;
}

/** The servers in the order given; a text: the error. */
export function parseServers(text: string): readonly NamedServer[] | string {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.length > MAX_SERVERS) {
    return `need at most ${MAX_SERVERS} servers, have ${parts.length}`;
  }
  const parsed: Parsed[] = [];
  for (const part of parts) {
    const server = parseServer(part);
    if (typeof server === "string") return `cannot use ${JSON.stringify(part)}: ${server}`;
    parsed.push(server);
  }
  const addresses = parsed.map(({ address }) => formatListenAddress(address));
  const twice = repeated(addresses);
  if (twice !== undefined) return `${twice} is given twice`;
  const names = namesOf(parsed);
  const shared = repeated(names);
  if (shared !== undefined) return `two servers have the name ${JSON.stringify(shared)}`;
  return names.map((name, at) => ({ name, address: addresses[at]! }));
}

/** NAME, else the short name; those whose name would be another's too are named in full. */
function namesOf(servers: readonly Parsed[]): string[] {
  const counts = new Map<string, number>();
  const wanted = servers.map(({ given, address }) => given ?? shortName(address));
  for (const name of wanted) counts.set(name, (counts.get(name) ?? 0) + 1);
  return servers.map(({ given, address }, at) => {
    const name = wanted[at]!;
    return given !== undefined || counts.get(name) === 1 ? name : fullName(address);
  });
}

function shortName(address: ListenAddress): string {
  if (address.kind === "tcp") return address.host;
  const file = address.path.slice(address.path.lastIndexOf("/") + 1).replace(/\.sock$/, "");
  return file === "" ? address.path : file;
}

function fullName(address: ListenAddress): string {
  return address.kind === "unix" ? address.path : formatListenAddress(address);
}

function repeated(texts: readonly string[]): string | undefined {
  return texts.find((text, at) => texts.indexOf(text) !== at);
}

function parseServer(text: string): Parsed | string {
  // A name holds nothing that an address has before an equals sign of its own.
  const [, given, rest = text] = /^([^=:/[\]]*)=(.*)$/s.exec(text) ?? [];
  // Names are segments of URLs.
  if (given === "." || given === "..") return `${given} is a step of a path, not a name`;
  if (given === "*") return "* stands for all load balancers, and is not a name";
  if (given !== undefined && (given === "" || given.length > MAX_NAME || !isWord(given))) {
    return `need a name of 1 to ${MAX_NAME} characters before "=", without blanks or control ` +
      "characters";
  }
  const address = parseListenAddress(withPort(rest));
  if (typeof address === "string") return address;
  if (address.kind === "unix") return { given, address };
  if (address.port === 0) return "need a port from 1 to 65535";
  return { given, address: address.host === "" ? { ...address, host: "localhost" } : address };
}

function withPort(text: string): string {
  if (parseIp(text, { allowZone: true })?.family === 6) return `[${text}]:${DEFAULT_PORT}`;
  if (/^\[[^\]]*\]$/.test(text) || /^[^:[\]]+$/.test(text)) return `${text}:${DEFAULT_PORT}`;
  return text;
}
