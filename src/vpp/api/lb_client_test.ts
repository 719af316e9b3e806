import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { MemoryTransport } from "../../../tests/support/fakes/memory_transport.ts";
import { RecordingLogger } from "../../../tests/support/fakes/recording_logger.ts";
import { RecordingObserver } from "../../../tests/support/fakes/recording_observer.ts";
import { parseIp } from "../../base/address.ts";
import { VppClient } from "./client.ts";
import { LbClient } from "./lb_client.ts";
import { UnweightedLbClient } from "./lb_client_unweighted.ts";
import type { ActualVip, DesiredVip } from "../lb/model.ts";
import {
  cliInbandReply,
  controlPingReply,
  lbAddDelVipV2Reply,
  lbAsV2Details,
  lbConfGetReply,
  lbVipDetails,
} from "../wire/messages.ts";

const V4 = parseIp("192.0.2.1")!;
const V6 = parseIp("2001:db8::1")!;
const SERVER = parseIp("10.0.0.1")!;
const VIP: DesiredVip = {
  address: V4,
  prefixLength: 32,
  protocol: 6,
  port: 80,
  encap: "gre4",
  srcIpSticky: true,
  newFlowsTableLength: 2048,
  servers: [],
};
const ANY_PORT: DesiredVip = { ...VIP, address: V6, prefixLength: 128, port: 0, encap: "gre6" };
const FOUND: ActualVip = { ...VIP, encap: "nat6", poolIndex: 3, servers: [], removed: [] };

const PFX4 = { address: V4, len: 32 };
const VIP_REST = { dscp: 0, type: 0, targetPort: 0, nodePort: 0 };

function setUp() {
  const transport = new MemoryTransport();
  const clock = new FakeClock();
  const options = {
    clock,
    logger: new RecordingLogger({ debug: true }),
    observer: new RecordingObserver(),
  };
  const client = new VppClient(transport, options);
  return { transport, client, lb: new LbClient(client) };
}

const REQUESTS: readonly (readonly [(lb: LbClient) => Promise<unknown>, string, unknown])[] = [
  [(lb) => lb.addVip(VIP), "lb_add_del_vip_v2", {
    pfx: PFX4,
    protocol: 6,
    port: 80,
    encap: 0,
    ...VIP_REST,
    newFlowsTableLength: 2048,
    srcIpSticky: true,
    isDel: false,
  }],
  [(lb) => lb.addVip(ANY_PORT), "lb_add_del_vip_v2", {
    pfx: { address: V6, len: 128 },
    protocol: 255,
    port: 0,
    encap: 1,
    ...VIP_REST,
    newFlowsTableLength: 2048,
    srcIpSticky: true,
    isDel: false,
  }],
  [(lb) => lb.deleteVip(FOUND), "lb_add_del_vip_v2", {
    pfx: PFX4,
    protocol: 6,
    port: 80,
    encap: 4,
    ...VIP_REST,
    newFlowsTableLength: 1024,
    srcIpSticky: true,
    isDel: true,
  }],
  [(lb) => lb.addServer(VIP, SERVER, 0), "lb_add_del_as_v2", {
    pfx: PFX4,
    protocol: 6,
    port: 80,
    asAddress: SERVER,
    weight: 0,
    isDel: false,
    isFlush: false,
  }],
  [(lb) => lb.deleteServer(VIP, SERVER, true), "lb_add_del_as_v2", {
    pfx: PFX4,
    protocol: 6,
    port: 80,
    asAddress: SERVER,
    weight: 0,
    isDel: true,
    isFlush: true,
  }],
  [(lb) => lb.setWeight(VIP, SERVER, 50, true), "lb_as_set_weight", {
    pfx: PFX4,
    protocol: 6,
    port: 80,
    asAddress: SERVER,
    weight: 50,
    isFlush: true,
  }],
  [
    (lb) =>
      lb.setConf({
        ip4SrcAddress: V4,
        ip6SrcAddress: V6,
        stickyBucketsPerCore: 65536,
        flowTimeoutS: 40,
      }),
    "lb_conf",
    { ip4SrcAddress: V4, ip6SrcAddress: V6, stickyBucketsPerCore: 65536, flowTimeout: 40 },
  ],
  [(lb) => lb.cli("show lb"), "cli_inband", { cmd: "show lb" }],
  [(lb) => lb.dumpVips(), "lb_vip_dump", {
    pfx: { address: parseIp("0.0.0.0"), len: 0 },
    pfxMatcher: { le: 0, ge: 0 },
    protocol: 255,
    port: 0,
  }],
  [(lb) => lb.dumpServers(), "lb_as_v2_dump", {
    pfx: { address: parseIp("0.0.0.0"), len: 0 },
    protocol: 0,
    port: 0,
  }],
];

Deno.test("LbClient sends every field of every request", async () => {
  for (const [call, name, body] of REQUESTS) {
    const { transport, client, lb } = setUp();
    const work = call(lb);
    const [sent] = transport.take();
    assert.deepEqual([sent!.name, sent!.body], [name, body]);
    client.close();
    await assert.rejects(work);
  }
});

/** Requests for the same VIP to a plugin with the bugs, and to one without. */
const IN_OR_OUT: readonly (readonly [boolean, DesiredVip, number, number])[] = [
  [false, VIP, 32, 0],
  [false, { ...VIP, encap: "gre6" }, 32, 1],
  [false, ANY_PORT, 128, 1],
  [true, VIP, 128, 0],
  [true, { ...VIP, encap: "gre6" }, 128, 0x01000000],
  [true, ANY_PORT, 128, 0x01000000],
];

Deno.test("UnweightedLbClient converts its requests for a plugin with the bugs", async () => {
  for (const [faulty, vip, len, encap] of IN_OR_OUT) {
    const { transport, client } = setUp();
    const lb = new UnweightedLbClient(client, { faulty });
    const actual: ActualVip = { ...vip, poolIndex: 1, servers: [], removed: [] };
    const work = [
      lb.addVip(vip),
      lb.deleteVip(actual),
      lb.addServer(vip, SERVER),
      lb.deleteServer(vip, SERVER, true),
    ];
    const name = { pfx: { address: vip.address, len }, protocol: vip.port === 0 ? 255 : 6 };
    const common = { ...name, port: vip.port };
    const vipRest = { ...common, ...VIP_REST, encap, srcIpSticky: true };
    assert.deepEqual(transport.take().map(({ name, body }) => [name, body]), [
      ["lb_add_del_vip_v2", { ...vipRest, newFlowsTableLength: 2048, isDel: false }],
      ["lb_add_del_vip_v2", { ...vipRest, newFlowsTableLength: 1024, isDel: true }],
      ["lb_add_del_as", { ...common, asAddress: SERVER, isDel: false, isFlush: false }],
      ["lb_add_del_as", { ...common, asAddress: SERVER, isDel: true, isFlush: true }],
    ]);
    client.close();
    await Promise.allSettled(work);
    for (const missing of [lb.setWeight(), lb.dumpVips(), lb.dumpServers()]) {
      await assert.rejects(missing, { code: "unimplemented" });
    }
  }
});

Deno.test("LbClient returns the retval of a refusal", async () => {
  const { transport, client, lb } = setUp();
  const work = lb.addVip(VIP);
  transport.reply(lbAddDelVipV2Reply, transport.take()[0]!.context, { retval: -81 });
  assert.equal(await work, -81);
  client.close();
});

Deno.test("LbClient reads configuration, CLI output and dumps", async () => {
  const { transport, client, lb } = setUp();
  const work = Promise.all([lb.getConf(), lb.cli("x"), lb.dumpVips(), lb.dumpServers()]);
  const [conf, cli, vips, , servers] = transport.take().map(({ context }) => context);
  transport.reply(lbConfGetReply, conf!, {
    retval: 0,
    ip4SrcAddress: V4,
    ip6SrcAddress: V6,
    stickyBucketsPerCore: 1024,
    flowTimeout: 40,
  });
  transport.reply(cliInbandReply, cli!, { retval: 0, reply: "output\n" });
  const vip = { pfx: PFX4, protocol: 6, port: 80 };
  transport.reply(lbVipDetails, vips!, {
    vip,
    encap: 1,
    dscp: 0,
    srvType: 0,
    targetPort: 0,
    flowTableLength: 0,
  });
  transport.reply(controlPingReply, vips!, { retval: 0, vpePid: 1 });
  transport.reply(lbAsV2Details, servers!, {
    vip,
    appSrv: SERVER,
    flags: 1,
    inUseSince: 5,
    weight: 70,
    numBuckets: 300,
  });
  transport.reply(controlPingReply, servers!, { retval: 0, vpePid: 1 });
  const key = { address: V4, prefixLength: 32, protocol: 6, port: 80 };
  assert.deepEqual(await work, [
    { ip4SrcAddress: V4, ip6SrcAddress: V6, stickyBucketsPerCore: 1024, flowTimeoutS: 40 },
    "output\n",
    [{ ...key, encap: 1, flowTableLength: 0 }],
    [{ vip: key, address: SERVER, flags: 1, weight: 70, buckets: 300 }],
  ]);
  client.close();
});

Deno.test("LbClient rejects when VPP refuses to return its settings or CLI output", async () => {
  const { transport, client, lb } = setUp();
  const work = lb.cli("x");
  transport.reply(cliInbandReply, transport.take()[0]!.context, { retval: -9, reply: "" });
  await assert.rejects(work, /VPP refused cli_inband: UNIMPLEMENTED/);
  client.close();
});
