/**
 * Sends requests over a transport and matches their answers by context. Requests go out in the
 * order of the calls; up to 256 are unanswered at a time, the rest wait in line.
 *
 * VPP answers in order and drops a request it cannot read without a word. So a missing answer
 * means that the two sides no longer agree: a passed deadline ends the client, as does a message
 * that cannot be what it claims to be. The owner connects again.
 *
 * This is the fast path of the daemon: per request one encoded message, one promise and one
 * small object; nothing per message is a closure, a map entry or a timer.
 */
import { MaglevError } from "../../base/errors.ts";
import { BoundedQueue } from "../../async/bounded_queue.ts";
import type { Clock, Logger } from "../../base/ports.ts";
import type { ApiObserver, Transport } from "../ports.ts";
import { type Call, CallExchange, type DumpCall, DumpExchange, type Exchange } from "./exchange.ts";
import { InFlight } from "./in_flight.ts";
import { type MessageCodec, type MessageHeader, RETVAL_OFFSET } from "../wire/codec.ts";
import {
  ALL_MESSAGES,
  controlPing,
  controlPingReply,
  memclntKeepalive,
  memclntKeepaliveReply,
} from "../wire/messages.ts";
import { retvalName } from "../wire/retval.ts";
import { MessageTable } from "../wire/table.ts";

/** Default deadline of a request, from when it is sent. */
export const REQUEST_DEADLINE_MS = 5000;

/** Default bound on requests waiting in line: a full sync of the largest setup, and more. */
const MAX_WAITING = 1 << 18;

/** `u16 _vl_msg_id` and `u32 context`: no reply is shorter. */
const MIN_REPLY_BYTES = 6;

const PING: Call<Record<string, never>, { readonly vpePid: number }, number> = {
  request: controlPing,
  reply: controlPingReply,
  result: (reply) => reply.vpePid,
};

/** Options of a client next to its transport. */
export interface VppClientOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer: ApiObserver;
  /** Requests that may wait in line; default 262,144. */
  readonly maxWaiting?: number;
}

/** Options of one request. */
export interface RequestOptions {
  /** Default REQUEST_DEADLINE_MS. */
  readonly deadlineMs?: number;
}

/**
 * Speaks to one VPP until the connection ends. Promises reject with MaglevError `unavailable`
 * (connection lost), `deadline-exceeded` (this request's own, and the connection is lost too),
 * `resource-exhausted` (too many requests wait: this one was not sent), `unimplemented` (VPP lacks the message) or `invalid-argument` (a value does not fit).
 */
export class VppClient {
  readonly table: MessageTable;
  /** Called once when the connection ended, for whatever reason but close(). */
  onEnd: (reason: string) => void = () => {};
  readonly #transport: Transport;
  readonly #clientIndex: number;
  readonly #logger: Logger;
  readonly #observer: ApiObserver;
  readonly #inFlight: InFlight;
  readonly #waiting: BoundedQueue<Exchange>;
  /** Our codecs by this VPP's ids. */
  readonly #codecs: (MessageCodec<unknown> | undefined)[] = [];
  /** The reason why the client has ended. */
  #ended: MaglevError | undefined;

  constructor(transport: Transport, options: VppClientOptions) {
    this.table = new MessageTable(transport.table);
    this.#transport = transport;
    this.#clientIndex = transport.clientIndex;
    this.#logger = options.logger;
    this.#observer = options.observer;
    this.#waiting = new BoundedQueue(options.maxWaiting ?? MAX_WAITING);
    this.#inFlight = new InFlight(options.clock, (exchange) => this.#overdue(exchange));
    for (const codec of ALL_MESSAGES) {
      const id = this.table.idOf(codec);
      if (id !== undefined) this.#codecs[id] = codec;
    }
    transport.onMessage = (message) => this.#receive(message);
    transport.onEnd = (reason) => this.#end(reason);
  }

  /** Sends a request; its reply as `call.result` makes it. */
  request<Request, Reply, Result>(
    call: Call<Request, Reply, Result>,
    body: Request,
    options?: RequestOptions,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const deadlineMs = options?.deadlineMs ?? REQUEST_DEADLINE_MS;
      this.#enqueue(new CallExchange(call, body, { resolve, reject, deadlineMs }));
    });
  }

  /** Sends a dump and a control_ping behind it; all details as `call.row` makes them, in order. */
  dump<Request, Details, Row>(
    call: DumpCall<Request, Details, Row>,
    body: Request,
    options?: RequestOptions,
  ): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      const deadlineMs = options?.deadlineMs ?? REQUEST_DEADLINE_MS;
      this.#enqueue(new DumpExchange(call, body, { resolve, reject, deadlineMs }));
    });
  }

  /** VPP's process id, by control_ping. */
  ping(options?: RequestOptions): Promise<number> {
    return this.request(PING, {}, options);
  }

  /** Ends the connection; requests without an answer reject. Idempotent. */
  close(): void {
    this.#shutDown(new MaglevError("unavailable", "connection to VPP closed"));
  }

  #enqueue(exchange: Exchange): void {
    if (this.#ended !== undefined) {
      exchange.reject(this.#ended);
    } else if (!this.#inFlight.full) {
      // Then nobody waits either: every slot that falls free is given on at once.
      this.#start(exchange);
    } else if (!this.#waiting.push(exchange)) {
      const limit = `${this.#waiting.capacity} requests to VPP wait already`;
      exchange.reject(new MaglevError("resource-exhausted", `cannot send: ${limit}`));
    }
  }

  #start(exchange: Exchange): void {
    this.#inFlight.add(exchange);
    try {
      const { context, request } = exchange;
      this.#send(request, context, exchange.encode(this.#header(request, context)));
      if (exchange.isDump) {
        this.#send(
          controlPing,
          context,
          controlPing.encode(this.#header(controlPing, context), {}),
        );
      }
    } catch (error) {
      // The transport may have ended meanwhile, and the exchange been rejected with it.
      if (this.#inFlight.find(exchange.context) === exchange) this.#inFlight.remove(exchange);
      exchange.reject(MaglevError.from(error));
    }
  }

  #header(codec: MessageCodec<unknown>, context: number): MessageHeader {
    const id = this.table.idOf(codec);
    if (id === undefined) {
      throw new MaglevError("unimplemented", `This VPP has no message ${codec.key}`);
    }
    return { id, clientIndex: this.#clientIndex, context };
  }

  /** The one way out: every message sent is counted and logged here. */
  #send(codec: MessageCodec<unknown>, context: number, message: Uint8Array): void {
    this.#observer.message(codec.name, "send", "ok");
    if (this.#logger.enabled("debug")) {
      this.#logger.debug("vpp-api-send", { message: codec.name, context, bytes: message.length });
    }
    this.#transport.send(message);
  }

  /** The one way in; whatever is wrong with the bytes ends the connection, never the daemon. */
  #receive(message: Uint8Array): void {
    if (this.#ended !== undefined) return;
    try {
      this.#dispatch(message);
    } catch (error) {
      this.#end(MaglevError.from(error).message);
    }
  }

  #dispatch(message: Uint8Array): void {
    if (message.length < MIN_REPLY_BYTES) {
      throw garbled(`a message of ${message.length} bytes`);
    }
    const id = (message[0]! << 8) | message[1]!;
    const codec = this.#codecs[id];
    if (codec === undefined) {
      this.#unknown(id);
    } else if (codec === memclntKeepalive) {
      this.#keepalive(message);
    } else {
      this.#answer(codec, message);
    }
  }

  /** A message we never asked for: an event of some other part of VPP, unless VPP has no such id. */
  #unknown(id: number): void {
    const name = this.table.nameOf(id);
    if (name === undefined) throw garbled(`a message with id ${id}, which is not in its table`);
    this.#record(name, { context: 0, result: "ignored" });
  }

  #keepalive(request: Uint8Array): void {
    const { header } = memclntKeepalive.decode(request);
    this.#record(memclntKeepalive.name, { context: header.context, result: "ok" });
    const reply = this.#header(memclntKeepaliveReply, header.context);
    const message = memclntKeepaliveReply.encode(reply, { retval: 0 });
    this.#send(memclntKeepaliveReply, header.context, message);
  }

  #answer(codec: MessageCodec<unknown>, message: Uint8Array): void {
    const context = word(message, 2) >>> 0;
    const retval = codec.hasRetval && message.length >= RETVAL_OFFSET + 4
      ? word(message, RETVAL_OFFSET)
      : 0;
    this.#record(codec.name, { context, result: retval === 0 ? "ok" : retvalName(retval) });
    // VPP's errors are negative, and so is what the one CLI command we use fails with.
    if (retval > 0) {
      throw garbled(`${codec.name} with retval ${retval}, which is not an error number`);
    }
    const exchange = this.#inFlight.find(context);
    // Nobody's context: the answer to a request that was given up, or nothing that concerns us.
    if (exchange === undefined) return;
    const progress = exchange.accept(codec, message);
    if (progress === "more") return;
    if (progress === "unexpected") {
      throw garbled(`${codec.name} in answer to ${exchange.request.name}`);
    }
    this.#inFlight.remove(exchange);
    this.#startWaiting();
  }

  #startWaiting(): void {
    while (this.#ended === undefined && !this.#inFlight.full) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#start(next);
    }
  }

  #record(name: string, what: { readonly context: number; readonly result: string }): void {
    this.#observer.message(name, "recv", what.result);
    if (this.#logger.enabled("debug")) {
      this.#logger.debug("vpp-api-recv", { message: name, ...what });
    }
  }

  #overdue(exchange: Exchange): void {
    if (this.#ended !== undefined) return;
    this.#inFlight.remove(exchange);
    const text = `no answer to ${exchange.request.name} within ${exchange.deadlineMs} ms`;
    exchange.reject(new MaglevError("deadline-exceeded", `VPP gave ${text}`));
    this.#end(text);
  }

  #end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#shutDown(new MaglevError("unavailable", `connection to VPP lost: ${reason}`));
    this.onEnd(reason);
  }

  /** One error for all: at a loss thousands may wait, and a stack trace each would cost. */
  #shutDown(error: MaglevError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#transport.close();
    for (const exchange of this.#inFlight.clear()) exchange.reject(error);
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      next.reject(error);
    }
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function garbled(what: string): MaglevError {
  return new MaglevError("internal", `VPP sent ${what}`);
}
