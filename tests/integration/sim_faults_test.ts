/** The simulator at a real socket: several clients, and every injected fault. */
import assert from "node:assert/strict";
import { parseIp } from "../../src/base/address.ts";
import { type Simulator, startSimulator } from "../../src/sim/api_server.ts";
import { control } from "../../src/sim/control.ts";
import * as m from "../../src/vpp/wire/messages.ts";
import { FakeClock } from "../support/fakes/fake_clock.ts";
import { type RawClient, rawClient } from "../support/servers/raw_api_client.ts";

interface World {
  readonly simulator: Simulator;
  readonly clock: FakeClock;
  /** A client that has shaken hands; closed with the world. */
  client(): Promise<Greeted>;
}

interface Greeted {
  readonly raw: RawClient;
  readonly clientIndex: number;
  readonly ids: ReadonlyMap<string, number>;
  /** Sends a control_ping, which shows whether VPP is alive. */
  ping(clientIndex?: number): Promise<void>;
  /** Reads a control_ping_reply: VPP's pid. */
  pong(): Promise<number>;
}

async function world(test: (world: World) => Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync();
  const clock = new FakeClock();
  const simulator = await startSimulator({ path: `${folder}/api.sock`, clock });
  const clients: RawClient[] = [];
  const client = async () => {
    const raw = await rawClient(simulator.path);
    clients.push(raw);
    return await greet(raw);
  };
  try {
    await test({ simulator, clock, client });
  } finally {
    for (const raw of clients) raw.close();
    await simulator.stop();
    Deno.removeSync(folder, { recursive: true });
  }
}

async function greet(raw: RawClient): Promise<Greeted> {
  await raw.send(m.sockclntCreate.encode({ id: 15, clientIndex: 0, context: 9 }, { name: "test" }));
  const { header, body } = m.sockclntCreateReply.decode(await raw.receive());
  assert.equal(header.context, 9);
  const ids = new Map(body.messageTable.map(({ name, index }) => [name, index]));
  const id = ids.get(m.controlPing.key)!;
  return {
    raw,
    ids,
    clientIndex: body.index,
    ping: (clientIndex = body.index) =>
      raw.send(m.controlPing.encode({ id, clientIndex, context: 1 }, {})),
    pong: async () => m.controlPingReply.decode(await raw.receive()).body.vpePid,
  };
}

/** Lets everything that is on its way through the sockets arrive. */
async function roundTrip(client: Greeted): Promise<void> {
  await client.ping();
  await client.pong();
}

Deno.test("simulator: a client that uses another's index gives it its replies, as VPP does", () =>
  world(async ({ client, simulator }) => {
    const [a, b] = [await client(), await client()];
    assert.deepEqual([a.clientIndex, b.clientIndex], [0x80000001, 0x80000002]);
    await a.ping(b.clientIndex);
    assert.equal(await b.pong(), simulator.pid);
    // An unused index gets no reply.
    await a.ping(0x80000077);
    await a.ping(1);
    await roundTrip(a);
    assert.equal(a.raw.unread, 0);
  }));

Deno.test("simulator: joined and split requests are handled in order", () =>
  world(async ({ client }) => {
    const { raw, ids, clientIndex } = await client();
    const id = ids.get(m.controlPing.key)!;
    const frames = [1, 2, 3].flatMap((context) => {
      const message = m.controlPing.encode({ id, clientIndex, context }, {});
      return [...new Uint8Array(11), message.length, 0, 0, 0, 0, ...message];
    });
    for (let at = 0; at < frames.length; at += 7) {
      await raw.sendBytes(Uint8Array.from(frames.slice(at, at + 7)));
    }
    for (const context of [1, 2, 3]) {
      assert.equal(m.controlPingReply.decode(await raw.receive()).header.context, context);
    }
  }));

Deno.test("simulator: sockclnt_delete gets a reply, then the connection ends", () =>
  world(async ({ client, simulator }) => {
    const { raw, ids, clientIndex } = await client();
    const header = { id: ids.get(m.sockclntDelete.key)!, clientIndex, context: 3 };
    await raw.send(m.sockclntDelete.encode(header, { index: clientIndex }));
    assert.equal(m.sockclntDeleteReply.decode(await raw.receive()).body.response, 1);
    assert.equal((await raw.rest()).length, 0);
    // Its index is free again.
    assert.equal((await client()).clientIndex, clientIndex);
    assert.equal(simulator.clients, 1);
  }));

Deno.test("simulator: a keepalive goes to every client, and its reply is accepted", () =>
  world(async ({ client, simulator }) => {
    const greeted = await client();
    simulator.sendKeepalive();
    const { header } = m.memclntKeepalive.decode(await greeted.raw.receive());
    assert.equal(header.id, greeted.ids.get(m.memclntKeepalive.key));
    const id = greeted.ids.get(m.memclntKeepaliveReply.key)!;
    await greeted.raw.send(
      m.memclntKeepaliveReply.encode({ id, clientIndex: 0, context: 0 }, { retval: 0 }),
    );
    await roundTrip(greeted);
    assert.equal(simulator.requests.get("memclnt_keepalive_reply"), 1);
  }));

Deno.test("faults: delay holds each reply until its own time", () =>
  world(async ({ client, simulator, clock }) => {
    const greeted = await client();
    // Others' connections give the event loop the turns it needs, without a timer.
    const until = async (condition: () => boolean) => {
      while (!condition()) (await rawClient(simulator.path)).close();
    };
    simulator.faults.delayMs = 250;
    await greeted.ping();
    await until(() => clock.timers === 1);
    clock.advance(100);
    await greeted.ping();
    await until(() => simulator.requests.get("control_ping") === 2);
    clock.advance(149);
    assert.equal(clock.timers, 1, "still waiting for the first");
    clock.advance(1);
    assert.equal(await greeted.pong(), simulator.pid);
    await until(() => clock.timers === 1);
    clock.advance(99);
    assert.equal(clock.timers, 1, "still waiting for the second");
    clock.advance(1);
    assert.equal(await greeted.pong(), simulator.pid);
  }));

Deno.test("faults: cut ends the connection in the middle of a reply", () =>
  world(async ({ client, simulator }) => {
    const greeted = await client();
    simulator.faults.cutAfterBytes = 20;
    await greeted.ping();
    assert.equal((await greeted.raw.rest()).length, 20);
    await roundTrip(await client());
  }));

Deno.test("faults: garble flips one byte of a number of frames", () =>
  world(async ({ client, simulator }) => {
    const greeted = await client();
    simulator.faults.garble({ frames: 1, offset: 17 });
    await greeted.ping();
    const message = await greeted.raw.receive();
    const id = greeted.ids.get(m.controlPingReply.key)!;
    assert.equal((message[0]! << 8) | message[1]!, id ^ 0xff);
    await roundTrip(greeted);
  }));

Deno.test("faults: frozen accepts and stays silent, thawed handles the pending requests", () =>
  world(async ({ client, simulator }) => {
    const before = await client();
    simulator.faults.frozen = true;
    await before.ping();
    const during = await rawClient(simulator.path);
    const greeting = greet(during);
    assert.equal(before.raw.unread, 0);
    assert.equal(simulator.requests.get("control_ping"), undefined);
    simulator.faults.frozen = false;
    assert.equal(await before.pong(), simulator.pid);
    await roundTrip(await greeting);
    during.close();
  }));

Deno.test("faults: refused connections fail immediately, and work again afterwards", () =>
  world(async ({ client, simulator }) => {
    const before = await client();
    simulator.faults.refuseConnections = true;
    await roundTrip(before);
    await assert.rejects(() => rawClient(simulator.path), Deno.errors.ConnectionRefused);
    simulator.faults.reset();
    await roundTrip(await client());
  }));

Deno.test("faults: garble may skip frames first", () =>
  world(async ({ client, simulator }) => {
    const greeted = await client();
    simulator.faults.garble({ frames: 1, offset: 17, after: 2 });
    for (let i = 0; i < 2; i++) await roundTrip(greeted);
    await greeted.ping();
    const message = await greeted.raw.receive();
    assert.notEqual(message[1], greeted.ids.get(m.controlPingReply.key));
    await roundTrip(greeted);
  }));

Deno.test("faults: a read request is refused too, and another one is done without a reply", () =>
  world(async ({ client, simulator }) => {
    const { raw, ids, clientIndex, ...greeted } = await client();
    const ask = () => {
      const header = { id: ids.get(m.showVersion.key)!, clientIndex, context: 5 };
      return raw.send(m.showVersion.encode(header, {}));
    };
    simulator.faults.refuse({ message: "show_version", retval: -2, times: 1 });
    await ask();
    assert.equal(m.showVersionReply.decode(await raw.receive()).body.retval, -2);
    await ask();
    assert.equal(m.showVersionReply.decode(await raw.receive()).body.retval, 0);
    simulator.faults.withhold({ message: "show_version", times: 1 });
    await ask();
    await greeted.ping();
    assert.equal(await greeted.pong(), simulator.pid);
    assert.equal(simulator.requests.get("show_version"), 3);
  }));

Deno.test("faults: omitted messages are not in the table of new connections", () =>
  world(async ({ client, simulator }) => {
    const before = await client();
    assert.equal(
      await control("omit weights", simulator),
      "omit lb_add_del_as_v2 lb_add_del_as_v2_reply lb_as_set_weight lb_as_set_weight_reply " +
        "lb_as_v2_dump lb_as_v2_details lb_conf_get lb_conf_get_reply",
    );
    const after = await client();
    assert.ok(before.ids.has(m.lbAsSetWeight.key));
    assert.ok(!after.ids.has(m.lbAsSetWeight.key) && after.ids.has(m.lbAddDelAs.key));
  }));

Deno.test("restart: connections end, state is lost, ids and pid change", () =>
  world(async ({ client, simulator, clock }) => {
    const before = await client();
    const { pid } = simulator;
    simulator.plugin.addVip({
      pfx: { address: parseIp("192.0.2.1")!, len: 32 },
      protocol: 6,
      port: 80,
      encap: 0,
      dscp: 0,
      type: 0,
      targetPort: 0,
      newFlowsTableLength: 16,
      srcIpSticky: false,
    });
    assert.equal(simulator.plugin.vipCount, 1);
    const back = simulator.restart({ downMs: 1000 });
    assert.equal((await before.raw.rest()).length, 0);
    await assert.rejects(() => rawClient(simulator.path), Deno.errors.ConnectionRefused);
    clock.advance(1000);
    await back;
    const after = await client();
    await after.ping();
    assert.equal(await after.pong(), pid + 1);
    assert.equal(simulator.plugin.vipCount, 0);
    assert.notEqual(after.ids.get(m.controlPing.key), before.ids.get(m.controlPing.key));
  }));

Deno.test("stop during a restart ends both, and removes the socket", () =>
  world(async ({ simulator }) => {
    const back = simulator.restart({ downMs: 60_000 });
    await simulator.stop();
    await back;
    assert.throws(() => Deno.statSync(simulator.path), Deno.errors.NotFound);
  }));

Deno.test("a client that ends in the middle of a request, or sends garbage, does not affect others", () =>
  world(async ({ client, simulator }) => {
    const other = await client();
    const half = await rawClient(simulator.path);
    await half.sendBytes(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 70, 0, 0, 0, 0, 0, 15));
    half.close();
    const huge = await rawClient(simulator.path);
    await huge.sendBytes(new Uint8Array(16).fill(0xff));
    assert.equal((await huge.rest()).length, 0);
    huge.close();
    await roundTrip(other);
  }));

Deno.test("control: every command replies, and an invalid one lists the valid ones", () =>
  world(async ({ client, simulator }) => {
    await client();
    const cases: [string, RegExp][] = [
      ["", /^$/],
      ["state", /^pid 4711, clients 1$/],
      ["delay 5", /^delay 5 ms$/],
      ["delay", /^usage: delay MS$/],
      ["delay x", /^usage: delay MS$/],
      ["cut 3", /^cut after 3 bytes$/],
      ["cut x", /^usage: cut \[BYTES\]$/],
      ["garble 2 4", /^garble 2 frames at 4 after 0$/],
      ["garble 1 17 9", /^garble 1 frames at 17 after 9$/],
      ["garble 1 2 3 4", /^usage: garble /],
      ["withhold lb_conf", /^withhold answers to lb_conf, 1 times$/],
      ["withhold lb_conf 2 3", /^usage: withhold /],
      ["withhold", /^usage: withhold /],
      ["refuse lb_conf -6 3", /^refuse lb_conf with -6, 3 times$/],
      ["refuse lb_conf", /^usage: refuse /],
      ["freeze", /^frozen$/],
      ["thaw", /^thawed$/],
      ["close", /^closed$/],
      ["open", /^open$/],
      ["keepalive", /^sent$/],
      ["omit", /^omit nothing$/],
      ["reset", /^behaves$/],
      ["restart", /^restarted, pid 4712$/],
      ["restart soon", /^usage: restart \[MS\]$/],
      ["release 26.06", /^release 26.06, pid 4713$/],
      ["release main", /^release main, pid 4714$/],
      ["release 1.0", /^usage: release main\|26.06$/],
      ["toString", /^unknown: toString\n/],
      ["help", /^state /],
    ];
    for (const [line, want] of cases) assert.match(await control(line, simulator), want, line);
    assert.equal(simulator.faults.delayMs, 0);
  }));
