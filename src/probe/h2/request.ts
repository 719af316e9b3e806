/** PURE. The bytes of an HTTP/2 connection that makes one request. */
import { MAX_BODY_BYTES } from "../http/body.ts";
import { END_HEADERS, END_STREAM, FRAME, frameBytes, MAX_FRAME_BYTES } from "./frames.ts";
import { type Field, headerBlock } from "./hpack.ts";
import { STREAM } from "./response.ts";

/** Room for a whole body, so that the windows never have to be opened again. */
const WINDOW_BYTES = 4 * MAX_BODY_BYTES;
const FIRST_WINDOW_BYTES = 65_535;

const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Identifiers of settings. */
const ENABLE_PUSH = 2;
const INITIAL_WINDOW_SIZE = 4;

/** The bytes of a connection that makes one request; `body` is empty for none. */
export function h2RequestBytes(fields: readonly Field[], body: Uint8Array): Uint8Array {
  const settings = new DataView(new ArrayBuffer(12));
  settings.setUint16(0, ENABLE_PUSH);
  settings.setUint16(6, INITIAL_WINDOW_SIZE);
  settings.setUint32(8, WINDOW_BYTES);
  const window = new DataView(new ArrayBuffer(4));
  window.setUint32(0, WINDOW_BYTES - FIRST_WINDOW_BYTES);
  const control = (type: number, payload: Uint8Array) =>
    frameBytes({ type, flags: 0, stream: 0, payload });
  const parts = [
    PREFACE,
    control(FRAME.settings, new Uint8Array(settings.buffer)),
    control(FRAME.window, new Uint8Array(window.buffer)),
    ...headerFrames(headerBlock(fields), body.length === 0),
  ];
  if (body.length > 0) {
    parts.push(frameBytes({ type: FRAME.data, flags: END_STREAM, stream: STREAM, payload: body }));
  }
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A header block in as many frames as it needs. */
function headerFrames(block: Uint8Array, endsStream: boolean): readonly Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < block.length; at += MAX_FRAME_BYTES) {
    const payload = block.subarray(at, at + MAX_FRAME_BYTES);
    const isLast = at + MAX_FRAME_BYTES >= block.length;
    const type = at === 0 ? FRAME.headers : FRAME.continuation;
    const flags = (isLast ? END_HEADERS : 0) | (at === 0 && endsStream ? END_STREAM : 0);
    frames.push(frameBytes({ type, flags, stream: STREAM, payload }));
  }
  return frames;
}
