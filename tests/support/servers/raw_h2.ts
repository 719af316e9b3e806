/**
 * An HTTP/2 client without manners: it writes any frames in any order, reads only
 * when asked, and ignores windows. For what a proper client cannot be made to do.
 */

/** Types of frames (RFC 9113, 6). */
export const FRAME = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7 } as const;
const END_STREAM = 1;
const END_HEADERS = 4;
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Uint8Array;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** One frame's bytes. */
export function frame(
  type: number,
  { flags = 0, stream = 0, payload = new Uint8Array() }: Partial<Omit<Frame, "type">> = {},
): Uint8Array<ArrayBuffer> {
  const head = new DataView(new ArrayBuffer(9));
  head.setUint32(0, payload.length << 8 | type);
  head.setUint8(4, flags);
  head.setUint32(5, stream);
  return joined(new Uint8Array(head.buffer), payload);
}

/** A string of HPACK (RFC 7541, 5.2), not compressed. */
function hpackString(text: string): Uint8Array {
  const bytes = ascii(text);
  const length: number[] = [];
  let rest = bytes.length;
  if (rest < 127) length.push(rest);
  else {
    length.push(127);
    for (rest -= 127; rest >= 128; rest = Math.floor(rest / 128)) length.push(rest % 128 + 128);
    length.push(rest);
  }
  return joined(Uint8Array.from(length), bytes);
}

/** One header, new and not indexed. */
export function header(name: string, value: string): Uint8Array {
  return joined(Uint8Array.of(0), hpackString(name), hpackString(value));
}

/** A message as gRPC frames it. */
export function grpcMessage(body: Uint8Array, compressed = false): Uint8Array {
  const head = new DataView(new ArrayBuffer(5));
  head.setUint8(0, compressed ? 1 : 0);
  head.setUint32(1, body.length);
  return joined(new Uint8Array(head.buffer), body);
}

/** Field 1 as a text of `length` characters. */
export function longName(length: number): Uint8Array {
  const size: number[] = [];
  for (let rest = length; rest > 0; rest >>= 7) size.push(rest > 127 ? rest % 128 + 128 : rest);
  return joined(Uint8Array.of(0x0a, ...size), new Uint8Array(length).fill(0x78));
}

export class RawH2 implements Disposable {
  readonly #conn: Deno.Conn;
  #nextStream = 1;
  #buffered: Uint8Array = new Uint8Array();
  #ended = false;

  private constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** `127.0.0.1:12345`. */
  static async connect(address: string): Promise<RawH2> {
    const [hostname, port] = address.split(":");
    const conn = await Deno.connect({ hostname: hostname!, port: Number(port) });
    const client = new RawH2(conn);
    await client.send(ascii(PREFACE), frame(FRAME.settings));
    return client;
  }

  /** Writes all of it; false when the other end has gone. */
  async send(...parts: readonly Uint8Array[]): Promise<boolean> {
    const bytes = joined(...parts);
    try {
      for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
      return true;
    } catch {
      return false;
    }
  }

  /** Begins a call. Gives its stream. */
  async begin(path: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    const payload = joined(
      // Static table: POST, http.
      Uint8Array.of(0x83, 0x86),
      header(":path", path),
      header(":authority", "test"),
      header("content-type", "application/grpc"),
      header("te", "trailers"),
      ...Object.entries(headers).map(([name, value]) => header(name, value)),
    );
    await this.send(frame(FRAME.headers, { flags: END_HEADERS, stream, payload }));
    return stream;
  }

  /** Sends bytes of a call; at most 65,535 in all unless the server gave room for more. */
  async data(stream: number, bytes: Uint8Array, options: { end?: boolean } = {}): Promise<boolean> {
    const frames: Uint8Array[] = [];
    for (let at = 0; at === 0 || at < bytes.length; at += 16_384) {
      const last = at + 16_384 >= bytes.length;
      const flags = last && options.end === true ? END_STREAM : 0;
      frames.push(frame(FRAME.data, { flags, stream, payload: bytes.subarray(at, at + 16_384) }));
    }
    return await this.send(...frames);
  }

  /** Reads until a frame fits; undefined: the connection or `waitMs` (default 5 s) ended first. */
  async until(fits: (frame: Frame) => boolean, waitMs = 5000): Promise<Frame | undefined> {
    const endMs = performance.now() + waitMs;
    for (;;) {
      for (let next = this.#take(); next !== undefined; next = this.#take()) {
        if (fits(next)) return next;
      }
      if (this.#ended || !(await this.#read(endMs - performance.now()))) return undefined;
    }
  }

  /** Waits until the other end has read all that was sent; what it wrote before is passed over. */
  async settled(): Promise<void> {
    const acknowledged = ({ type, flags }: Frame) => type === FRAME.ping && flags === 1;
    await this.send(frame(FRAME.ping, { payload: new Uint8Array(8) }));
    if (await this.until(acknowledged) === undefined) throw new Error("No answer to a ping");
  }

  /** True when the other end has closed the connection, waited for at most 5 s. */
  async closed(): Promise<boolean> {
    await this.until(() => false);
    return this.#ended;
  }

  [Symbol.dispose](): void {
    try {
      this.#conn.close();
    } catch {
      // It has gone already.
    }
  }

  #take(): Frame | undefined {
    const bytes = this.#buffered;
    if (bytes.length < 9) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const length = view.getUint32(0) >>> 8;
    if (bytes.length < 9 + length) return undefined;
    this.#buffered = bytes.subarray(9 + length);
    return {
      type: bytes[3]!,
      flags: bytes[4]!,
      stream: view.getUint32(5),
      payload: bytes.slice(9, 9 + length),
    };
  }

  /** False when nothing came in time; the connection is of no use then. */
  async #read(waitMs: number): Promise<boolean> {
    const chunk = new Uint8Array(65_536);
    const timer = setTimeout(() => this[Symbol.dispose](), Math.max(0, waitMs));
    try {
      const count = await this.#conn.read(chunk);
      if (count === null) this.#ended = true;
      else this.#buffered = joined(this.#buffered, chunk.subarray(0, count));
      return true;
    } catch (error) {
      this.#ended = error instanceof Deno.errors.ConnectionReset;
      return this.#ended;
    } finally {
      clearTimeout(timer);
    }
  }
}
