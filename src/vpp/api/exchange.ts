/**
 * One request in flight: the message sent, the messages that answer it, and its outcome. An
 * exchange is typed; the client handles exchanges of all types through one interface.
 */
import { MaglevError } from "../../base/errors.ts";
import { type MonotonicMs, NEVER_MS } from "../../base/instant.ts";
import type { MessageCodec, MessageHeader } from "../wire/codec.ts";
import { controlPingReply } from "../wire/messages.ts";

/** A request with one reply. */
export interface Call<Request, Reply, Result> {
  readonly request: MessageCodec<Request>;
  readonly reply: MessageCodec<Reply>;
  /** Makes the caller's result; if it throws, only the caller's promise rejects. */
  readonly result: (reply: Reply) => Result;
}

/** A request with any number of details; the reply to a control_ping after it ends them. */
export interface DumpCall<Request, Details, Row> {
  readonly request: MessageCodec<Request>;
  readonly details: MessageCodec<Details>;
  readonly row: (details: Details) => Row;
}

/** The effect of a message on an exchange. */
export type Progress = "more" | "done" | "unexpected";

/** The interface of an exchange for the client. */
export interface Exchange {
  /** Context on the wire; the client sets it when it sends the request. */
  context: number;
  /** Deadline in monotonic milliseconds, set likewise. */
  dueMs: MonotonicMs;
  readonly deadlineMs: number;
  readonly request: MessageCodec<unknown>;
  /** True when a control_ping is sent after the request. */
  readonly isDump: boolean;
  encode(header: MessageHeader): Uint8Array;
  /** Takes a message with this exchange's context; throws MaglevError when it cannot be decoded. */
  accept(codec: MessageCodec<unknown>, message: Uint8Array): Progress;
  reject(error: MaglevError): void;
}

/** Maximum rows of a dump. VPP's tables stay far below; a misbehaving VPP may not. */
const MAX_ROWS = 1 << 20;

interface Settle<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: MaglevError) => void;
  readonly deadlineMs: number;
}

/** Exchange of a Call. */
export class CallExchange<Request, Reply, Result> implements Exchange {
  context = 0;
  dueMs = NEVER_MS;
  readonly deadlineMs: number;
  readonly isDump = false;
  readonly reject: (error: MaglevError) => void;
  readonly #resolve: (value: Result) => void;
  readonly #call: Call<Request, Reply, Result>;
  readonly #body: Request;

  constructor(call: Call<Request, Reply, Result>, body: Request, settle: Settle<Result>) {
    this.#call = call;
    this.#body = body;
    this.#resolve = settle.resolve;
    this.reject = settle.reject;
    this.deadlineMs = settle.deadlineMs;
  }

  get request(): MessageCodec<unknown> {
    return this.#call.request;
  }

  encode(header: MessageHeader): Uint8Array {
    return this.#call.request.encode(header, this.#body);
  }

  accept(codec: MessageCodec<unknown>, message: Uint8Array): Progress {
    if (codec !== this.#call.reply) return "unexpected";
    const { body } = this.#call.reply.decode(message);
    try {
      this.#resolve(this.#call.result(body));
    } catch (error) {
      this.reject(MaglevError.from(error));
    }
    return "done";
  }
}

/** Exchange of a DumpCall. */
export class DumpExchange<Request, Details, Row> implements Exchange {
  context = 0;
  dueMs = NEVER_MS;
  readonly deadlineMs: number;
  readonly isDump = true;
  readonly reject: (error: MaglevError) => void;
  readonly #resolve: (rows: readonly Row[]) => void;
  readonly #call: DumpCall<Request, Details, Row>;
  readonly #body: Request;
  readonly #rows: Row[] = [];

  constructor(
    call: DumpCall<Request, Details, Row>,
    body: Request,
    settle: Settle<readonly Row[]>,
  ) {
    this.#call = call;
    this.#body = body;
    this.#resolve = settle.resolve;
    this.reject = settle.reject;
    this.deadlineMs = settle.deadlineMs;
  }

  get request(): MessageCodec<unknown> {
    return this.#call.request;
  }

  encode(header: MessageHeader): Uint8Array {
    return this.#call.request.encode(header, this.#body);
  }

  accept(codec: MessageCodec<unknown>, message: Uint8Array): Progress {
    if (codec === this.#call.details) {
      this.#rows.push(this.#call.row(this.#call.details.decode(message).body));
      return this.#rows.length <= MAX_ROWS ? "more" : "unexpected";
    }
    if (codec !== controlPingReply) return "unexpected";
    controlPingReply.decode(message);
    this.#resolve(this.#rows);
    return "done";
  }
}
