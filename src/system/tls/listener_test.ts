import assert from "node:assert/strict";
import { certificates } from "../../../tests/support/servers/certificates.ts";
import { bindTls, TlsIdentity } from "./listener.ts";
import type { ServerSocket } from "../server_socket.ts";

const { ca, of } = await certificates();
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Runs `fn` with a listener whose connections `serve` takes. */
async function withListener(
  serve: (socket: ServerSocket) => Promise<void>,
  fn: (world: { port: number; identity: TlsIdentity }) => Promise<void>,
): Promise<void> {
  const identity = new TlsIdentity(of("good"));
  const { listener, port, close } = await bindTls({ host: "127.0.0.1", port: 0, identity });
  const serving: Promise<void>[] = [];
  const sockets: ServerSocket[] = [];
  const accepting = (async () => {
    for (;;) {
      const socket = await listener.accept().catch(() => undefined);
      if (socket === undefined) return;
      sockets.push(socket);
      serving.push(serve(socket).finally(() => socket.close()));
    }
  })();
  try {
    await fn({ port, identity });
  } finally {
    close();
    close();
    await accepting;
    for (const socket of sockets) socket.close();
    await Promise.all(serving);
  }
}

const connect = (port: number) =>
  Deno.connectTls({
    hostname: "127.0.0.1",
    port,
    caCerts: [ca],
    alpnProtocols: ["h2", "http/1.1"],
  });

/** Sends back what comes, in pieces of 10 bytes. */
async function echo(socket: ServerSocket): Promise<void> {
  const into = new Uint8Array(10);
  for (;;) {
    const count = await socket.read(into);
    if (count === null) return await socket.closeWrite();
    await socket.write(into.slice(0, count));
  }
}

Deno.test("bindTls() gives connections that read, write and close like Deno's", async () => {
  await withListener(echo, async ({ port }) => {
    const conn = await connect(port);
    const { alpnProtocol } = await conn.handshake();
    assert.equal(alpnProtocol, "http/1.1");
    const text = "0123456789abcdef".repeat(2000);
    await conn.write(bytesOf(text.slice(0, 16_000)));
    await conn.write(bytesOf(text.slice(16_000)));
    let received = "";
    const into = new Uint8Array(65_536);
    while (received.length < text.length) {
      const count = await conn.read(into);
      assert.ok(count !== null);
      received += new TextDecoder().decode(into.subarray(0, count));
    }
    assert.equal(received, text);
    conn.close();
  });
});

Deno.test("a certificate that is replaced is the next connection's; none is refused meanwhile", async () => {
  await withListener(echo, async ({ port, identity }) => {
    const answers = async (conn: Deno.TlsConn) => {
      await conn.write(bytesOf("x"));
      assert.equal(await conn.read(new Uint8Array(10)), 1);
    };
    const before = await connect(port);
    await answers(before);
    let failed = 0;
    const clients = Array.from({ length: 4 }, async () => {
      for (let i = 0; i < 25; i++) {
        try {
          const conn = await connect(port);
          await answers(conn);
          conn.close();
        } catch {
          failed++;
        }
      }
    });
    for (const kind of ["renewed", "good", "renewed"] as const) {
      await new Promise((go) => setTimeout(go, 5));
      identity.replace(of(kind));
    }
    await Promise.all(clients);
    assert.equal(failed, 0);
    await answers(before);
    before.close();
    identity.replace(of("wrongName"));
    await assert.rejects(async () => {
      const conn = await connect(port);
      try {
        await conn.handshake();
      } finally {
        conn.close();
      }
    }, /NotValidForName|not valid for name/);
  });
});

Deno.test("a client of TLS that breaks off, speaks plain text or sends nothing ends its own connection alone", async () => {
  const ends: (number | null)[] = [];
  const serve = async (socket: ServerSocket) => {
    ends.push(await socket.read(new Uint8Array(10)));
    await assert.rejects(socket.write(bytesOf("x")));
  };
  await withListener(serve, async ({ port }) => {
    const plain = await Deno.connect({ hostname: "127.0.0.1", port });
    await plain.write(bytesOf("GET / HTTP/1.1\r\n\r\n"));
    await plain.read(new Uint8Array(100)).catch(() => null);
    plain.close();
    const silent = await Deno.connect({ hostname: "127.0.0.1", port });
    silent.close();
    while (ends.length < 2) await new Promise((go) => setTimeout(go, 1));
    assert.deepEqual(ends, [null, null]);
  });
});

Deno.test("a TLS connection that the server closes ends its own pending read, and the listener its accept", async () => {
  const closed = Promise.withResolvers<number | null>();
  await withListener(async (socket) => {
    const reading = socket.read(new Uint8Array(10));
    await socket.write(bytesOf("x"));
    socket.close();
    closed.resolve(await reading);
  }, async ({ port }) => {
    const conn = await connect(port);
    await conn.read(new Uint8Array(10));
    assert.equal(await closed.promise, null);
    conn.close();
  });
});
