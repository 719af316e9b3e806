/** TLS servers on loopback for the tests of probes: good ones, and ones that break handshakes. */
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import type { NastyServer } from "./nasty_servers.ts";
import type { KeyPair } from "./certificates.ts";

export interface TlsServer extends NastyServer {
  /** Names in the handshakes so far (SNI), `false` for none. */
  readonly names: readonly (string | false)[];
  /** Addresses that clients came from. */
  readonly clients: readonly string[];
  /** For each handshake, true when it resumed a session. */
  readonly resumed: readonly boolean[];
  /** Shows another certificate from now on. */
  show(pair: KeyPair): void;
}

export interface TlsServerOptions {
  readonly hostname?: string;
  /** Authority of client certificates, which are then required. */
  readonly clientCa?: string;
  readonly port?: number;
}

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

/** Completes handshakes with `pair`; then `handle` (default: answers 200 to anything). */
export async function tlsServer(
  pair: KeyPair,
  handle: (socket: TLSSocket) => void = (socket) => socket.once("data", () => socket.end(OK)),
  options: TlsServerOptions = {},
): Promise<TlsServer> {
  const { hostname = "127.0.0.1", clientCa, port = 0 } = options;
  const names: (string | false)[] = [];
  const clients: string[] = [];
  const resumed: boolean[] = [];
  const required = { ca: clientCa, requestCert: true, rejectUnauthorized: true };
  const server = createServer({ ...pair, ...(clientCa === undefined ? {} : required) });
  server.on("secureConnection", (socket: TLSSocket & { servername?: string | false | null }) => {
    socket.on("error", () => {});
    names.push(socket.servername || false);
    resumed.push(socket.isSessionReused());
    handle(socket);
    socket.resume();
  });
  server.on("tlsClientError", () => {});
  const nasty = await listening(server, { hostname, port, clients });
  return { ...nasty, names, clients, resumed, show: (next) => server.setSecureContext(next) };
}

/** Accepts TCP connections, and does to them whatever `handle` does. */
export async function notTls(
  handle: (socket: Socket) => void,
  hostname = "127.0.0.1",
): Promise<NastyServer & { readonly clients: readonly string[] }> {
  const clients: string[] = [];
  const server = createTcpServer((socket) => {
    handle(socket);
    // Without reading, the server never sees that the client has closed.
    socket.resume();
  });
  return { ...await listening(server, { hostname, port: 0, clients }), clients };
}

async function listening(
  server: Server,
  { hostname, port, clients }: { hostname: string; port: number; clients: string[] },
): Promise<NastyServer> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    clients.push(socket.remoteAddress ?? "");
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, hostname, resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return {
    port: address.port,
    open: () => sockets.size,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** An `openssl s_server`: what node cannot do, old protocols above all. */
export async function opensslServer(
  folder: string,
  args: readonly string[],
): Promise<{ port: number; close(): Promise<void> }> {
  const child = new Deno.Command("openssl", {
    args: ["s_server", "-accept", "127.0.0.1:0", "-www", ...args],
    cwd: folder,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!/^ACCEPT .*:\d+/m.test(text)) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`openssl s_server ${args.join(" ")} said: ${text}`);
    text += value;
  }
  const drained = (async () => {
    while (!(await reader.read()).done);
  })();
  return {
    port: Number(/^ACCEPT .*:(\d+)/m.exec(text)![1]),
    async close() {
      child.kill("SIGKILL");
      await child.status;
      await drained;
      await child.stdin.close().catch(() => {});
    },
  };
}
