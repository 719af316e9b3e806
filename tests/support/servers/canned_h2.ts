/** Answers of an HTTP/2 server to its first request, as bytes. */
import { END_HEADERS, END_STREAM, FRAME, frameBytes } from "../../../src/probe/h2/frames.ts";
import { type Field, headerBlock } from "../../../src/probe/h2/hpack.ts";

/** Bytes that a text in Latin-1 has. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** The server's first frame. */
export const SETTINGS = frameBytes({
  type: FRAME.settings,
  flags: 0,
  stream: 0,
  payload: new Uint8Array(0),
});

/** A frame on the stream of the request. */
export function onStream(type: number, flags: number, payload: Uint8Array): Uint8Array {
  return frameBytes({ type, flags, stream: 1, payload });
}

/** A frame of headers. */
export function headers(fields: readonly Field[], { end = false } = {}): Uint8Array {
  return onStream(FRAME.headers, END_HEADERS | (end ? END_STREAM : 0), headerBlock(fields));
}

/** A frame of a body. */
export function data(bytes: Uint8Array, { end = false } = {}): Uint8Array {
  return onStream(FRAME.data, end ? END_STREAM : 0, bytes);
}

/** A HealthCheckResponse with this status, as gRPC frames it. */
export function healthResponse(status: number): Uint8Array {
  return Uint8Array.of(0, 0, 0, 0, 2, 8, status);
}

/** A whole answer to a health check. */
export function healthAnswer(status: number): Uint8Array {
  return joined(
    SETTINGS,
    headers([[":status", "200"], ["content-type", "application/grpc"]]),
    data(healthResponse(status)),
    headers([["grpc-status", "0"]], { end: true }),
  );
}

/** An answer with status 200 and no body. */
export const HTTP2_ANSWER = joined(SETTINGS, headers([[":status", "200"]], { end: true }));
