/**
 * PURE. Who a request comes from: the other end of the connection or, through proxies that are
 * trusted, what they say about it.
 */
import {
  addressKind,
  bytesOf,
  type IpAddress,
  parseIp,
  plainAddress,
} from "../../../base/address.ts";
import type { HttpRequest } from "../../../http/ports.ts";

/** The client of a request. */
export interface Client {
  /** Its address, or `unix`. */
  readonly address: string;
  /** Counted as one: the address, the /64 of IPv6, or `unix`. */
  readonly group: string;
  /** Host, perhaps with a port, that the browser has in its address bar. */
  readonly host: string | undefined;
  /** TLS on the client's side of the last trusted proxy. */
  readonly encrypted: boolean;
  /** Encrypted, or what is sent does not leave this host. */
  readonly secret: boolean;
}

/** Addresses of proxies. */
export class TrustedProxies {
  readonly #prefixes: readonly Prefix[];
  readonly #unix: boolean;

  constructor(prefixes: readonly Prefix[], unix: boolean) {
    this.#prefixes = prefixes;
    this.#unix = unix;
  }

  /** True for a proxy of the socket. */
  get unix(): boolean {
    return this.#unix;
  }

  has(address: IpAddress): boolean {
    return this.#prefixes.some((prefix) => contains(prefix, address));
  }
}

/** A network: `length` bits of `address`. */
export interface Prefix {
  readonly address: IpAddress;
  readonly length: number;
}

/** `CIDR,…`, each an address, a prefix, or `unix`; a text: what is wrong. */
export function parseTrustedProxies(text: string): TrustedProxies | string {
  const prefixes: Prefix[] = [];
  let unix = false;
  for (const part of text.split(",").map((word) => word.trim()).filter((word) => word !== "")) {
    const prefix = part === "unix" ? undefined : parsePrefix(part);
    if (part === "unix") unix = true;
    else if (prefix === undefined) {
      return `cannot use ${JSON.stringify(part)}: need an address, a prefix such as 10.0.0.0/8, ` +
        "or unix";
    } else prefixes.push(prefix);
  }
  return new TrustedProxies(prefixes, unix);
}

function parsePrefix(text: string): Prefix | undefined {
  const [, host = "", digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseIp(host);
  if (address === undefined) return undefined;
  const most = 8 * address.packed.length;
  const length = digits === undefined ? most : Number(digits);
  return length <= most ? { address, length } : undefined;
}

function contains({ address, length }: Prefix, { packed }: IpAddress): boolean {
  if (packed.length !== address.packed.length) return false;
  for (let index = 0; index < packed.length; index++) {
    const bits = Math.min(8, Math.max(0, length - 8 * index));
    const mask = (0xff00 >> bits) & 0xff;
    const differing = packed.charCodeAt(index) ^ address.packed.charCodeAt(index);
    if ((differing & mask) !== 0) return false;
  }
  return true;
}

/** The client of a request; header fields are believed from trusted proxies alone. */
export function clientOf(
  { peer, headers, encrypted }: Pick<HttpRequest, "peer" | "headers" | "encrypted">,
  proxies: TrustedProxies,
): Client {
  const address = peer.kind === "unix" ? undefined : parseIp(peer.host, { allowZone: true });
  const trusted = peer.kind === "unix"
    ? proxies.unix
    : address !== undefined && proxies.has(address);
  if (!trusted) {
    return {
      address: peer.kind === "unix" ? "unix" : peer.host,
      group: address === undefined ? "unix" : groupOf(address),
      host: headers.get("host"),
      encrypted,
      secret: encrypted || address === undefined || addressKind(address) === "loopback",
    };
  }
  // A proxy that adds to what the client sent adds at the end.
  const last = (name: string) => (headers.get(name) ?? "").split(",").at(-1)!.trim() || undefined;
  const client = forwardedFor(headers.get("x-forwarded-for"), proxies) ?? address;
  const https = (last("x-forwarded-proto") ?? (encrypted ? "https" : "http")) === "https";
  return {
    address: client?.text ?? "unix",
    group: client === undefined ? "unix" : groupOf(client),
    host: last("x-forwarded-host") ?? headers.get("host"),
    encrypted: https,
    secret: https || client === undefined || addressKind(client) === "loopback",
  };
}

/**
 * The last hop that is not a trusted proxy: everything to the left of it may have been invented by
 * the client. Undefined: no usable address.
 */
function forwardedFor(
  forwarded: string | undefined,
  proxies: TrustedProxies,
): IpAddress | undefined {
  let last: IpAddress | undefined;
  for (const hop of (forwarded ?? "").split(",").reverse()) {
    const address = hopAddress(hop.trim());
    if (address === undefined) return last;
    last = address;
    if (!proxies.has(address)) return address;
  }
  return last;
}

/** Some proxies add the port: `192.0.2.1:80`, `[2001:db8::1]:80`. */
function hopAddress(hop: string): IpAddress | undefined {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(hop)?.[1];
  const plain = bracketed ?? hop.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1");
  return parseIp(plainAddress(plain));
}

/** One customer has a whole /64 of IPv6. */
function groupOf(address: IpAddress): string {
  const { family, text } = address;
  return family === 4 ? text : `${bytesOf(address).subarray(0, 8).toHex()}/64`;
}
