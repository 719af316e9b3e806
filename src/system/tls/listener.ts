/**
 * Listens for TLS with a certificate that can be replaced while it runs. `Deno.listenTls` has one
 * certificate for its whole life, and a second listener on the port needs an unstable flag. So the
 * socket is node:net's, and each connection becomes TLS with the certificate of that moment.
 */
import net from "node:net";
import tls from "node:tls";
import type { KeyPair } from "../../base/tls/key_pair.ts";
import type { ServerListener, ServerSocket } from "../server_socket.ts";

/** The certificate that new connections get. Pairs are judged before: see keyPairOf(). */
export class TlsIdentity {
  #context: tls.SecureContext;

  constructor(pair: KeyPair) {
    this.#context = contextOf(pair);
  }

  get context(): tls.SecureContext {
    return this.#context;
  }

  /** Connections that are open keep theirs. */
  replace(pair: KeyPair): void {
    this.#context = contextOf(pair);
  }
}

function contextOf({ cert, key }: KeyPair): tls.SecureContext {
  return tls.createSecureContext({ cert, key, ca: [], minVersion: "TLSv1.2" });
}

/** Connections that may wait to be accepted by this process. */
const BACKLOG = 511;

/** A bound TLS listener. */
export interface BoundTls {
  readonly listener: ServerListener;
  readonly port: number;
  close(): void;
}

/** Listens on one address. Rejects with the error of the system. */
export async function bindTls(
  { host, port, identity }: {
    readonly host: string;
    readonly port: number;
    readonly identity: TlsIdentity;
  },
): Promise<BoundTls> {
  // Without the permission node:net fails where no caller can catch it.
  const place = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  if (Deno.permissions.querySync({ name: "net", host: place }).state !== "granted") {
    throw new Deno.errors.NotCapable(
      `Requires net access to "${place}", run again with the --allow-net flag`,
    );
  }
  const listener = new TlsListener(identity);
  const bound = await listener.listen(host, port);
  return { listener, port: bound, close: () => listener.close() };
}

class TlsListener implements ServerListener {
  readonly #server: net.Server;
  readonly #accepted: ServerSocket[] = [];
  #waiting: PromiseWithResolvers<ServerSocket> | undefined;
  #closed = false;

  constructor(identity: TlsIdentity) {
    this.#server = net.createServer({ noDelay: true }, (raw) => {
      const socket = new TlsServerSocket(raw, identity.context);
      if (this.#closed) return socket.close();
      if (this.#waiting === undefined) return void this.#accepted.push(socket);
      this.#waiting.resolve(socket);
      this.#waiting = undefined;
    });
  }

  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port, backlog: BACKLOG }, () => {
        this.#server.off("error", reject);
        // Later errors are of single connections, which the system drops.
        this.#server.on("error", () => {});
        resolve((this.#server.address() as net.AddressInfo).port);
      });
    });
  }

  accept(): Promise<ServerSocket> {
    if (this.#closed) return Promise.reject(closedError());
    const first = this.#accepted.shift();
    if (first !== undefined) return Promise.resolve(first);
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#server.close();
    for (const socket of this.#accepted.splice(0)) socket.close();
    this.#waiting?.reject(closedError());
  }
}

/** A connection whose handshake may still be under way: the first read waits for it. */
class TlsServerSocket implements ServerSocket {
  readonly remoteAddr: Deno.NetAddr;
  readonly #raw: net.Socket;
  readonly #socket: tls.TLSSocket;
  /** Received, and longer than the caller's buffer was. */
  #rest: Uint8Array = new Uint8Array(0);
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(raw: net.Socket, context: tls.SecureContext) {
    this.#raw = raw;
    this.remoteAddr = {
      transport: "tcp",
      hostname: raw.remoteAddress ?? "",
      port: raw.remotePort ?? 0,
    };
    const options: tls.TLSSocketOptions = {
      isServer: true,
      secureContext: context,
      ALPNProtocols: ["http/1.1"],
    };
    this.#socket = new tls.TLSSocket(raw, options);
    const look = () => {
      this.#wake?.();
      this.#wake = undefined;
    };
    const end = () => {
      this.#ended = true;
      look();
    };
    this.#socket.on("readable", look).on("end", end).on("close", end).on("error", end);
    raw.on("close", end).on("error", end);
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#rest.length === 0) {
      const chunk: Uint8Array | null = this.#socket.read();
      if (chunk !== null) this.#rest = chunk;
      else if (this.#ended) return null;
      else await new Promise<void>((wake) => this.#wake = wake);
    }
    const count = Math.min(into.length, this.#rest.length);
    into.set(this.#rest.subarray(0, count));
    this.#rest = this.#rest.subarray(count);
    return count;
  }

  /** Resolves when the system has taken all of it. */
  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(closedError());
      const lost = () => reject(closedError());
      this.#socket.once("close", lost);
      this.#socket.write(bytes, (error) => {
        this.#socket.off("close", lost);
        if (error) reject(error);
        else resolve(bytes.length);
      });
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.destroyed) return resolve();
      this.#socket.once("close", () => resolve());
      this.#socket.end(() => resolve());
    });
  }

  close(): void {
    this.#socket.destroy();
    this.#raw.destroy();
  }
}

function closedError(): Error {
  return new Deno.errors.BadResource("the listener or connection is closed");
}
