import assert from "node:assert/strict";
import { ApiListener } from "../../../tests/support/servers/api_listener.ts";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { type ErrorCode, MaglevError } from "../../base/errors.ts";
import { SystemClock } from "../../system/system_clock.ts";
import { encodeFrame } from "../wire/frame.ts";
import { controlPing, sockclntCreate, sockclntCreateReply } from "../wire/messages.ts";
import { connectUnixSocket, type UnixSocketOptions } from "./unix_socket.ts";

const CLOCK = new SystemClock();
const OPTIONS: UnixSocketOptions = { clientName: "test", deadlineMs: 5000, clock: CLOCK };

async function withListener(body: (listener: ApiListener) => Promise<void>): Promise<void> {
  const listener = new ApiListener();
  try {
    await body(listener);
  } finally {
    listener.dispose();
  }
}

async function refused(work: Promise<unknown>, code: ErrorCode, text: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof MaglevError);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, text);
    return true;
  });
}

Deno.test("connectUnixSocket introduces itself with the fixed id and its name", () =>
  withListener(async (listener) => {
    const connecting = connectUnixSocket(listener.path, OPTIONS);
    const conn = await listener.acceptRaw();
    const bytes = new Uint8Array(1024);
    const size = await conn.read(bytes);
    const { header, body } = sockclntCreate.decode(bytes.subarray(16, size ?? 0));
    assert.deepEqual([header.id, body.name], [15, "test"]);
    conn.close();
    await refused(connecting, "unavailable", /closed during the handshake/);
  }));

Deno.test("connectUnixSocket uses the reply's index as client index, not its client_index", () =>
  withListener(async (listener) => {
    const [peer, transport] = await Promise.all([
      listener.accept({ index: 0x8000_0042 }),
      connectUnixSocket(listener.path, OPTIONS),
    ]);
    assert.equal(transport.clientIndex, 0x8000_0042);
    transport.close();
    await peer.ended;
    peer.close();
  }));

Deno.test("connectUnixSocket says where nothing listens", async () => {
  await refused(
    connectUnixSocket("/nonexistent/api.sock", OPTIONS),
    "unavailable",
    /cannot connect to VPP at \/nonexistent\/api\.sock: .*os error/,
  );
});

const BAD_HANDSHAKES: readonly (readonly [string, Uint8Array, RegExp])[] = [
  [
    "a refusal",
    encodeFrame(sockclntCreateReply.encode({ id: 16, clientIndex: 0, context: 1 }, {
      response: -7,
      index: 0,
      messageTable: [],
    })),
    /refused the handshake with -7/,
  ],
  [
    "another message",
    encodeFrame(sockclntCreateReply.encode({ id: 17, clientIndex: 0, context: 1 }, {
      response: 0,
      index: 0,
      messageTable: [],
    })),
    /answered the handshake with message 17/,
  ],
  ["a short message", encodeFrame(Uint8Array.of(0, 16, 0)), /cannot decode sockclnt_create_reply/],
  ["a frame that is too long", new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n"), /frame/],
];

for (const [name, bytes, text] of BAD_HANDSHAKES) {
  Deno.test(`connectUnixSocket refuses ${name} for a handshake`, () =>
    withListener(async (listener) => {
      const connecting = connectUnixSocket(listener.path, OPTIONS);
      const conn = await listener.acceptRaw();
      await conn.write(bytes);
      await refused(connecting, "unavailable", text);
      conn.close();
    }));
}

Deno.test("connectUnixSocket gives up a silent VPP at its deadline, and lets go of the socket", () =>
  withListener(async (listener) => {
    const clock = new FakeClock();
    const connecting = connectUnixSocket(listener.path, { ...OPTIONS, clock, deadlineMs: 300 });
    const conn = await listener.acceptRaw();
    const bytes = new Uint8Array(1024);
    await conn.read(bytes);
    clock.advance(299);
    assert.equal(clock.timers, 1);
    clock.advance(1);
    await refused(connecting, "deadline-exceeded", /within 300 ms/);
    assert.equal(await conn.read(bytes), null);
    conn.close();
  }));

Deno.test("connectUnixSocket gives up when its signal says so, before and while it waits", () =>
  withListener(async (listener) => {
    const clock = new FakeClock();
    const abort = new AbortController();
    const options = { ...OPTIONS, clock, signal: abort.signal };
    const connecting = connectUnixSocket(listener.path, options);
    const conn = await listener.acceptRaw();
    abort.abort();
    await refused(connecting, "aborted", /given up/);
    await refused(connectUnixSocket(listener.path, options), "aborted", /given up/);
    assert.equal(clock.timers, 0);
    conn.close();
    (await listener.acceptRaw()).close();
  }));

Deno.test("messages sent in one tick leave in one write", () =>
  withListener(async (listener) => {
    const [peer, transport] = await Promise.all([
      listener.accept(),
      connectUnixSocket(listener.path, OPTIONS),
    ]);
    const message = controlPing.encode({ id: 1, clientIndex: 2, context: 3 }, {});
    for (let i = 0; i < 1000; i++) transport.send(message);
    assert.equal((await peer.take(1000)).length, 1000);
    assert.equal(peer.reads, 1);
    transport.close();
    await peer.ended;
    peer.close();
  }));

Deno.test("a VPP that does not read ends the transport at the bound, not the memory", () =>
  withListener(async (listener) => {
    const connecting = connectUnixSocket(listener.path, { ...OPTIONS, maxQueuedBytes: 1 << 16 });
    const conn = await listener.acceptRaw();
    const empty = { response: 0, index: 1, messageTable: [] };
    const reply = sockclntCreateReply.encode({ id: 16, clientIndex: 0, context: 1 }, empty);
    await conn.write(encodeFrame(reply));
    const transport = await connecting;
    const ended = new Promise<string>((resolve) => transport.onEnd = resolve);
    for (let i = 0; i < 70; i++) transport.send(new Uint8Array(1000));
    assert.match(await ended, /bytes wait and VPP does not read/);
    conn.close();
  }));

Deno.test("a stream cut inside a frame is told apart from one that ended between frames", () =>
  withListener(async (listener) => {
    for (const [bytes, text] of [[8, /mid-message/], [20, /^VPP closed the socket$/]] as const) {
      const [peer, transport] = await Promise.all([
        listener.accept(),
        connectUnixSocket(listener.path, OPTIONS),
      ]);
      const ended = new Promise<string>((resolve) => transport.onEnd = resolve);
      await peer.sendBytes(encodeFrame(new Uint8Array(4)).subarray(0, bytes));
      peer.close();
      assert.match(await ended, text);
    }
  }));
