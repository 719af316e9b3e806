/**
 * One request over HTTP/2, on a connection of its own. It is written by hand, because node:http2
 * keeps memory and timers for each session, and crashes on some orders of frames
 * (src/grpc/session_close.ts), which a hostile server could send.
 */
import { type ByteStream, writeAll } from "../net/byte_stream.ts";
import type { H2Progress, H2Response } from "./response.ts";

const READ_BYTES = 16 * 1024;

/** Sends the request and reads the answer as far as required. Rejects with the stream's error. */
export async function h2Exchange(
  stream: ByteStream,
  { request, response }: { readonly request: Uint8Array; readonly response: H2Response },
): Promise<void> {
  await writeAll(stream, request);
  const buffer = new Uint8Array(READ_BYTES);
  let progress: H2Progress = "more";
  while (progress === "more") {
    const count = await stream.read(buffer);
    progress = count === null ? response.end() : response.feed(buffer.subarray(0, count));
    for (const reply of progress === "more" ? response.takeOutgoing() : []) {
      await writeAll(stream, reply);
    }
  }
}
