import assert from "node:assert/strict";
import type net from "node:net";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import type { ListenAddress } from "../../base/listen_address.ts";
import type { LogFields } from "../../base/ports.ts";
import { type ConnectionQuota, DEFAULT_QUOTA } from "./connection_limits.ts";
import { GONE, Listener } from "./listener.ts";

/** The start of HTTP/2: 33 bytes. */
const BEGINNING = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "x".repeat(9));

interface Stage {
  readonly listener: Listener;
  readonly clock: FakeClock;
  readonly refused: LogFields[];
  /** Connects, and returns both ends when the connection has been accepted. */
  connect(): Promise<{ readonly client: Deno.Conn; readonly server: net.Socket }>;
  /** Connects when no connection will be accepted. */
  knock(): Promise<Deno.Conn>;
}

async function onListener(
  address: ListenAddress,
  fn: (stage: Stage) => Promise<void>,
  quota: ConnectionQuota = DEFAULT_QUOTA,
): Promise<void> {
  const clock = new FakeClock();
  const refused: LogFields[] = [];
  let accepted = Promise.withResolvers<net.Socket>();
  const closed: Promise<void>[] = [];
  const listener = new Listener({
    address,
    tls: undefined,
    quota,
    users: { of: () => "alice" },
    clock,
    onConnection: (socket) => {
      closed.push(new Promise((resolve) => socket.on("close", resolve)));
      // As the library does; without it nothing is read.
      socket.resume();
      accepted.resolve(socket);
    },
    onRefused: (fields) => refused.push(fields),
  });
  const clients: Deno.Conn[] = [];
  try {
    const [place] = await listener.listen();
    const port = Number(place!.split(":").at(-1));
    const knock = async () => {
      const client = address.kind === "unix"
        ? await Deno.connect({ transport: "unix", path: address.path })
        : await Deno.connect({ hostname: "127.0.0.1", port });
      clients.push(client);
      return client;
    };
    const connect = async () => {
      accepted = Promise.withResolvers<net.Socket>();
      const client = await knock();
      return { client, server: await accepted.promise };
    };
    await fn({ listener, clock, refused, knock, connect });
  } finally {
    listener.destroyConnections();
    await listener.close();
    for (const client of clients) client.close();
    await Promise.all(closed);
  }
}

/** Waits for the end of a connection from the other side, at most 5 s. */
async function ended(client: Deno.Conn): Promise<void> {
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.resolve("still there"), 5000);
  const read = client.read(new Uint8Array(1)).catch(() => null);
  const end = await Promise.race([read, late.promise]);
  clearTimeout(timer);
  assert.equal(end, null);
}

const LOOPBACK: ListenAddress = { kind: "tcp", host: "127.0.0.1", port: 0 };

function keyOf(socket: net.Socket): string {
  return `${socket.remoteAddress}:${socket.remotePort}`;
}

Deno.test("Listener closes a connection that does not begin within ten seconds, and keeps others", async () => {
  await onListener(LOOPBACK, async ({ clock, connect }) => {
    const silent = await connect();
    const slow = await connect();
    const proper = await connect();
    const read = (socket: net.Socket, bytes: number) =>
      new Promise<void>((resolve) => {
        if (socket.bytesRead >= bytes) return resolve();
        socket.on("data", () => {
          if (socket.bytesRead >= bytes) resolve();
        });
      });
    await slow.client.write(BEGINNING.subarray(0, 32));
    await proper.client.write(BEGINNING);
    await Promise.all([read(slow.server, 32), read(proper.server, 33)]);
    clock.advance(9999);
    for (const { server } of [silent, slow, proper]) assert.equal(server.destroyed, false);
    clock.advance(1);
    await Promise.all([ended(silent.client), ended(slow.client)]);
    assert.equal(proper.server.destroyed, false);
    assert.equal(clock.timers, 0);
  });
});

Deno.test("Listener ends and reports connections beyond the limit, and frees the places of ended ones", async () => {
  await onListener(LOOPBACK, async ({ connect, knock, refused, listener }) => {
    const first = await connect();
    await ended(await knock());
    assert.deepEqual(refused.map(({ err }) => err), [
      "1 connections from this host already open",
    ]);
    assert.match(String(refused[0]!.peer), /^127\.0\.0\.1:\d+$/);
    assert.equal(listener.connections, 1);
    const gone = new Promise<void>((resolve) => first.server.on("close", resolve));
    first.server.destroy();
    await gone;
    await connect();
  }, { local: 1, remote: 1, perHost: 1 });
});

Deno.test("Listener has the peer of a connection by its name until the connection ends", async () => {
  await onListener(LOOPBACK, async ({ connect, listener }) => {
    const { server } = await connect();
    const key = keyOf(server);
    const peer = { text: key, local: true, user: undefined, certificate: undefined };
    assert.deepEqual(listener.peer(key), peer);
    assert.equal(listener.peer("192.0.2.1:1"), GONE);
    const gone = new Promise<void>((resolve) => server.on("close", resolve));
    server.destroy();
    await gone;
    assert.equal(listener.peer(key), GONE);
    assert.deepEqual([GONE.local, GONE.text], [false, "gone"], "nobody has rights for having left");
  });
});

Deno.test("Listener gives clients of a unix socket distinct names, and all are local", async () => {
  const folder = await Deno.makeTempDir({ prefix: "maglev-test-" });
  try {
    const address: ListenAddress = { kind: "unix", path: `${folder}/s` };
    await onListener(address, async ({ connect, listener }) => {
      const keys = [keyOf((await connect()).server), keyOf((await connect()).server)];
      assert.notEqual(keys[0], keys[1]);
      for (const key of keys) {
        assert.deepEqual(listener.peer(key), {
          text: "unix",
          local: true,
          user: "alice",
          certificate: undefined,
        });
      }
    });
    assert.deepEqual([...Deno.readDirSync(folder)], [], "the socket goes with its listener");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
