/**
 * PURE. The interface between the HTTP server and what it serves: a request goes in, one of three
 * kinds of answer comes out. Routing, login, conditional requests and compression belong to the
 * handler; framing, limits, deadlines and everything malformed belong to the server.
 */

/**
 * Answers a request. A rejection with an HttpRefusal is answered with its status, any other one
 * with 500.
 */
export type HttpHandler = (request: HttpRequest) => Promise<HttpAnswer>;

/** Methods that the server reads. A listener accepts some or all of them. */
export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT";

/** The other end of a connection, as the socket has it. Proxies' header fields are not read. */
export type HttpPeer =
  /** `host` without brackets; an IPv4 client of an IPv6 socket has its IPv4 address. */
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix" };

/** A request that was well formed. Its body may not have been received yet. */
export interface HttpRequest {
  readonly method: HttpMethod;
  /**
   * As sent, percent signs not decoded; begins with `/`, and holds printable ASCII without `%00`.
   * Segments `..` are possible.
   */
  readonly path: string;
  /** What follows the first `?`, as sent; empty without one. */
  readonly query: string;
  /**
   * By lower-case name. Values are trimmed; those of the same name are joined by `, `, cookies by
   * `; `. `host` is there, once, in all requests of HTTP/1.1. Bytes above 127 are Latin-1.
   */
  readonly headers: ReadonlyMap<string, string>;
  readonly peer: HttpPeer;
  /** True when the client uses TLS up to this server. */
  readonly encrypted: boolean;
  /**
   * The whole body; empty without one. Further calls return the same promise. A body that is not
   * read ends the connection after the answer.
   *
   * @throws {HttpRefusal} 413 too large, 408 too slow, 400 malformed or not complete; a handler
   * lets it pass
   */
  body(): Promise<Uint8Array>;
}

export type HttpAnswer = WholeAnswer | PiecesAnswer | StreamAnswer;

/** What all answers have. */
interface AnswerHead {
  /** 200 to 599. With 204 and 304 the body must be empty. */
  readonly status: number;
  /**
   * By name as written on the wire; values are printable ASCII. The server itself writes
   * `Content-Length`, `Transfer-Encoding` and `Connection`.
   */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * A body that is there. It is sent with its length, and does not wait for the pages of other
 * connections. The bytes are not copied and must not change afterwards; many answers may share
 * them. HEAD gets the head alone, with the length of the body.
 */
export interface WholeAnswer extends AnswerHead {
  readonly kind: "whole";
  /** As it goes out: already compressed if `Content-Encoding` is among the headers. */
  readonly body: Uint8Array;
}

/**
 * A text in UTF-8 that is made while it is sent, in chunks. All connections make their pieces in shared time
 * slices of a few milliseconds, so that a long page delays nothing else. The rest of an iterator is
 * dropped (`return()`) when the client closes.
 */
export interface PiecesAnswer extends AnswerHead {
  readonly kind: "pieces";
  /** The bytes of a piece need not be valid after the next one was taken. */
  readonly pieces: Iterable<Uint8Array>;
}

/**
 * A stream of server-sent events (WHATWG HTML, 9.2). The server adds `Content-Type`,
 * `Cache-Control: no-store` and `X-Accel-Buffering: no`, begins with `retry:`, and sends the comment
 * `: ping` every 15 s, which browsers do not hand to scripts. When the listener has its maximum of
 * streams the client gets 503 instead, and `start` is not called: a browser's EventSource then does
 * not connect again by itself.
 */
export interface StreamAnswer {
  readonly kind: "stream";
  /**
   * Who the client is: streams of one group share a bound. A group that has as many streams as are
   * still free gets 503, so that the first one may take half of the places and never the last one.
   * Undefined: only the bound of all streams holds.
   */
  readonly group?: string;
  /** The time after which a browser connects again, in milliseconds. */
  readonly retryMs: number;
  /** Further header fields. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Called once, when the head has been sent; not called for HEAD. What it sends itself, a replay,
   * does not count against the queue's limit of 64 KiB. It must not throw.
   */
  readonly start: (stream: EventStream) => void;
}

/** One client of a stream of events. */
export interface EventStream {
  /**
   * Queues complete events, encoded by the caller; the bytes are not copied and must not change
   * afterwards, so that all clients share them. It never waits. An event of more than 64 KiB does not
   * count against the queue's limit. False: the stream has ended, perhaps because of these bytes.
   */
  send(bytes: Uint8Array): boolean;
  /** Bytes that the system's socket buffer has not taken yet. */
  readonly queuedBytes: number;
  /** Ends the stream after what is queued. Idempotent. */
  close(): void;
  /** Resolves once, with the reason, when the stream has ended. */
  readonly ended: Promise<StreamEnd>;
}

/**
 * Why a stream ended:
 *
 *     closed  by close(), or because the server stopped
 *     gone    the client disconnected
 *     slow    the client did not read: too many bytes were queued, or they were queued too long
 */
export type StreamEnd = "closed" | "gone" | "slow";

/** A request that is answered with a status of its own and a line of text. */
export class HttpRefusal extends Error {
  override name = "HttpRefusal";
  /** 400 to 599. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
