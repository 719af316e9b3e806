/**
 * PURE. Reads the answer to the only request of an HTTP/2 connection (RFC 9113). Input is untrusted:
 * frames, headers and body are bounded, and each frame that needs a reply counts.
 */
import { MAX_BODY_BYTES } from "../http/body.ts";
import {
  ACK,
  END_HEADERS,
  END_STREAM,
  FRAME,
  type Frame,
  frameBytes,
  FrameCutter,
  PADDED,
  PRIORITY,
} from "./frames.ts";
import { type Field, HeaderReader } from "./hpack.ts";
import { h2Error } from "./errors.ts";

/** Maximum of bytes of all header blocks, interim ones and trailers included. */
export const MAX_HEADER_BYTES = 64 * 1024;

/** Maximum number of frames of an answer without those that have a part of the body. */
export const MAX_FRAMES = 2048;

/** The stream of the request. */
export const STREAM = 1;

/** `more`: needs bytes. `done`: enough was read. `broken`: see `problem`. */
export type H2Progress = "more" | "done" | "broken";

export interface H2ResponseOptions {
  /** Called with the final status: true when body and trailers are to be read. */
  readonly wantsBody: (status: number) => boolean;
}

/** One answer; not to be reused. */
export class H2Response {
  /** Final status code; 0 before it is known. */
  status = 0;
  /** The problem with a broken answer, for people. Contains no text of the server. */
  problem = "";
  readonly #options: H2ResponseOptions;
  readonly #cutter = new FrameCutter();
  readonly #reader = new HeaderReader();
  #progress: H2Progress = "more";
  #frames = 0;
  #headerBytes = 0;
  /** Parts of a header block that is not complete. */
  #block: Uint8Array[] | undefined;
  #blockEndsStream = false;
  #fields: readonly Field[] = [];
  #trailers: readonly Field[] = [];
  /** With room for more. */
  #body = new Uint8Array(0);
  #bodyBytes = 0;
  #outgoing: Uint8Array[] = [];

  constructor(options: H2ResponseOptions) {
    this.#options = options;
  }

  /** The body read so far, at most MAX_BODY_BYTES. */
  get body(): Uint8Array {
    return this.#body.subarray(0, this.#bodyBytes);
  }

  /** Value of a header, the first of several; undefined: absent. */
  header(name: string): string | undefined {
    return valueOf(this.#fields, name);
  }

  /** Value of a trailer, or of a header when there was no body. */
  trailer(name: string): string | undefined {
    return valueOf(this.#trailers, name) ?? this.header(name);
  }

  /** Replies that the peer waits for, and forgets them. */
  takeOutgoing(): readonly Uint8Array[] {
    const taken = this.#outgoing;
    this.#outgoing = [];
    return taken;
  }

  /** Takes the next bytes; they are not kept. Once done or broken it stays so. */
  feed(bytes: Uint8Array): H2Progress {
    if (this.#progress !== "more") return this.#progress;
    const isFine = this.#cutter.feed(bytes, (frame) => {
      this.#frame(frame);
      return this.#progress === "more";
    });
    if (!isFine && this.#progress === "more") {
      this.#break(this.#frames === 0 ? "no HTTP/2 answer" : "a frame larger than allowed");
    }
    return this.#progress;
  }

  /** The server closed. */
  end(): H2Progress {
    if (this.#progress !== "more") return this.#progress;
    if (this.#frames === 0) return this.#break("closed without an answer");
    return this.#break("closed before the answer was complete");
  }

  #frame(frame: Frame): void {
    // The first frame of a server is its settings; anything else is another protocol.
    if (this.#frames === 0 && (frame.type !== FRAME.settings || frame.stream !== 0)) {
      return void this.#break("no HTTP/2 answer");
    }
    if (++this.#frames > MAX_FRAMES) return void this.#break("too many frames");
    if (this.#block !== undefined && frame.type !== FRAME.continuation) {
      return void this.#break("headers without an end");
    }
    switch (frame.type) {
      case FRAME.settings:
        return this.#settings(frame);
      case FRAME.ping:
        return this.#ping(frame);
      case FRAME.goaway:
        return this.#goaway(frame.payload);
      case FRAME.push:
        return void this.#break("a pushed answer, which was switched off");
    }
    if (frame.stream !== STREAM) return;
    switch (frame.type) {
      case FRAME.reset:
        return void this.#break(`the server reset the request (${codeAt(frame.payload, 0)})`);
      case FRAME.headers:
        return this.#headers(frame);
      case FRAME.continuation:
        return this.#continuation(frame);
      case FRAME.data:
        return this.#data(frame);
    }
  }

  #settings({ flags, payload }: Frame): void {
    if (payload.length % 6 !== 0) return void this.#break("malformed settings");
    if ((flags & ACK) === 0) this.#reply(FRAME.settings, new Uint8Array(0));
  }

  #ping({ flags, payload }: Frame): void {
    if (payload.length !== 8) return void this.#break("a malformed ping");
    if ((flags & ACK) === 0) this.#reply(FRAME.ping, payload.slice());
  }

  #reply(type: number, payload: Uint8Array): void {
    this.#outgoing.push(frameBytes({ type, flags: ACK, stream: 0, payload }));
  }

  /** The end of the connection; without an error the answer under way still comes. */
  #goaway(payload: Uint8Array): void {
    const code = codeAt(payload, 4);
    const last = payload.length >= 4
      ? new DataView(payload.buffer, payload.byteOffset).getUint32(0)
      : 0;
    if (code !== h2Error(0) || last < STREAM) {
      this.#break(`the server ended the connection (${code})`);
    }
  }

  #headers(frame: Frame): void {
    const content = contentOf(frame);
    if (content === undefined) return void this.#break("malformed headers");
    this.#block = [];
    this.#blockEndsStream = (frame.flags & END_STREAM) !== 0;
    this.#addBlock(content, frame.flags);
  }

  #continuation({ payload, flags }: Frame): void {
    if (this.#block === undefined) return void this.#break("malformed headers");
    this.#addBlock(payload, flags);
  }

  #addBlock(part: Uint8Array, flags: number): void {
    this.#headerBytes += part.length;
    if (this.#headerBytes > MAX_HEADER_BYTES) {
      return void this.#break(`more than ${MAX_HEADER_BYTES / 1024} KiB of headers`);
    }
    this.#block!.push(part.slice());
    if ((flags & END_HEADERS) === 0) return;
    const fields = this.#reader.read(joined(this.#block!));
    this.#block = undefined;
    if (fields === undefined) return void this.#break("malformed headers");
    this.#takeFields(fields);
  }

  #takeFields(fields: readonly Field[]): void {
    if (this.status !== 0) {
      this.#trailers = fields;
      if (!this.#blockEndsStream) return void this.#break("trailers before the end of the body");
      this.#progress = "done";
      return;
    }
    const text = valueOf(fields, ":status") ?? "";
    if (!/^[1-9][0-9]{2}$/.test(text)) return void this.#break("headers without a status");
    const status = Number(text);
    if (status < 200) {
      if (this.#blockEndsStream) this.#break("headers without a final status");
      return;
    }
    this.status = status;
    this.#fields = fields;
    if (this.#blockEndsStream || !this.#options.wantsBody(status)) this.#progress = "done";
  }

  #data(frame: Frame): void {
    const content = contentOf(frame);
    if (content === undefined || this.status === 0) return void this.#break("malformed data");
    const fitting = content.subarray(0, MAX_BODY_BYTES - this.#bodyBytes);
    // Bytes of the body are bounded anyway, so a server may send each in a frame of its own.
    if (fitting.length > 0) this.#frames--;
    this.#append(fitting);
    if ((frame.flags & END_STREAM) !== 0 || this.#bodyBytes === MAX_BODY_BYTES) {
      this.#progress = "done";
    }
  }

  #append(bytes: Uint8Array): void {
    const size = this.#bodyBytes + bytes.length;
    if (size > this.#body.length) {
      const room = new Uint8Array(Math.min(MAX_BODY_BYTES, Math.max(size, 2 * this.#body.length)));
      room.set(this.#body.subarray(0, this.#bodyBytes));
      this.#body = room;
    }
    this.#body.set(bytes, this.#bodyBytes);
    this.#bodyBytes = size;
  }

  #break(problem: string): H2Progress {
    this.problem = problem;
    this.#progress = "broken";
    return "broken";
  }
}

function valueOf(fields: readonly Field[], wanted: string): string | undefined {
  return fields.find(([name]) => name === wanted)?.[1];
}

/** The name of the error code at `at`. */
function codeAt(payload: Uint8Array, at: number): string {
  if (payload.length < at + 4) return h2Error(-1);
  return h2Error(new DataView(payload.buffer, payload.byteOffset).getUint32(at));
}

/** The payload without padding and priority; undefined when these do not fit. */
function contentOf({ type, flags, payload }: Frame): Uint8Array | undefined {
  const isPadded = (flags & PADDED) !== 0;
  const padding = isPadded ? payload[0] : 0;
  if (padding === undefined) return undefined;
  const from = (isPadded ? 1 : 0) + (type === FRAME.headers && (flags & PRIORITY) !== 0 ? 5 : 0);
  const to = payload.length - padding;
  return to < from ? undefined : payload.subarray(from, to);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
