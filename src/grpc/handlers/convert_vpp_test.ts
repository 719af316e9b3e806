import assert from "node:assert/strict";
import { parseIp } from "../../base/address.ts";
import type { ActualVip } from "../../vpp/lb/model.ts";
import type { VipCounters } from "../../vpp/ports.ts";
import { lbVip, protocolName, vipCounters } from "./convert_vpp.ts";

const VIP = { address: parseIp("192.0.2.1")!, prefixLength: 32, protocol: 6, port: 80 };

Deno.test("lbVip() has servers in use and removed ones, and reads a reported length of 0 as 65,536", () => {
  const vip: ActualVip = {
    ...VIP,
    encap: "gre4",
    srcIpSticky: true,
    newFlowsTableLength: 0,
    poolIndex: 3,
    servers: [
      {
        address: parseIp("10.0.0.1")!,
        weight: 7,
        buckets: 1024,
        flushed: false,
        figures: { flows: 5, routeIndex: 9 },
      },
      { address: parseIp("10.0.0.2")!, weight: 0, buckets: undefined, flushed: true },
    ],
    removed: [{ address: parseIp("10.0.0.3")!, flushed: false }],
  };
  const namesAt = (_: unknown, address: string) => (address === "10.0.0.2" ? ["a", "b"] : []);
  const countersOf = (text: string) => (
    text === "10.0.0.1" ? { address: parseIp(text)!, packets: 3, bytes: 372 } : undefined
  );
  const told = lbVip(vip, { namesAt, countersOf });
  assert.deepEqual(
    [told.prefix, told.protocol, told.port, told.encap, told.flowTableLength, told.srcIpSticky],
    ["192.0.2.1/32", "tcp", 80, "gre4", 65_536, true],
  );
  const servers = told.applicationServers.map((
    { address, weight, flags, numBuckets, backends },
  ) => ({ address, weight, flags, numBuckets, backends }));
  assert.deepEqual(servers, [
    { address: "10.0.0.1", weight: 7, flags: 1, numBuckets: 1024, backends: [] },
    { address: "10.0.0.2", weight: 0, flags: 1, numBuckets: 0, backends: ["a", "b"] },
    { address: "10.0.0.3", weight: 0, flags: 0, numBuckets: 0, backends: [] },
  ]);
  const figures = told.applicationServers.map((
    { flows, packets, bytes },
  ) => [flows, packets, bytes]);
  const none = [undefined, undefined, undefined];
  assert.deepEqual(figures, [[5, 3n, 372n], none, none]);
  assert.equal(
    lbVip({ ...vip, newFlowsTableLength: 1024 }, { namesAt, countersOf }).flowTableLength,
    1024,
  );
});

Deno.test("protocolName() has names for the configuration's three protocols, and numbers for others", () => {
  assert.deepEqual([6, 17, 255, 50, 0].map(protocolName), ["tcp", "udp", "any", "50", "0"]);
});

Deno.test("vipCounters() leaves out unreported counters of the route, and has 0 for packets", () => {
  const counts: VipCounters = {
    vip: VIP,
    next: 2 ** 53,
    first: 1,
    untracked: NaN,
    noServer: 0,
    fibPackets: undefined,
    fibBytes: NaN,
  };
  const { next, first, untracked, noServer, fibPackets, fibBytes } = vipCounters(counts);
  assert.deepEqual([next, first, untracked, noServer], [2n ** 53n, 1n, 0n, 0n]);
  assert.deepEqual([fibPackets, fibBytes], [undefined, undefined]);
  assert.equal(vipCounters({ ...counts, fibBytes: 5 }).fibBytes, 5n);
});
