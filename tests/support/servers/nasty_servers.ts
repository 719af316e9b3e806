/**
 * Servers on loopback that do to a prober what servers do on bad days. Each listens on a port of
 * its own and is closed with `close()`, which also waits for what it still has open.
 */
import { createServer, type Socket } from "node:net";

/** A server that is running. */
export interface NastyServer {
  readonly port: number;
  /** Connections it has now. */
  readonly open: () => number;
  close(): Promise<void>;
}

/** Lets each connection be handled by `handle`, and closes it afterwards. */
export function serve(
  handle: (connection: Deno.TcpConn) => Promise<void>,
  hostname = "127.0.0.1",
  port = 0,
): NastyServer {
  const listener = Deno.listen({ hostname, port });
  const connections = new Set<Deno.TcpConn>();
  const handled: Promise<void>[] = [];
  const one = async (connection: Deno.TcpConn) => {
    connections.add(connection);
    try {
      await handle(connection);
    } catch {
      // The prober went away: that is what these servers are for.
    } finally {
      if (connections.delete(connection)) connection.close();
    }
  };
  const accepting = (async () => {
    for await (const connection of listener) handled.push(one(connection));
  })();
  return {
    port: listener.addr.port,
    open: () => connections.size,
    async close() {
      listener.close();
      for (const connection of connections) {
        connections.delete(connection);
        connection.close();
      }
      await accepting;
      await Promise.all(handled);
    },
  };
}

/** Reads the request and answers with `pieces`, `pauseMs` apart; then closes. */
export function answerWith(
  pieces: readonly string[],
  options: { pauseMs?: number; hostname?: string; onRequest?: (text: string) => void } = {},
): NastyServer {
  return serve(async (connection) => {
    options.onRequest?.(await readRequest(connection));
    for (const piece of pieces) {
      await writeAll(connection, new TextEncoder().encode(piece));
      if (options.pauseMs !== undefined) {
        await new Promise((resolve) => setTimeout(resolve, options.pauseMs));
      }
    }
  }, options.hostname);
}

/** Accepts, reads the request, and sends nothing until the client disconnects. */
export function sayNothing(): NastyServer {
  return serve(async (connection) => {
    const buffer = new Uint8Array(4096);
    while (await connection.read(buffer) !== null);
  });
}

/** Answers with `start`, then sends `again` for ever. `sent` counts the bytes. */
export function sendForEver(start: string, again: string): NastyServer & { sent: () => number } {
  let sent = 0;
  const block = new TextEncoder().encode(again.repeat(Math.ceil(16_384 / again.length)));
  const server = serve(async (connection) => {
    await readRequest(connection);
    await writeAll(connection, new TextEncoder().encode(start));
    while (true) sent += await connection.write(block);
  });
  return { ...server, sent: () => sent };
}

/** Sends `start` and resets the connection. Deno's own sockets always say FIN first. */
export async function resetAfter(start: string): Promise<NastyServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.once("data", () => socket.write(start, () => socket.resetAndDestroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return {
    port: address.port,
    open: () => sockets.size,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Accepts and resets immediately: a port forwarder without a server. */
export async function resetAtOnce(): Promise<NastyServer> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.resetAndDestroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return {
    port: address.port,
    open: () => 0,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** A server whose accept queue is full: the kernel drops further requests to connect. */
export interface StalledServer {
  readonly port: number;
  close(): void;
}

/** Makes one: listens, never accepts, and connects to itself until that hangs. */
export async function stall(): Promise<StalledServer> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const fillers: Deno.TcpConn[] = [];
  const { port } = listener.addr;
  while (true) {
    const connection = await Deno.connect({ port, signal: AbortSignal.timeout(100) })
      .catch(() => undefined);
    if (connection === undefined) break;
    fillers.push(connection);
  }
  return {
    port,
    close() {
      listener.close();
      for (const filler of fillers) filler.close();
    },
  };
}

/** A port of loopback that no socket listens on. */
export function closedPort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return listener.addr.port;
}

async function readRequest(connection: Deno.TcpConn): Promise<string> {
  const buffer = new Uint8Array(16_384);
  let text = "";
  while (!text.includes("\r\n\r\n")) {
    const count = await connection.read(buffer);
    if (count === null) break;
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
  return text;
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}
