/**
 * PURE. Extracts the body of an HTTP/1 answer from its framing: a counted number of bytes, chunks,
 * or everything until the server closes. Reads at most MAX_BODY_BYTES.
 */

/** Maximum of body bytes that are read and matched. */
export const MAX_BODY_BYTES = 64 * 1024;

/**
 * Maximum of bytes of a chunked body with its framing. One-byte chunks cost six bytes each, so an
 * honest server stays far below.
 */
export const MAX_RAW_BODY_BYTES = 8 * MAX_BODY_BYTES;

/** Maximum length of a chunk's size line, extensions included. */
const MAX_SIZE_LINE_BYTES = 1024;

const LF = 0x0a, CR = 0x0d;

/** The way in which a body ends. */
export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "close" }
  | { readonly kind: "chunked" }
  | { readonly kind: "length"; readonly bytes: number };

/** `more`: needs bytes. `done`: complete, or at the bound. `broken`: see `problem`. */
export type BodyProgress = "more" | "done" | "broken";

/** The current part of a chunked body: a size line, data, or the line end after data. */
type ChunkPart = "size" | "data" | "data-end";

/** Reads one body. */
export class BodyReader {
  /** The problem with a broken body, for people. */
  problem = "";
  readonly #framing: Framing;
  #bytes = new Uint8Array(1024);
  #size = 0;
  #raw = 0;
  #ended = false;
  #part: ChunkPart = "size";
  /** Bytes of the current chunk still to come. */
  #left = 0;
  /** The size line as received so far. */
  #sizeLine = "";

  constructor(framing: Framing) {
    this.#framing = framing;
  }

  /** True for a body whose length was not announced, which may never end. */
  get isOpenEnded(): boolean {
    return this.#framing.kind === "close" || this.#framing.kind === "chunked";
  }

  /** True when the body ended by its own framing, within the bound. */
  get isWhole(): boolean {
    return this.#ended;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  feed(bytes: Uint8Array): BodyProgress {
    if (this.#framing.kind === "chunked") return this.#chunked(bytes);
    const wanted = this.#framing.kind === "length" ? this.#framing.bytes : MAX_BODY_BYTES;
    this.#append(bytes.subarray(0, wanted - this.#size));
    this.#ended = this.#framing.kind === "length" && this.#size === wanted;
    return this.#size >= Math.min(wanted, MAX_BODY_BYTES) ? "done" : "more";
  }

  /** The server closed: completes a body that lasts until then, and breaks any other. */
  end(): BodyProgress {
    if (this.#framing.kind === "close" || this.#framing.kind === "none") return "done";
    return this.#break(
      this.#framing.kind === "length"
        ? `closed after ${this.#size} of ${this.#framing.bytes} bytes of the body`
        : "closed before the last chunk of the body",
    );
  }

  #chunked(bytes: Uint8Array): BodyProgress {
    this.#raw += bytes.length;
    if (this.#raw > MAX_RAW_BODY_BYTES) return this.#break("a body of hardly anything but framing");
    let at = 0;
    while (at < bytes.length) {
      if (this.#part === "data") {
        const data = bytes.subarray(at, at + this.#left);
        this.#append(data);
        if (this.#size >= MAX_BODY_BYTES) return "done";
        at += data.length;
        this.#left -= data.length;
        if (this.#left === 0) this.#part = "data-end";
        continue;
      }
      const byte = bytes[at++]!;
      const progress = this.#part === "size" ? this.#sizeByte(byte) : this.#dataEndByte(byte);
      if (progress !== "more") return progress;
    }
    return "more";
  }

  #sizeByte(byte: number): BodyProgress {
    if (byte !== LF) {
      this.#sizeLine += String.fromCharCode(byte);
      return this.#sizeLine.length > MAX_SIZE_LINE_BYTES
        ? this.#break("a chunk with an endless size line")
        : "more";
    }
    const match = /^([0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?\r?$/.exec(this.#sizeLine);
    if (match === null) return this.#break("a chunk without a size");
    this.#sizeLine = "";
    this.#left = parseInt(match[1]!, 16);
    // A probe does not need the trailers after the last chunk.
    if (this.#left === 0) {
      this.#ended = true;
      return "done";
    }
    this.#part = "data";
    return "more";
  }

  #dataEndByte(byte: number): BodyProgress {
    if (byte === CR) return "more";
    if (byte !== LF) return this.#break("a chunk longer than its size");
    this.#part = "size";
    return "more";
  }

  /** Appends `data` as far as the bound allows. */
  #append(data: Uint8Array): void {
    const fitting = data.subarray(0, MAX_BODY_BYTES - this.#size);
    const size = this.#size + fitting.length;
    if (size > this.#bytes.length) {
      const grown = new Uint8Array(
        Math.min(MAX_BODY_BYTES, Math.max(size, 4 * this.#bytes.length)),
      );
      grown.set(this.bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(fitting, this.#size);
    this.#size = size;
  }

  #break(problem: string): BodyProgress {
    this.problem = problem;
    return "broken";
  }
}
