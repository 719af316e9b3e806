import assert from "node:assert/strict";
import { ip } from "../../../tests/support/fakes/vips.ts";
import { actualVips } from "./actual.ts";
import type { ServerDetails, VipDetails } from "./actual.ts";
import type { VipKey } from "./model.ts";
import type { VerboseVip } from "./vips_verbose.ts";

function key(address: string, port = 80): VipKey {
  return { address: ip(address), prefixLength: 32, protocol: 6, port };
}

function readVip(address: string, port = 80): VipDetails {
  return { ...key(address, port), encap: 0, flowTableLength: 1024 };
}

function readServer(vip: VipKey, address: string, flags = 1): ServerDetails {
  return { vip, address: ip(address), flags, weight: 100, buckets: 512 };
}

function verbose(address: string, change: Partial<VerboseVip> = {}): VerboseVip {
  return {
    ...key(address),
    poolIndex: 7,
    encap: "gre4",
    srcIpSticky: true,
    removed: false,
    newFlowsTableLength: 1024,
    servers: [],
    ...change,
  };
}

const untold = () => {
  throw new Error("asked");
};

Deno.test("actualVips() joins dumps and CLI text, in order", () => {
  const web = key("192.0.2.2");
  const vips = actualVips({
    vips: [readVip("192.0.2.10"), readVip("192.0.2.2")],
    servers: [
      readServer(web, "10.0.0.10"),
      readServer(web, "10.0.0.9"),
      readServer(key("192.0.2.10"), "10.0.0.1"),
      readServer(web, "10.0.0.1"),
    ],
    verbose: [verbose("192.0.2.2"), verbose("192.0.2.10", { poolIndex: 1, srcIpSticky: false })],
  }, untold);
  assert.deepEqual(
    vips.map((vip) => [vip.address.text, vip.poolIndex, vip.srcIpSticky, vip.encap]),
    [["192.0.2.2", 7, true, "gre4"], ["192.0.2.10", 1, false, "gre4"]],
  );
  assert.deepEqual(vips[0]!.servers.map((server) => server.address.text), [
    "10.0.0.1",
    "10.0.0.9",
    "10.0.0.10",
  ]);
  assert.deepEqual(vips[1]!.servers, [
    { address: ip("10.0.0.1"), weight: 100, buckets: 512, flushed: false },
  ]);
});

Deno.test("actualVips() adds the printed flows and route of a server", () => {
  const six = key("192.0.2.2");
  const printed = (address: string, flows: number, dpo: number, used = true) => (
    { address, weight: 100, buckets: 512, flows, dpo, used }
  );
  const [vip] = actualVips({
    vips: [readVip("192.0.2.2")],
    servers: ["2001:db8::1", "2001:db8::2", "2001:db8::3"].map((text) => readServer(six, text)),
    verbose: [
      verbose("192.0.2.2", {
        servers: [
          printed("2001:db8::2", 5, 12),
          // Another form of ::1, and a removed server.
          printed("2001:db8:0:0:0:0:0:1", 4, 11),
          printed("2001:db8::3", 3, 13, false),
        ],
      }),
    ],
  }, untold);
  assert.deepEqual(vip!.servers.map(({ figures }) => figures), [
    { flows: 4, routeIndex: 11 },
    { flows: 5, routeIndex: 12 },
    undefined,
  ]);
});

Deno.test("actualVips() leaves out removed servers, and those of a removed VIP with the same key", () => {
  const web = key("192.0.2.2");
  const [vip] = actualVips({
    vips: [readVip("192.0.2.2")],
    servers: [
      readServer(web, "10.0.0.1", 0),
      readServer(web, "10.0.0.2"),
      readServer(web, "10.0.0.2", 0),
    ],
    verbose: [
      verbose("192.0.2.2", { removed: true, poolIndex: 3, srcIpSticky: false }),
      verbose("192.0.2.2"),
    ],
  }, untold);
  assert.deepEqual(vip!.servers.map((server) => server.address.text), ["10.0.0.2"]);
  assert.equal(vip!.poolIndex, 7);
  assert.equal(vip!.srcIpSticky, true);
});

Deno.test("actualVips() uses stickyWhenUntold for VIPs that the CLI did not print", () => {
  const asked: string[] = [];
  const told = (key: string) => {
    asked.push(key);
    return true;
  };
  for (const cli of [undefined, [verbose("192.0.2.99")]]) {
    const [vip] = actualVips({ vips: [readVip("192.0.2.2")], servers: [], verbose: cli }, told);
    assert.equal(vip!.srcIpSticky, true);
    assert.equal(vip!.poolIndex, undefined);
  }
  assert.deepEqual(asked, ["192.0.2.2/32 6 80", "192.0.2.2/32 6 80"]);
});

Deno.test("actualVips() distinguishes all encapsulations", () => {
  const vips = [0, 1, 2, 3, 4].map((encap) => ({ ...readVip(`192.0.2.${encap}`), encap }));
  const found = actualVips({ vips, servers: [], verbose: undefined }, () => false);
  assert.deepEqual(found.map((vip) => vip.encap), ["gre4", "gre6", "l3dsr", "nat4", "nat6"]);
});
