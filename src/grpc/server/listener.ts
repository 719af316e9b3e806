/**
 * Accepts connections: TCP on one or all addresses, with or without TLS, or a unix socket. Limits
 * their number, by host, and the time until their first bytes, before anything of HTTP/2 is read.
 *
 * The sockets are not the gRPC library's, because the library cannot count connections, and because
 * certificates are renewed while it runs.
 */
import { lookup } from "node:dns/promises";
import net from "node:net";
import tls from "node:tls";
import { plainAddress } from "../../base/address.ts";
import { MaglevError } from "../../base/errors.ts";
import type { Clock, LogFields } from "../../base/ports.ts";
import { formatListenAddress, type ListenAddress } from "../../base/listen_address.ts";
import { bindAllAddresses, type Bound, isInUse } from "../../system/all_addresses.ts";
import type { PeerUsers } from "../../system/peer_users.ts";
import { isThisHost, type Peer } from "../calls/auth.ts";
import { ConnectionLimits, type ConnectionQuota } from "./connection_limits.ts";
import { bindUnixSocket, SOCKET_IN_USE } from "../../system/unix_listener.ts";
import type { TlsMaterial } from "./tls_files.ts";

export interface ListenerOptions {
  readonly address: ListenAddress;
  /** Undefined: no TLS. */
  readonly tls: TlsMaterial | undefined;
  readonly quota: ConnectionQuota;
  /** Looks up users of unix sockets; absent: they stay unknown. */
  readonly users?: Pick<PeerUsers, "of"> | undefined;
  readonly clock: Clock;
  /** Receives each accepted connection. */
  readonly onConnection: (socket: net.Socket) => void;
  /** A connection was refused, or its TLS failed. */
  readonly onRefused: (fields: LogFields) => void;
}

/** Time in which a connection must send LEAST_BYTES, its TLS handshake included. */
const SILENCE_MS = 10_000;
/** Length of the start of HTTP/2: the preface and an empty SETTINGS frame (RFC 9113, 3.4). */
const LEAST_BYTES = 24 + 9;
/** Connections that may wait to be accepted. */
const BACKLOG = 511;

/** Accepts connections until it is closed. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #servers: net.Server[] = [];
  readonly #limits: ConnectionLimits;
  /** By the gRPC library's name for the other end. */
  readonly #peers = new Map<string, Peer>();
  /** All admitted connections, also those whose TLS handshake is under way. */
  readonly #sockets = new Set<net.Socket>();
  /** Number of the last connection of a unix socket, where the other ends have no names. */
  #lastUnixPeer = 0;
  #removeUnixSocket: () => Promise<void> = () => Promise.resolve();

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#limits = new ConnectionLimits(options.quota);
  }

  /**
   * The addresses it listens on, with the actual port for 0. @throws {MaglevError} `unavailable`
   */
  async listen(): Promise<readonly string[]> {
    const { address } = this.#options;
    try {
      if (address.kind === "unix") {
        const server = this.#createServer();
        this.#servers.push(server);
        this.#removeUnixSocket = await bindUnixSocket(server, address.path);
        return [formatListenAddress(address)];
      }
      return await this.#listenTcp(address.host, address.port);
    } catch (error) {
      await this.close();
      throw listenError(address, error);
    }
  }

  /** The other end of a connection, by the gRPC library's name for it. */
  peer(key: string): Peer {
    return this.#peers.get(key) ?? GONE;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** New connections get this certificate and authority; open ones keep theirs. */
  renewTls(material: TlsMaterial): void {
    for (const server of this.#servers) {
      if (server instanceof tls.Server) server.setSecureContext(contextOf(material));
    }
  }

  /** Stops accepting. Open connections stay. Idempotent. */
  async close(): Promise<void> {
    for (const server of this.#servers.splice(0)) server.close();
    await this.#removeUnixSocket();
  }

  /** Ends all connections immediately. */
  destroyConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #listenTcp(host: string, port: number): Promise<readonly string[]> {
    if (host === "") {
      const all = await bindAllAddresses(port, (one, at) => this.#bind(one, at));
      return all.hosts.map((one) =>
        formatListenAddress({ kind: "tcp", host: one, port: all.port })
      );
    }
    const bound: string[] = [];
    let actual = port;
    for (const one of await hostsOf(host)) {
      actual = (await this.#bind(one, actual)).port;
      bound.push(formatListenAddress({ kind: "tcp", host: one, port: actual }));
    }
    return bound;
  }

  async #bind(host: string, port: number): Promise<Bound> {
    const server = this.#createServer();
    const actual = await listenOn(server, { host, port, backlog: BACKLOG });
    this.#servers.push(server);
    return { port: actual, close: () => this.#forget(server) };
  }

  #forget(server: net.Server): void {
    const at = this.#servers.indexOf(server);
    if (at >= 0) this.#servers.splice(at, 1);
    server.close();
  }

  #createServer(): net.Server {
    const { tls: material } = this.#options;
    if (material === undefined) {
      return net.createServer((socket) => {
        if (this.#admit(socket)) this.#accept(socket);
      });
    }
    const server = tls.createServer({
      ...contextOf(material),
      requestCert: material.clientCa !== undefined,
      rejectUnauthorized: material.clientCa !== undefined,
      ALPNProtocols: ["h2"],
      minVersion: "TLSv1.2",
      handshakeTimeout: SILENCE_MS,
    }, (socket) => this.#accept(socket));
    // Connections without a finished handshake count too: they cost the most, and clients the
    // least.
    server.on("connection", (socket: net.Socket) => void this.#admit(socket));
    server.on("tlsClientError", (error: Error, socket: net.Socket) => {
      this.#options.onRefused({ peer: this.#endOf(socket), err: `TLS: ${error.message}` });
      socket.destroy();
    });
    return server;
  }

  /** Counts a connection until it ends, or ends it immediately. */
  #admit(socket: net.Socket): boolean {
    const host = plainAddress(socket.remoteAddress ?? "");
    const local = this.#isLocal(socket);
    const refused = this.#limits.admit(host, local);
    // After an error comes `close`, which is enough.
    socket.on("error", () => {});
    if (refused !== undefined) {
      this.#options.onRefused({ peer: this.#endOf(socket), err: refused });
      socket.destroy();
      return false;
    }
    this.#sockets.add(socket);
    socket.on("close", () => {
      this.#limits.release(host, local);
      this.#sockets.delete(socket);
    });
    return true;
  }

  #accept(socket: net.Socket): void {
    socket.on("error", () => {});
    const peer: Peer = {
      text: this.#endOf(socket),
      local: this.#isLocal(socket),
      user: this.#options.address.kind === "unix" ? this.#options.users?.of(socket) : undefined,
      certificate: certificateOf(socket),
    };
    if (this.#options.address.kind === "unix") nameUnixPeer(socket, ++this.#lastUnixPeer);
    const key = `${socket.remoteAddress}:${socket.remotePort}`;
    this.#peers.set(key, peer);
    const silence = this.#options.clock.after(SILENCE_MS, () => {
      if (socket.bytesRead < LEAST_BYTES) socket.destroy();
    });
    socket.on("close", () => {
      silence.cancel();
      // A later connection may have the same name by now.
      if (this.#peers.get(key) === peer) this.#peers.delete(key);
    });
    socket.setNoDelay(true);
    this.#options.onConnection(socket);
  }

  #endOf({ remoteAddress, remotePort }: net.Socket): string {
    if (this.#options.address.kind === "unix") return "unix";
    if (remoteAddress === undefined || remotePort === undefined) return GONE.text;
    const host = plainAddress(remoteAddress);
    return formatListenAddress({ kind: "tcp", host, port: remotePort });
  }

  #isLocal({ remoteAddress, localAddress }: net.Socket): boolean {
    return this.#options.address.kind === "unix" ||
      isThisHost(remoteAddress ?? "", localAddress ?? "");
  }
}

/** Stands for a connection that has ended: its peer is unknown by then. */
export const GONE: Peer = { text: "gone", local: false, certificate: undefined };

/**
 * Gives the other end a name, which the gRPC library uses as it uses an address. Without it all
 * ends of a unix socket would be one to the library.
 */
function nameUnixPeer(socket: net.Socket, number: number): void {
  Object.defineProperty(socket, "remoteAddress", { value: "unix" });
  Object.defineProperty(socket, "remotePort", { value: number });
}

function contextOf(material: TlsMaterial): tls.SecureContextOptions {
  const { cert, key, clientCa } = material;
  // Without a configured authority the list is empty: never the runtime's or the environment's.
  return { cert, key, ca: clientCa === undefined ? [] : [clientCa] };
}

/** The verified certificate; undefined when none was requested. */
function certificateOf(socket: net.Socket): Peer["certificate"] {
  if (!(socket instanceof tls.TLSSocket) || !socket.authorized) return undefined;
  const subject = socket.getPeerCertificate()?.subject;
  if (subject === undefined) return undefined;
  const { CN, OU } = subject;
  return {
    commonName: Array.isArray(CN) ? CN.join(",") : CN ?? "",
    organizationalUnits: Array.isArray(OU) ? OU : OU === undefined ? [] : [OU],
  };
}

/** The addresses of a host. */
async function hostsOf(host: string): Promise<readonly string[]> {
  if (net.isIP(host.replace(/%.*$/, "")) !== 0) return [host];
  const found = await lookup(host, { all: true });
  return [...new Set(found.map(({ address }) => address))];
}

interface TcpPlace {
  readonly host: string;
  readonly port: number;
  readonly backlog: number;
}

function listenOn(server: net.Server, where: TcpPlace): Promise<number> {
  // Without the permission, node:net would throw where no caller can catch it.
  const place = `${where.host.includes(":") ? `[${where.host}]` : where.host}:${where.port}`;
  const { state } = Deno.permissions.querySync({ name: "net", host: place });
  if (state !== "granted") {
    throw new Deno.errors.NotCapable(
      `Requires net access to "${place}", run again with the --allow-net flag`,
    );
  }
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      // Later errors (no descriptors left) concern single connections, which the system drops.
      server.on("error", () => {});
      const bound = server.address();
      resolve(typeof bound === "object" && bound !== null ? bound.port : 0);
    });
  });
}

function listenError(address: ListenAddress, error: unknown): unknown {
  if (error instanceof Deno.errors.NotCapable) return error;
  const known = MaglevError.from(error);
  const where = formatListenAddress(address);
  const reason = isInUse(error)
    ? address.kind === "tcp" ? `port ${address.port} is in use` : SOCKET_IN_USE
    : known.message;
  return new MaglevError("unavailable", `cannot listen on ${where}: ${reason}`, { cause: error });
}
