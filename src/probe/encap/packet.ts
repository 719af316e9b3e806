/**
 * PURE. Packets that take the path of VPP's: an echo request or a SYN from this host to a VIP, in
 * GRE (RFC 2784) from VPP's source address to a server. The server answers this host directly, so
 * answers are not encapsulated. They are untrusted: lengths are checked before any field is read.
 * tests/vpp/encap_test.ts compares the packets with those of a real VPP.
 *
 * The design:
 *
 * - A frontend's pool has `encap: off | warn | on`. There is a loop and a counter for each pair of
 *   frontend and backend, with the timing of the backend's check (checker/encap/, health/encap.ts).
 * - Packets leave by a raw socket of the outer family whose headers are ours (IP_HDRINCL and
 *   IPV6_HDRINCL), because their source is VPP's. An echo reply arrives at the socket of ICMP, and
 *   IcmpChannel matches it as any other: the destination that it compares is the VIP.
 * - A SYN has the port of a bound, unconnected socket as its source, so the kernel resets what the
 *   server opens. That reset takes the route to the VIP, which may lead to VPP and another server. So
 *   one more is sent through the tunnel. The answers come from a raw socket of TCP with a filter on
 *   that port. The random sequence number distinguishes the servers of one VIP (syn_channel.ts).
 * - A failure is void when this host would not take an answer (own_host.ts).
 * - The code is `L3ENCAP`, with the source of the tunnel in its text.
 */
import { checksum, type Echo, ECHO_BYTES, encodeEcho } from "../icmp/packet.ts";

/** Addresses of a packet: 4 bytes each, or 16. */
export interface Ends {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
}

/** A connection attempt. */
export interface Syn {
  readonly sourcePort: number;
  readonly port: number;
  /** 32 bits; the answer acknowledges the next. */
  readonly sequence: number;
}

/** Numbers of protocols in an IP header. */
const PROTOCOL = { icmp4: 1, tcp: 6, gre: 47, icmp6: 58 } as const;

/** EtherTypes of the inner packet in a GRE header. */
const INNER_TYPE = { 4: 0x0800, 6: 0x86dd } as const;

const GRE_BYTES = 4;
const TCP_BYTES = 20;
const [SYN, RST, ACK] = [0x02, 0x04, 0x10];
const DONT_FRAGMENT = 0x4000;

/**
 * The server itself must have the VIP. One that has not, and forwards packets, would send more hops
 * through VPP to a healthy server, whose answer would count for it.
 */
const INNER_HOPS = 1;

/** The TTL or hop limit with which packets leave VPP: it sets 128, and then forwards. */
export const OUTER_HOPS = 127;

/** An IP header: everything that differs between packets of one family. */
interface Header extends Ends {
  readonly protocol: number;
  readonly hops: number;
  /** IPv4: flags and offset of fragments. */
  readonly fragment: number;
}

/** The packet that VPP makes of `inner` (an IP packet) for the server `tunnel.destination`. */
export function encapsulate(tunnel: Ends, inner: Uint8Array): Uint8Array<ArrayBuffer> {
  const type = INNER_TYPE[inner[0]! >> 4 === 4 ? 4 : 6];
  const gre = new Uint8Array(GRE_BYTES + inner.length);
  putWord(gre, 2, type);
  gre.set(inner, GRE_BYTES);
  return ipPacket({ ...tunnel, protocol: PROTOCOL.gre, hops: OUTER_HOPS, fragment: 0 }, gre);
}

/** An echo request from a client to a VIP. */
export function echoPacket(ends: Ends, echo: Echo): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(ECHO_BYTES);
  const family = ends.source.length === 4 ? 4 : 6;
  encodeEcho(family, echo, message);
  if (family === 6) putWord(message, 2, transportSum(ends, PROTOCOL.icmp6, message));
  const protocol = family === 4 ? PROTOCOL.icmp4 : PROTOCOL.icmp6;
  return ipPacket({ ...ends, protocol, hops: INNER_HOPS, fragment: DONT_FRAGMENT }, message);
}

/** A connection attempt from a client to a VIP. */
export function synPacket(ends: Ends, syn: Syn): Uint8Array<ArrayBuffer> {
  return tcpPacket(ends, syn, { flags: SYN, sequence: syn.sequence, window: 0xffff });
}

/** The reset of the connection that `syn` began. */
export function resetPacket(ends: Ends, syn: Syn): Uint8Array<ArrayBuffer> {
  return tcpPacket(ends, syn, { flags: RST, sequence: (syn.sequence + 1) % 2 ** 32, window: 0 });
}

function tcpPacket(
  ends: Ends,
  { sourcePort, port }: Syn,
  { flags, sequence, window }: {
    readonly flags: number;
    readonly sequence: number;
    readonly window: number;
  },
): Uint8Array<ArrayBuffer> {
  const segment = new Uint8Array(TCP_BYTES);
  putWord(segment, 0, sourcePort);
  putWord(segment, 2, port);
  putWord(segment, 4, sequence >>> 16);
  putWord(segment, 6, sequence & 0xffff);
  segment[12] = (TCP_BYTES / 4) << 4;
  segment[13] = flags;
  putWord(segment, 14, window);
  putWord(segment, 16, transportSum(ends, PROTOCOL.tcp, segment));
  return ipPacket(
    { ...ends, protocol: PROTOCOL.tcp, hops: INNER_HOPS, fragment: DONT_FRAGMENT },
    segment,
  );
}

/** The sequence number of the SYN that a segment acknowledges, if it is one; undefined: too short. */
export function acknowledgedSyn(segment: Uint8Array): number | undefined {
  if (segment.length < TCP_BYTES) return undefined;
  return (word(segment, 8) * 0x10000 + word(segment, 10) + 2 ** 32 - 1) % 2 ** 32;
}

/** What a TCP segment is to a SYN; undefined: it does not answer it. */
export function tcpAnswer(segment: Uint8Array, syn: Syn): "accepted" | "refused" | undefined {
  if (acknowledgedSyn(segment) !== syn.sequence) return undefined;
  if (word(segment, 0) !== syn.port || word(segment, 2) !== syn.sourcePort) return undefined;
  const flags = segment[13]! & (SYN | RST | ACK);
  if (flags === (SYN | ACK)) return "accepted";
  return flags === (RST | ACK) ? "refused" : undefined;
}

function ipPacket(header: Header, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  return header.source.length === 4 ? ip4Packet(header, payload) : ip6Packet(header, payload);
}

/** RFC 791, without options. */
function ip4Packet(
  { source, destination, protocol, hops, fragment }: Header,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const packet = new Uint8Array(20 + payload.length);
  packet[0] = 0x45;
  putWord(packet, 2, packet.length);
  putWord(packet, 6, fragment);
  packet[8] = hops;
  packet[9] = protocol;
  packet.set(source, 12);
  packet.set(destination, 16);
  putWord(packet, 10, checksum(packet.subarray(0, 20)));
  packet.set(payload, 20);
  return packet;
}

/** RFC 8200, without extensions. */
function ip6Packet(
  { source, destination, protocol, hops }: Header,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const packet = new Uint8Array(40 + payload.length);
  packet[0] = 0x60;
  putWord(packet, 4, payload.length);
  packet[6] = protocol;
  packet[7] = hops;
  packet.set(source, 8);
  packet.set(destination, 24);
  packet.set(payload, 40);
  return packet;
}

/** The checksum over a pseudo header as well (RFC 9293, 3.1; RFC 8200, 8.1). */
function transportSum({ source, destination }: Ends, protocol: number, bytes: Uint8Array): number {
  const length = [0, 0, bytes.length >> 8, bytes.length & 0xff];
  return checksum(Uint8Array.of(...source, ...destination, ...length, 0, 0, 0, protocol, ...bytes));
}

function putWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value & 0xff;
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! * 0x100 + bytes[at + 1]!;
}
