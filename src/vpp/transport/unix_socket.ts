/**
 * VPP's API over its unix stream socket. The handshake (sockclnt_create, whose ids are fixed)
 * gives the message table and the client index; then the transport carries whole messages.
 * Source: VPP's src/vlibmemory/socket_api.c.
 */
import { MaglevError } from "../../base/errors.ts";
import type { Clock } from "../../base/ports.ts";
import type { Transport } from "../ports.ts";
import { encodeFrame, FrameDecoder, MAX_MESSAGE_BYTES } from "../wire/frame.ts";
import { sockclntCreate, type SockclntCreateReply, sockclntCreateReply } from "../wire/messages.ts";
import { withDeadline } from "./deadline.ts";
import { WriteQueue } from "./write_queue.ts";

/** Ids of the handshake, the same on every VPP. */
const SOCKCLNT_CREATE_ID = 15;
const SOCKCLNT_CREATE_REPLY_ID = 16;

const READ_BYTES = 256 * 1024;
const MAX_QUEUED_BYTES = 64 * 1024 * 1024;

/** Options of connectUnixSocket. */
export interface UnixSocketOptions {
  /** What VPP calls this client in `show api clients`; at most 63 bytes. */
  readonly clientName: string;
  /** For connect and handshake together. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  /** Gives up a connect that is under way; no effect afterwards. */
  readonly signal?: AbortSignal;
  /** Longest message accepted; default 64 MiB. */
  readonly maxMessageBytes?: number;
  /** Bytes that may wait for VPP to read before the transport ends; default 64 MiB. */
  readonly maxQueuedBytes?: number;
}

/**
 * Connects to VPP's API socket at `path` and shakes hands. Rejects with MaglevError:
 * `unavailable` (nothing there, refused, ended, not VPP), `deadline-exceeded`, `aborted`.
 */
export async function connectUnixSocket(
  path: string,
  options: UnixSocketOptions,
): Promise<Transport> {
  const opening = new Opening(path, options);
  return await withDeadline(opening.run(), {
    clock: options.clock,
    deadlineMs: options.deadlineMs,
    signal: options.signal,
    action: `connect to VPP at ${path}`,
    abandon: () => opening.abandon(),
  });
}

/** A connect under way: owns the socket until the transport does. */
class Opening {
  readonly #path: string;
  readonly #options: UnixSocketOptions;
  /** What there is to close: the socket, then the transport that has taken it over. */
  #open: { close(): void } | undefined;
  #abandoned = false;

  constructor(path: string, options: UnixSocketOptions) {
    this.#path = path;
    this.#options = options;
  }

  async run(): Promise<Transport> {
    try {
      const conn = await Deno.connect({ transport: "unix", path: this.#path });
      this.#open = conn;
      if (this.#abandoned) throw new MaglevError("aborted", "given up");
      const reply = await shakeHands(conn, this.#options);
      const transport = new UnixSocketTransport(conn, { ...this.#options, reply });
      this.#open = transport;
      return transport;
    } catch (error) {
      this.abandon();
      const { message } = MaglevError.from(error);
      throw new MaglevError("unavailable", `Cannot connect to VPP at ${this.#path}: ${message}`, {
        cause: error,
      });
    }
  }

  abandon(): void {
    this.#abandoned = true;
    this.#open?.close();
    this.#open = undefined;
  }
}

/** Sends sockclnt_create and reads its reply, and not a byte of what is behind it. */
async function shakeHands(
  conn: Deno.UnixConn,
  options: UnixSocketOptions,
): Promise<SockclntCreateReply> {
  const header = { id: SOCKCLNT_CREATE_ID, clientIndex: 0, context: 1 };
  const request = encodeFrame(sockclntCreate.encode(header, { name: options.clientName }));
  for (let at = 0; at < request.length;) at += await conn.write(request.subarray(at));

  const decoder = new FrameDecoder({
    maxMessageBytes: options.maxMessageBytes ?? MAX_MESSAGE_BYTES,
  });
  const buffer = new Uint8Array(READ_BYTES);
  let reply: SockclntCreateReply | undefined;
  while (reply === undefined) {
    const size = await conn.read(buffer.subarray(0, Math.min(buffer.length, decoder.needed)));
    if (size === null) throw new MaglevError("unavailable", "it closed during the handshake");
    decoder.push(buffer.subarray(0, size), (message) => {
      reply = readCreateReply(message);
    });
  }
  return reply;
}

function readCreateReply(message: Uint8Array): SockclntCreateReply {
  const { header, body } = sockclntCreateReply.decode(message);
  if (header.id !== SOCKCLNT_CREATE_REPLY_ID) {
    throw new MaglevError("unavailable", `it answered the handshake with message ${header.id}`);
  }
  if (body.response !== 0) {
    throw new MaglevError("unavailable", `it refused the handshake with ${body.response}`);
  }
  return body;
}

interface EstablishedOptions extends UnixSocketOptions {
  readonly reply: SockclntCreateReply;
}

class UnixSocketTransport implements Transport {
  readonly table: ReadonlyMap<string, number>;
  readonly clientIndex: number;
  onMessage: (message: Uint8Array) => void = () => {};
  onEnd: (reason: string) => void = () => {};
  readonly #conn: Deno.UnixConn;
  readonly #decoder: FrameDecoder;
  readonly #queue: WriteQueue;
  #closed = false;

  constructor(conn: Deno.UnixConn, options: EstablishedOptions) {
    this.table = new Map(options.reply.messageTable.map(({ name, index }) => [name, index]));
    this.clientIndex = options.reply.index;
    this.#conn = conn;
    this.#decoder = new FrameDecoder({
      maxMessageBytes: options.maxMessageBytes ?? MAX_MESSAGE_BYTES,
    });
    this.#queue = new WriteQueue(conn, {
      maxQueuedBytes: options.maxQueuedBytes ?? MAX_QUEUED_BYTES,
      onFailure: (error) => this.#end(error.message),
    });
    this.#read().catch((error) => this.#end(MaglevError.from(error).message));
  }

  send(message: Uint8Array): void {
    this.#queue.push(message);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.close();
    this.#conn.close();
  }

  /** Ends when the socket does; a throw of the decoder or of onMessage ends the transport. */
  async #read(): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    const emit = (message: Uint8Array) => {
      // A handler may close() in the middle of a batch.
      if (!this.#closed) this.onMessage(message);
    };
    while (!this.#closed) {
      const size = await this.#conn.read(buffer);
      if (size === null) {
        this.#end(this.#decoder.idle ? "VPP closed the socket" : "VPP closed it mid-message");
        return;
      }
      this.#decoder.push(buffer.subarray(0, size), emit);
    }
  }

  #end(reason: string): void {
    if (this.#closed) return;
    this.close();
    this.onEnd(reason);
  }
}
