import assert from "node:assert/strict";
import { FakeClock, settle } from "../../../tests/support/fakes/fake_clock.ts";
import { FULL_TABLE, MemoryTransport } from "../../../tests/support/fakes/memory_transport.ts";
import { RecordingLogger } from "../../../tests/support/fakes/recording_logger.ts";
import { RecordingObserver } from "../../../tests/support/fakes/recording_observer.ts";
import { MaglevError } from "../../base/errors.ts";
import { VppClient } from "./client.ts";
import { MAX_IN_FLIGHT } from "./in_flight.ts";
import {
  cliInband,
  cliInbandReply,
  controlPing,
  controlPingReply,
  lbConf,
  lbConfReply,
  type LbVipDetails,
  lbVipDetails,
  lbVipDump,
  memclntKeepalive,
  type ShowVersionReply,
  showVersionReply,
} from "../wire/messages.ts";
import { parseIp } from "../../base/address.ts";

const CLI = {
  request: cliInband,
  reply: cliInbandReply,
  result: (r: { reply: string }) => r.reply,
};
const DUMP = {
  request: lbVipDump,
  details: lbVipDetails,
  row: (details: LbVipDetails) => details.vip.port,
};
const ALL_VIPS = {
  pfx: { address: parseIp("0.0.0.0")!, len: 0 },
  pfxMatcher: { le: 0, ge: 0 },
  protocol: 255,
  port: 0,
};
const VERSION: ShowVersionReply = {
  retval: 0,
  program: "vpp",
  version: "1",
  buildDate: "",
  buildDirectory: "",
};

function delayFirstTimer(clock: FakeClock, lateMs: number): void {
  const after = clock.after.bind(clock);
  clock.after = (delayMs, fn) => {
    clock.after = after;
    return after(delayMs + lateMs, fn);
  };
}

function setUp(
  options: {
    table?: ReadonlyMap<string, number>;
    maxWaiting?: number;
    /** The process is stopped when its first timer is due, and for so long. */
    firstTimerLateMs?: number;
  } = {},
) {
  const transport = new MemoryTransport(options.table);
  const clock = new FakeClock();
  if (options.firstTimerLateMs !== undefined) delayFirstTimer(clock, options.firstTimerLateMs);
  const logger = new RecordingLogger({ debug: true });
  const observer = new RecordingObserver();
  const client = new VppClient(transport, {
    clock,
    logger,
    observer,
    ...(options.maxWaiting === undefined ? {} : { maxWaiting: options.maxWaiting }),
  });
  const ends: string[] = [];
  client.onEnd = (reason) => ends.push(reason);
  return { transport, clock, logger, observer, client, ends };
}

function pong(transport: MemoryTransport, context: number, vpePid = 1): void {
  transport.reply(controlPingReply, context, { retval: 0, vpePid });
}

function details(transport: MemoryTransport, context: number, port: number): void {
  const vip = { pfx: { address: parseIp("192.0.2.1")!, len: 32 }, protocol: 6, port };
  const rest = { encap: 0, dscp: 0, srvType: 0, targetPort: 0, flowTableLength: 1024 };
  transport.reply(lbVipDetails, context, { vip, ...rest });
}

/** `code message` of the error that `work` rejects with. */
async function failure(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then((value) => assert.fail(`resolved: ${value}`), (e) => e);
  assert.ok(error instanceof MaglevError, String(error));
  return `${error.code}: ${error.message}`;
}

Deno.test("VppClient gives each request its own reply, whatever the order of replies", async () => {
  const { transport, client } = setUp();
  const work = [client.ping(), client.request(CLI, { cmd: "show x" }), client.ping()];
  const sent = transport.take();
  assert.deepEqual(sent.map(({ name }) => name), ["control_ping", "cli_inband", "control_ping"]);
  assert.equal(new Set(sent.map(({ context }) => context)).size, 3);
  pong(transport, sent[2]!.context, 33);
  transport.reply(cliInbandReply, sent[1]!.context, { retval: 0, reply: "text" });
  pong(transport, sent[0]!.context, 11);
  assert.deepEqual(await Promise.all(work), [11, "text", 33]);
  client.close();
});

Deno.test("VppClient.request sends client index and values", () => {
  const { transport, client } = setUp();
  client.request(CLI, { cmd: "show lb" }).catch(() => {});
  const { header, body } = cliInband.decode(transport.sent[0]!);
  assert.equal(header.clientIndex, transport.clientIndex);
  assert.equal(header.id, FULL_TABLE.get(cliInband.key));
  assert.deepEqual(body, { cmd: "show lb" });
  client.close();
});

Deno.test("VppClient.dump gathers details until the ping behind it is answered", async () => {
  const { transport, client } = setUp();
  const first = client.dump(DUMP, ALL_VIPS);
  const second = client.dump(DUMP, ALL_VIPS);
  const [dump, ping, dump2, ping2] = transport.take();
  assert.deepEqual([dump!.name, ping!.name], ["lb_vip_dump", "control_ping"]);
  assert.equal(ping!.context, dump!.context);
  details(transport, dump!.context, 80);
  details(transport, dump2!.context, 53);
  details(transport, dump!.context, 443);
  pong(transport, ping2!.context);
  pong(transport, ping!.context);
  assert.deepEqual(await first, [80, 443]);
  assert.deepEqual(await second, [53]);
  client.close();
});

Deno.test("VppClient keeps 256 in flight and sends the rest in order as answers come", async () => {
  const { transport, client } = setUp();
  const order: number[] = [];
  const work = Array.from({ length: 1000 }, (_, i) => client.ping().then(() => order.push(i)));
  assert.equal(transport.sent.length, MAX_IN_FLIGHT);
  let answered = 0;
  while (answered < 1000) {
    const batch = transport.take();
    assert.ok(batch.length > 0);
    for (const { context } of batch) pong(transport, context);
    answered += batch.length;
  }
  await Promise.all(work);
  assert.deepEqual(order, Array.from({ length: 1000 }, (_, i) => i));
  client.close();
});

Deno.test("VppClient ends when a reply's retval is not an error number, and only then", async () => {
  for (const retval of [1, 7, 0x7fffffff]) {
    const { transport, observer, client, ends } = setUp();
    const work = failure(client.ping());
    const { context } = transport.take()[0]!;
    transport.reply(controlPingReply, context, { retval, vpePid: 1 });
    assert.match(await work, /^unavailable: connection to VPP lost: .*retval/);
    assert.deepEqual(ends, [
      `VPP sent control_ping_reply with retval ${retval}, which is not an error number`,
    ]);
    assert.ok(observer.messages.includes(`control_ping_reply recv ERROR_${retval}`));
  }
  const { transport, client, ends } = setUp();
  const refused = client.request({ ...CLI, result: (r) => r.retval }, { cmd: "x" });
  const { context } = transport.take()[0]!;
  transport.reply(cliInbandReply, context, { retval: -12345, reply: "" });
  assert.equal(await refused, -12345);
  assert.deepEqual(ends, []);
  client.close();
});

Deno.test("VppClient refuses what does not fit in line any more", async () => {
  const { client } = setUp({ maxWaiting: 2 });
  const kept = Array.from({ length: MAX_IN_FLIGHT + 2 }, () => failure(client.ping()));
  assert.match(
    await failure(client.ping()),
    /^resource-exhausted: .*2 requests to VPP wait already/,
  );
  client.close();
  assert.match((await Promise.all(kept)).at(-1)!, /^unavailable: connection to VPP closed/);
});

Deno.test("VppClient rejects a request at its own deadline and ends, the rest being lost", async () => {
  const { transport, clock, client, ends } = setUp();
  const slow = failure(client.ping({ deadlineMs: 1000 }));
  const other = failure(client.request(CLI, { cmd: "x" }));
  clock.advance(999);
  assert.deepEqual(ends, []);
  clock.advance(1);
  assert.match(await slow, /^deadline-exceeded: .*control_ping within 1000 ms/);
  assert.match(await other, /^unavailable: .*no answer to control_ping/);
  assert.deepEqual(ends, ["no answer to control_ping within 1000 ms"]);
  assert.equal(transport.closed, true);
  assert.equal(clock.timers, 0);
  assert.match(await failure(client.ping()), /^unavailable/);
});

Deno.test("VppClient that did not run itself reads what came before it calls VPP dead", async () => {
  for (const answered of [true, false]) {
    const { transport, clock, client, ends } = setUp({ firstTimerLateMs: 3000 });
    const ping = client.ping().catch(String);
    clock.advance(8000);
    assert.deepEqual(ends, []);
    if (answered) {
      pong(transport, transport.take()[0]!.context, 5);
      assert.equal(await ping, 5);
    }
    clock.advance(499);
    assert.deepEqual(ends, []);
    clock.advance(1);
    assert.deepEqual(ends, answered ? [] : ["no answer to control_ping within 5000 ms"]);
    client.close();
  }
});

Deno.test("VppClient measures a deadline from when the request is sent, not from when it waits", async () => {
  const { transport, clock, client, ends } = setUp();
  for (let i = 0; i < MAX_IN_FLIGHT; i++) client.ping().catch(() => {});
  const last = client.ping();
  clock.advance(4000);
  for (const { context } of transport.take()) pong(transport, context);
  clock.advance(4000);
  assert.deepEqual(ends, []);
  pong(transport, transport.take()[0]!.context, 5);
  assert.equal(await last, 5);
  client.close();
});

Deno.test("VppClient sets no timer per request", () => {
  const { transport, clock, client } = setUp();
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < MAX_IN_FLIGHT; i++) client.ping();
    assert.equal(clock.timers, 1);
    for (const { context } of transport.take()) pong(transport, context);
  }
  client.close();
  assert.equal(clock.timers, 0);
});

Deno.test("VppClient watches a shorter deadline that comes behind a longer one", async () => {
  const { clock, client, ends } = setUp();
  const long = failure(client.ping());
  const short = failure(client.ping({ deadlineMs: 10 }));
  clock.advance(10);
  assert.match(await short, /^deadline-exceeded/);
  assert.match(await long, /^unavailable/);
  assert.equal(ends.length, 1);
});

Deno.test("VppClient watches the later deadline after an earlier one was kept", async () => {
  const { transport, clock, client, ends } = setUp();
  const first = client.ping({ deadlineMs: 10 });
  const second = failure(client.ping({ deadlineMs: 1000 }));
  pong(transport, transport.take()[0]!.context, 3);
  assert.equal(await first, 3);
  clock.advance(999);
  assert.deepEqual(ends, []);
  clock.advance(1);
  assert.match(await second, /^deadline-exceeded/);
});

Deno.test("VppClient answers a keepalive with its context", () => {
  const { transport, client, ends } = setUp();
  const id = transport.table.get(memclntKeepalive.key)!;
  transport.receive(memclntKeepalive.encode({ id, clientIndex: 7, context: 0xabcd }, {}));
  assert.deepEqual(transport.take(), [
    { name: "memclnt_keepalive_reply", context: 0xabcd, body: { retval: 0 } },
  ]);
  assert.deepEqual(ends, []);
  client.close();
});

Deno.test("VppClient ignores what it never asked for: others' messages and stale contexts", async () => {
  const table = new Map([...FULL_TABLE, ["sw_interface_event_2d3d95a7", 900]]);
  const { transport, client, observer, ends } = setUp({ table });
  transport.receive(Uint8Array.of(900 >> 8, 900 & 255, 1, 2, 3, 4, 5));
  pong(transport, 0x12345678);
  const ping = client.ping();
  const { context } = transport.take()[0]!;
  pong(transport, context ^ 0x100);
  pong(transport, context, 4);
  assert.equal(await ping, 4);
  assert.deepEqual(ends, []);
  assert.equal(observer.messages[0], "sw_interface_event recv ignored");
  client.close();
});

const GARBLED:
  readonly (readonly [string, (t: MemoryTransport, context: number) => void, RegExp])[] = [
    ["no bytes", (t) => t.receive(new Uint8Array(0)), /a message of 0 bytes/],
    ["5 bytes", (t) => t.receive(new Uint8Array(5)), /a message of 5 bytes/],
    ["an unknown id", (t) => t.receive(new Uint8Array(10)), /id 0, which is not in its table/],
    [
      "another reply",
      (t, context) => t.reply(showVersionReply, context, VERSION),
      /show_version_reply in answer to control_ping/,
    ],
    [
      "a request for a reply",
      (t, context) => {
        const id = t.table.get(controlPing.key)!;
        const message = controlPing.encode({ id, clientIndex: context, context }, {});
        t.receive(message);
      },
      /control_ping in answer to control_ping/,
    ],
    [
      "a reply that is too long",
      (t, context) => {
        const id = t.table.get(controlPingReply.key)!;
        const header = { id, clientIndex: 0, context };
        t.receive(Uint8Array.of(...controlPingReply.encode(header, { retval: 0, vpePid: 1 }), 0));
      },
      /cannot decode control_ping_reply/,
    ],
  ];

for (const [what, act, reason] of GARBLED) {
  Deno.test(`VppClient ends when VPP sends ${what}`, async () => {
    const { transport, client, ends } = setUp();
    const ping = failure(client.ping());
    act(transport, transport.take()[0]!.context);
    assert.equal(ends.length, 1);
    assert.match(ends[0]!, reason);
    assert.match(await ping, /^unavailable/);
    assert.equal(transport.closed, true);
  });
}

Deno.test("VppClient rejects everything when the transport ends, once, and calls onEnd once", async () => {
  const { transport, client, ends } = setUp();
  const work = Array.from({ length: 600 }, () => failure(client.ping()));
  transport.end("VPP closed the socket");
  transport.end("again");
  client.close();
  for (const text of await Promise.all(work)) {
    assert.equal(text, "unavailable: connection to VPP lost: VPP closed the socket");
  }
  assert.deepEqual(ends, ["VPP closed the socket"]);
});

Deno.test("VppClient.close rejects what waits and calls no onEnd", async () => {
  const { transport, client, ends, clock } = setUp();
  const ping = failure(client.ping());
  client.close();
  client.close();
  transport.onEnd("late");
  transport.onMessage(new Uint8Array(1));
  assert.match(await ping, /^unavailable: connection to VPP closed/);
  assert.deepEqual(ends, []);
  assert.equal(clock.timers, 0);
});

Deno.test("VppClient survives a transport that ends inside send()", async () => {
  const { transport, client, ends } = setUp();
  transport.onSend = () => transport.end("full");
  assert.match(await failure(client.dump(DUMP, ALL_VIPS)), /^unavailable: .*full/);
  assert.deepEqual(ends, ["full"]);
});

Deno.test("VppClient rejects alone a request that this VPP lacks, or whose value does not fit", async () => {
  const table = new Map([...FULL_TABLE].filter(([key]) => key !== cliInband.key));
  const { transport, client, ends } = setUp({ table });
  assert.match(
    await failure(client.request(CLI, { cmd: "x" })),
    /^unimplemented: .*cli_inband_f8377302/,
  );
  const wrong = { ...ALL_VIPS, port: 65536 };
  assert.match(await failure(client.dump(DUMP, wrong)), /^invalid-argument: .*lb_vip_dump/);
  for (let i = 0; i < 2 * MAX_IN_FLIGHT; i++) {
    assert.match(await failure(client.dump(DUMP, wrong)), /^invalid-argument/);
  }
  const ping = client.ping();
  pong(transport, transport.take()[0]!.context, 9);
  assert.equal(await ping, 9);
  assert.deepEqual(ends, []);
  client.close();
});

Deno.test("VppClient rejects alone a reply that its call refuses", async () => {
  const { transport, client, ends } = setUp();
  const refusing = { ...CLI, result: () => assert.fail("refused") };
  const work = failure(client.request(refusing, { cmd: "x" }));
  transport.reply(cliInbandReply, transport.take()[0]!.context, { retval: 0, reply: "" });
  assert.match(await work, /^internal: refused/);
  assert.deepEqual(ends, []);
  client.close();
});

Deno.test("VppClient counts every message once, replies by VPP's error name, and logs at debug only", async () => {
  const { transport, client, observer, logger } = setUp();
  const call = { request: lbConf, reply: lbConfReply, result: (r: { retval: number }) => r.retval };
  const work = client.request(call, {
    ip4SrcAddress: parseIp("192.0.2.1")!,
    ip6SrcAddress: parseIp("::1")!,
    stickyBucketsPerCore: 1024,
    flowTimeout: 40,
  });
  transport.reply(lbConfReply, transport.take()[0]!.context, { retval: -81 });
  assert.equal(await work, -81);
  assert.deepEqual(observer.messages, ["lb_conf send ok", "lb_conf_reply recv VALUE_EXIST"]);
  assert.deepEqual(
    logger.records.map(({ level, event, fields }) => [level, event, fields["message"]]),
    [["debug", "vpp-api-send", "lb_conf"], ["debug", "vpp-api-recv", "lb_conf_reply"]],
  );
  client.close();
  await settle();
});
