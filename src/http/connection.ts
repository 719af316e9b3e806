/**
 * Serves one client of the metrics port. Every wait has a deadline; a deadline closes the
 * connection, which makes the pending read or write fail.
 */
import type { MonotonicMs } from "../base/instant.ts";
import type { Clock, Timer } from "../base/ports.ts";
import type { TimeSlices } from "../async/time_slices.ts";
import { ChunkFrame } from "./chunk_frame.ts";
import { MAX_HEAD_BYTES, parseHead, type RequestHead } from "./request_head.ts";

/** Longest time for the first request, and for one that has begun. */
export const HEAD_DEADLINE_MS = 5000;
/** Longest wait for another request: longer than between two scrapes. */
export const IDLE_DEADLINE_MS = 90_000;
/** Longest time for reading an answer. */
export const ANSWER_DEADLINE_MS = 30_000;
/** Longest time, and most bytes, for a refused client to close the connection. */
const LINGER_MS = 500;
const LINGER_BYTES = 65_536;

/** A page. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  /**
   * Pieces, built when they are sent; the rest is dropped when the client closes. The bytes of one
   * need not be valid after the next. An array is complete already and does not wait for a time
   * slice, so that `/readyz` is answered immediately during long scrapes.
   */
  readonly body: Iterable<Uint8Array>;
}

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  431: "Request Header Fields Too Large",
  503: "Service Unavailable",
  505: "HTTP Version Not Supported",
};

export interface ServerConnectionOptions {
  readonly conn: Deno.Conn;
  readonly clock: Clock;
  /** Shared by all connections: pages are built in them. */
  readonly slices: TimeSlices;
  readonly answer: (path: string) => Promise<Answer> | undefined;
}

/** Serves until either side closes. */
export class ServerConnection {
  /** Resolves when the connection is closed and no work is left. */
  readonly ended: Promise<void>;
  readonly #conn: Deno.Conn;
  readonly #options: ServerConnectionOptions;
  readonly #buffer = new Uint8Array(MAX_HEAD_BYTES + 4);
  #filled = 0;
  #deadline: Timer | undefined;
  #open = true;
  #answeringSinceMs: MonotonicMs | undefined;

  constructor(options: ServerConnectionOptions) {
    this.#options = options;
    this.#conn = options.conn;
    // Small answers are sent immediately, without waiting for acknowledgements.
    if ("setNoDelay" in this.#conn) (this.#conn as Deno.TcpConn).setNoDelay(true);
    this.ended = this.#serve().finally(() => this.close());
  }

  /** Since when a request is being answered, monotonic; undefined: none is. */
  get answeringSinceMs(): MonotonicMs | undefined {
    return this.#answeringSinceMs;
  }

  /** Hangs up. Idempotent. */
  close(): void {
    this.#deadline?.cancel();
    if (!this.#open) return;
    this.#open = false;
    this.#conn.close();
  }

  async #serve(): Promise<void> {
    this.#within(HEAD_DEADLINE_MS);
    while (await this.#serveOne()) this.#within(IDLE_DEADLINE_MS);
  }

  /** One request and its answer; whether another may follow. */
  async #serveOne(): Promise<boolean> {
    const head = await this.#readHead();
    if (head === undefined) return false;
    this.#answeringSinceMs = this.#options.clock.monotonicMs();
    this.#within(ANSWER_DEADLINE_MS);
    if (typeof head === "number") return await this.#refuse(head);
    const { method, path, keepAlive } = head;
    if (method !== "GET" && method !== "HEAD") return await this.#refuse(405);
    const answer = await this.#options.answer(path) ?? short(404);
    const sent = await this.#send(head, answer);
    this.#answeringSinceMs = undefined;
    if (keepAlive || !sent) return sent;
    await this.#linger();
    return false;
  }

  /** A request, the status to refuse it with, or undefined when the client is gone. */
  async #readHead(): Promise<RequestHead | number | undefined> {
    let begun = this.#filled > 0;
    for (;;) {
      const parsed = parseHead(this.#buffer.subarray(0, this.#filled));
      if (parsed.kind === "bad") return parsed.status;
      if (parsed.kind === "request") {
        this.#buffer.copyWithin(0, parsed.size, this.#filled);
        this.#filled -= parsed.size;
        return parsed;
      }
      const count = await this.#read(this.#buffer.subarray(this.#filled));
      if (count === 0) return undefined;
      this.#filled += count;
      if (!begun) this.#within(HEAD_DEADLINE_MS);
      begun = true;
    }
  }

  async #refuse(status: number): Promise<false> {
    const head = { method: "GET", http11: false, keepAlive: false };
    if (await this.#send(head, short(status))) await this.#linger();
    return false;
  }

  async #send(
    { method, http11, keepAlive }: Pick<RequestHead, "method" | "http11" | "keepAlive">,
    { status, type, body }: Answer,
  ): Promise<boolean> {
    const lines = [
      `HTTP/1.1 ${status} ${REASONS[status] ?? ""}`,
      `Content-Type: ${type}`,
      "Cache-Control: no-store",
      "X-Content-Type-Options: nosniff",
    ];
    if (status === 405) lines.push("Allow: GET, HEAD");
    if (http11) lines.push("Transfer-Encoding: chunked");
    if (!keepAlive) lines.push("Connection: close");
    const head = `${lines.join("\r\n")}\r\n\r\n`;
    if (method === "HEAD") return await this.#write(ENCODER.encode(head));
    return await this.#sendBody(head, { body, chunked: http11 });
  }

  async #sendBody(
    head: string,
    { body, chunked }: { readonly body: Iterable<Uint8Array>; readonly chunked: boolean },
  ): Promise<boolean> {
    if (!await this.#write(ENCODER.encode(head))) return false;
    const frame = new ChunkFrame();
    const pieces = body[Symbol.iterator]();
    for (;;) {
      const { done, value: piece } = Array.isArray(body)
        ? pieces.next()
        : await this.#inTurn(() => pieces.next());
      if (done === true) break;
      // An empty chunk would end the body.
      if (piece.length === 0 || await this.#write(chunked ? frame.put(piece) : piece)) continue;
      pieces.return?.();
      return false;
    }
    return !chunked || await this.#write(LAST_CHUNK);
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
    const scrap = new Uint8Array(4096);
    for (let total = 0; total < LINGER_BYTES;) {
      const count = await this.#read(scrap);
      if (count === 0) return;
      total += count;
    }
  }

  /** Closes the connection after this time, unless cleared before. */
  #within(deadlineMs: number): void {
    this.#deadline?.cancel();
    if (!this.#open) return;
    this.#deadline = this.#options.clock.after(deadlineMs, () => this.close());
  }

  /** How many bytes came; 0: none will. */
  async #read(into: Uint8Array): Promise<number> {
    if (!this.#open) return 0;
    try {
      return await this.#conn.read(into) ?? 0;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return 0;
    }
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

function short(status: number): Answer {
  return {
    status,
    type: "text/plain; charset=utf-8",
    body: [ENCODER.encode(`${REASONS[status]}\n`)],
  };
}

const ENCODER = new TextEncoder();
const LAST_CHUNK = ENCODER.encode("0\r\n\r\n");
