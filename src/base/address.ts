/**
 * IP addresses as values: parsed once, compared and printed in one canonical form
 * (RFC 5952 for IPv6). IPv4 sorts before IPv6, then by number.
 */

/** One address. `text` is canonical, so two addresses are equal when their texts are. */
export interface IpAddress {
  readonly family: 4 | 6;
  /** Canonical text, with `%zone` at the end when there is a zone. */
  readonly text: string;
  /**
   * Its 4 or 16 bytes in network order, a character for each (U+0000 to U+00FF). A text, because
   * there are ten thousands of addresses, and making a Uint8Array takes 1 us and 400 bytes.
   */
  readonly packed: string;
  /** Zone (interface name or number) of a scoped IPv6 address, else empty. */
  readonly zone: string;
}

/** Options of parseIp. */
export interface ParseIpOptions {
  /** Accept `fe80::1%eth0`; default false. */
  readonly allowZone?: boolean;
}

/** Parses an address literal; undefined when `text` is not one. */
export function parseIp(text: string, options: ParseIpOptions = {}): IpAddress | undefined {
  const v4 = parseV4(text);
  // parseV4() takes the canonical form alone.
  if (v4 !== undefined) return { family: 4, text, packed: v4, zone: "" };
  let host = text;
  let zone = "";
  const percent = text.indexOf("%");
  if (percent >= 0) {
    zone = text.slice(percent + 1);
    host = text.slice(0, percent);
    if (options.allowZone !== true || !/^[A-Za-z0-9_.:@-]{1,15}$/.test(zone)) return undefined;
  }
  const v6 = parseV6(host);
  if (v6 === undefined) return undefined;
  const canonical = formatV6(v6);
  const packed = String.fromCharCode(...v6);
  return { family: 6, text: zone === "" ? canonical : `${canonical}%${zone}`, packed, zone };
}

/** The address whose raw bytes (4 or 16) are given; the bytes are copied. */
export function ipFromBytes(bytes: Uint8Array): IpAddress {
  if (bytes.length === 4) {
    const [a, b, c, d] = bytes as unknown as readonly [number, number, number, number];
    return {
      family: 4,
      text: formatV4(bytes, 0),
      packed: String.fromCharCode(a, b, c, d),
      zone: "",
    };
  }
  if (bytes.length === 16) {
    return { family: 6, text: formatV6(bytes), packed: String.fromCharCode(...bytes), zone: "" };
  }
  throw new RangeError(`cannot make an IP address: need 4 or 16 bytes, have ${bytes.length}`);
}

/** The 4 or 16 bytes of an address, in network order; new at each call. */
export function bytesOf({ packed }: Pick<IpAddress, "packed">): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(packed.length);
  writeBytes(bytes, packed, 0);
  return bytes;
}

/** Writes the bytes of a `packed` address into `target`, from `at` on. */
export function writeBytes(target: Uint8Array, packed: string, at: number): void {
  for (let i = 0; i < packed.length; i++) target[at + i] = packed.charCodeAt(i);
}

/** Order of addresses: IPv4 before IPv6, then numeric, then by zone. */
export function compareIp(a: IpAddress, b: IpAddress): number {
  if (a.family !== b.family) return a.family - b.family;
  if (a.packed !== b.packed) return a.packed < b.packed ? -1 : 1;
  return a.zone < b.zone ? -1 : a.zone > b.zone ? 1 : 0;
}

/**
 * Kind of an address, as far as it decides whether packets can be sent to it.
 *
 * - `host`: one host, anywhere
 * - `loopback`: this host
 * - `link-local`: a host on the link that the zone names (`fe80::/10`; IPv4 has no zones)
 * - `unspecified`, `this-network` (`0.0.0.0/8`), `broadcast`, `multicast`: not one host
 * - `ipv4-mapped`, `ipv4-compatible`: another form of an IPv4 address. Sockets send IPv4 to a mapped
 *   address, VPP sends IPv6, so that the two reach different hosts.
 *
 * @see RFC 6890, RFC 4291 section 2.5
 */
export type AddressKind =
  | "host"
  | "loopback"
  | "link-local"
  | "unspecified"
  | "this-network"
  | "broadcast"
  | "multicast"
  | "ipv4-mapped"
  | "ipv4-compatible";

/** Returns the kind of `address`. */
export function addressKind({ family, packed }: IpAddress): AddressKind {
  const first = packed.charCodeAt(0);
  if (family === 4 && first > 0 && first < 224) return first === 127 ? "loopback" : "host";
  if (/^\0*$/.test(packed)) return "unspecified";
  if (family === 4) {
    if (first === 0) return "this-network";
    if (packed === "\xff\xff\xff\xff") return "broadcast";
    return first < 240 ? "multicast" : "host";
  }
  if (first === 0xff) return "multicast";
  if (first === 0xfe && (packed.charCodeAt(1) & 0xc0) === 0x80) return "link-local";
  if (packed.startsWith(MAPPED)) return "ipv4-mapped";
  if (!packed.startsWith(ZEROS)) return "host";
  return packed.endsWith("\0\0\0\x01") ? "loopback" : "ipv4-compatible";
}

const ZEROS = "\0".repeat(12);
const MAPPED = `${"\0".repeat(10)}\xff\xff`;

/** The IPv4 address in the last four bytes of an IPv6 one, as of a mapped address. */
export function embeddedIpv4(address: IpAddress): IpAddress {
  return ipFromBytes(bytesOf(address).subarray(12));
}

/** A loop over characters, because a file of 10,000 servers would make 100,000 small texts here. */
function parseV4(text: string): string | undefined {
  if (text.length < 7 || text.length > 15) return undefined;
  let [number, digits, dots, part] = [0, 0, 0, 0];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (digits === 0 || ++dots > 3) return undefined;
      number = number * 256 + part;
      digits = part = 0;
    } else {
      // A leading zero is octal to some readers and decimal to others: refuse it (RFC 6943, 3.1.1).
      if (code < ZERO || code > NINE || (digits > 0 && part === 0)) return undefined;
      part = part * 10 + code - ZERO;
      digits++;
      if (part > 255) return undefined;
    }
  }
  if (dots !== 3 || digits === 0) return undefined;
  return String.fromCharCode(number >> 16, (number >> 8) & 255, number & 255, part);
}

const [DOT, ZERO, NINE] = [46, 48, 57];

function parseV6(text: string): Uint8Array | undefined {
  if (text.length < 2 || text.length > 45) return undefined;
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1]!, true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const count = head.length + tail.length;
  if (halves.length === 1 ? count !== 8 : count > 7) return undefined;
  const bytes = new Uint8Array(16);
  const place = (groups: number[], at: number) => {
    groups.forEach((group, i) => {
      bytes[2 * (at + i)] = group >> 8;
      bytes[2 * (at + i) + 1] = group & 0xff;
    });
  };
  place(head, 0);
  place(tail, 8 - tail.length);
  return bytes;
}

/** 16-bit groups of one side of a `::`; the last may be a dotted IPv4 part when `last`. */
function groupsOf(text: string, last: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    if (last && i === parts.length - 1 && part.includes(".")) {
      const v4 = parseV4(part);
      if (v4 === undefined) return undefined;
      const at = (i: number) => v4.charCodeAt(i);
      groups.push((at(0) << 8) | at(1), (at(2) << 8) | at(3));
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}

/** No arrays on the way: reading VPP's tables formats tens of thousands of addresses. */
function formatV6(bytes: Uint8Array): string {
  if (isMappedV4(bytes)) return `::ffff:${formatV4(bytes, 12)}`;
  // RFC 5952, 4.2: the longest run of zero groups becomes "::", the first one of equal runs,
  // never a run of one.
  let bestStart = 8;
  let bestLength = 1;
  let length = 0;
  for (let i = 0; i < 8; i++) {
    length = group(bytes, i) === 0 ? length + 1 : 0;
    if (length > bestLength) {
      bestStart = i + 1 - length;
      bestLength = length;
    }
  }
  let text = "";
  for (let i = 0; i < 8; i++) {
    if (i === bestStart) {
      text += "::";
      i += bestLength - 1;
    } else {
      if (i > 0 && i !== bestStart + bestLength) text += ":";
      text += group(bytes, i).toString(16);
    }
  }
  return text;
}

function group(bytes: Uint8Array, index: number): number {
  return (bytes[2 * index]! << 8) | bytes[2 * index + 1]!;
}

/** `::ffff:0:0/96`, which RFC 5952, 5 writes with a dotted end. */
function isMappedV4(bytes: Uint8Array): boolean {
  for (let i = 0; i < 5; i++) if (group(bytes, i) !== 0) return false;
  return group(bytes, 5) === 0xffff;
}

function formatV4(bytes: Uint8Array, at: number): string {
  return `${bytes[at]!}.${bytes[at + 1]!}.${bytes[at + 2]!}.${bytes[at + 3]!}`;
}

/** An address as a socket has it; the IPv4 address where it is mapped into IPv6. */
export function plainAddress(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}
