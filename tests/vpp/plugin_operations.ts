/**
 * Random requests to the lb plugin, from a small set so that they collide: a few prefixes that
 * differ in length, family, port and encapsulation, a few servers of both families. None of them is
 * known to crash VPP (a table length of 0 does, and so does a server that two NAT VIPs share).
 */
import type { Prng } from "../../src/base/ports.ts";
import type { MessageCodec, MessageHeader } from "../../src/vpp/wire/codec.ts";
import { ip } from "../support/fakes/vips.ts";
import * as m from "../../src/vpp/wire/messages.ts";

/** A request whose reply is a retval. */
export interface PluginRequest {
  readonly text: string;
  /** `name_crc`. */
  readonly key: string;
  encode(header: MessageHeader): Uint8Array;
}

const PREFIXES: readonly (readonly [string, number])[] = [
  ["192.0.2.1", 32],
  ["192.0.2.2", 32],
  ["192.0.2.0", 24],
  ["192.0.2.9", 24],
  ["::c000:201", 128],
  ["2001:db8::1", 128],
  ["2001:db8::2", 128],
  ["2001:db8:0:1::", 64],
  ["2001:db8:0:1::7", 64],
];
/** Prefixes of VIPs with other encapsulations; they never get a server. */
const BARE_PREFIXES: readonly (readonly [string, number])[] = [
  ["198.18.0.1", 32],
  ["198.18.0.2", 32],
  ["2001:db8:18::1", 128],
];
const SERVERS = [
  "10.0.0.1",
  "10.0.0.2",
  "10.0.0.3",
  "10.0.0.200",
  "2001:db8:a::1",
  "2001:db8:a::2",
  "2001:db8:a::ffff",
  "::ffff:10.0.0.1",
  "::7",
];
const PORTS = [0, 80, 80, 443, 53];
const PROTOCOLS = [6, 6, 17, 255];
const LENGTHS = [1, 2, 16, 256, 1024, 1024, 4096, 65536, 1000, 3];
const WEIGHTS = [0, 0, 1, 7, 50, 99, 100, 100, 100, 101, 255];

/** A random request. */
export function randomRequest(prng: Prng): PluginRequest {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(prng() * list.length)]!;
  const chance = (probability: number) => prng() < probability;
  const name = (prefixes: typeof PREFIXES) => {
    const [text, len] = pick(prefixes);
    return { pfx: { address: ip(text), len }, protocol: pick(PROTOCOLS), port: pick(PORTS) };
  };
  const roll = prng();
  if (roll < 0.03) {
    return request(m.lbConf, {
      ip4SrcAddress: ip(pick(["192.0.2.250", "255.255.255.255"])),
      ip6SrcAddress: ip(pick(["2001:db8::250", "::ffff:1.2.3.4", "::"])),
      stickyBucketsPerCore: pick([1024, 65536, 1000, 0xffffffff, 0]),
      flowTimeout: pick([40, 0, 0xffffffff, 7]),
    });
  }
  if (roll < 0.06) return request(m.lbFlushVip, name(PREFIXES));
  if (roll < 0.35) return vipRequest({ pick, chance, name });
  const server = {
    ...name(PREFIXES),
    asAddress: ip(pick(SERVERS)),
    weight: pick(WEIGHTS),
    isFlush: chance(0.3),
  };
  const isDel = chance(0.25);
  if (roll < 0.5) return request(m.lbAsSetWeight, server);
  return roll < 0.55
    ? request(m.lbAddDelAs, { ...server, isDel })
    : request(m.lbAddDelAsV2, { ...server, isDel });
}

interface Dice {
  pick<T>(list: readonly T[]): T;
  chance(probability: number): boolean;
  name(prefixes: typeof PREFIXES): Pick<m.LbAddDelVip, "pfx" | "protocol" | "port">;
}

function vipRequest({ pick, chance, name }: Dice): PluginRequest {
  const bare = chance(0.15);
  const vip = {
    ...name(bare ? BARE_PREFIXES : PREFIXES),
    encap: bare ? pick([2, 3, 4, 9]) : pick([0, 0, 1]),
    dscp: pick([0, 63, 200]),
    type: pick([0, 1]),
    targetPort: pick([8080, 1]),
    nodePort: 0,
    newFlowsTableLength: pick(LENGTHS),
    isDel: chance(0.2),
  };
  return chance(0.15)
    ? request(m.lbAddDelVip, vip)
    : request(m.lbAddDelVipV2, { ...vip, srcIpSticky: chance(0.5) });
}

function request<Body>(codec: MessageCodec<Body>, body: Body): PluginRequest {
  const text = `${codec.name} ${JSON.stringify(body, textOnly)}`;
  return { text, key: codec.key, encode: (header) => codec.encode(header, body) };
}

function textOnly(_key: string, value: unknown): unknown {
  return typeof value === "object" && value !== null && "text" in value ? value.text : value;
}
