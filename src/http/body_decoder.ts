/** PURE. The body of a request, out of the bytes of a connection (RFC 9112, 6 and 7.1). */
import { HttpRefusal } from "./ports.ts";
import type { BodyFraming } from "./request_head.ts";

/** Longest line with the size of a chunk, extensions included, and longest trailer. */
const MAX_LINE_BYTES = 256;
const MAX_TRAILER_BYTES = 4096;
const CHUNK_LINE = /^([0-9A-Fa-f]{1,8})[\t ]*(?:;[\t\x20-\x7e]*)?$/;
const TRAILER_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*$/;
const [CR, LF] = [13, 10];

/** Takes bytes as they come, until the body is complete. */
export class BodyDecoder {
  readonly #chunked: boolean;
  readonly #body: Uint8Array;
  #size = 0;
  /** Bytes of data that are still missing, of this chunk or of all. */
  #missing = 0;
  #state: "data" | "size" | "end of data" | "trailer" | "complete";
  #trailerBytes = 0;

  /** @throws {HttpRefusal} 413 */
  constructor(framing: BodyFraming, { maxBytes }: { readonly maxBytes: number }) {
    if (framing.kind === "length" && framing.bytes > maxBytes) throw tooLarge(maxBytes);
    this.#chunked = framing.kind === "chunked";
    if (framing.kind === "length") this.#missing = framing.bytes;
    this.#body = new Uint8Array(this.#chunked ? maxBytes : this.#missing);
    this.#state = this.#chunked ? "size" : this.#missing > 0 ? "data" : "complete";
  }

  get complete(): boolean {
    return this.#state === "complete";
  }

  /** When it is complete. */
  get body(): Uint8Array {
    return this.#body.subarray(0, this.#size);
  }

  /**
   * Uses bytes from the beginning of `received` and returns how many; with the same bytes and more
   * it goes on. Bytes after the body are left.
   *
   * @throws {HttpRefusal} 400 or 413
   */
  push(received: Uint8Array): number {
    let at = 0;
    while (!this.complete) {
      const rest = received.subarray(at);
      const used = this.#state === "data" ? this.#takeData(rest) : this.#takeLine(rest);
      if (used === 0) break;
      at += used;
    }
    return at;
  }

  #takeData(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.#missing);
    this.#body.set(bytes.subarray(0, count), this.#size);
    this.#size += count;
    this.#missing -= count;
    if (this.#missing === 0) this.#state = this.#chunked ? "end of data" : "complete";
    return count;
  }

  #takeLine(bytes: Uint8Array): number {
    const end = bytes.indexOf(LF);
    if (end < 0) {
      if (bytes.length > MAX_LINE_BYTES) throw malformed();
      return 0;
    }
    if (end === 0 || bytes[end - 1] !== CR || end > MAX_LINE_BYTES) throw malformed();
    this.#readLine(String.fromCharCode(...bytes.subarray(0, end - 1)));
    return end + 1;
  }

  #readLine(line: string): void {
    if (this.#state === "end of data") {
      if (line !== "") throw malformed();
      this.#state = "size";
    } else if (this.#state === "size") {
      const digits = CHUNK_LINE.exec(line)?.[1];
      if (digits === undefined) throw malformed();
      this.#missing = parseInt(digits, 16);
      if (this.#size + this.#missing > this.#body.length) throw tooLarge(this.#body.length);
      this.#state = this.#missing > 0 ? "data" : "trailer";
    } else {
      this.#trailerBytes += line.length;
      if (line === "") this.#state = "complete";
      else if (!TRAILER_LINE.test(line) || this.#trailerBytes > MAX_TRAILER_BYTES) {
        throw malformed();
      }
    }
  }
}

function tooLarge(maxBytes: number): HttpRefusal {
  return new HttpRefusal(413, `The body has more than ${maxBytes} bytes`);
}

function malformed(): HttpRefusal {
  return new HttpRefusal(400, "The chunks of the body are malformed");
}
