import assert from "node:assert/strict";
import { FakeClock, settle } from "../../../tests/support/fakes/fake_clock.ts";
import { wall } from "../../../tests/support/fakes/instants.ts";
import { FULL_TABLE, MemoryTransport } from "../../../tests/support/fakes/memory_transport.ts";
import { RecordingLogger } from "../../../tests/support/fakes/recording_logger.ts";
import { RecordingObserver } from "../../../tests/support/fakes/recording_observer.ts";
import { MaglevError } from "../../base/errors.ts";
import { createVppConnection, type VppConnectionOptions } from "./connection.ts";
import type { ConnectionState, StatsSession, Transport } from "../ports.ts";
import {
  controlPingReply,
  getFirstMsgIdReply,
  lbAddDelAs,
  lbAddDelAsV2,
  lbAddDelVipV2,
  lbAsSetWeight,
  lbAsV2Dump,
  showVersionReply,
} from "../wire/messages.ts";

/** Some of the messages that a VPP without weights lacks. */
const WEIGHTS = new Set([lbAddDelAsV2.key, lbAsSetWeight.key, lbAsV2Dump.key]);

const VERSION = {
  retval: 0,
  program: "vpp",
  version: "26.10-rc0",
  buildDate: "2026-11-20T17:32:15",
  buildDirectory: "/build",
};

/** Answers show_version and control_ping like a healthy VPP. */
function healthy(transport: MemoryTransport): MemoryTransport {
  transport.onSend = (message) => {
    const { name, context } = transport.decode(message);
    if (name === "show_version") transport.reply(showVersionReply, context, VERSION);
    if (name === "control_ping") {
      transport.reply(controlPingReply, context, { retval: 0, vpePid: 77 });
    }
    if (name === "get_first_msg_id") {
      transport.reply(getFirstMsgIdReply, context, { retval: -7, firstMsgId: 0xffff });
    }
  };
  return transport;
}

/** A connection whose attempts end as `plan` lists: with a transport, or the reason of a failure. */
function setUp(
  plan: (MemoryTransport | string)[],
  more: Pick<VppConnectionOptions, "openStats" | "statsAddress" | "arch"> = {},
) {
  const clock = new FakeClock();
  const logger = new RecordingLogger({ debug: true });
  const attempts: number[] = [];
  const connection = createVppConnection({
    apiAddress: "/run/vpp/api.sock",
    clock,
    logger,
    observer: new RecordingObserver(),
    connect() {
      attempts.push(clock.monotonicMs());
      const next = plan.shift() ?? "connection refused";
      if (typeof next !== "string") return Promise.resolve(next);
      return Promise.reject(new MaglevError("unavailable", next));
    },
    ...more,
  });
  const states: string[] = [];
  connection.subscribe((state) => {
    states.push(state.kind === "connected" ? "connected" : `disconnected: ${state.reason}`);
  });
  return { clock, logger, connection, attempts, states };
}

Deno.test("VppConnection connects, identifies VPP and logs it", async () => {
  const { clock, logger, connection, states } = setUp([healthy(new MemoryTransport())]);
  assert.equal(states.length, 0);
  connection.start();
  connection.start();
  await settle();
  assert.deepEqual(states, ["connected"]);
  const state = connection.state;
  assert.ok(state.kind === "connected");
  assert.deepEqual(state.info, {
    version: "26.10-rc0",
    buildDate: "2026-11-20T17:32:15",
    buildDirectory: "/build",
    pid: 77,
    connectedAtMs: clock.wallMs(),
    bootAtMs: undefined,
    weights: true,
  });
  const record = logger.records.find(({ event }) => event === "vpp-connect");
  assert.deepEqual(record?.fields, {
    version: "26.10-rc0",
    "build-date": "2026-11-20T17:32:15",
    pid: 77,
    api: "/run/vpp/api.sock",
    stats: undefined,
  });
  await connection.stop();
  assert.deepEqual(states, ["connected", "disconnected: stopped"]);
  assert.equal(clock.timers, 0);
});

Deno.test("VppConnection retries every 500 ms, and warns immediately, then once a minute", async () => {
  const { clock, logger, connection, attempts, states } = setUp([]);
  connection.start();
  await settle();
  assert.deepEqual(logger.take(), ["warn vpp-connect-failed"]);
  await clock.advanceAsync(59_999);
  assert.deepEqual(attempts.slice(0, 3), [0, 500, 1000]);
  assert.equal(attempts.length, 120);
  assert.deepEqual(new Set(logger.take()), new Set(["debug vpp-connect-failed"]));
  await clock.advanceAsync(1);
  assert.deepEqual(logger.take(), ["warn vpp-connect-failed"]);
  assert.deepEqual(states, []);
  assert.deepEqual(connection.state, { kind: "disconnected", reason: "connection refused" });
  await connection.stop();
  assert.equal(clock.timers, 0);
});

Deno.test("VppConnection reconnects when VPP ends, and warns immediately of the next failure", async () => {
  const first = healthy(new MemoryTransport());
  const plan = ["gone", first, "gone", healthy(new MemoryTransport())];
  const { clock, logger, connection, states } = setUp(plan);
  connection.start();
  await clock.advanceAsync(500);
  first.end("VPP closed the socket");
  assert.deepEqual(states, ["connected", "disconnected: VPP closed the socket"]);
  await clock.advanceAsync(1000);
  assert.deepEqual(states.slice(2), ["connected"]);
  assert.deepEqual(logger.take(), [
    "warn vpp-connect-failed",
    "info vpp-connect",
    "warn vpp-disconnect",
    "warn vpp-connect-failed",
    "info vpp-connect",
  ]);
  await connection.stop();
});

Deno.test("VppConnection pings every 10 s and disconnects 5 s after an unanswered ping", async () => {
  const transport = healthy(new MemoryTransport());
  const { clock, connection, states, logger } = setUp([transport]);
  connection.start();
  await settle();
  transport.take();
  logger.take();
  await clock.advanceAsync(30_000);
  assert.deepEqual(transport.take().map(({ name }) => name), [
    "control_ping",
    "control_ping",
    "control_ping",
  ]);
  transport.onSend = () => {};
  await clock.advanceAsync(14_999);
  assert.deepEqual(states, ["connected"]);
  await clock.advanceAsync(1);
  assert.deepEqual(states, [
    "connected",
    "disconnected: no answer to control_ping within 5000 ms",
  ]);
  assert.equal(transport.closed, true);
  assert.deepEqual(logger.take(), ["warn vpp-ping-failed", "warn vpp-disconnect"]);
  await connection.stop();
});

Deno.test("VppConnection disconnects on a garbled message", async () => {
  const transport = healthy(new MemoryTransport());
  const { connection, states } = setUp([transport]);
  connection.start();
  await settle();
  transport.receive(new Uint8Array(3));
  assert.deepEqual(states, ["connected", "disconnected: VPP sent a message of 3 bytes"]);
  await connection.stop();
});

Deno.test("VppConnection gives up a VPP that is silent after the handshake", async () => {
  const mute = new MemoryTransport();
  const { clock, logger, connection, states } = setUp([mute, healthy(new MemoryTransport())]);
  connection.start();
  await clock.advanceAsync(5000);
  assert.equal(mute.closed, true);
  assert.deepEqual(logger.take(), ["warn vpp-connect-failed"]);
  await clock.advanceAsync(500);
  assert.deepEqual(states, ["connected"]);
  await connection.stop();
});

function tableWithout(lacking: (key: string) => boolean): ReadonlyMap<string, number> {
  return new Map([...FULL_TABLE].filter(([key]) => !lacking(key)));
}

const LACKING: readonly (readonly [string, ReadonlyMap<string, number>, RegExp])[] = [
  [
    "one message",
    tableWithout((key) => key === lbAddDelVipV2.key),
    /lacks required messages: lb_add_del_vip_v2_7c520e0f$/,
  ],
  [
    "weights, and the messages for a VPP without weights",
    tableWithout((key) => key === lbAsSetWeight.key || key === lbAddDelAs.key),
    /lacks required messages: lb_add_del_as_35d72500$/,
  ],
  [
    "the plugin",
    tableWithout((key) => key.startsWith("lb_")),
    /\(is the lb plugin loaded\?\): lb_add_del_as_35d72500, /,
  ],
];

for (const [what, table, reason] of LACKING) {
  Deno.test(`VppConnection names the missing messages of a VPP that lacks ${what}`, async () => {
    const transport = healthy(new MemoryTransport(table));
    const plan = [transport];
    const { clock, logger, connection, states } = setUp(plan);
    connection.start();
    await settle();
    const [record] = logger.records;
    assert.equal(record?.event, "vpp-connect-failed");
    assert.match(String(record?.fields["err"]), reason);
    assert.equal(transport.closed, true);
    // It is retried, because an operator may load the plugin and restart VPP.
    plan.push(healthy(new MemoryTransport()));
    await clock.advanceAsync(500);
    assert.deepEqual(states, ["connected"]);
    await connection.stop();
    assert.equal(clock.timers, 0);
  });
}

Deno.test("VppConnection logs once that a VPP has no weights, and reports it in VppInfo", async () => {
  const older = () => healthy(new MemoryTransport(tableWithout((key) => WEIGHTS.has(key))));
  const transports = [older(), older(), healthy(new MemoryTransport()), older()];
  const { clock, logger, connection } = setUp([...transports]);
  connection.start();
  for (const [i, transport] of transports.entries()) {
    await clock.advanceAsync(500);
    const { state } = connection;
    assert.ok(state.kind === "connected");
    assert.equal(state.info.weights, i === 2);
    assert.equal(state.lb.capabilities.weights, i === 2);
    transport.end("gone");
  }
  const said = logger.records.filter(({ event }) => event === "vpp-no-weights");
  assert.deepEqual(said.map(({ level, fields }) => [level, fields["missing"]]), [
    ["warn", ["lb_add_del_as_v2_2f1d3b0e", "lb_as_set_weight_2d89bdbd", "lb_as_v2_dump_1063f819"]],
  ]);
  await connection.stop();
});

Deno.test("VppConnection.stop during the identification ends it, and start() starts again", async () => {
  const mute = new MemoryTransport();
  const { clock, logger, connection, states } = setUp([mute, healthy(new MemoryTransport())]);
  connection.start();
  await settle();
  const stopped = connection.stop();
  connection.start();
  await stopped;
  await settle();
  assert.equal(mute.closed, true);
  assert.deepEqual(states, ["connected"]);
  assert.deepEqual(logger.take(), ["info vpp-connect"]);
  await connection.stop();
  await connection.stop();
  assert.equal(clock.timers, 0);
});

Deno.test("VppConnection.stop waits for a connect under way and closes its transport", async () => {
  const transport = new MemoryTransport();
  const { promise, resolve } = Promise.withResolvers<Transport>();
  let aborted = false;
  const connection = createVppConnection({
    apiAddress: "/run/vpp/api.sock",
    clock: new FakeClock(),
    logger: new RecordingLogger({ debug: true }),
    observer: new RecordingObserver(),
    connect(_, { signal }) {
      signal.addEventListener("abort", () => aborted = true);
      return promise;
    },
  });
  connection.start();
  const stopped = connection.stop();
  assert.equal(aborted, true);
  resolve(transport);
  await stopped;
  assert.equal(transport.closed, true);
});

class FakeStats implements StatsSession {
  readonly bootAtMs = wall(12345);
  readonly reader = { prepare: () => ({ read: () => ({ kind: "busy" as const }) }) };
  onEnd: (reason: string) => void = () => {};
  closed = false;
  close(): void {
    this.closed = true;
  }
}

Deno.test("VppConnection does not wait for the stats segment of a VPP that ended", async () => {
  const transport = healthy(new MemoryTransport());
  let asked = 0;
  const { clock, connection, logger } = setUp([transport], {
    openStats: (_, { signal }) =>
      new Promise((_, reject) => {
        asked++;
        signal.addEventListener("abort", () => reject(new MaglevError("aborted", "given up")));
      }),
  });
  connection.start();
  await settle();
  transport.end("VPP closed the socket");
  await settle();
  assert.equal(asked, 1);
  assert.deepEqual(logger.take(), ["warn vpp-connect-failed"]);
  assert.deepEqual(connection.state, { kind: "disconnected", reason: "VPP closed the socket" });
  await connection.stop();
  assert.equal(clock.timers, 0);
});

Deno.test("VppConnection connects without the stats segment, and retries it", async () => {
  const stats = [new FakeStats(), new FakeStats()];
  const opened: (FakeStats | string)[] = ["no stats", "no stats", stats[0]!, "gone", stats[1]!];
  const a = healthy(new MemoryTransport());
  const { clock, connection, states, logger } = setUp([a], {
    statsAddress: "/run/vpp/stats.sock",
    openStats() {
      const next = opened.shift() ?? "no more";
      return typeof next === "string"
        ? Promise.reject(new MaglevError("unavailable", next))
        : Promise.resolve(next);
    },
  });
  const reader = () => connection.state.kind === "connected" && connection.state.stats;
  connection.start();
  await settle();
  assert.deepEqual([connection.state.kind, reader()], ["connected", undefined]);
  await clock.advanceAsync(500);
  assert.equal(reader(), undefined);
  await clock.advanceAsync(500);
  const state: ConnectionState = connection.state;
  assert.ok(state.kind === "connected" && state.info.bootAtMs === 12345);
  assert.equal(state.stats, stats[0]!.reader);
  stats[0]!.onEnd("no longer a segment");
  assert.deepEqual([a.closed, stats[0]!.closed, reader()], [false, true, undefined]);
  await clock.advanceAsync(1000);
  assert.equal(reader(), stats[1]!.reader);
  a.end("VPP closed the socket");
  assert.equal(stats[1]!.closed, true);
  assert.deepEqual(states, [
    "connected",
    "connected",
    "connected",
    "connected",
    "disconnected: VPP closed the socket",
  ]);
  const said = logger.take().filter((line) => line.includes("counters"));
  assert.deepEqual(said, ["warn vpp-counters-error", "warn vpp-counters-error"]);
  await connection.stop();
  assert.equal(clock.timers, 0);
});

Deno.test("VppConnection warns once on arm64, where VPP confuses flows", async () => {
  const transports = [1, 2].map(() => healthy(new MemoryTransport()));
  const { clock, connection, logger } = setUp(transports, { arch: "aarch64" });
  connection.start();
  await settle();
  transports[0]!.end("VPP closed the socket");
  await clock.advanceAsync(500);
  assert.equal(connection.state.kind, "connected");
  const said = logger.take().filter((line) => line.includes("platform"));
  assert.deepEqual(said, ["warn vpp-platform"]);
  await connection.stop();
});
