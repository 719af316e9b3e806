/**
 * Connects to VPP's API over its unix stream socket. The handshake (sockclnt_create, whose ids are
 * fixed) gives the message table and the client index; then the transport carries whole messages.
 * Source: VPP's src/vlibmemory/socket_api.c.
 */
import { MaglevError } from "../../base/errors.ts";
import type { Transport } from "../ports.ts";
import { encodeFrame } from "../wire/frame.ts";
import { sockclntCreate, type SockclntCreateReply, sockclntCreateReply } from "../wire/messages.ts";
import { openTransport, type OpenTransportOptions } from "./opening.ts";
import { type ByteStream, readFirst, StreamTransport, writeAll } from "./stream_transport.ts";

/** Ids of the handshake, the same on every VPP. */
const SOCKCLNT_CREATE_ID = 15;
const SOCKCLNT_CREATE_REPLY_ID = 16;

/** Options of connectUnixSocket. */
export type UnixSocketOptions = OpenTransportOptions;

/**
 * Connects to VPP's API socket at `path`, handshake included. Rejects with MaglevError:
 * `unavailable` (socket missing, refused, ended, not VPP), `deadline-exceeded`, `aborted`.
 */
export function connectUnixSocket(path: string, options: UnixSocketOptions): Promise<Transport> {
  return openTransport(path, options, {
    open: () => Deno.connect({ transport: "unix", path }),
    greet: (stream) => greetVpp(stream, options),
  });
}

/** Performs the handshake over a stream to VPP; the returned transport owns the stream. */
export async function greetVpp(
  stream: ByteStream,
  options: UnixSocketOptions,
): Promise<Transport> {
  const { index, messageTable } = await shakeHands(stream, options);
  const table = new Map(messageTable.map(({ name, index }) => [name, index]));
  return new StreamTransport(stream, { ...options, table, clientIndex: index });
}

/** Sends sockclnt_create and reads its reply. */
async function shakeHands(
  stream: ByteStream,
  options: UnixSocketOptions,
): Promise<SockclntCreateReply> {
  const header = { id: SOCKCLNT_CREATE_ID, clientIndex: 0, context: 1 };
  const request = sockclntCreate.encode(header, { name: options.clientName });
  await writeAll(stream, encodeFrame(request));
  const reply = await readFirst(stream, options);
  if (reply === undefined) throw new MaglevError("unavailable", "it closed during the handshake");
  return readCreateReply(reply);
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
