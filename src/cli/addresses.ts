/** PURE. Parses the value of `--server`: one address or several. */
import { parseIp } from "../base/address.ts";
import { formatListenAddress, parseListenAddress } from "../base/listen_address.ts";

/** Default port. */
export const DEFAULT_PORT = 9090;
/** Largest number of servers. */
export const MAX_SERVERS = 64;

/** The addresses, each with its port, in the order given; a text: the error. */
export function parseServers(text: string): readonly string[] | string {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.length > MAX_SERVERS) {
    return `need at most ${MAX_SERVERS} servers, have ${parts.length}`;
  }
  const addresses: string[] = [];
  for (const part of parts) {
    const address = parseServer(part);
    if (address.kind === "error") return `cannot use ${JSON.stringify(part)}: ${address.reason}`;
    if (addresses.includes(address.text)) return `${address.text} is given twice`;
    addresses.push(address.text);
  }
  return addresses;
}

type Parsed =
  | { readonly kind: "ok"; readonly text: string }
  | { readonly kind: "error"; readonly reason: string };

function parseServer(text: string): Parsed {
  const address = parseListenAddress(withPort(text));
  if (typeof address === "string") return { kind: "error", reason: address };
  if (address.kind === "tcp" && address.port === 0) {
    return { kind: "error", reason: "need a port from 1 to 65535" };
  }
  const local = address.kind === "tcp" && address.host === "";
  return {
    kind: "ok",
    text: formatListenAddress(local ? { ...address, host: "localhost" } : address),
  };
}

function withPort(text: string): string {
  if (parseIp(text, { allowZone: true })?.family === 6) return `[${text}]:${DEFAULT_PORT}`;
  if (/^\[[^\]]*\]$/.test(text) || /^[^:[\]]+$/.test(text)) return `${text}:${DEFAULT_PORT}`;
  return text;
}
