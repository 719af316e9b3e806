import assert from "node:assert/strict";
import fc from "fast-check";
import { parseIp } from "../../base/address.ts";
import * as m from "../../vpp/wire/messages.ts";
import { monotonic } from "../../../tests/support/fakes/instants.ts";
import { mulberry32 } from "../../../tests/support/fakes/mulberry32.ts";
import { randomRequest } from "../../../tests/vpp/plugin_operations.ts";
import { DEFAULT_VERSION } from "../api_server.ts";
import { messageIds, withoutMessages } from "./message_ids.ts";
import { Faults } from "../faults.ts";
import { WEIGHT_MESSAGES } from "./release.ts";
import { LbPlugin } from "./plugin.ts";
import { answer, type AnsweringVpp, handlersFor } from "./requests.ts";

const CLIENT = 0x80000001;

function someVpp(omit: readonly string[] = []): AnsweringVpp {
  return {
    plugin: new LbPlugin(monotonic(0)),
    ids: withoutMessages(messageIds(0), new Set(omit)),
    clientIndex: CLIENT,
    pid: 1,
    release: "main",
    version: DEFAULT_VERSION,
    faults: new Faults(),
  };
}

function ask(vpp: AnsweringVpp, message: Uint8Array): readonly Uint8Array[] | undefined {
  return answer(message, { vpp, handlers: handlersFor(vpp.ids) })?.replies;
}

function header(vpp: AnsweringVpp, codec: { readonly key: string }) {
  const id = vpp.ids.get(codec.key);
  assert.ok(id !== undefined, codec.key);
  return { id, clientIndex: CLIENT, context: 7 };
}

Deno.test("answer: no input crashes the simulator or corrupts the plugin", () => {
  const mutation = fc.record({
    at: fc.nat(),
    value: fc.integer({ min: 0, max: 255 }),
    cut: fc.option(fc.nat(60), { freq: 20 }),
    extra: fc.option(fc.uint8Array({ maxLength: 4 }), { freq: 20 }),
  });
  const property = fc.property(
    fc.nat(),
    fc.array(mutation, { minLength: 30, maxLength: 60 }),
    (seed, mutations) => {
      const vpp = someVpp();
      const prng = mulberry32(seed);
      for (const { at, value, cut, extra } of mutations) {
        const request = randomRequest(prng);
        const whole = request.encode(header(vpp, request));
        // An unchanged request now and then, so that there is state to corrupt.
        if (prng() < 0.7) whole[at % whole.length] = value;
        let bytes: Uint8Array = cut === null ? whole : whole.slice(0, cut);
        if (extra !== null) bytes = Uint8Array.of(...bytes, ...extra);
        ask(vpp, bytes);
      }
      vpp.plugin.checkInvariants();
    },
  );
  fc.assert(property, { numRuns: 300 });
});

Deno.test("answer: bytes that are not a message are dropped", () => {
  const vpp = someVpp();
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
    ask(vpp, bytes);
  }));
  assert.equal(ask(vpp, new Uint8Array(0)), undefined);
  assert.equal(ask(vpp, Uint8Array.of(255, 255, 0, 0, 0, 0, 0, 0, 0, 0)), undefined);
  vpp.plugin.checkInvariants();
});

Deno.test("answer: a request of the wrong length is dropped and changes nothing", () => {
  const vpp = someVpp();
  const body = {
    pfx: { address: parseIp("192.0.2.1")!, len: 32 },
    protocol: 6,
    port: 80,
    encap: 0,
    dscp: 0,
    type: 0,
    targetPort: 0,
    nodePort: 0,
    newFlowsTableLength: 1024,
    srcIpSticky: false,
    isDel: false,
  };
  const whole = m.lbAddDelVipV2.encode(header(vpp, m.lbAddDelVipV2), body);
  assert.equal(ask(vpp, whole.slice(0, -1)), undefined);
  assert.equal(ask(vpp, Uint8Array.of(...whole, 0)), undefined);
  assert.equal(vpp.plugin.vipCount, 0);
  const [reply] = ask(vpp, whole)!;
  assert.deepEqual(m.lbAddDelVipV2Reply.decode(reply!), {
    header: { id: vpp.ids.get(m.lbAddDelVipV2Reply.key), clientIndex: 0, context: 7 },
    body: { retval: 0 },
  });
  assert.equal(vpp.plugin.vipCount, 1);
});

Deno.test("answer: an older VPP neither lists nor handles the messages it lacks", () => {
  const newer = someVpp();
  const older = someVpp(WEIGHT_MESSAGES);
  assert.equal(older.ids.size, newer.ids.size - WEIGHT_MESSAGES.length);
  const get = m.lbConfGet.encode(header(newer, m.lbConfGet), {});
  assert.equal(ask(newer, get)?.length, 1);
  assert.equal(ask(older, get), undefined);
});

Deno.test("answer: a refused request has the retval and is not carried out", () => {
  const vpp = someVpp();
  vpp.faults.refuse({ message: "lb_conf", retval: -81, times: 1 });
  const conf = { ...vpp.plugin.conf, flowTimeout: 99 };
  const message = m.lbConf.encode(header(vpp, m.lbConf), conf);
  const retval = () => m.lbConfReply.decode(ask(vpp, message)![0]!).body.retval;
  assert.equal(retval(), -81);
  assert.equal(vpp.plugin.conf.flowTimeout, 40);
  assert.equal(retval(), 0);
  assert.equal(vpp.plugin.conf.flowTimeout, 99);
});

Deno.test("ip_route_lookup finds a VIP's route, the longest one, or the default", () => {
  const vpp = someVpp();
  const vip = (address: string, len: number) => ({
    pfx: { address: parseIp(address)!, len },
    protocol: 6,
    port: 80,
    encap: 0,
    dscp: 0,
    type: 0,
    targetPort: 0,
    newFlowsTableLength: 16,
    srcIpSticky: false,
  });
  vpp.plugin.addVip(vip("192.0.2.1", 32));
  vpp.plugin.addVip(vip("192.0.2.0", 24));
  vpp.plugin.addVip(vip("2001:db8::1", 128));
  const cases: [string, number, number, string][] = [
    ["192.0.2.1", 32, 1, "0 8 192.0.2.1/32"],
    ["192.0.2.2", 32, 1, "-6 0 0.0.0.0/0"],
    ["192.0.2.2", 32, 0, "0 9 192.0.2.0/24"],
    ["192.0.2.1", 31, 0, "0 9 192.0.2.0/24"],
    ["192.0.3.1", 32, 0, "0 1 0.0.0.0/0"],
    ["0.0.0.0", 0, 1, "0 1 0.0.0.0/0"],
    ["2001:db8::1", 128, 1, "0 10 2001:db8::1/128"],
    ["2001:db8::2", 128, 0, "0 6 ::/0"],
    ["192.0.2.1", 40, 1, "-6 0 0.0.0.0/0"],
  ];
  for (const [address, len, exact, want] of cases) {
    const body = { tableId: 0, exact, prefix: { address: parseIp(address)!, len } };
    const [reply] = ask(vpp, m.ipRouteLookup.encode(header(vpp, m.ipRouteLookup), body))!;
    const { retval, route } = m.ipRouteLookupReply.decode(reply!).body;
    const { address: found, len: length } = route.prefix;
    assert.equal(
      `${retval} ${route.statsIndex} ${found.text}/${length}`,
      want,
      `${address}/${len}`,
    );
  }
});

Deno.test("cli_inband: commands may be shortened; an unknown one is -1", () => {
  const vpp = someVpp();
  const cli = (cmd: string) =>
    m.cliInbandReply.decode(ask(vpp, m.cliInband.encode(header(vpp, m.cliInband), { cmd }))![0]!)
      .body;
  assert.deepEqual(cli("show lb vips verbose"), { retval: 0, reply: "" });
  assert.deepEqual(cli(" sh  lb  vips "), { retval: 0, reply: "" });
  assert.match(cli("show version").reply, /^vpp v26\.10-rc0~374-gb575ec2c56d built by /);
  assert.deepEqual(cli("foo"), { retval: -1, reply: "unknown input `foo'\n" });
});

Deno.test("answer: VPP 26.06 loses an IPv4 prefix's address, and GRE6, as it did", () => {
  const vpp: AnsweringVpp = { ...someVpp(WEIGHT_MESSAGES), release: "26.06" };
  const add = (address: string, len: number, encap: number) => {
    const body = {
      pfx: { address: parseIp(address)!, len },
      protocol: 6,
      port: 80,
      encap,
      dscp: 0,
      type: 0,
      targetPort: 0,
      nodePort: 0,
      newFlowsTableLength: 1024,
      srcIpSticky: false,
      isDel: false,
    };
    const [reply] = ask(vpp, m.lbAddDelVipV2.encode(header(vpp, m.lbAddDelVipV2), body))!;
    return m.lbAddDelVipV2Reply.decode(reply!).body.retval;
  };
  // As seen on the plugin itself, in this order.
  const seen = [
    add("192.0.2.1", 32, 0),
    add("192.0.2.9", 32, 0),
    add("192.0.2.2", 128, 0),
    add("192.0.2.3", 128, 0x01000000),
    add("192.0.2.4", 128, 1),
    add("2001:db8::1", 128, 1),
  ];
  assert.deepEqual(seen, [0, -81, 0, 0, -97, 0]);
  const dump = {
    pfx: { address: parseIp("0.0.0.0")!, len: 0 },
    pfxMatcher: { le: 0, ge: 0 },
    protocol: 0,
    port: 0,
  };
  const rows = ask(vpp, m.lbVipDump.encode(header(vpp, m.lbVipDump), dump))!;
  const shown = rows.map((row) => {
    const { vip, encap, flowTableLength } = m.lbVipDetails.decode(row).body;
    return [`${vip.pfx.address.text}/${vip.pfx.len}`, vip.protocol, encap, flowTableLength];
  });
  assert.deepEqual(shown, [
    ["0.0.0.0/32", 0, 1, 0],
    ["192.0.2.2/128", 0, 3, 0],
    ["192.0.2.3/128", 0, 2, 0],
    ["2001:db8::1/128", 0, 0, 0],
  ]);
});
