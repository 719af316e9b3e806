/**
 * Sockets of node:net and node:tls as byte streams. They provide what Deno's own connections lack:
 * a source address and cheap TLS.
 *
 * A node socket that emits `error` without a listener ends the thread. So a listener is attached
 * when the socket is made, and stays after it is closed.
 *
 * Ways of closing. Binding to a source address takes a local port of that address for all
 * destinations together. The TIME_WAIT of 60 s after a FIN would use up the 28,000 ports at 470
 * probes a second (measured: each further one then takes 2 ms of searching). A probe from a source
 * address therefore ends with a reset, which leaves no TIME_WAIT.
 */
import { connect, Socket } from "node:net";
import type { ByteStream } from "./byte_stream.ts";
import { SCOPED_CODE } from "../outcome.ts";
import { type Cancellation, type ProbeSpec, sourceOf } from "../prober.ts";

/**
 * Begins to connect to the target, from the source address if one is configured. Every failure is
 * emitted as `error`, also one before there is a socket.
 */
export function openSocket(spec: ProbeSpec): Socket {
  const source = sourceOf(spec);
  try {
    return connect({
      host: spec.address,
      port: spec.healthcheck.port,
      // A literal has one family: no Happy Eyeballs.
      autoSelectFamily: false,
      ...(source === undefined ? {} : { localAddress: source }),
    });
  } catch (error) {
    const socket = new Socket();
    queueMicrotask(() => socket.destroy(error instanceof Error ? error : new Error(`${error}`)));
    return socket;
  }
}

/** A TCP connection over node:net. Rejects when cancelled, and then leaves nothing open. */
export function connectNode(spec: ProbeSpec, cancellation: Cancellation): Promise<ByteStream> {
  return new Promise((resolve, reject) => {
    if (cancellation.cancelled) return reject(new Error("Cancelled"));
    if (spec.address.includes("%")) {
      return reject(Object.assign(new Error("Scoped"), { code: SCOPED_CODE }));
    }
    const socket = openSocket(spec);
    const stream = new NodeStream(socket, { reset: true });
    cancellation.release = () => {
      socket.destroy();
      reject(new Error("Cancelled"));
    };
    socket.on("connect", () => {
      cancellation.release = undefined;
      resolve(stream);
    });
    socket.on("error", (error) => {
      cancellation.release = undefined;
      reject(error);
    });
  });
}

/** The way in which a NodeStream closes. */
export interface NodeStreamOptions {
  /** Close with a reset; only for plain TCP. Default: with a FIN. */
  readonly reset?: boolean;
}

/** A node socket as a ByteStream; reads no more from it than was requested. */
export class NodeStream implements ByteStream {
  readonly #socket: Socket;
  readonly #reset: boolean;
  /** The rest of the last piece, which did not fit into the reader's buffer. */
  #rest: Uint8Array | undefined;
  #error: Error | undefined;
  #ended = false;
  #wake: () => void = () => {};

  constructor(socket: Socket, options: NodeStreamOptions = {}) {
    this.#socket = socket;
    this.#reset = options.reset === true;
    socket.on("readable", () => this.#wake());
    socket.on("error", (error) => {
      this.#error = error;
      this.#wake();
    });
    const end = () => {
      this.#ended = true;
      this.#wake();
    };
    socket.on("end", end);
    socket.on("close", end);
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (true) {
      const piece = this.#rest ?? this.#take();
      if (piece !== undefined) {
        const count = Math.min(piece.length, buffer.length);
        buffer.set(piece.subarray(0, count));
        this.#rest = count < piece.length ? piece.subarray(count) : undefined;
        return count;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** Never waits, because a request fits the socket's buffers. The next read reports errors. */
  write(bytes: Uint8Array): Promise<number> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    this.#socket.write(bytes);
    return Promise.resolve(bytes.length);
  }

  close(): void {
    this.#error ??= new Error("closed by the prober");
    this.#wake();
    if (this.#reset && !this.#socket.connecting) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  #take(): Uint8Array | undefined {
    const piece: unknown = this.#socket.read();
    return piece instanceof Uint8Array && piece.length > 0 ? piece : undefined;
  }
}
