/**
 * A client of a maglevd, with exact types: for the command line and for the dashboard. It
 * connects when it is first used, and again whenever it has to.
 */
import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import tls from "node:tls";
import * as grpc from "@grpc/grpc-js";
import { MaglevError } from "../../base/errors.ts";
import type { Clock } from "../../base/ports.ts";
import {
  formatListenAddress,
  type ListenAddress,
  parseListenAddress,
} from "../../base/listen_address.ts";
import type { Event, WatchRequest } from "../gen/maglev.ts";
import { create, decode, encode, type MessageType } from "../messages/codec.ts";
import { Maglev, type MaglevTypes } from "../messages/maglev.ts";
import type { MethodInfo } from "../messages/methods.ts";
import { DecodeError } from "../messages/strict_reader.ts";
import { closeSessionsLater } from "../session_close.ts";
import { errorOf, STATUS, STATUS_NAMES } from "../status.ts";
import { cleanUserName, USER_HEADER } from "../calls/user_name.ts";

export * as messages from "../gen/maglev.ts";

/** JSON values. */
export type Json = string | number | boolean | null | readonly Json[] | {
  readonly [key: string]: Json;
};

/** The methods of the API that have one answer. */
export type UnaryMethod = Exclude<keyof MaglevTypes, "WatchEvents">;

/** What a method is asked. */
export type RequestOf<M extends keyof MaglevTypes> = MaglevTypes[M]["request"];
/** What a method answers. */
export type ResponseOf<M extends keyof MaglevTypes> = MaglevTypes[M]["response"];

/** TLS; all PEM texts. */
export interface ClientTls {
  /** Authorities; absent: the runtime's. */
  readonly ca?: string | undefined;
  /** Certificate and key to show. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Name that the server's certificate must have, when it is not the address's. */
  readonly serverName?: string | undefined;
}

export interface ClientOptions {
  /** `host:port`, `:port` (this host), `[v6]:port` or `unix:/path`. */
  readonly address: string;
  /** Absent: no TLS. */
  readonly tls?: ClientTls | undefined;
  readonly token?: string | undefined;
  /** Name of the caller, for the server's log: sent without proof. */
  readonly user?: string | undefined;
  readonly clock: Clock;
  /** How long a call may take when it does not say otherwise; default 10 s. */
  readonly deadlineMs?: number | undefined;
}

export interface CallOptions {
  readonly deadlineMs?: number | undefined;
  /** Aborting it ends the call with `aborted`. */
  readonly signal?: AbortSignal | undefined;
}

export interface WatchOptions {
  /** Aborting it ends the watch with `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** Called when the server has begun: from then on nothing passes the watcher by. */
  readonly onOpen?: (() => void) | undefined;
}

const DEADLINE_MS = 10_000;
/** Answers may be large: lists of 10,000 backends with everything. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * The library's words when a call could not begin, for the connection had ended. It may not have
 * noticed: of a server that says goodbye as soon as it is connected to, it misses the goodbye, and
 * takes that connection for a good one ever after.
 */
const NOT_BEGUN = "Failed to start HTTP/2 stream with error ";

/** A client; close() ends it. */
export class MaglevClient {
  readonly #options: ClientOptions;
  #client: grpc.Client;
  #closed = false;

  /** @throws {MaglevError} `invalid-argument`: an address or a certificate that is none */
  constructor(options: ClientOptions) {
    closeSessionsLater();
    this.#options = options;
    this.#client = open(options);
  }

  /** Calls a method; fields that are left out are at their defaults. Rejects with MaglevError. */
  async call<M extends UnaryMethod>(
    method: M,
    request: Partial<RequestOf<M>> = {},
    options: CallOptions = {},
  ): Promise<ResponseOf<M>> {
    const info: MethodInfo<RequestOf<M>, ResponseOf<M>> = Maglev[method];
    for (let again = false;; again = true) {
      const client = this.#client;
      try {
        return await this.#unary(client, info, { request, options });
      } catch (caught) {
        const error = MaglevError.from(caught);
        if (!this.#renewed(client, error)) throw error;
        // It never left us, so it may be sent again: once, over a connection of now.
        if (again) throw dropped(error);
      }
    }
  }

  /**
   * The present state and what happens from then on, until the loop that reads it is left. Ends
   * with a MaglevError when the server ends it or is away: client_watch.ts goes on by itself.
   */
  async *watch(
    request: Partial<WatchRequest> = {},
    { signal, onOpen = () => {} }: WatchOptions = {},
  ): AsyncGenerator<Event, void> {
    const info = Maglev.WatchEvents;
    const client = this.#client;
    const call = client.makeServerStreamRequest(
      info.path,
      (bytes: Buffer) => bytes,
      reader(info.response),
      bufferOf(encode(info.request, create(info.request, request))),
      this.#metadata(),
    );
    const cancel = () => call.cancel();
    call.once("metadata", onOpen);
    signal?.addEventListener("abort", cancel);
    if (signal?.aborted === true) cancel();
    try {
      for await (const event of call) yield event;
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

  /**
   * After an error of a connection that had ended there is another one. True: it was one. `client`
   * is the one it happened to: calls that end with it together renew it once, or each would end
   * the connection over which the one before is being sent again.
   */
  #renewed(client: grpc.Client, error: MaglevError): boolean {
    if (this.#closed || !error.message.startsWith(NOT_BEGUN)) return false;
    if (client === this.#client) {
      client.close();
      this.#client = open(this.#options);
    }
    return true;
  }

  #unary<Req, Res>(
    client: grpc.Client,
    info: MethodInfo<Req, Res>,
    { request, options }: { readonly request: Partial<Req>; readonly options: CallOptions },
  ): Promise<Res> {
    const { deadlineMs = this.#options.deadlineMs ?? DEADLINE_MS, signal } = options;
    return new Promise((resolve, reject) => {
      const call = client.makeUnaryRequest(
        info.path,
        (bytes: Buffer) => bytes,
        reader(info.response),
        bufferOf(encode(info.request, create(info.request, request))),
        this.#metadata(),
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

  #metadata(): grpc.Metadata {
    const metadata = new grpc.Metadata();
    const { token, user = "" } = this.#options;
    if (token !== undefined) metadata.set("authorization", `Bearer ${token}`);
    if (user !== "") metadata.set(USER_HEADER, cleanUserName(user));
    return metadata;
  }
}

/** @throws {MaglevError} `invalid-argument` */
function open(options: ClientOptions): grpc.Client {
  const address = addressOf(options.address);
  const { credentials, serverName } = securityOf(options.tls, address);
  return new grpc.Client(formatListenAddress(address), credentials, {
    "grpc.max_receive_message_length": MAX_ANSWER_BYTES,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 2000,
    "grpc.keepalive_time_ms": 20_000,
    "grpc.keepalive_timeout_ms": 10_000,
    // Its own ones are without pause and end: with NOT_BEGUN nothing else would run any more.
    "grpc.enable_retries": 0,
    // What is opened anew shall not be given the connection of before.
    "grpc.use_local_subchannel_pool": 1,
    // A proxy for the web is none for this, and no one keeps configuration for it in the DNS.
    "grpc.enable_http_proxy": 0,
    "grpc.service_config_disable_resolution": 1,
    ...(serverName === undefined ? {} : { "grpc.ssl_target_name_override": serverName }),
  });
}

function dropped({ message }: MaglevError): MaglevError {
  return new MaglevError("unavailable", `Connection dropped: ${message.slice(NOT_BEGUN.length)}`);
}

function addressOf(text: string): ListenAddress {
  const parsed = parseListenAddress(text);
  if (typeof parsed === "string") {
    throw new MaglevError("invalid-argument", `Cannot use address "${text}": ${parsed}`);
  }
  if (parsed.kind === "unix" || parsed.host !== "") return parsed;
  return { ...parsed, host: "localhost" };
}

/**
 * An address that is a number has no name to ask a server for; this one is asked for, and the
 * certificate is held against the number.
 */
const NAMELESS = "address.invalid";

interface Security {
  readonly credentials: grpc.ChannelCredentials;
  /** What the server is asked for by name; undefined: the address's. */
  readonly serverName: string | undefined;
}

function securityOf(options: ClientTls | undefined, address: ListenAddress): Security {
  if (options === undefined) {
    return { credentials: grpc.credentials.createInsecure(), serverName: undefined };
  }
  const { ca, cert, key, serverName } = options;
  const number = address.kind === "tcp" && isIP(address.host) !== 0 && serverName === undefined
    ? address.host
    : undefined;
  try {
    const context = tls.createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
    const credentials = grpc.credentials.createFromSecureContext(
      context,
      number === undefined ? {} : {
        checkServerIdentity: (_, certificate) => tls.checkServerIdentity(number, certificate),
      },
    );
    return { credentials, serverName: number === undefined ? serverName : NAMELESS };
  } catch (error) {
    throw MaglevError.from(error, "invalid-argument");
  }
}

/** Reads answers; what is no message becomes an error of the call. */
function reader<T>(type: MessageType<T>): (bytes: Buffer) => T {
  return (bytes) => {
    try {
      return decode(type, bytes);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw new MaglevError("internal", `The answer is not a ${type.$type}: ${error.message}`);
    }
  };
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The library's errors carry a status. */
function fromLibrary(error: unknown): MaglevError {
  if (!(error instanceof Error) || !("code" in error)) return MaglevError.from(error);
  const { code, message } = error;
  if (typeof code !== "number") return errorOf({ code: STATUS.UNKNOWN, details: message });
  const details = "details" in error && typeof error.details === "string" ? error.details : "";
  const none = `The server gave no reason (${STATUS_NAMES[code] ?? code})`;
  return errorOf({ code, details: details === "" ? none : details });
}
