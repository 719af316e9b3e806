/** Channels of the gRPC library: addresses, TLS, and its errors. */
import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import tls from "node:tls";
import * as grpc from "@grpc/grpc-js";
import { MaglevError } from "../../base/errors.ts";
import {
  formatListenAddress,
  type ListenAddress,
  parseListenAddress,
} from "../../base/listen_address.ts";
import { errorOf, STATUS, STATUS_NAMES } from "../status.ts";

/** Largest answer: lists of 10,000 backends with all details. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** TLS settings; certificates and keys are PEM texts. */
export interface ClientTls {
  /** Authorities; absent: the runtime's. */
  readonly ca?: string | undefined;
  /** Certificate and key to show. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Name that the server's certificate must have, when it is not the address's. */
  readonly serverName?: string | undefined;
}

/** Address of a server, and how it is reached. */
export interface ChannelOptions {
  /** `host:port`, `:port` (this host), `[v6]:port` or `unix:/path`. */
  readonly address: string;
  /** Absent: no TLS. */
  readonly tls?: ClientTls | undefined;
  /** Largest answer; default MAX_ANSWER_BYTES. */
  readonly maxAnswerBytes?: number | undefined;
}

/** A client of the library, which connects at its first call. @throws {MaglevError} `invalid-argument` */
export function openChannel(options: ChannelOptions): grpc.Client {
  const address = addressOf(options.address);
  const { credentials, serverName } = securityOf(options.tls, address);
  return new grpc.Client(formatListenAddress(address), credentials, {
    "grpc.max_receive_message_length": options.maxAnswerBytes ?? MAX_ANSWER_BYTES,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 2000,
    "grpc.keepalive_time_ms": 20_000,
    "grpc.keepalive_timeout_ms": 10_000,
    // The library's own retries have no pause and no end: after NOT_BEGUN nothing else would run.
    "grpc.enable_retries": 0,
    // A new client must not share the connection of the previous one.
    "grpc.use_local_subchannel_pool": 1,
    // Web proxies and configuration from DNS do not apply to this service.
    "grpc.enable_http_proxy": 0,
    "grpc.service_config_disable_resolution": 1,
    ...(serverName === undefined ? {} : { "grpc.ssl_target_name_override": serverName }),
  });
}

function addressOf(text: string): ListenAddress {
  const parsed = parseListenAddress(text);
  if (typeof parsed === "string") {
    throw new MaglevError("invalid-argument", `cannot use address "${text}": ${parsed}`);
  }
  if (parsed.kind === "unix" || parsed.host !== "") return parsed;
  return { ...parsed, host: "localhost" };
}

/**
 * Server name for an address that is an IP address, which has no name to request. The certificate
 * is then checked against the IP address.
 */
const NAMELESS = "address.invalid";

interface Security {
  readonly credentials: grpc.ChannelCredentials;
  /** Server name requested in the handshake; undefined: the address's. */
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

/** The bytes as a Buffer, which the library needs; nothing is copied. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Converts an error of the library, which carries a status. */
export function fromLibrary(error: unknown): MaglevError {
  if (!(error instanceof Error) || !("code" in error)) return MaglevError.from(error);
  const { code, message } = error;
  if (typeof code !== "number") return errorOf({ code: STATUS.UNKNOWN, details: message });
  const details = "details" in error && typeof error.details === "string" ? error.details : "";
  const none = `the server gave no reason (${STATUS_NAMES[code] ?? code})`;
  return errorOf({ code, details: details === "" ? none : details });
}
