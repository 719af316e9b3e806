/**
 * Reads the protocol buffer wire format strictly: ends, tags, text and the number of messages.
 * PURE.
 *
 * The library's reader checks a position against the end of the buffer only, and the generated code
 * stops at a tag that it does not know how to skip. Requests come from clients that may be hostile
 * or broken, so this reader follows the generated code: a number right after a tag of a
 * length-delimited field is a length, and that of a nested message opens a part with its own end.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** The bytes are not a message of the expected type. */
export class DecodeError extends Error {
  override name = "DecodeError";
}

/**
 * Maximum number of messages within one. An empty message takes two bytes on the wire and hundreds
 * in memory, so a client that may send megabytes could use gigabytes. 10,000 backends are 20,000
 * messages, a plan of 1,000 VIPs with 16 servers each some 70,000.
 */
export const MAX_MESSAGES = 500_000;

/** Reason of a DecodeError. */
export const CUT_OFF = "it ends within a field";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** For one message. */
export class StrictReader extends BinaryReader {
  readonly #bytes: Uint8Array;
  readonly #number: () => number;
  readonly #maxMessages: number;
  /** Ends of the parts that are open, the innermost last. */
  readonly #ends: number[] = [];
  #end: number;
  #messages = 0;
  /** Position after the last tag, and that tag's wire type. */
  #afterTag = -1;
  #wireType: number = WireType.Varint;
  /** The next length is that of a text or of bytes, not of a part. */
  #plain = false;

  constructor(bytes: Uint8Array, maxMessages = MAX_MESSAGES) {
    super(bytes, decodeUtf8);
    this.#bytes = bytes;
    this.#maxMessages = maxMessages;
    this.#end = bytes.length;
    // In the library uint32 is a property of the instance, not a method.
    this.#number = this.uint32;
    this.uint32 = this.#tagOrNumber;
  }

  /** Numbers of a packed list follow each other without tags. */
  override int32(): number {
    return this.#number() | 0;
  }

  override bytes(): Uint8Array {
    this.#plain = true;
    // A copy: a message must not keep the whole buffer in memory.
    const bytes = super.bytes().slice();
    if (this.pos > this.#end) throw new DecodeError(CUT_OFF);
    return bytes;
  }

  override string(): string {
    this.#plain = true;
    const text = super.string();
    if (this.pos > this.#end) throw new DecodeError(CUT_OFF);
    return text;
  }

  override skip(wireType: WireType, fieldNo?: number): Uint8Array {
    if (wireType !== WireType.Varint) return super.skip(wireType, fieldNo);
    const start = this.pos;
    // The library skips numbers of any length.
    this.uint64();
    return this.#bytes.subarray(start, this.pos);
  }

  /** After the last field: nothing may be open. */
  finish(): void {
    this.#closeParts();
    if (this.pos !== this.#end || this.#ends.length > 0) throw new DecodeError(CUT_OFF);
  }

  #tagOrNumber(): number {
    if (this.pos !== this.#afterTag) return this.#tag();
    if (this.#wireType !== WireType.LengthDelimited) return this.#number();
    const length = this.#shortNumber();
    if (!this.#plain) this.#openPart(length);
    return length;
  }

  #tag(): number {
    this.#closeParts();
    const tag = this.#shortNumber();
    const wireType = tag & 7;
    if (tag >>> 3 === 0) throw new DecodeError("a field of number 0");
    // 3 and 4 are groups, which proto3 does not have.
    if (
      wireType > WireType.Bit32 || wireType === WireType.StartGroup ||
      wireType === WireType.EndGroup
    ) {
      throw new DecodeError(`wire type ${wireType}`);
    }
    this.#afterTag = this.pos;
    this.#wireType = wireType;
    this.#plain = false;
    return tag;
  }

  /** Reads a tag or a length; of other numbers the format takes the low 32 bits. */
  #shortNumber(): number {
    const start = this.pos;
    const value = this.#number();
    const size = this.pos - start;
    if (size > 5 || (size === 5 && this.#bytes[this.pos - 1]! > 0x0f)) {
      throw new DecodeError("a length or tag of more than 32 bits");
    }
    return value;
  }

  #openPart(length: number): void {
    if (++this.#messages > this.#maxMessages) {
      throw new DecodeError(`more than ${this.#maxMessages} messages`);
    }
    const end = this.pos + length;
    if (end > this.#end) throw new DecodeError(CUT_OFF);
    this.#ends.push(this.#end);
    this.#end = end;
  }

  /** Closes the parts that end here. */
  #closeParts(): void {
    while (this.pos >= this.#end && this.#ends.length > 0) {
      if (this.pos > this.#end) throw new DecodeError(CUT_OFF);
      this.#end = this.#ends.pop()!;
    }
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new DecodeError("invalid UTF-8");
  }
}
