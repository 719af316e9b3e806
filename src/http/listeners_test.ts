/** The server on each kind of listener: IPv4, IPv6, unix sockets, TLS. */
import assert from "node:assert/strict";
import { FakeClock } from "../../tests/support/fakes/fake_clock.ts";
import { certificates } from "../../tests/support/servers/certificates.ts";
import { withFolder } from "../../tests/support/servers/daemon.ts";
import { readAll, readTo, send, until } from "../../tests/support/worlds/http_world.ts";
import { type ListenAddress, parseListenAddress } from "../base/listen_address.ts";
import { listenAt } from "../system/listen.ts";
import { TlsIdentity } from "../system/tls/listener.ts";
import { textAnswer } from "./answer_head.ts";
import { DASHBOARD_LIMITS, HEAD_DEADLINE_MS } from "./limits.ts";
import type { EventStream, HttpAnswer, HttpRequest, StreamEnd } from "./ports.ts";
import { HttpServer } from "./server.ts";

interface World {
  readonly address: ListenAddress & { port?: number };
  readonly clock: FakeClock;
  readonly server: HttpServer;
  readonly seen: HttpRequest[];
  readonly streams: EventStream[];
}

async function listenOn(
  text: string,
  tls: TlsIdentity | undefined,
  fn: (world: World) => Promise<void>,
): Promise<void> {
  const wanted = parseListenAddress(text);
  assert.ok(typeof wanted !== "string");
  const listening = await listenAt(wanted, { tls });
  assert.ok(listening.kind === "ok", JSON.stringify(listening));
  const seen: HttpRequest[] = [];
  const streams: EventStream[] = [];
  const handle = (request: HttpRequest): Promise<HttpAnswer> => {
    seen.push(request);
    return Promise.resolve(
      request.path === "/events"
        ? { kind: "stream", retryMs: 2000, start: (stream) => streams.push(stream) }
        : textAnswer(200, "fine"),
    );
  };
  const clock = new FakeClock();
  const server = new HttpServer({
    listeners: listening.listeners,
    clock,
    limits: DASHBOARD_LIMITS,
    encrypted: tls !== undefined,
    handle,
    failed: (error) => assert.fail(`${error}`),
  });
  server.start();
  try {
    await fn({ address: listening.addresses[0]!, clock, server, seen, streams });
  } finally {
    await server.stop();
    assert.deepEqual([server.connections, server.streams, clock.timers], [0, 0, 0]);
  }
}

const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

async function ask(conn: Deno.Conn): Promise<void> {
  await send(conn, REQUEST);
  assert.match(await readAll(conn), /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nfine\n$/s);
  conn.close();
}

Deno.test("HttpServer gives the peer of IPv4 and IPv6, also where one socket takes both, and of a unix socket", async () => {
  for (const [listen, hostname] of [["[::1]:0", "::1"], [":0", "127.0.0.1"], [":0", "::1"]]) {
    await listenOn(listen!, undefined, async ({ address, seen }) => {
      assert.ok(address.kind === "tcp");
      await ask(await Deno.connect({ hostname: hostname!, port: address.port }));
      const { peer, encrypted } = seen[0]!;
      assert.deepEqual([peer.kind === "tcp" && peer.host, encrypted], [hostname, false]);
    });
  }
  await withFolder(async (folder) => {
    const path = `${folder}/http`;
    await listenOn(`unix:${path}`, undefined, async ({ seen }) => {
      await ask(await Deno.connect({ transport: "unix", path }));
      assert.deepEqual(seen[0]!.peer, { kind: "unix" });
    });
  });
});

const { ca, of } = await certificates();

Deno.test("HttpServer over TLS answers, streams, drops a client that does not read, and hangs up on a silent one", async () => {
  await listenOn("127.0.0.1:0", new TlsIdentity(of("good")), async (world) => {
    const { address, clock, server, seen, streams } = world;
    assert.ok(address.kind === "tcp");
    const { port } = address;
    const connect = () => Deno.connectTls({ hostname: "127.0.0.1", port, caCerts: [ca] });
    await ask(await connect());
    const { peer, encrypted } = seen[0]!;
    assert.deepEqual([peer.kind === "tcp" && peer.host, encrypted], ["127.0.0.1", true]);

    const silent = await Deno.connect({ hostname: "127.0.0.1", port });
    await until(() => server.connections === 1);
    clock.advance(HEAD_DEADLINE_MS);
    assert.equal(await readAll(silent), "");
    silent.close();

    const [stuck, reader] = [await connect(), await connect()];
    for (const conn of [stuck, reader]) {
      await send(conn, "GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
      await readTo(conn, "retry: 2000\n\n");
    }
    const ends: StreamEnd[] = [];
    for (const stream of streams) stream.ended.then((end) => ends.push(end));
    const reading = readAll(reader);
    const event = new TextEncoder().encode(`data: ${"x".repeat(8000)}\n\n`);
    let sent = 0;
    for (let round = 0; round < 5000 && ends.length === 0; round++) {
      streams[0]!.send(event);
      assert.ok(streams[1]!.send(event));
      sent += event.length;
      await until(() => streams[1]!.queuedBytes < 32_768);
    }
    assert.deepEqual(ends, ["slow"]);
    streams[1]!.close();
    assert.equal((await reading).length, sent);
    reader.close();
    stuck.close();
  });
});

Deno.test("listenAt() with TLS names a port that is in use", async () => {
  const tls = new TlsIdentity(of("good"));
  await listenOn("127.0.0.1:0", tls, async ({ address }) => {
    assert.deepEqual(await listenAt(address, { tls }), {
      kind: "error",
      message: `port ${address.port} is in use (127.0.0.1:${address.port})`,
    });
  });
});
