/**
 * PURE. Headers of HTTP/2 (HPACK, RFC 7541). Requests are written without a table. Answers are read
 * with the static table and the dynamic one, which is bounded to the default of 4 KiB.
 */
import { huffmanText } from "./huffman.ts";

/** A name in lower case and a value, both in Latin-1. */
export type Field = readonly [name: string, value: string];

/** Size of the dynamic table that both sides assume at first. */
const TABLE_BYTES = 4096;

/** Cost of an entry beyond its letters. */
const ENTRY_BYTES = 32;

/** Names of the static table, each with its values; an entry without one has the empty value. */
const STATIC: readonly Field[] = [
  ":authority",
  ":method GET",
  ":method POST",
  ":path /",
  ":path /index.html",
  ":scheme http",
  ":scheme https",
  ...["200", "204", "206", "304", "400", "404", "500"].map((status) => `:status ${status}`),
  "accept-charset",
  "accept-encoding gzip, deflate",
  ..."accept-language accept-ranges accept access-control-allow-origin age allow".split(" "),
  ..."authorization cache-control content-disposition content-encoding".split(" "),
  ..."content-language content-length content-location content-range content-type".split(" "),
  ..."cookie date etag expect expires from host if-match if-modified-since".split(" "),
  ..."if-none-match if-range if-unmodified-since last-modified link location".split(" "),
  ..."max-forwards proxy-authenticate proxy-authorization range referer refresh".split(" "),
  ..."retry-after server set-cookie strict-transport-security transfer-encoding".split(" "),
  ..."user-agent vary via www-authenticate".split(" "),
].map((entry) => {
  const blank = entry.indexOf(" ");
  return blank < 0 ? [entry, ""] : [entry.slice(0, blank), entry.slice(blank + 1)];
});

/** A header block with these fields; none of them enters a table. */
export function headerBlock(fields: readonly Field[]): Uint8Array {
  const bytes: number[] = [];
  for (const [name, value] of fields) {
    bytes.push(0);
    for (const text of [name, value]) {
      const encoded = Uint8Array.from(text, (character) => character.charCodeAt(0));
      pushInteger(bytes, encoded.length, 7);
      bytes.push(...encoded);
    }
  }
  return Uint8Array.from(bytes);
}

function pushInteger(bytes: number[], value: number, bits: number): void {
  const most = 2 ** bits - 1;
  if (value < most) return void bytes.push(value);
  bytes.push(most);
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
}

/** Reads the header blocks of one connection, in order. */
export class HeaderReader {
  /** Newest first. */
  readonly #entries: Field[] = [];
  #size = 0;
  #limit = TABLE_BYTES;

  /** The fields of a block; undefined when it is malformed, and then the connection is useless. */
  read(block: Uint8Array): readonly Field[] | undefined {
    const cursor = new Cursor(block);
    const fields: Field[] = [];
    while (!cursor.isAtEnd) {
      const first = cursor.peek();
      if ((first & 0xe0) === 0x20) {
        const limit = cursor.integer(5);
        // Allowed before the first field only (RFC 7541, 4.2).
        if (limit === undefined || limit > TABLE_BYTES || fields.length > 0) return undefined;
        this.#limit = limit;
        this.#evict(0);
        continue;
      }
      const field = first >= 0x80 ? this.#at(cursor.integer(7)) : this.#literal(cursor, first);
      if (field === undefined) return undefined;
      fields.push(field);
    }
    return fields;
  }

  #at(index: number | undefined): Field | undefined {
    if (index === undefined || index === 0) return undefined;
    return STATIC[index - 1] ?? this.#entries[index - 1 - STATIC.length];
  }

  #literal(cursor: Cursor, first: number): Field | undefined {
    const isKept = first >= 0x40;
    const index = cursor.integer(isKept ? 6 : 4);
    if (index === undefined) return undefined;
    const name = index === 0 ? cursor.text() : this.#at(index)?.[0];
    const value = name === undefined ? undefined : cursor.text();
    if (name === undefined || value === undefined) return undefined;
    if (isKept) this.#add([name, value]);
    return [name, value];
  }

  #add(field: Field): void {
    const size = sizeOf(field);
    this.#evict(size);
    if (size > this.#limit) return;
    this.#entries.unshift(field);
    this.#size += size;
  }

  /** Makes room for `bytes`. */
  #evict(bytes: number): void {
    while (this.#size + bytes > this.#limit) {
      const oldest = this.#entries.pop();
      if (oldest === undefined) return;
      this.#size -= sizeOf(oldest);
    }
  }
}

function sizeOf([name, value]: Field): number {
  return name.length + value.length + ENTRY_BYTES;
}

/** Reads integers and texts of a block. */
class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  peek(): number {
    return this.#bytes[this.#at] ?? 0;
  }

  /** An integer with a prefix of `bits` (RFC 7541, 5.1); undefined beyond three more bytes. */
  integer(bits: number): number | undefined {
    const most = 2 ** bits - 1;
    if (this.isAtEnd) return undefined;
    let value = this.#bytes[this.#at++]! & most;
    if (value < most) return value;
    for (let shift = 0; shift <= 14; shift += 7) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) return undefined;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return undefined;
  }

  text(): string | undefined {
    const isHuffman = this.peek() >= 0x80;
    const length = this.integer(7);
    if (length === undefined || this.#at + length > this.#bytes.length) return undefined;
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    if (isHuffman) return huffmanText(bytes);
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return text;
  }
}
