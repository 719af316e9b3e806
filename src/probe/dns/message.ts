/**
 * PURE. Questions and answers of DNS (RFC 1035). Answers are untrusted: each name and each record
 * is bounded, and a compressed name may only point backwards.
 */
import { ipFromBytes } from "../../base/address.ts";
import { DNS_RCODES, DNS_TYPES } from "../../config/schema/checks/datagram.ts";

/** Maximum number of records of an answer that are read. */
export const MAX_RECORDS = 256;

/** A name has 255 bytes at most, lengths included. */
const MAX_NAME = 255;
const HEADER_BYTES = 12;
const CLASS_IN = 1;
const RESPONSE = 0x80;
const OPCODE = 0x78;
const TRUNCATED = 0x02;
const RECURSION_DESIRED = 0x01;

export interface DnsQuestion {
  /** From 0 to 65535. */
  readonly id: number;
  /** Labels with dots between them, at most 63 bytes each; empty: the root. */
  readonly name: string;
  /** A number of DNS_TYPES. */
  readonly type: number;
  readonly recursion: boolean;
}

/**
 * What bytes are to a question. `foreign`: an answer to something else, to be ignored. `broken`: the
 * server's answer, which is malformed; `problem` has no text of the server.
 */
export type DnsReading =
  | { readonly kind: "foreign" }
  | { readonly kind: "broken"; readonly problem: string }
  | DnsAnswer;

export interface DnsAnswer {
  readonly kind: "answer";
  /** A name of DNS_RCODES, or the number of another code. */
  readonly rcode: string;
  /** The server left records out; over TCP it would send them. */
  readonly truncated: boolean;
  /**
   * A line for each record of the answer section, as in `A 192.0.2.1`; at most MAX_RECORDS. Names
   * in values are in lower case.
   */
  readonly records: readonly string[];
}

/**
 * `name` with its letters in upper or lower case by the bits of `random`, which has a byte for each
 * character. A forged answer must repeat it exactly (draft-vixie-dnsext-dns0x20).
 */
export function withRandomCase(name: string, random: Uint8Array): string {
  return [...name].map((letter, i) =>
    (random[i]! & 1) === 0 ? letter.toLowerCase() : letter.toUpperCase()
  ).join("");
}

/** The bytes of a question. */
export function encodeQuestion(
  { id, name, type, recursion }: DnsQuestion,
): Uint8Array<ArrayBuffer> {
  const encoded = encodeName(name);
  const bytes = new Uint8Array(HEADER_BYTES + encoded.length + 4);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, id);
  view.setUint8(2, recursion ? RECURSION_DESIRED : 0);
  view.setUint16(4, 1);
  bytes.set(encoded, HEADER_BYTES);
  view.setUint16(HEADER_BYTES + encoded.length, type);
  view.setUint16(HEADER_BYTES + encoded.length + 2, CLASS_IN);
  return bytes;
}

function encodeName(name: string): Uint8Array {
  const labels = name === "" ? [] : name.split(".");
  const bytes = labels.flatMap((label) => {
    const text = new TextEncoder().encode(label);
    return [text.length, ...text];
  });
  return Uint8Array.of(...bytes, 0);
}

/** Reads the answer to `question`. */
export function decodeAnswer(bytes: Uint8Array, question: DnsQuestion): DnsReading {
  if (bytes.length < HEADER_BYTES) return { kind: "foreign" };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = view.getUint8(2);
  if (view.getUint16(0) !== question.id || (flags & (RESPONSE | OPCODE)) !== RESPONSE) {
    return { kind: "foreign" };
  }
  const code = view.getUint8(3) & 0x0f;
  const rcode = DNS_RCODES[code] ?? String(code);
  const truncated = (flags & TRUNCATED) !== 0;
  const [questions, answers] = [view.getUint16(4), view.getUint16(6)];
  // A server that cannot read a question may leave it out.
  if (questions === 0 && code !== 0) return { kind: "answer", rcode, truncated, records: [] };
  const reader = new Reader(bytes, HEADER_BYTES);
  const problem = questions === 1
    ? reader.questionProblem(question)
    : "it does not have one question";
  if (problem === "foreign") return { kind: "foreign" };
  if (problem !== "") return { kind: "broken", problem };
  const records: string[] = [];
  for (let i = 0; i < Math.min(answers, MAX_RECORDS); i++) {
    const record = reader.record();
    if (record === undefined) {
      // A truncated answer may end within a record.
      if (truncated) break;
      return { kind: "broken", problem: "a record in it is malformed" };
    }
    records.push(record);
  }
  return { kind: "answer", rcode, truncated, records };
}

const NAMES_OF_TYPES: ReadonlyMap<number, string> = new Map(
  Object.entries(DNS_TYPES).map(([name, type]) => [type, name]),
);

/** Reads on from a place in a message; undefined stands for malformed content. */
class Reader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** Compares the question of an answer: empty when it is ours. */
  questionProblem({ name, type }: DnsQuestion): string | "foreign" {
    const found = this.#name();
    const [foundType, foundClass] = [this.#u16(), this.#u16()];
    if (found === undefined || foundClass === undefined) return "its question is malformed";
    if (found.toLowerCase() !== name.toLowerCase() || foundType !== type) return "foreign";
    if (foundClass !== CLASS_IN) return "foreign";
    return found === name ? "" : "it repeats the name of the question in another case";
  }

  /** The next record in words. */
  record(): string | undefined {
    if (this.#name() === undefined) return undefined;
    const type = this.#u16();
    this.#at += 6; // class and time to live
    const length = this.#u16();
    if (type === undefined || length === undefined) return undefined;
    const end = this.#at + length;
    if (end > this.#bytes.length) return undefined;
    const text = this.#data(type, end);
    if (text === undefined || this.#at > end) return undefined;
    this.#at = end;
    return `${NAMES_OF_TYPES.get(type) ?? `TYPE${type}`} ${text}`;
  }

  #data(type: number, end: number): string | undefined {
    switch (NAMES_OF_TYPES.get(type)) {
      case "A":
        return this.#address(4, end);
      case "AAAA":
        return this.#address(16, end);
      case "NS":
      case "CNAME":
      case "PTR":
        return this.#dotted();
      case "MX":
        return joined(this.#u16(), this.#dotted());
      case "SRV":
        return joined(this.#u16(), this.#u16(), this.#u16(), this.#dotted());
      case "SOA":
        return joined(this.#dotted(), this.#dotted(), ...[1, 2, 3, 4, 5].map(() => this.#u32()));
      case "TXT":
        return this.#texts(end);
      default:
        return this.#take(end).toHex();
    }
  }

  #address(size: number, end: number): string | undefined {
    return end - this.#at === size ? ipFromBytes(this.#take(end)).text : undefined;
  }

  #texts(end: number): string | undefined {
    let text = "";
    while (this.#at < end) {
      const length = this.#bytes[this.#at++]!;
      if (this.#at + length > end) return undefined;
      text += lineText(this.#take(this.#at + length));
    }
    return text;
  }

  #take(end: number): Uint8Array {
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  #u16(): number | undefined {
    if (this.#at + 2 > this.#bytes.length) return undefined;
    const value = this.#bytes[this.#at]! * 256 + this.#bytes[this.#at + 1]!;
    this.#at += 2;
    return value;
  }

  #u32(): number | undefined {
    const [high, low] = [this.#u16(), this.#u16()];
    return high === undefined || low === undefined ? undefined : high * 65_536 + low;
  }

  /** In lower case, because a name may point into the question, which has random case. */
  #dotted(): string | undefined {
    const name = this.#name();
    return name === undefined ? undefined : `${name.toLowerCase()}.`;
  }

  /** A name without its last dot; the reader goes on after it. */
  #name(): string | undefined {
    const labels: string[] = [];
    let size = 1;
    let at = this.#at;
    /** Each pointer must lead to a place before the name that contains it. */
    let limit = at;
    let after: number | undefined;
    while (true) {
      const length = this.#bytes[at];
      if (length === undefined) return undefined;
      if (length >= 0xc0) {
        const low = this.#bytes[at + 1];
        if (low === undefined) return undefined;
        after ??= at + 2;
        const target = (length & 0x3f) * 256 + low;
        if (target >= limit) return undefined;
        at = limit = target;
        continue;
      }
      if (length > 63) return undefined;
      if (length === 0) break;
      size += length + 1;
      if (size > MAX_NAME || at + 1 + length > this.#bytes.length) return undefined;
      labels.push(labelText(this.#bytes.subarray(at + 1, at + 1 + length)));
      at += 1 + length;
    }
    this.#at = after ?? at + 1;
    return labels.join(".");
  }
}

function joined(...parts: readonly (string | number | undefined)[]): string | undefined {
  return parts.includes(undefined) ? undefined : parts.join(" ");
}

/** A label as in a zone file (RFC 1035, 5.1): a dot in it is not the one between labels. */
function labelText(bytes: Uint8Array): string {
  return latin1(bytes).replaceAll(/[.\\]/g, "\\$&").replaceAll(/[^!-~]/g, numbered);
}

/** A text without line ends, which separate records. */
function lineText(bytes: Uint8Array): string {
  return latin1(bytes).replaceAll(CONTROLS, numbered);
}

// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x1f\x7f]/g;

/** A byte by its number, as in a zone file: `\010`. */
function numbered(letter: string): string {
  return `\\${String(letter.charCodeAt(0)).padStart(3, "0")}`;
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
