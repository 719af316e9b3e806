/**
 * A client of maglevd with exact types, for the command line and for the dashboard. It connects at
 * the first use, and reconnects as needed.
 */
import type { Buffer } from "node:buffer";
import * as grpc from "@grpc/grpc-js";
import { MaglevError } from "../../base/errors.ts";
import type { Clock } from "../../base/ports.ts";
import type { Event, Fingerprints, GetFingerprintsRequest, WatchRequest } from "../gen/maglev.ts";
import { create, decode, encode, type MessageType } from "../messages/codec.ts";
import { Maglev, type MaglevTypes } from "../messages/maglev.ts";
import type { MethodInfo } from "../messages/methods.ts";
import { DecodeError } from "../messages/strict_reader.ts";
import { closeSessionsLater } from "../session_close.ts";
import { bufferOf, type ClientTls, fromLibrary, openChannel } from "./channel.ts";
import { cleanUserName, USER_HEADER } from "../calls/user_name.ts";

export * as messages from "../gen/maglev.ts";
export type { ClientTls } from "./channel.ts";

/** JSON values. */
export type Json = string | number | boolean | null | readonly Json[] | {
  readonly [key: string]: Json;
};

/** The methods of the API that have one answer. */
export type UnaryMethod = Exclude<keyof MaglevTypes, "WatchEvents" | "GetFingerprints">;

/** Request of a method. */
export type RequestOf<M extends keyof MaglevTypes> = MaglevTypes[M]["request"];
/** Response of a method. */
export type ResponseOf<M extends keyof MaglevTypes> = MaglevTypes[M]["response"];

export interface ClientOptions {
  /** `host:port`, `:port` (this host), `[v6]:port` or `unix:/path`. */
  readonly address: string;
  /** Absent: no TLS. */
  readonly tls?: ClientTls | undefined;
  readonly token?: string | undefined;
  /** Name of the caller, for the server's log: sent without proof. */
  readonly user?: string | undefined;
  readonly clock: Clock;
  /** Default deadline of a call, in milliseconds; absent: 10 s. */
  readonly deadlineMs?: number | undefined;
  /** Largest answer; default: that of openChannel(). A larger one is `resource-exhausted`. */
  readonly maxAnswerBytes?: number | undefined;
  /** Most messages within an answer; default: those of decode(). More is `internal`. */
  readonly maxAnswerMessages?: number | undefined;
}

export interface CallOptions {
  readonly deadlineMs?: number | undefined;
  /** Name of the caller of this call; default: the client's. */
  readonly user?: string | undefined;
  /** Aborting it ends the call with `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** What the answer may cost, where it is less than what the client's options allow. More is `internal`. */
  readonly bounds?: EventBounds | undefined;
}

export interface WatchOptions {
  /** Aborting it ends the watch with `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** Called when the stream has begun: from then on the watcher misses nothing. */
  readonly onOpen?: (() => void) | undefined;
  /** What one event may cost; a larger one ends the watch. Default: as answers. */
  readonly bounds?: EventBounds | undefined;
}

/** Options of a call whose answer comes in pages. */
export interface PagesOptions extends Omit<WatchOptions, "onOpen"> {
  /** For all pages together, in milliseconds; default: the client's. */
  readonly deadlineMs?: number | undefined;
}

/** Bounds of one event, or of an answer. */
export interface EventBounds {
  readonly bytes?: number | undefined;
  /** Messages within it. */
  readonly messages?: number | undefined;
}

const DEADLINE_MS = 10_000;

/**
 * The library's text when a call could not begin because the connection had ended. The library may
 * not notice that end: it misses a GOAWAY that a server sends immediately after connecting, and
 * keeps using that connection.
 */
const NOT_BEGUN = "Failed to start HTTP/2 stream with error ";

/** A client; close() ends it. */
export class MaglevClient {
  readonly #options: ClientOptions;
  #client: grpc.Client;
  #closed = false;

  /** @throws {MaglevError} `invalid-argument`: an invalid address or certificate */
  constructor(options: ClientOptions) {
    closeSessionsLater();
    this.#options = options;
    this.#client = openChannel(options);
  }

  /** Calls a method; absent fields have their defaults. Rejects with MaglevError. */
  async call<M extends UnaryMethod>(
    method: M,
    request: Partial<RequestOf<M>> = {},
    options: CallOptions = {},
  ): Promise<ResponseOf<M>> {
    const info: MethodInfo<RequestOf<M>, ResponseOf<M>> = Maglev[method];
    this.#assertOpen();
    for (let again = false;; again = true) {
      const client = this.#client;
      try {
        return await this.#unary(client, info, { request, options });
      } catch (caught) {
        const error = MaglevError.from(caught);
        if (!this.#renewed(client, error)) throw error;
        // The request was never sent, so it may be sent again: once, over a new connection.
        if (again) throw dropped(error);
      }
    }
  }

  /**
   * Yields the present state, then events, until the caller's loop ends. Throws a MaglevError when
   * the server ends the stream or is unreachable; watch.ts starts again by itself.
   */
  watch(
    request: Partial<WatchRequest> = {},
    options: WatchOptions = {},
  ): AsyncGenerator<Event, void> {
    return this.#stream(Maglev.WatchEvents, request, options);
  }

  /** Yields the pages of fingerprints. Throws a MaglevError, also when the deadline is over. */
  fingerprints(
    request: Partial<GetFingerprintsRequest> = {},
    { deadlineMs = this.#options.deadlineMs ?? DEADLINE_MS, ...options }: PagesOptions = {},
  ): AsyncGenerator<Fingerprints, void> {
    const deadline = new Date(this.#options.clock.wallMs() + deadlineMs);
    return this.#stream(Maglev.GetFingerprints, request, { ...options, deadline });
  }

  async *#stream<Req, Res>(
    info: MethodInfo<Req, Res>,
    request: Partial<Req>,
    { signal, onOpen = () => {}, bounds, deadline }: WatchOptions & { readonly deadline?: Date },
  ): AsyncGenerator<Res, void> {
    this.#assertOpen();
    const client = this.#client;
    const call = client.makeServerStreamRequest(
      info.path,
      (bytes: Buffer) => bytes,
      reader(info.response, bounds),
      bufferOf(encode(info.request, create(info.request, request))),
      this.#metadata(),
      deadline === undefined ? {} : { deadline },
    );
    const cancel = () => call.cancel();
    call.once("metadata", onOpen);
    signal?.addEventListener("abort", cancel);
    if (signal?.aborted === true) cancel();
    try {
      for await (const message of call) yield message;
    } catch (caught) {
      const error = fromLibrary(caught);
      throw this.#renewed(client, error) ? dropped(error) : error;
    } finally {
      signal?.removeEventListener("abort", cancel);
      call.cancel();
    }
  }

  /** Ends all calls and the connection. */
  close(): void {
    this.#closed = true;
    this.#client.close();
  }

  /** The library would throw an error of its own, which looks like a defect. */
  #assertOpen(): void {
    if (this.#closed) throw new MaglevError("unavailable", "the client was closed");
  }

  /**
   * Replaces the connection after an error of a connection that had ended; false for other errors.
   * `client` is the failed connection: of several calls that fail with it, the first replaces it. The
   * others must not close the new connection, which may carry repeated requests already.
   */
  #renewed(client: grpc.Client, error: MaglevError): boolean {
    if (this.#closed || !error.message.startsWith(NOT_BEGUN)) return false;
    if (client === this.#client) {
      client.close();
      this.#client = openChannel(this.#options);
    }
    return true;
  }

  #unary<Req, Res>(
    client: grpc.Client,
    info: MethodInfo<Req, Res>,
    { request, options }: { readonly request: Partial<Req>; readonly options: CallOptions },
  ): Promise<Res> {
    const { deadlineMs = this.#options.deadlineMs ?? DEADLINE_MS, signal, user, bounds } = options;
    return new Promise((resolve, reject) => {
      const call = client.makeUnaryRequest(
        info.path,
        (bytes: Buffer) => bytes,
        reader(info.response, { messages: this.#options.maxAnswerMessages, ...bounds }),
        bufferOf(encode(info.request, create(info.request, request))),
        this.#metadata(user),
        { deadline: new Date(this.#options.clock.wallMs() + deadlineMs) },
        (error, answer) => {
          signal?.removeEventListener("abort", cancel);
          if (error !== null) reject(fromLibrary(error));
          else if (answer === undefined) reject(new MaglevError("internal", "no answer"));
          else resolve(answer);
        },
      );
      const cancel = () => call.cancel();
      signal?.addEventListener("abort", cancel);
      if (signal?.aborted === true) cancel();
    });
  }

  #metadata(caller?: string): grpc.Metadata {
    const metadata = new grpc.Metadata();
    const { token } = this.#options;
    const user = caller ?? this.#options.user ?? "";
    if (token !== undefined) metadata.set("authorization", `Bearer ${token}`);
    if (user !== "") metadata.set(USER_HEADER, cleanUserName(user));
    return metadata;
  }
}

function dropped({ message }: MaglevError): MaglevError {
  return new MaglevError("unavailable", `connection dropped: ${message.slice(NOT_BEGUN.length)}`);
}

/** Reads answers; an invalid one becomes an error of the call. */
function reader<T>(
  type: MessageType<T>,
  { bytes: maxBytes = Infinity, messages }: EventBounds = {},
): (bytes: Buffer) => T {
  return (bytes) => {
    if (bytes.length > maxBytes) {
      const message = `cannot read ${type.$type}: need at most ${maxBytes} bytes, have ` +
        `${bytes.length}`;
      throw new MaglevError("resource-exhausted", message);
    }
    try {
      return decode(type, bytes, messages);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw new MaglevError(
        "internal",
        `cannot read the answer as ${type.$type}: ${error.message}`,
      );
    }
  };
}
