/**
 * PURE. Encodes ICMP echo requests and decodes what comes back: an answer, or an error that quotes
 * the request (RFC 792, RFC 4443). Input is untrusted: lengths are checked before any field is
 * read. A packet that is unrelated to this process's requests decodes to undefined; that is not an
 * error.
 *
 * A request carries a random token. Address, identifier and sequence number can be guessed or
 * recur, but only a receiver of this very request can return its token.
 */

/** Length of the token at the end of a request. */
export const TOKEN_BYTES = 16;

/** Payload before the token, which identifies the traffic: `maglevd` and a zero. */
const LABEL = Uint8Array.of(0x6d, 0x61, 0x67, 0x6c, 0x65, 0x76, 0x64, 0);

const HEADER_BYTES = 8;
const TOKEN_AT = HEADER_BYTES + LABEL.length;

/** Length of a request. */
export const ECHO_BYTES = TOKEN_AT + TOKEN_BYTES;

export type IpFamily = 4 | 6;

const REQUEST = { 4: 8, 6: 128 } as const;
const REPLY = { 4: 0, 6: 129 } as const;

/** Protocol number of ICMP in an IP header. */
const PROTOCOL = { 4: 1, 6: 58 } as const;

/** An echo request: its numbers (16 bits each) and its token. */
export interface Echo {
  readonly id: number;
  readonly seq: number;
  readonly token: Uint8Array;
}

/** A decoded packet that may belong to a request of this process. */
export type IcmpMessage =
  | { readonly kind: "reply"; readonly seq: number; readonly token: Uint8Array }
  | {
    readonly kind: "error";
    readonly seq: number;
    /** Raw bytes of the address the request went to; undefined when the error lacks it. */
    readonly destination: Uint8Array | undefined;
    /** Undefined when the quotation is too short: routers need not quote the token. */
    readonly token: Uint8Array | undefined;
    readonly type: number;
    readonly code: number;
  };

/** Writes a request at the start of `into`; the result is its length. */
export function encodeEcho(family: IpFamily, echo: Echo, into: Uint8Array): number {
  into[0] = REQUEST[family];
  into[1] = into[2] = into[3] = 0;
  into[4] = echo.id >> 8;
  into[5] = echo.id & 0xff;
  into[6] = echo.seq >> 8;
  into[7] = echo.seq & 0xff;
  into.set(LABEL, HEADER_BYTES);
  into.set(echo.token, TOKEN_AT);
  // Over ICMPv6 the checksum covers addresses that only the kernel has, so the kernel fills it in.
  if (family === 4) {
    const sum = checksum(into.subarray(0, ECHO_BYTES));
    into[2] = sum >> 8;
    into[3] = sum & 0xff;
  }
  return ECHO_BYTES;
}

/** The internet checksum (RFC 1071) of `bytes`; 0 for an intact message including its checksum. */
export function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at + 1 < bytes.length; at += 2) sum += (bytes[at]! << 8) | bytes[at + 1]!;
  if (bytes.length % 2 === 1) sum += bytes[bytes.length - 1]! << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** Decodes an ICMP message, from its header on, for requests with identifier `id`. */
export function decodeMessage(
  family: IpFamily,
  packet: Uint8Array,
  id: number,
): IcmpMessage | undefined {
  if (packet.length < HEADER_BYTES) return undefined;
  const type = packet[0]!;
  if (type !== REPLY[family]) return decodeError(family, packet, id);
  // The kernel has checked the checksum of an ICMPv6 message, but not of an ICMP one.
  if (packet.length !== ECHO_BYTES || packet[1] !== 0) return undefined;
  if (family === 4 && checksum(packet) !== 0) return undefined;
  if (word(packet, 4) !== id || !labelled(packet)) return undefined;
  return { kind: "reply", seq: word(packet, 6), token: packet.subarray(TOKEN_AT) };
}

/** Decodes an error of `type` and `code` that quotes `request`, from its ICMP header on. */
export function decodeQuoted(
  family: IpFamily,
  request: Uint8Array,
  error: { readonly id: number; readonly type: number; readonly code: number },
): (IcmpMessage & { kind: "error" }) | undefined {
  if (request.length < HEADER_BYTES || request[0] !== REQUEST[family]) return undefined;
  if (word(request, 4) !== error.id) return undefined;
  const whole = request.length >= ECHO_BYTES;
  if (whole && !labelled(request)) return undefined;
  return {
    kind: "error",
    seq: word(request, 6),
    destination: undefined,
    token: whole ? request.subarray(TOKEN_AT, ECHO_BYTES) : undefined,
    type: error.type,
    code: error.code,
  };
}

function decodeError(family: IpFamily, packet: Uint8Array, id: number): IcmpMessage | undefined {
  const [type, code] = [packet[0]!, packet[1]!];
  if (errorText(family, type, code) === undefined) return undefined;
  const quoted = packet.subarray(HEADER_BYTES);
  const inner = family === 4 ? innerOf4(quoted) : innerOf6(quoted);
  if (inner === undefined) return undefined;
  const message = decodeQuoted(family, inner.request, { id, type, code });
  return message && { ...message, destination: inner.destination };
}

interface Inner {
  readonly destination: Uint8Array;
  readonly request: Uint8Array;
}

function innerOf4(quoted: Uint8Array): Inner | undefined {
  if (quoted.length < 20 || quoted[0]! >> 4 !== 4 || quoted[9] !== PROTOCOL[4]) return undefined;
  const header = (quoted[0]! & 15) * 4;
  // Only the first fragment has the ICMP header.
  if (header < 20 || (word(quoted, 6) & 0x1fff) !== 0) return undefined;
  return { destination: quoted.subarray(16, 20), request: quoted.subarray(header) };
}

function innerOf6(quoted: Uint8Array): Inner | undefined {
  if (quoted.length < 40 || quoted[0]! >> 4 !== 6 || quoted[6] !== PROTOCOL[6]) return undefined;
  return { destination: quoted.subarray(24, 40), request: quoted.subarray(40) };
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function labelled(packet: Uint8Array): boolean {
  return LABEL.every((byte, i) => packet[HEADER_BYTES + i] === byte);
}

/** Codes of ICMP type 3, destination unreachable (RFC 792, RFC 1122, RFC 1812). */
const UNREACHABLE_4: readonly string[] = [
  "network unreachable",
  "host unreachable",
  "protocol unreachable",
  "port unreachable",
  "fragmentation needed",
  "source route failed",
  "network unknown",
  "host unknown",
  "source host isolated",
  "network administratively prohibited",
  "host administratively prohibited",
  "network unreachable for this type of service",
  "host unreachable for this type of service",
  "administratively prohibited",
  "host precedence violation",
  "precedence cutoff in effect",
];

/** ICMPv6 type 1, destination unreachable (RFC 4443, 3.1). */
const UNREACHABLE_6: readonly string[] = [
  "no route to host",
  "administratively prohibited",
  "beyond scope of source address",
  "host unreachable",
  "port unreachable",
  "source address failed policy",
  "route rejected",
];

/** The message for a packet whose TTL or hop limit a router counted down to 0. */
export const HOPS_EXCEEDED = "time to live exceeded in transit (routing loop?)";

/** The message for an ICMP error; undefined when the error does not end a probe. */
export function errorText(family: IpFamily, type: number, code: number): string | undefined {
  if (type === (family === 4 ? 3 : 1)) {
    const texts = family === 4 ? UNREACHABLE_4 : UNREACHABLE_6;
    return texts[code] ?? `unreachable, code ${code}`;
  }
  if (type === (family === 4 ? 11 : 3)) return HOPS_EXCEEDED;
  if (type === (family === 4 ? 12 : 4)) return "rejected as malformed by a router on the way";
  return undefined;
}
