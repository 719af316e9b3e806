/** Plans, VPP's state and VPP's counters in the worlds that maglevc's commands are tested on. */
import type { WallMs } from "../../../src/base/instant.ts";
import type { messages } from "../../../src/grpc/client/client.ts";
import { PLAIN, type Words } from "./cli_words.ts";

/** A plan that reweights, removes and keeps servers of one VIP and empties another. */
export function planOf(words: Words): messages.Plan {
  const buckets = 65_536;
  const third = 21_845;
  const shift = { buckets, lost: 0, gained: 0, rehashed: false };
  return {
    warning: words.detail === PLAIN.detail ? "" : words.detail,
    states: [{ backend: words.web1, from: "up", to: "paused" }],
    assumedUp: ["web9"],
    carried: [],
    vips: [
      {
        frontend: words.web,
        prefix: "192.0.2.1/32",
        protocol: "tcp",
        port: 80,
        change: "changed",
        reason: "",
        servers: [
          {
            address: "192.0.2.11",
            change: "reweighted",
            backends: [words.web1],
            flush: false,
            now: { weight: 100, buckets: third },
            atOnce: { weight: 0, buckets: 0 },
            settled: { weight: 100, buckets: third },
          },
          {
            address: "192.0.2.12",
            change: "removed",
            backends: [words.web2, "web2-tls"],
            flush: true,
            now: { weight: 100, buckets: third },
            atOnce: undefined,
            settled: undefined,
          },
          {
            address: "192.0.2.13",
            change: "kept",
            backends: [],
            flush: false,
            now: { weight: 100, buckets: buckets - 2 * third },
            atOnce: { weight: 100, buckets },
            settled: { weight: 100, buckets: buckets - third },
          },
        ],
        atOnce: { ...shift, moved: 2 * third, shareMoved: 2 * third / buckets },
        settled: { ...shift, moved: third, shareMoved: third / buckets },
        movedInSteps: 2 * third,
      },
      {
        frontend: "dns6",
        prefix: "2001:db8:0:1:2:3:4:53/128",
        protocol: "any",
        port: 0,
        change: "changed",
        reason: "",
        servers: [
          {
            address: "2001:db8:0:1::11",
            change: "reweighted",
            backends: ["db1"],
            flush: false,
            now: { weight: 100, buckets },
            atOnce: { weight: 0, buckets: 0 },
            settled: { weight: 0, buckets: 0 },
          },
        ],
        atOnce: { ...shift, lost: buckets, moved: 0, shareMoved: 0 },
        settled: { ...shift, lost: buckets, moved: 0, shareMoved: 0 },
      },
    ],
    vipsUnchanged: 7,
    operations: {
      vipsAdded: 0,
      vipsRemoved: 0,
      vipsRecreated: 0,
      serversAdded: 0,
      serversRemoved: 1,
      weightsUpdated: 2,
    },
  };
}

/** VPP's load balancer: an IPv4 VIP, an IPv6 VIP for all ports, and one without servers. */
export function lbState(): messages.VPPLBState {
  const vip = { encap: "gre4", flowTableLength: 65_536, srcIpSticky: false };
  const server = (address: string, weight: number, numBuckets: number) => ({
    address,
    weight,
    flags: 1,
    numBuckets,
    flows: undefined,
    packets: undefined,
    bytes: undefined,
    backends: [],
  });
  return {
    conf: {
      ip4SrcAddress: "192.0.2.254",
      ip6SrcAddress: "2001:db8::fe",
      stickyBucketsPerCore: 65_536,
      flowTimeout: 40,
    },
    vips: [
      {
        ...vip,
        prefix: "192.0.2.1/32",
        protocol: "tcp",
        port: 80,
        applicationServers: [
          {
            ...server("192.0.2.11", 25, 13_108),
            flows: 1_204,
            packets: 1_234_567n,
            bytes: 987_654_321n,
            backends: ["web1", "web1-tls"],
          },
          { ...server("192.0.2.12", 0, 0), flows: 3, packets: 0n, bytes: 0n, backends: ["web2"] },
          server("192.0.2.13", 100, 52_428),
          { ...server("192.0.2.12", 0, 0), flags: 0 },
        ],
      },
      {
        ...vip,
        prefix: "2001:db8:0:1:2:3:4:53/128",
        protocol: "any",
        port: 0,
        encap: "gre6",
        srcIpSticky: true,
        applicationServers: [
          server("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", 100, 65_535),
          server("2001:db8:0:1::11", 1, 1),
        ],
      },
      {
        ...vip,
        prefix: "198.51.100.0/24",
        protocol: "udp",
        port: 53,
        applicationServers: [],
      },
    ],
  };
}

/** A reading of VPP's counters; `factor` multiplies what has been counted. */
export function countersOf(
  { takenMs, factor }: { readonly takenMs: WallMs; readonly factor: bigint },
): messages.VPPLBCounters {
  return {
    takenAt: BigInt(takenMs) * 1_000_000n,
    servers: [
      {
        address: "192.0.2.11",
        backends: ["web1", "web1-tls"],
        packets: 1_234_567n * factor,
        bytes: 987_654_321n * factor,
      },
      { address: "2001:db8:0:1::11", backends: [], packets: 0n, bytes: 0n },
    ],
    vips: [
      {
        prefix: "192.0.2.1/32",
        protocol: "tcp",
        port: 80,
        next: 123_456_789_012n * factor,
        first: 1_234_567n * factor,
        untracked: 12n * factor,
        noServer: 0n,
        fibPackets: 123_458_023_591n * factor,
        fibBytes: 98_765_432_109_876n * factor,
      },
      {
        prefix: "2001:db8:0:1:2:3:4:53/128",
        protocol: "any",
        port: 0,
        next: 0n,
        first: 0n,
        untracked: 0n,
        noServer: 4n * factor,
        fibPackets: undefined,
        fibBytes: undefined,
      },
    ],
  };
}
