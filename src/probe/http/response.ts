/**
 * PURE. A streaming parser of HTTP/1 answers (RFC 9112): it takes bytes cut anywhere and reports
 * when enough was read. Input is untrusted, so everything is bounded: the headers by
 * MAX_HEADER_BYTES (interim answers included), the body by MAX_BODY_BYTES, and the framing of a
 * chunked body, which may be far larger than the body, by MAX_RAW_BODY_BYTES.
 *
 * It is tolerant where real servers are sloppy and the meaning is plain: bare LF, no reason phrase,
 * folded header lines, blanks before a colon. Otherwise it is strict: an answer that is not
 * HTTP/1, contradicts itself or ends early is broken. A transfer coding other than a single
 * `chunked` is broken too, because the peers of a load balancer would read different bodies.
 */
import { BodyReader, type Framing } from "./body.ts";
import { complainsOfPlainText, ForeignStart } from "./foreign_start.ts";

/** Maximum of bytes of status lines and headers. */
export const MAX_HEADER_BYTES = 64 * 1024;

/** Number of body bytes that are searched for the message of a TLS server. */
const REFUSAL_BYTES = 512;

const LF = 0x0a, CR = 0x0d, COLON = 0x3a, SPACE = 0x20, TAB = 0x09;

/** `more`: needs bytes. `done`: enough was read. `broken`: see `problem`. */
export type HttpProgress = "more" | "done" | "broken";

export interface HttpResponseOptions {
  /** The request was HEAD: the answer has no body, whatever its headers are. */
  readonly head: boolean;
  /** Called with the final status: true when the body is to be read. */
  readonly wantsBody: (status: number) => boolean;
  /** Names, in lower case, of headers whose values are kept. */
  readonly keep?: readonly string[];
}

/** One answer; not to be reused. */
export class HttpResponse {
  /** Final status code; 0 before it is known. */
  status = 0;
  /** The problem with a broken answer, for people. Contains no text of the server. */
  problem = "";
  readonly #options: HttpResponseOptions;
  /** Beginning of a line whose end has not been received. */
  #carry: Uint8Array | undefined;
  #kept: Map<string, string> | undefined;
  /** The server closes the connection after this answer, as far as its headers show. */
  #closes = false;
  #headerBytes = 0;
  /** The beginning of an answer that is not HTTP/1, until its protocol is certain. */
  #foreign: ForeignStart | undefined;
  #lineNumber = 0;
  #contentLength: number | undefined;
  #chunked = false;
  #transferEncoding = false;
  #contentCoding = "";
  #refusesPlainText = false;
  #body: BodyReader | undefined;
  #endsWithoutBody = false;
  #progress: HttpProgress = "more";

  constructor(options: HttpResponseOptions) {
    this.#options = options;
  }

  /** The body read so far: at most MAX_BODY_BYTES, without chunk framing. */
  get body(): Uint8Array {
    return this.#body?.bytes ?? new Uint8Array(0);
  }

  /** True when a status 400 has the body text of a server that expects TLS. */
  get refusesPlainText(): boolean {
    return this.#refusesPlainText;
  }

  /** Name of the content coding of the body; `unknown` for a name not listed here; empty: none. */
  get contentCoding(): string {
    return this.#contentCoding;
  }

  /** Value of a header that is kept, as sent, the first of several; undefined: absent. */
  header(name: string): string | undefined {
    return this.#kept?.get(name);
  }

  /**
   * True when the connection can carry another request: the answer was read to its end (with
   * `wantsBody`, and up to MAX_BODY_BYTES), and the server does not close. After a chunked body the
   * blank line after the last chunk may still arrive.
   */
  get leavesOpen(): boolean {
    if (this.#progress !== "done" || this.#closes) return false;
    return this.#endsWithoutBody || this.#body?.isWhole === true;
  }

  /** True while a body is read whose length the server did not announce. */
  get isOpenEnded(): boolean {
    return this.#progress === "more" && this.#body?.isOpenEnded === true;
  }

  /** Takes the next bytes; they are not kept. Once done or broken it stays so. */
  feed(bytes: Uint8Array): HttpProgress {
    if (this.#foreign !== undefined || this.#startsForeign(bytes)) {
      return this.#feedForeign(bytes);
    }
    let at = 0;
    while (this.#progress === "more" && this.#body === undefined && at < bytes.length) {
      const end = bytes.indexOf(LF, at);
      const length = (end < 0 ? bytes.length : end + 1) - at;
      this.#headerBytes += length;
      if (this.#headerBytes > MAX_HEADER_BYTES) {
        return this.#break(`more than ${MAX_HEADER_BYTES / 1024} KiB of headers`);
      }
      const piece = bytes.subarray(at, at + length);
      at += length;
      if (end >= 0) this.#line(this.#whole(piece));
      else if (this.#lineNumber === 0 && this.#carry === undefined && !mayBeStatusLine(piece)) {
        return this.#break("no HTTP/1 answer");
      } else this.#carry = joined(this.#carry, piece);
    }
    if (this.#progress === "done" && this.status === 400) {
      this.#refusesPlainText = complainsOfPlainText(latin1(bytes.subarray(at, at + REFUSAL_BYTES)));
    }
    if (this.#progress === "more" && this.#body !== undefined) {
      this.#fromBody(this.#body.feed(bytes.subarray(at)));
    }
    return this.#progress;
  }

  /** The server closed its side. Never returns `more`. */
  end(): HttpProgress {
    if (this.#progress !== "more") return this.#progress;
    if (this.#foreign !== undefined) this.#break(this.#foreign.end());
    else if (this.#body !== undefined) this.#fromBody(this.#body.end());
    else if (this.#headerBytes === 0) this.#break("closed without an answer");
    else this.#break("closed before the headers were complete");
    return this.#progress;
  }

  /** True when the first byte excludes HTTP/1. */
  #startsForeign(bytes: Uint8Array): boolean {
    return this.#headerBytes === 0 && bytes.length > 0 && bytes[0] !== PREFIX[0];
  }

  #feedForeign(bytes: Uint8Array): HttpProgress {
    this.#foreign ??= new ForeignStart();
    const problem = this.#foreign.feed(bytes);
    return problem === undefined ? "more" : this.#break(problem);
  }

  /** The line completed by `piece`, without its line end. */
  #whole(piece: Uint8Array): Uint8Array {
    const line = this.#carry === undefined ? piece : joined(this.#carry, piece);
    this.#carry = undefined;
    const end = line.length - 1;
    return line.subarray(0, end > 0 && line[end - 1] === CR ? end - 1 : end);
  }

  #line(line: Uint8Array): void {
    if (this.#lineNumber++ === 0) this.#statusLine(line);
    else if (line.length === 0) this.#endOfHeaders();
    else this.#header(line);
  }

  #statusLine(line: Uint8Array): void {
    const status = statusOf(line);
    if (status === undefined) return void this.#break("no HTTP/1 answer");
    this.status = status;
    // HTTP/1.0 closes unless it was agreed otherwise.
    this.#closes = line[7] === 0x30;
  }

  #header(line: Uint8Array): void {
    if (line.includes(0)) return void this.#break("a NUL byte in the headers");
    // The second half of a folded line (RFC 9112, 5.2). The headers used here are never folded.
    if (line[0] === SPACE || line[0] === TAB) return;
    const colon = line.indexOf(COLON);
    if (colon <= 0) return void this.#break("a header line without a name");
    // Few headers are used here: the others are not decoded.
    const initial = line[0]! | 0x20;
    const { keep } = this.#options;
    const mayBeKept = keep?.some((name) => initial === (name.charCodeAt(0) | 0x20)) === true;
    if (initial !== 0x63 && initial !== 0x74 && !mayBeKept) return;
    const name = latin1(line.subarray(0, colon)).trim().toLowerCase();
    if (keep?.includes(name) && this.#kept?.has(name) !== true) {
      this.#kept ??= new Map();
      this.#kept.set(name, latin1(line.subarray(colon + 1)).trim());
    }
    if (name === "content-length") this.#setContentLength(latin1(line.subarray(colon + 1)));
    else if (name === "transfer-encoding") this.#setEncoding(latin1(line.subarray(colon + 1)));
    else if (name === "content-encoding") this.#setCoding(latin1(line.subarray(colon + 1)));
    else if (name === "connection") {
      this.#closes ||= /(?:^|[\s,])close(?:$|[\s,])/i.test(latin1(line.subarray(colon + 1)));
    }
  }

  #setContentLength(value: string): void {
    for (const part of value.split(",")) {
      const text = part.trim();
      const length = /^\d{1,15}$/.test(text) ? Number(text) : undefined;
      if (length === undefined) return void this.#break("a Content-Length that is not a number");
      if (this.#contentLength !== undefined && this.#contentLength !== length) {
        return void this.#break("two different Content-Lengths");
      }
      this.#contentLength = length;
    }
  }

  /** A request offers only the coding chunked, which is applied once and last (RFC 9112, 6.1). */
  #setEncoding(value: string): void {
    for (const part of value.split(",")) {
      const coding = part.trim().toLowerCase();
      // RFC 2616 had this name for the absence of a coding.
      if (coding === "" || coding === "identity") continue;
      if (coding !== "chunked") {
        const name = KNOWN_CODINGS.has(coding) ? coding : "unknown";
        return void this.#break(`a transfer coding (${name}) that the request did not offer`);
      }
      if (this.#chunked) return void this.#break("Transfer-Encoding: chunked, applied twice");
      this.#chunked = true;
    }
    this.#transferEncoding = true;
  }

  #setCoding(value: string): void {
    this.#contentCoding = codingName(value) || this.#contentCoding;
  }

  #endOfHeaders(): void {
    // 101 is final, because the probe does not request an upgrade.
    if (this.status < 200 && this.status !== 101) {
      // MAX_HEADER_BYTES bounds the number of interim answers.
      this.#lineNumber = 0;
      this.status = 0;
      this.#contentLength = undefined;
      this.#chunked = this.#transferEncoding = false;
      this.#contentCoding = "";
      this.#kept = undefined;
      return;
    }
    const framing = this.#framing();
    this.#endsWithoutBody = framing.kind === "none" && this.status !== 101;
    if (framing.kind === "none" || !this.#options.wantsBody(this.status)) {
      this.#progress = "done";
      return;
    }
    this.#body = new BodyReader(framing);
  }

  /** Determines the framing of the body (RFC 9112, 6.3). */
  #framing(): Framing {
    const none = this.#options.head || this.status === 204 || this.status === 304 ||
      this.status < 200;
    if (none) return { kind: "none" };
    if (this.#chunked) return { kind: "chunked" };
    if (this.#transferEncoding || this.#contentLength === undefined) return { kind: "close" };
    if (this.#contentLength === 0) return { kind: "none" };
    return { kind: "length", bytes: this.#contentLength };
  }

  #fromBody(progress: HttpProgress): void {
    if (progress === "broken") this.#break(this.#body!.problem);
    else this.#progress = progress;
  }

  #break(problem: string): HttpProgress {
    this.problem = problem;
    this.#progress = "broken";
    return "broken";
  }
}

/** Name of the last coding in a Content-Encoding; `unknown` for one not listed; empty: none. */
export function codingName(value: string): string {
  const codings = value.split(",").map((part) => part.trim().toLowerCase());
  const applied = codings.findLast((coding) => coding !== "" && coding !== "identity");
  return applied === undefined ? "" : KNOWN_CODINGS.get(applied) ?? "unknown";
}

/** Known content codings (RFC 9110, 8.4.1): names from the server are never shown. */
const KNOWN_CODINGS: ReadonlyMap<string, string> = new Map([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
  ["compress", "compress"],
  ["x-compress", "compress"],
  ["br", "br"],
  ["zstd", "zstd"],
]);

const PREFIX = new TextEncoder().encode("HTTP/1.");

/** False when `start`, the first bytes of an answer, already differ from a status line. */
function mayBeStatusLine(start: Uint8Array): boolean {
  for (let i = 0; i < Math.min(start.length, PREFIX.length); i++) {
    if (start[i] !== PREFIX[i]) return false;
  }
  return true;
}

/** The code of `HTTP/1.x CODE[ reason]`; undefined for any other line. */
function statusOf(line: Uint8Array): number | undefined {
  if (line.length < 12 || !mayBeStatusLine(line) || !isDigit(line[7]!)) return undefined;
  if (line[8] !== SPACE || (line.length > 12 && line[12] !== SPACE)) return undefined;
  let status = 0;
  for (let i = 9; i < 12; i++) {
    if (!isDigit(line[i]!)) return undefined;
    status = status * 10 + line[i]! - 0x30;
  }
  return status >= 100 ? status : undefined;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Concatenates both into a new array that does not share memory with them. */
function joined(head: Uint8Array | undefined, tail: Uint8Array): Uint8Array {
  if (head === undefined) return tail.slice();
  const both = new Uint8Array(head.length + tail.length);
  both.set(head);
  both.set(tail, head.length);
  return both;
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
