/**
 * A connection between two processes, as two byte streams. Bytes of one direction arrive in order,
 * after a delay of the network; a connection may be cut at any byte.
 */
import type { ByteStream } from "../../../src/vpp/transport/stream_transport.ts";
import type { ProcessClock } from "./time.ts";

/** Longest piece that one write takes, as a socket whose buffer is nearly full. */
const PIECE_BYTES = 4096;

/** One end of a connection. */
export class StreamEnd implements ByteStream {
  readonly #clock: ProcessClock;
  readonly #delayMs: () => number;
  /** Set by pair(). */
  other!: StreamEnd;
  /** Called with each piece that is written. */
  onWrite: (bytes: Uint8Array) => void = () => {};
  #received: Uint8Array[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  #closed = false;
  /** When the piece sent last arrives: no later one overtakes it. */
  #arrivesMs = 0;

  constructor(clock: ProcessClock, delayMs: () => number) {
    this.#clock = clock;
    this.#delayMs = delayMs;
  }

  /** True when it was closed on this side or ended by the other. */
  get over(): boolean {
    return this.#closed || this.#ended;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#received.length === 0) {
      if (this.#closed) throw new Deno.errors.BadResource("closed");
      if (this.#ended) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const first = this.#received[0]!;
    const size = Math.min(first.length, buffer.length);
    buffer.set(first.subarray(0, size));
    if (size === first.length) this.#received.shift();
    else this.#received[0] = first.subarray(size);
    return size;
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.#closed) return Promise.reject(new Deno.errors.BadResource("closed"));
    if (this.#ended) return Promise.reject(new Deno.errors.BrokenPipe("ended"));
    const piece = bytes.slice(0, PIECE_BYTES);
    if (!this.#clock.dead) {
      this.onWrite(piece);
      this.#send(() => this.other.#arrived(piece));
    }
    return Promise.resolve(piece.length);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#received = [];
    this.#wake?.();
    this.#send(() => this.other.end());
  }

  /** The other side is gone: what has arrived can still be read. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#wake?.();
  }

  #send(arrive: () => void): void {
    const nowMs = this.#clock.monotonicMs();
    this.#arrivesMs = Math.max(this.#arrivesMs, nowMs + this.#delayMs());
    this.other.#clock.event(this.#arrivesMs - nowMs, arrive);
  }

  #arrived(piece: Uint8Array): void {
    if (this.over) return;
    this.#received.push(piece);
    this.#wake?.();
  }
}

/** A new connection. */
export function pair(
  near: ProcessClock,
  far: ProcessClock,
  delayMs: () => number,
): { readonly near: StreamEnd; readonly far: StreamEnd } {
  const ends = { near: new StreamEnd(near, delayMs), far: new StreamEnd(far, delayMs) };
  ends.near.other = ends.far;
  ends.far.other = ends.near;
  return ends;
}
