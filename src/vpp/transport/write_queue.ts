/**
 * Outgoing frames, gathered: what is sent in one tick leaves in one write. Two buffers take
 * turns, one being filled while the other is written, so that nothing is allocated per message.
 */
import { MaglevError } from "../../base/errors.ts";
import { FRAME_HEADER_BYTES, putFrameHeader } from "../wire/frame.ts";

/** The part of Deno.Conn that is needed. */
export interface ByteSink {
  /** Writes some of `bytes`, at least one; how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Options of a WriteQueue. */
export interface WriteQueueOptions {
  /** Bytes that may wait for the other side to read. */
  readonly maxQueuedBytes: number;
  /** Called once when writing failed; nothing is written afterwards. */
  readonly onFailure: (error: MaglevError) => void;
}

const FIRST_BYTES = 64 * 1024;

/** Frames messages and writes them in order. */
export class WriteQueue {
  readonly #sink: ByteSink;
  readonly #options: WriteQueueOptions;
  #filling = new Uint8Array(FIRST_BYTES);
  #fill = 0;
  #spare = new Uint8Array(FIRST_BYTES);
  /** True from the first message of a batch until all is written. */
  #busy = false;
  #closed = false;
  readonly #flushNow = () => void this.#flush();

  constructor(sink: ByteSink, options: WriteQueueOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  /** Queues one message; the write starts in the next microtask or when the current one is done. */
  push(message: Uint8Array): void {
    if (this.#closed) return;
    const at = this.#fill;
    const end = at + FRAME_HEADER_BYTES + message.length;
    if (end > this.#options.maxQueuedBytes) {
      this.#fail(`${end} bytes wait and VPP does not read`);
      return;
    }
    if (end > this.#filling.length) this.#grow(end);
    putFrameHeader(this.#filling, at, message.length);
    this.#filling.set(message, at + FRAME_HEADER_BYTES);
    this.#fill = end;
    if (!this.#busy) {
      this.#busy = true;
      queueMicrotask(this.#flushNow);
    }
  }

  /** Drops what is not written yet. */
  close(): void {
    this.#closed = true;
    this.#fill = 0;
  }

  async #flush(): Promise<void> {
    try {
      while (this.#fill > 0) {
        const batch = this.#filling;
        const size = this.#fill;
        this.#filling = this.#spare;
        this.#spare = batch;
        this.#fill = 0;
        for (let at = 0; at < size && !this.#closed;) {
          at += await this.#sink.write(batch.subarray(at, size));
        }
      }
      this.#busy = false;
    } catch (error) {
      this.#fail(MaglevError.from(error).message);
    }
  }

  #grow(size: number): void {
    const grown = new Uint8Array(Math.max(size, 2 * this.#filling.length));
    grown.set(this.#filling.subarray(0, this.#fill));
    this.#filling = grown;
  }

  #fail(reason: string): void {
    if (this.#closed) return;
    this.close();
    this.#options.onFailure(new MaglevError("unavailable", `cannot write to VPP: ${reason}`));
  }
}
