import assert from "node:assert/strict";
import fc from "fast-check";
import { monotonic } from "../../../tests/support/fakes/instants.ts";
import { bytesOf, parseIp } from "../../base/address.ts";
import { formatAddress46 } from "./address46.ts";
import { LbPlugin } from "./plugin.ts";
import { serverRecords, showLb, showVips, showVipsVerbose, vipRecords } from "./show.ts";
import type { Retval, VipArguments, VipName } from "./types.ts";

const GRE4 = 0;
const GRE6 = 1;
const L3DSR = 2;
const NAT4 = 3;
const NAT6 = 4;

/** `192.0.2.1/32 6 80` as a request names it. */
function vip(text: string): VipName {
  const [prefix = "", protocol, port] = text.split(" ");
  const [address = "", len] = prefix.split("/");
  return {
    pfx: { address: parseIp(address)!, len: Number(len) },
    protocol: Number(protocol),
    port: Number(port),
  };
}

function add(plugin: LbPlugin, text: string, args: Partial<VipArguments> = {}): Retval {
  return plugin.addVip({
    ...vip(text),
    encap: GRE4,
    dscp: 0,
    type: 0,
    targetPort: 0,
    newFlowsTableLength: 1024,
    srcIpSticky: false,
    ...args,
  });
}

function addServer(plugin: LbPlugin, name: string, server: string, weight = 100): Retval {
  return plugin.addServer(vip(name), { address: parseIp(server)!, weight, flush: false });
}

function deleteServer(plugin: LbPlugin, name: string, server: string, flush = false): Retval {
  return plugin.deleteServer(vip(name), { address: parseIp(server)!, flush });
}

/** A server of a VIP as text: `10.0.0.1 w100 b1024 used`. */
function servers(plugin: LbPlugin): string[] {
  const all = serverRecords(plugin, { raw: new Uint8Array(16), protocol: 0, port: 0 });
  return all.map(({ appSrv, weight, numBuckets, flags }) =>
    `${appSrv.text} w${weight} b${numBuckets} ${flags === 1 ? "used" : "removed"}`
  );
}

function indices(plugin: LbPlugin): string[] {
  return [...plugin.vips()].map(({ index, prefix, used }) =>
    `[${index}] ${formatAddress46(prefix)}${used ? "" : " removed"}`
  );
}

Deno.test("addVip replies as the plugin does", () => {
  const there: [string, Partial<VipArguments>][] = [
    ["192.0.2.1/32 6 80", {}],
    ["192.0.2.2/32 6 0", {}],
    ["2001:db8::1/128 6 80", { encap: GRE6 }],
  ];
  const cases: [string, Partial<VipArguments>, Retval][] = [
    ["192.0.2.1/32 6 80", {}, -81],
    ["192.0.2.1/32 6 443", {}, 0],
    ["192.0.2.1/32 17 80", {}, 0],
    ["192.0.2.1/32 6 0", {}, -81],
    ["192.0.2.1/32 6 443", { encap: GRE6 }, -73],
    // Exactly there beats the wrong encapsulation.
    ["192.0.2.1/32 6 80", { encap: GRE6 }, -81],
    ["192.0.2.2/32 6 80", {}, -81],
    // Port 0 forces protocol 255, so this is the VIP that is there.
    ["192.0.2.2/32 17 0", {}, -81],
    ["192.0.2.3/32 6 80", { newFlowsTableLength: 1000 }, -70],
    ["192.0.2.3/32 6 80", { newFlowsTableLength: 65536 }, 0],
    ["192.0.2.3/32 6 80", { newFlowsTableLength: 1 }, 0],
    // Other bits of a prefix are cleared before it is compared.
    ["192.0.2.99/24 6 80", {}, 0],
    // The same 16 bytes as an IPv4 prefix.
    ["::c000:201/128 6 80", {}, -81],
    ["192.0.2.3/32 6 80", { encap: L3DSR, dscp: 63 }, 0],
    ["192.0.2.3/32 6 80", { encap: NAT4 }, 0],
    // An encapsulation that does not go with the family is taken for ip6-gre6.
    ["192.0.2.3/32 6 80", { encap: NAT6 }, -97],
    ["192.0.2.3/32 6 80", { encap: 9 }, -97],
    ["192.0.2.1/32 6 443", { encap: 9 }, -73],
    ["2001:db8::2/128 6 80", { encap: NAT6 }, 0],
    ["2001:db8::1/128 6 443", { encap: L3DSR }, 0],
    ["2001:db8::1/128 6 443", { encap: GRE4 }, -73],
  ];
  for (const [name, args, want] of cases) {
    const plugin = new LbPlugin(monotonic(0));
    for (const [first, firstArgs] of there) assert.equal(add(plugin, first, firstArgs), 0);
    assert.equal(add(plugin, name, args), want, `${name} ${JSON.stringify(args)}`);
    plugin.checkInvariants();
  }
});

Deno.test("servers: every request on one gets the plugin's reply", () => {
  const plugin = new LbPlugin(monotonic(0));
  add(plugin, "192.0.2.1/32 6 80");
  add(plugin, "192.0.2.2/32 6 80", { encap: GRE6 });
  const steps: [string, () => Retval, Retval][] = [
    ["unknown VIP", () => addServer(plugin, "192.0.2.1/32 6 81", "10.0.0.1"), -6],
    ["other prefix length", () => addServer(plugin, "192.0.2.1/31 6 80", "10.0.0.1"), -6],
    ["new", () => addServer(plugin, "192.0.2.1/32 6 80", "10.0.0.1"), 0],
    ["there already", () => addServer(plugin, "192.0.2.1/32 6 80", "10.0.0.1", 1), -81],
    ["wrong family", () => addServer(plugin, "192.0.2.1/32 6 80", "2001:db8::1"), -97],
    ["wrong family for gre6", () => addServer(plugin, "192.0.2.2/32 6 80", "10.0.0.1"), -97],
    ["a low IPv6 address is IPv4", () => addServer(plugin, "192.0.2.2/32 6 80", "::1"), -97],
    ["IPv6 for gre6", () => addServer(plugin, "192.0.2.2/32 6 80", "2001:db8::1"), 0],
    ["weight over 100", () => addServer(plugin, "192.0.2.1/32 6 80", "10.0.0.2", 255), 0],
    ["delete unknown", () => deleteServer(plugin, "192.0.2.1/32 6 80", "10.0.0.9"), -6],
    ["delete at unknown VIP", () => deleteServer(plugin, "192.0.2.1/32 17 80", "10.0.0.1"), -6],
    ["delete", () => deleteServer(plugin, "192.0.2.1/32 6 80", "10.0.0.2"), 0],
    [
      "delete again while it is kept",
      () => deleteServer(plugin, "192.0.2.1/32 6 80", "10.0.0.2"),
      0,
    ],
    [
      "weight of a removed one",
      () =>
        plugin.setWeight(vip("192.0.2.1/32 6 80"), {
          address: parseIp("10.0.0.2")!,
          weight: 1,
          flush: false,
        }),
      -6,
    ],
    ["add again while it is kept", () => addServer(plugin, "192.0.2.1/32 6 80", "10.0.0.2", 50), 0],
    ["flush of an unknown VIP says 0", () => plugin.flushVip(vip("192.0.2.9/32 6 80")), 0],
    ["delete VIP", () => plugin.deleteVip(vip("192.0.2.2/32 6 80")), 0],
    ["delete VIP again", () => plugin.deleteVip(vip("192.0.2.2/32 6 80")), -6],
  ];
  for (const [name, step, want] of steps) {
    assert.equal(step(), want, name);
    plugin.checkInvariants();
  }
  assert.deepEqual(servers(plugin), [
    "10.0.0.1 w100 b674 used",
    "10.0.0.2 w50 b350 used",
    "2001:db8::1 w100 b0 removed",
  ]);
});

Deno.test("setConf: power of two, 0 among them, and ~0 keeps the value", () => {
  const conf = {
    ip4SrcAddress: parseIp("192.0.2.250")!,
    ip6SrcAddress: parseIp("2001:db8::250")!,
    stickyBucketsPerCore: 1024,
    flowTimeout: 40,
  };
  const cases: [number, number, Retval, number, number][] = [
    [65536, 7, 0, 65536, 7],
    [1000, 7, -70, 1024, 40],
    [0, 7, 0, 0, 7],
    [0xffffffff, 0xffffffff, 0, 1024, 40],
  ];
  for (const [stickyBucketsPerCore, flowTimeout, want, sticky, timeout] of cases) {
    const plugin = new LbPlugin(monotonic(0));
    assert.equal(plugin.setConf({ ...conf, stickyBucketsPerCore, flowTimeout }), want);
    assert.equal(plugin.conf.stickyBucketsPerCore, sticky);
    assert.equal(plugin.conf.flowTimeout, timeout);
  }
});

Deno.test("removed servers and VIPs are kept until collected, then their slots are reused", () => {
  const plugin = new LbPlugin(monotonic(1_000_000));
  const at = (seconds: number) => plugin.advance(monotonic(1_000_000 + seconds * 1000));
  at(5);
  add(plugin, "192.0.2.1/32 6 80");
  add(plugin, "192.0.2.2/32 6 80");
  addServer(plugin, "192.0.2.1/32 6 80", "10.0.0.1");
  addServer(plugin, "192.0.2.2/32 6 80", "10.0.0.2");
  at(55);
  plugin.deleteVip(vip("192.0.2.1/32 6 80"));
  add(plugin, "192.0.2.1/32 6 80");
  assert.deepEqual(indices(plugin), ["[1] 192.0.2.1 removed", "[2] 192.0.2.2", "[3] 192.0.2.1"]);
  // At 60 s the VIP is 55 s old: its servers are not looked at before it is 60 s old.
  at(60);
  assert.equal(plugin.serverCount, 2);
  at(119);
  assert.equal(plugin.serverCount, 2);
  at(120);
  assert.deepEqual(indices(plugin), ["[2] 192.0.2.2", "[3] 192.0.2.1"]);
  assert.equal(plugin.serverCount, 1);
  add(plugin, "192.0.2.9/32 6 80");
  assert.deepEqual(indices(plugin)[0], "[1] 192.0.2.9");
  plugin.checkInvariants();
});

Deno.test("adding a server collects removed ones of the same VIP when a minute has passed", () => {
  const plugin = new LbPlugin(monotonic(0));
  plugin.advance(monotonic(1000));
  add(plugin, "192.0.2.1/32 6 80");
  addServer(plugin, "192.0.2.1/32 6 80", "10.0.0.1");
  plugin.advance(monotonic(50_000));
  deleteServer(plugin, "192.0.2.1/32 6 80", "10.0.0.1");
  plugin.advance(monotonic(60_999));
  addServer(plugin, "192.0.2.1/32 6 80", "10.0.0.2");
  assert.equal(plugin.serverCount, 2, "59 s after the VIP was made");
  plugin.advance(monotonic(61_000));
  addServer(plugin, "192.0.2.1/32 6 80", "10.0.0.3");
  assert.deepEqual(servers(plugin).map((line) => line.split(" ")[0]), ["10.0.0.2", "10.0.0.3"]);
  addServer(plugin, "192.0.2.1/32 6 80", "10.0.0.4");
  assert.equal(servers(plugin)[0]!.split(" ")[0], "10.0.0.4", "the freed slot comes first again");
});

Deno.test("a server removed less than 10 s ago is not collected", () => {
  const plugin = new LbPlugin(monotonic(0));
  add(plugin, "192.0.2.1/32 6 80");
  addServer(plugin, "192.0.2.1/32 6 80", "10.0.0.1");
  plugin.advance(monotonic(55_000));
  deleteServer(plugin, "192.0.2.1/32 6 80", "10.0.0.1");
  plugin.advance(monotonic(60_000));
  assert.equal(plugin.serverCount, 1);
  plugin.advance(monotonic(120_000));
  assert.equal(plugin.serverCount, 0);
});

Deno.test("advance: a long pause collects as every minute of it would have", () => {
  const filled = () => {
    const plugin = new LbPlugin(monotonic(0));
    plugin.advance(monotonic(30_000));
    add(plugin, "192.0.2.1/32 6 80");
    addServer(plugin, "192.0.2.1/32 6 80", "10.0.0.1");
    plugin.deleteVip(vip("192.0.2.1/32 6 80"));
    return plugin;
  };
  const atOnce = filled();
  atOnce.advance(monotonic(3_600_000));
  const stepwise = filled();
  for (let s = 30; s <= 3600; s++) stepwise.advance(monotonic(s * 1000));
  assert.deepEqual([atOnce.vipCount, atOnce.serverCount], [0, 0]);
  assert.deepEqual([stepwise.vipCount, stepwise.serverCount], [0, 0]);
});

Deno.test("flushes are recorded for each server, from any cause", () => {
  const plugin = new LbPlugin(monotonic(0));
  const name = "192.0.2.1/32 6 80";
  add(plugin, name);
  addServer(plugin, name, "10.0.0.1");
  addServer(plugin, name, "10.0.0.2");
  plugin.setWeight(vip(name), { address: parseIp("10.0.0.1")!, weight: 0, flush: true });
  plugin.setWeight(vip(name), { address: parseIp("10.0.0.1")!, weight: 5, flush: false });
  deleteServer(plugin, name, "10.0.0.1", true);
  plugin.addServer(vip(name), { address: parseIp("10.0.0.1")!, weight: 1, flush: true });
  plugin.flushVip(vip(name));
  assert.equal(plugin.flushCount(name, "10.0.0.1"), 4);
  assert.equal(plugin.flushCount(name, "10.0.0.2"), 1);
  assert.deepEqual(plugin.flushes[0], { vip: name, server: "10.0.0.1" });
});

Deno.test("vipRecords: 16 bits of length, and the fields VPP forgets to swap", () => {
  const plugin = new LbPlugin(monotonic(0));
  add(plugin, "192.0.2.1/32 6 80", { newFlowsTableLength: 65536 });
  add(plugin, "192.0.2.2/32 6 0", { encap: L3DSR, dscp: 0xff });
  add(plugin, "192.0.2.3/32 6 80", { encap: NAT4, targetPort: 0x1f90 });
  add(plugin, "192.0.2.4/32 6 80");
  plugin.deleteVip(vip("192.0.2.4/32 6 80"));
  const shown = vipRecords(plugin).map(({ vip, ...rest }) => ({
    vip: `${vip.pfx.address.text}/${vip.pfx.len} ${vip.protocol} ${vip.port}`,
    ...rest,
  }));
  const rest = { dscp: 0, srvType: 0, targetPort: 0, flowTableLength: 1024 };
  assert.deepEqual(shown, [
    { vip: "192.0.2.1/32 6 80", encap: GRE4, ...rest, flowTableLength: 0 },
    { vip: "192.0.2.2/32 255 0", encap: L3DSR, ...rest, dscp: 0x3f, srvType: 0x3f000000 },
    { vip: "192.0.2.3/32 6 80", encap: NAT4, ...rest, targetPort: 0x901f },
  ]);
});

Deno.test("serverRecords: a filter is 16 raw bytes, which an IPv4 prefix never matches", () => {
  const plugin = new LbPlugin(monotonic(0));
  add(plugin, "192.0.2.1/32 6 80");
  addServer(plugin, "192.0.2.1/32 6 80", "10.0.0.1");
  add(plugin, "2001:db8::1/128 6 80", { encap: GRE6 });
  addServer(plugin, "2001:db8::1/128 6 80", "2001:db8::a");
  const raw = (text: string) => {
    const bytes = new Uint8Array(16);
    bytes.set(bytesOf(parseIp(text)!));
    return bytes;
  };
  const found = (text: string, protocol = 6) =>
    serverRecords(plugin, { raw: raw(text), protocol, port: 80 }).map(({ appSrv }) => appSrv.text);
  assert.deepEqual(found("0.0.0.0"), ["10.0.0.1", "2001:db8::a"]);
  assert.deepEqual(found("192.0.2.1"), []);
  assert.deepEqual(found("::c000:201"), ["10.0.0.1"]);
  assert.deepEqual(found("2001:db8::1"), ["2001:db8::a"]);
  assert.deepEqual(found("2001:db8::1", 17), []);
});

Deno.test("CLI texts match VPP's, for types and states that the recordings lack", () => {
  const plugin = new LbPlugin(monotonic(0));
  add(plugin, "192.0.2.0/24 6 80", { encap: NAT4, targetPort: 8080 });
  add(plugin, "192.0.2.2/32 6 0", { encap: L3DSR, dscp: 7 });
  add(plugin, "2001:db8::/64 17 53", { srcIpSticky: true, newFlowsTableLength: 4 });
  addServer(plugin, "2001:db8::1/64 17 53", "10.0.0.1");
  plugin.deleteVip(vip("2001:db8::/64 17 53"));
  const counters = "  counters:\n    packet from existing sessions: 0\n" +
    "    first session packet: 0\n    untracked packet: 0\n    no server configured: 0\n";
  assert.equal(
    showVipsVerbose(plugin),
    " ip4-nat4 [1] 192.0.2.0/24\n  new_size:1024\n  protocol:6 port:80\n" +
      `  type:clusterip port:20480 target_port:8080${counters}  #as:0\n\n` +
      ` ip4-l3dsr [2] 192.0.2.2/32\n  new_size:1024\n  dscp:7\n${counters}  #as:0\n\n` +
      " ip6-gre4 [3] 2001:db8::/64 src_ip_sticky removed\n  new_size:4\n" +
      `  protocol:17 port:53\n${counters}  #as:1\n` +
      "    10.0.0.1 weight:100 buckets:0 flows:0 dpo:11  removed\n\n",
  );
  assert.equal(
    showVips(plugin),
    "ip4-nat4 192.0.2.0/24 new_size:1024 #as:0  protocol:6 port:80 " +
      " type:clusterip port:20480 target_port:8080\n" +
      "ip4-l3dsr 192.0.2.2/32 new_size:1024 #as:0  dscp:7\n" +
      "ip6-gre4 2001:db8::/64 new_size:4 #as:1 removed  protocol:17 port:53 \n",
  );
  assert.match(showLb(plugin), /^lb_main ip4-src-address: 255\.255\.255\.255 \n/);
});

Deno.test("buckets depend on the servers in use only, never on the order of requests", () => {
  const name = "192.0.2.1/32 6 80";
  const someServers = fc.uniqueArray(fc.integer({ min: 1, max: 250 }), { maxLength: 8 });
  fc.assert(fc.property(someServers, fc.nat(), (hosts, rotate) => {
    const at = hosts.length === 0 ? 0 : rotate % hosts.length;
    const shown = (order: number[]) => {
      const plugin = new LbPlugin(monotonic(0));
      add(plugin, name);
      addServer(plugin, name, "10.0.1.1");
      for (const host of order) addServer(plugin, name, `10.0.0.${host}`, host % 101);
      deleteServer(plugin, name, "10.0.1.1");
      plugin.checkInvariants();
      return servers(plugin).sort();
    };
    assert.deepEqual(shown([...hosts.slice(at), ...hosts.slice(0, at)]), shown(hosts));
  }));
});
