/**
 * PURE. Reads the first bytes of an answer that is not of HTTP/1, and names a protocol that is often
 * probed by mistake: "no HTTP/1 answer" alone gives the operator no fix.
 */

/** Number of bytes that are enough: a frame header of HTTP/2. */
const ENOUGH = 9;

const NOT_HTTP = "no HTTP/1 answer";
const TLS = "the server speaks TLS, not plain HTTP; use `type: https`";
const HTTP2 = "the server speaks HTTP/2 only; use `http2: true`";

/** Sentences with which TLS servers answer a plain request, in the body of a status 400. */
const COMPLAINTS =
  /plain HTTP request was sent to HTTPS port|HTTP request to an HTTPS server|plain HTTP to an SSL-enabled/;

/** True when the beginning of an answer's body, as Latin-1, complains of a request without TLS. */
export function complainsOfPlainText(body: string): boolean {
  return COMPLAINTS.test(body);
}

/** One answer; not to be reused. */
export class ForeignStart {
  readonly #start = new Uint8Array(ENOUGH);
  #size = 0;

  /** Takes the next bytes; returns the problem as soon as it is certain. */
  feed(bytes: Uint8Array): string | undefined {
    const piece = bytes.subarray(0, ENOUGH - this.#size);
    this.#start.set(piece, this.#size);
    this.#size += piece.length;
    return problemOf(this.#start.subarray(0, this.#size));
  }

  /** The problem with an answer that ends here. */
  end(): string {
    return NOT_HTTP;
  }
}

/** Undefined: more bytes are needed. */
function problemOf(start: Uint8Array): string | undefined {
  if (matches(start, [[0x15, 0x16], [3], [0, 1, 2, 3, 4]])) {
    return start.length < 3 ? undefined : TLS;
  }
  // SETTINGS or GOAWAY (RFC 9113, 3.4): three bytes of length, the type, flags, stream 0.
  if (matches(start, [[0], [0], undefined, [4, 7], [0, 1], [0], [0], [0], [0]])) {
    return start.length < ENOUGH ? undefined : HTTP2;
  }
  return NOT_HTTP;
}

/** True when each byte fits the pattern; undefined in the pattern fits any byte. */
function matches(start: Uint8Array, places: readonly (readonly number[] | undefined)[]): boolean {
  return places.every((allowed, i) => {
    const byte = start[i];
    return byte === undefined || allowed === undefined || allowed.includes(byte);
  });
}
