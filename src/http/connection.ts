/**
 * Serves one client. Every wait has a deadline; a deadline closes the connection, which makes the
 * pending read or write fail. Requests are answered one by one: what a client sends meanwhile waits
 * in the system's buffers.
 */
import { plainAddress } from "../base/address.ts";
import type { MonotonicMs } from "../base/instant.ts";
import type { Clock, Timer } from "../base/ports.ts";
import type { TimeSlices } from "../async/time_slices.ts";
import type { ServerSocket } from "../system/server_socket.ts";
import { checkHeaders, headText, refusalAnswer, statusAnswer } from "./answer_head.ts";
import { ChunkFrame } from "./chunk_frame.ts";
import { ConnectionStream } from "./connection_stream.ts";
import type { SharedJoin } from "./shared_join.ts";
import { Incoming } from "./incoming.ts";
import {
  ANSWER_DEADLINE_MS,
  HEAD_DEADLINE_MS,
  type HttpLimits,
  IDLE_DEADLINE_MS,
  LINGER_BYTES,
  LINGER_MS,
  MAX_HEAD_BYTES,
} from "./limits.ts";
import {
  type HttpAnswer,
  type HttpHandler,
  type HttpPeer,
  HttpRefusal,
  type PiecesAnswer,
  type StreamAnswer,
  type WholeAnswer,
} from "./ports.ts";
import { RequestBody } from "./request_body.ts";
import { parseHead, type RequestHead } from "./request_head.ts";

export interface ServerConnectionOptions {
  readonly conn: ServerSocket;
  readonly clock: Clock;
  /** Shared by all connections: pages are built in them. */
  readonly slices: TimeSlices;
  readonly limits: HttpLimits;
  readonly encrypted: boolean;
  readonly handle: HttpHandler;
  /** The handler rejected with this; the client gets 500. */
  readonly failed: (error: unknown) => void;
  /** See ConnectionStreamOptions. */
  readonly defer?: ((fn: () => void) => void) | undefined;
  readonly join?: SharedJoin | undefined;
  /** Makes the connection one of the streams; false: there are too many, of all or of the group. */
  readonly admitStream: (group: string | undefined) => boolean;
}

/** How a request needs its answer. */
type AnswerForm = Pick<RequestHead, "method" | "http11" | "keepAlive">;

/** Of a request that cannot be trusted further. */
const LAST_FORM: AnswerForm = { method: "GET", http11: false, keepAlive: false };

/** Serves until either side closes. */
export class ServerConnection {
  /** Resolves when the connection is closed and no work is left. */
  readonly ended: Promise<void>;
  readonly #conn: ServerSocket;
  readonly #options: ServerConnectionOptions;
  readonly #incoming: Incoming;
  readonly #peer: HttpPeer;
  #deadline: Timer | undefined;
  #open = true;
  #answering = false;
  #sinceMs: MonotonicMs;
  #stream: ConnectionStream | undefined;

  constructor(options: ServerConnectionOptions) {
    this.#options = options;
    this.#conn = options.conn;
    this.#sinceMs = options.clock.monotonicMs();
    this.#incoming = new Incoming(options.conn, MAX_HEAD_BYTES);
    this.#peer = peerOf(options.conn);
    // Small answers are sent immediately, without waiting for acknowledgements.
    if ("setNoDelay" in this.#conn) (this.#conn as Deno.TcpConn).setNoDelay(true);
    this.ended = this.#serve().finally(() => this.close());
  }

  /** True while a request is answered, its body received; false while one is waited for. */
  get answering(): boolean {
    return this.#answering;
  }

  /** Since when it is so, monotonic. */
  get sinceMs(): MonotonicMs {
    return this.#sinceMs;
  }

  /** Hangs up. Idempotent. */
  close(): void {
    this.#deadline?.cancel();
    if (!this.#open) return;
    this.#open = false;
    this.#conn.close();
    this.#stream?.finish("closed");
  }

  async #serve(): Promise<void> {
    this.#within(HEAD_DEADLINE_MS);
    while (await this.#serveOne()) this.#within(IDLE_DEADLINE_MS);
  }

  /** One request and its answer; whether another may follow. */
  async #serveOne(): Promise<boolean> {
    const head = await this.#readHead();
    if (head === undefined) return false;
    const { clock, limits } = this.#options;
    this.#setAnswering(true);
    this.#within(ANSWER_DEADLINE_MS);
    if (typeof head === "number") return await this.#refuse(head);
    const body = new RequestBody({
      incoming: this.#incoming,
      head,
      maxBytes: limits.bodyBytes,
      clock,
      sendContinue: () => this.#write(CONTINUE),
    });
    const answer = await this.#answerTo(head, body);
    if (answer.kind === "stream") return await this.#serveStream(head, answer);
    const keepAlive = head.keepAlive && body.complete;
    const sent = await this.#send({ ...head, keepAlive }, answer);
    this.#setAnswering(false);
    if (keepAlive || !sent) return sent;
    await this.#linger();
    return false;
  }

  #setAnswering(answering: boolean): void {
    this.#answering = answering;
    this.#sinceMs = this.#options.clock.monotonicMs();
  }

  /** A request, the status to refuse it with, or undefined when the client is gone. */
  async #readHead(): Promise<RequestHead | number | undefined> {
    const { methods } = this.#options.limits;
    let begun = this.#incoming.bytes.length > 0;
    for (let searched = 0;;) {
      const { bytes } = this.#incoming;
      const parsed = parseHead(bytes, { methods, searched });
      if (parsed.kind === "bad") return parsed.status;
      if (parsed.kind === "request") {
        this.#incoming.consume(parsed.size);
        return parsed;
      }
      searched = bytes.length;
      if (!await this.#incoming.more()) return undefined;
      if (!begun) this.#within(HEAD_DEADLINE_MS);
      begun = true;
    }
  }

  async #answerTo(head: RequestHead, body: RequestBody): Promise<HttpAnswer> {
    const { handle, failed, encrypted } = this.#options;
    const { method, path, query, headers } = head;
    try {
      const answer = await handle({
        method,
        path,
        query,
        headers,
        peer: this.#peer,
        encrypted,
        body: () => body.read(),
      });
      checkHeaders(answer.headers ?? {});
      return answer;
    } catch (error) {
      if (error instanceof HttpRefusal) return refusalAnswer(error);
      failed(error);
      return statusAnswer(500);
    }
  }

  async #refuse(status: number): Promise<false> {
    const allow = this.#options.limits.methods.join(", ");
    const answer = statusAnswer(status, {
      ...(status === 405 && { Allow: allow }),
      ...(status === 503 && { "Retry-After": RETRY_AFTER_S }),
    });
    if (await this.#send(LAST_FORM, answer)) await this.#linger();
    return false;
  }

  async #send(form: AnswerForm, answer: WholeAnswer | PiecesAnswer): Promise<boolean> {
    const { status } = answer;
    const headers: Record<string, string> = { ...answer.headers, Date: this.#date() };
    const bodiless = status === 204 || status === 304;
    if (answer.kind === "pieces") {
      if (form.http11) headers["Transfer-Encoding"] = "chunked";
    } else if (!bodiless) {
      headers["Content-Length"] = `${answer.body.length}`;
    }
    if (!form.keepAlive) headers.Connection = "close";
    const head = ENCODER.encode(headText(status, headers));
    if (form.method === "HEAD" || bodiless) return await this.#write(head);
    if (answer.kind === "pieces") return await this.#sendPieces(head, answer.pieces, form.http11);
    const { body } = answer;
    if (body.length > JOIN_BYTES) return await this.#write(head) && await this.#write(body);
    const joined = new Uint8Array(head.length + body.length);
    joined.set(head);
    joined.set(body, head.length);
    return await this.#write(joined);
  }

  async #sendPieces(
    head: Uint8Array,
    all: Iterable<Uint8Array>,
    chunked: boolean,
  ): Promise<boolean> {
    let writing = this.#write(head);
    // A piece is made while the one before it is written.
    let [frame, other] = [new ChunkFrame(), new ChunkFrame()];
    const pieces = all[Symbol.iterator]();
    for (;;) {
      const { done, value: piece } = await this.#inTurn(() => pieces.next());
      if (!await writing) {
        pieces.return?.();
        return false;
      }
      if (done === true) break;
      // An empty chunk would end the body.
      if (piece.length === 0) continue;
      [frame, other] = [other, frame];
      writing = this.#write(chunked ? frame.put(piece) : piece.slice());
    }
    return !chunked || await this.#write(LAST_CHUNK);
  }

  async #serveStream({ method }: RequestHead, answer: StreamAnswer): Promise<boolean> {
    const { clock, admitStream, failed, defer, join } = this.#options;
    const headers = {
      ...STREAM_HEADERS,
      ...answer.headers,
      Date: this.#date(),
      Connection: "close",
    };
    const head = ENCODER.encode(headText(200, headers));
    if (method === "HEAD") {
      if (await this.#write(head)) await this.#linger();
      return false;
    }
    if (!admitStream(answer.group)) return await this.#refuse(503);
    if (!await this.#write(head)) return false;
    this.#deadline?.cancel();
    this.#incoming.shrink();
    const stream = new ConnectionStream({ conn: this.#conn, clock, defer, join });
    this.#stream = stream;
    try {
      stream.start(answer);
    } catch (error) {
      failed(error);
      stream.finish("closed");
    }
    // A client of a stream has nothing more to send.
    this.#incoming.more().then(() => stream.finish("gone"));
    if (await stream.ended === "closed") await this.#linger();
    return false;
  }

  /** Runs `work` in a time slice of this connection. */
  #inTurn<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#options.slices.run(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** The answer is not lost to what the client still sends (RFC 9112, 9.6). */
  async #linger(): Promise<void> {
    this.#within(LINGER_MS);
    try {
      await this.#conn.closeWrite();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return;
    }
    for (let total = 0; total < LINGER_BYTES;) {
      total += this.#incoming.bytes.length;
      this.#incoming.consume(this.#incoming.bytes.length);
      if (!await this.#incoming.more()) return;
    }
  }

  /** Closes the connection after this time, unless cleared before. */
  #within(deadlineMs: number): void {
    this.#deadline?.cancel();
    if (!this.#open) return;
    this.#deadline = this.#options.clock.after(deadlineMs, () => this.close());
  }

  #date(): string {
    return new Date(this.#options.clock.wallMs()).toUTCString();
  }

  /** False: the client is gone. */
  async #write(bytes: Uint8Array): Promise<boolean> {
    for (let at = 0; at < bytes.length;) {
      if (!this.#open) return false;
      try {
        at += await this.#conn.write(bytes.subarray(at));
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        return false;
      }
    }
    return this.#open;
  }
}

function peerOf({ remoteAddr }: ServerSocket): HttpPeer {
  if (remoteAddr.transport !== "tcp") return { kind: "unix" };
  return { kind: "tcp", host: plainAddress(remoteAddr.hostname), port: remoteAddr.port };
}

/** When a client that found no place for its stream may try again. */
const RETRY_AFTER_S = "5";
/** A body up to this size goes out together with its head. */
const JOIN_BYTES = 65_536;
const STREAM_HEADERS = {
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-store",
  "X-Accel-Buffering": "no",
  "X-Content-Type-Options": "nosniff",
};
const ENCODER = new TextEncoder();
const LAST_CHUNK = ENCODER.encode("0\r\n\r\n");
const CONTINUE = ENCODER.encode("HTTP/1.1 100 Continue\r\n\r\n");
