/**
 * One HTTP/2 connection that makes gRPC calls at minimal cost, because the load of a benchmark
 * should not cost more than the server that is measured. It reads frames and messages, not headers:
 * a call succeeded when it had a message and ended; a reply without one is an error. Requests are
 * small, so the windows of the other side are assumed to be open.
 */

/** RFC 9113, 6: types of frames. */
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
/** Flags of frames. */
const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;
const PADDED = 8;

const FRAME_HEADER = 9;
/** Compressed or not, and four bytes of length. */
const MESSAGE_HEADER = 5;
const LARGEST_WINDOW = 2 ** 31 - 1;
const FIRST_WINDOW = 65_535;
const READ_BYTES = 256 * 1024;
const CLOSE_TIMEOUT_MS = 5000;

const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Callbacks of a call. */
export interface CallListener {
  /** A message arrived; its bytes are valid during the call only. */
  onMessage(message: Uint8Array): void;
  /** The call ended; `ok`: it succeeded. */
  onEnd(ok: boolean): void;
}

interface Call extends CallListener {
  messages: number;
  /** The beginning of a message whose rest has not come. */
  rest: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/** A connection, from open() to close(). */
export class GrpcConnection {
  readonly #connection: Deno.TcpConn;
  readonly #authority: string;
  readonly #calls = new Map<number, Call>();
  readonly #headers = new Map<string, Uint8Array>();
  readonly #reading: Promise<void>;
  #outgoing: Uint8Array[] = [];
  #writing = false;
  #lastStream = -1;

  private constructor(connection: Deno.TcpConn, authority: string) {
    this.#connection = connection;
    this.#authority = authority;
    connection.setNoDelay(true);
    this.#send(PREFACE);
    // No dynamic table, since headers are not read; all that is sent is wanted.
    this.#send(frame(SETTINGS, { payload: settings([[1, 0], [4, LARGEST_WINDOW]]) }));
    this.#send(frame(WINDOW_UPDATE, { payload: uint32(LARGEST_WINDOW - FIRST_WINDOW) }));
    this.#reading = this.#read();
  }

  /** Connects to `host:port`. */
  static async open(address: string): Promise<GrpcConnection> {
    const colon = address.lastIndexOf(":");
    const [hostname, port] = [address.slice(0, colon), Number(address.slice(colon + 1))];
    return new GrpcConnection(await Deno.connect({ hostname, port }), address);
  }

  /** Begins a call with one request; `path` such as `/maglev.Maglev/GetVersion`. */
  call(path: string, { request, ...listener }: CallListener & { request: Uint8Array }): void {
    const stream = this.#lastStream += 2;
    this.#calls.set(stream, { ...listener, messages: 0, rest: NOTHING });
    this.#send(frame(HEADERS, { stream, flags: END_HEADERS, payload: this.#headersOf(path) }));
    const payload = concat([Uint8Array.of(0), uint32(request.length), request]);
    this.#send(frame(DATA, { stream, flags: END_STREAM, payload }));
  }

  /** A call with one answer: its bytes. Rejects when it fails. */
  ask(path: string, request: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      let answer = NOTHING;
      const onMessage = (message: Uint8Array) => answer = message.slice();
      const onEnd = (ok: boolean) => ok ? resolve(answer) : reject(new Error(`${path} failed`));
      this.call(path, { request, onMessage, onEnd });
    });
  }

  /** Sends GOAWAY, and waits for the other side to close the connection; at most 5 s. */
  async leave(): Promise<void> {
    this.#send(frame(GOAWAY, { payload: new Uint8Array(8) }));
    const timer = setTimeout(() => this.close(), CLOSE_TIMEOUT_MS);
    await this.#reading;
    clearTimeout(timer);
    await this.close();
  }

  /** Ends it; calls under way fail. */
  async close(): Promise<void> {
    try {
      this.#connection.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
    await this.#reading;
  }

  /** HPACK (RFC 7541) without its tables but the static one. */
  #headersOf(path: string): Uint8Array {
    const known = this.#headers.get(path);
    if (known !== undefined) return known;
    const made = concat([
      // :method POST, :scheme http
      Uint8Array.of(0x83, 0x86),
      ...[Uint8Array.of(0x04), text(path)],
      ...[Uint8Array.of(0x01), text(this.#authority)],
      // content-type
      ...[Uint8Array.of(0x0f, 0x10), text("application/grpc")],
      ...[Uint8Array.of(0x00), text("te"), text("trailers")],
    ]);
    this.#headers.set(path, made);
    return made;
  }

  /** Data sent within one turn goes out in one write. */
  #send(bytes: Uint8Array): void {
    this.#outgoing.push(bytes);
    if (this.#writing) return;
    this.#writing = true;
    queueMicrotask(() => void this.#write());
  }

  async #write(): Promise<void> {
    try {
      while (this.#outgoing.length > 0) {
        const bytes = concat(this.#outgoing);
        this.#outgoing = [];
        for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
      }
    } catch {
      // The reader sees the end too, and ends the calls.
    }
    this.#writing = false;
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    let held = 0;
    while (true) {
      const count = await this.#connection.read(buffer.subarray(held)).catch(() => null);
      if (count === null) break;
      const end = held + count;
      let at = 0;
      while (end - at >= FRAME_HEADER) {
        const length = buffer[at]! << 16 | buffer[at + 1]! << 8 | buffer[at + 2]!;
        const next = at + FRAME_HEADER + length;
        if (next > end) break;
        this.#take(buffer.subarray(at, next));
        at = next;
      }
      buffer.copyWithin(0, at, end);
      held = end - at;
    }
    for (const stream of [...this.#calls.keys()]) this.#end(stream, false);
  }

  #take(bytes: Uint8Array): void {
    const [type, flags] = [bytes[3]!, bytes[4]!];
    const stream = new DataView(bytes.buffer, bytes.byteOffset).getUint32(5) & LARGEST_WINDOW;
    if (type === DATA) {
      if ((flags & PADDED) !== 0) throw new Error("A padded frame, which nobody sends here");
      this.#messages(stream, bytes.subarray(FRAME_HEADER));
    } else if (type === SETTINGS && (flags & ACK) === 0) {
      this.#send(frame(SETTINGS, { flags: ACK }));
    } else if (type === PING && (flags & ACK) === 0) {
      this.#send(frame(PING, { flags: ACK, payload: bytes.slice(FRAME_HEADER) }));
    } else if (type === RST_STREAM) this.#end(stream, false);
    else if (type === GOAWAY) this.#connection.close();
    if ((type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0) this.#end(stream, true);
  }

  #messages(stream: number, payload: Uint8Array): void {
    const call = this.#calls.get(stream);
    if (call === undefined) return;
    let bytes = call.rest.length === 0 ? payload : concat([call.rest, payload]);
    while (bytes.length >= MESSAGE_HEADER) {
      const end = MESSAGE_HEADER + new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
      if (bytes.length < end) break;
      call.messages++;
      call.onMessage(bytes.subarray(MESSAGE_HEADER, end));
      bytes = bytes.subarray(end);
    }
    call.rest = bytes.length === 0 ? NOTHING : bytes.slice();
  }

  #end(stream: number, ended: boolean): void {
    const call = this.#calls.get(stream);
    if (call === undefined) return;
    this.#calls.delete(stream);
    call.onEnd(ended && call.messages > 0);
  }
}

interface FrameParts {
  readonly stream?: number;
  readonly flags?: number;
  readonly payload?: Uint8Array;
}

function frame(type: number, { stream = 0, flags = 0, payload = NOTHING }: FrameParts): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length << 8 | type);
  view.setUint8(4, flags);
  view.setUint32(5, stream);
  bytes.set(payload, FRAME_HEADER);
  return bytes;
}

function settings(pairs: readonly (readonly [id: number, value: number])[]): Uint8Array {
  return concat(pairs.flatMap(([id, value]) => [Uint8Array.of(id >> 8, id & 255), uint32(value)]));
}

/** A string of HPACK, shorter than 127 bytes and not compressed. */
function text(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  if (bytes.length >= 127) throw new Error(`Too long for a header here: ${value}`);
  return concat([Uint8Array.of(bytes.length), bytes]);
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
