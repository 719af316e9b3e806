/**
 * A transport whose other side is the test: sent messages are collected in a list, and
 * receive() plays the messages of VPP. No I/O, no time.
 */
import { MaglevError } from "../../../src/base/errors.ts";
import type { Transport } from "../../../src/vpp/ports.ts";
import type { MessageCodec } from "../../../src/vpp/wire/codec.ts";
import { ALL_MESSAGES } from "../../../src/vpp/wire/messages.ts";

/** A VPP that has every message used here, with ids of its own. */
export const FULL_TABLE: ReadonlyMap<string, number> = new Map(
  ALL_MESSAGES.map((codec, index) => [codec.key, 100 + index]),
);

/** One message that was sent, taken apart. */
export interface SentMessage {
  readonly name: string;
  readonly context: number;
  readonly body: unknown;
}

export class MemoryTransport implements Transport {
  readonly table: ReadonlyMap<string, number>;
  readonly clientIndex = 0x8000_0001;
  onMessage: (message: Uint8Array) => void = () => {};
  onEnd: (reason: string) => void = () => {};
  /** Sent messages that were not taken yet. */
  readonly sent: Uint8Array[] = [];
  /** Called with each sent message, after it was listed. */
  onSend: (message: Uint8Array) => void = () => {};
  #closed = false;

  constructor(table: ReadonlyMap<string, number> = FULL_TABLE) {
    this.table = table;
  }

  get closed(): boolean {
    return this.#closed;
  }

  send(message: Uint8Array): void {
    if (this.#closed) return;
    const copy = message.slice();
    this.sent.push(copy);
    this.onSend(copy);
  }

  close(): void {
    this.#closed = true;
  }

  /** VPP sends `message`. A handler's throw ends the transport, as in the real ones. */
  receive(message: Uint8Array): void {
    if (this.#closed) return;
    try {
      this.onMessage(message);
    } catch (error) {
      this.end(MaglevError.from(error).message);
    }
  }

  /** VPP sends a message of this codec. */
  reply<Body>(codec: MessageCodec<Body>, context: number, body: Body): void {
    const id = this.table.get(codec.key) ?? 0;
    this.receive(codec.encode({ id, clientIndex: 0, context }, body));
  }

  /** VPP is gone. */
  end(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.onEnd(reason);
  }

  /** Takes what was sent, decoded. */
  take(): SentMessage[] {
    return this.sent.splice(0).map((message) => this.decode(message));
  }

  /** A message of ours by its id, decoded. */
  decode(message: Uint8Array): SentMessage {
    const id = (message[0]! << 8) | message[1]!;
    const codec = ALL_MESSAGES.find((codec) => this.table.get(codec.key) === id);
    if (codec === undefined) throw new Error(`A message with unknown id ${id} was sent`);
    const { header, body } = codec.decode(message);
    return { name: codec.name, context: header.context, body };
  }
}
