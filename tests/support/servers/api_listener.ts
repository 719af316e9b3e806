/**
 * The other end of VPP's API socket with nothing behind it: shakes hands and then carries
 * messages between the test and the client.
 */
import { encodeFrame, FrameDecoder } from "../../../src/vpp/wire/frame.ts";
import { sockclntCreate, sockclntCreateReply } from "../../../src/vpp/wire/messages.ts";
import { FULL_TABLE } from "../fakes/memory_transport.ts";

/** The peer's automatic answer to a message; undefined: the test answers. */
export type Answer = (message: Uint8Array) => Uint8Array | undefined;

/** One accepted connection. */
export class ApiPeer {
  /** Messages received and not taken yet; the handshake's is not among them. */
  readonly received: Uint8Array[] = [];
  /** How many reads brought something, the handshake's not counted. */
  reads = 0;
  /** Settles when the client is gone. */
  readonly ended: Promise<void>;
  readonly #conn: Deno.UnixConn;
  readonly #answer: Answer;
  #wake: () => void = () => {};
  /** Settles when all that was sent has left. */
  #sent: Promise<void> = Promise.resolve();

  constructor(conn: Deno.UnixConn, decoder: FrameDecoder, answer: Answer = () => undefined) {
    this.#conn = conn;
    this.#answer = answer;
    this.ended = this.#read(decoder).catch(() => {});
  }

  /** The next `count` messages. */
  async take(count: number): Promise<Uint8Array[]> {
    while (this.received.length < count) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.received.splice(0, count);
  }

  /** Sent whole and in the order of the calls, answers included. */
  send(...messages: readonly Uint8Array[]): Promise<void> {
    const sent = this.#sent.then(async () => {
      for (const message of messages) await this.sendBytes(encodeFrame(message));
    });
    this.#sent = sent.catch(() => {});
    return sent;
  }

  /** Bytes as they are, frame or not. */
  async sendBytes(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  close(): void {
    try {
      this.#conn.close();
    } catch {
      // Closed already.
    }
  }

  async #read(decoder: FrameDecoder): Promise<void> {
    const buffer = new Uint8Array(1 << 20);
    for (;;) {
      const size = await this.#conn.read(buffer);
      if (size === null) return;
      this.reads++;
      const answers: Uint8Array[] = [];
      decoder.push(buffer.subarray(0, size), (message) => {
        const answer = this.#answer(message);
        if (answer !== undefined) {
          answers.push(answer);
          return;
        }
        this.received.push(message.slice());
        this.#wake();
      });
      await this.send(...answers);
    }
  }
}

/** Listens at a path of its own until disposed of. */
export class ApiListener {
  readonly path: string;
  readonly #folder: string;
  readonly #listener: Deno.UnixListener;

  constructor() {
    this.#folder = Deno.makeTempDirSync({ prefix: "api-" });
    this.path = `${this.#folder}/api.sock`;
    this.#listener = Deno.listen({ transport: "unix", path: this.path });
  }

  /** The next connection, raw. */
  acceptRaw(): Promise<Deno.UnixConn> {
    return this.#listener.accept();
  }

  /** The next connection, with the handshake done. */
  async accept(
    options: { index?: number; response?: number; answer?: Answer } = {},
  ): Promise<ApiPeer> {
    const conn = await this.#listener.accept();
    const decoder = new FrameDecoder();
    const buffer = new Uint8Array(1024);
    let context: number | undefined;
    while (context === undefined) {
      const size = await conn.read(buffer);
      if (size === null) throw new Error("The client left before the handshake");
      decoder.push(buffer.subarray(0, size), (message) => {
        context = sockclntCreate.decode(message).header.context;
      });
    }
    const reply = sockclntCreateReply.encode({ id: 16, clientIndex: 0, context }, {
      response: options.response ?? 0,
      index: options.index ?? 0x8000_0001,
      messageTable: [...FULL_TABLE].map(([name, index]) => ({ name, index })),
    });
    const peer = new ApiPeer(conn, decoder, options.answer);
    await peer.send(reply);
    return peer;
  }

  dispose(): void {
    this.#listener.close();
    Deno.removeSync(this.#folder, { recursive: true });
  }
}
