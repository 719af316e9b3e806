/**
 * PURE. Explains to operators why a call failed or was refused, and how to fix it. The flags that are
 * named are those that maglevc and the dashboard have in common.
 */
import { formatDuration } from "../../base/duration.ts";
import type { MaglevError } from "../../base/errors.ts";

/** A server, and how it is connected to. */
export interface Endpoint {
  /** Its address. */
  readonly server: string;
  readonly tls: boolean;
  readonly token: boolean;
  readonly timeoutMs: number;
  /** The flag that sets timeoutMs; absent: it is fixed. */
  readonly timeoutFlag?: string;
  /** It has answered before: a connection that breaks off is an end, not a wrong port. */
  readonly answered?: boolean;
}

/** The library's texts for an aborted call. */
const BROKEN_OFF = /^(Call cancelled|Received RST_STREAM)/;

/** The library's text for a lost connection, and that of the client. */
const DROPPED = /^[Cc]onnection dropped/;

/** The library's text for the same, of a connection that had been good. */
const SOCKET_ENDED =
  /^Received RST_STREAM.*(socket has been ended|ECONNRESET|EPIPE|socket hang up)/;

/** True when no answer arrived: the connection failed, or the call timed out. */
export function isUnreached(error: MaglevError): boolean {
  if (BROKEN_OFF.test(error.message)) return true;
  // The library's text; a server may report a timeout of its own.
  if (error.code === "deadline-exceeded") return error.message.startsWith("Deadline exceeded");
  return error.code === "unavailable" &&
    /^(No connection established|Name resolution failed|[Cc]onnection dropped|the stream ended|Keepalive)|ECONN|EPIPE|socket hang up/
      .test(error.message);
}

/** The error and its fix, without the wrapping of gRPC and without the server's name. */
export function explain(error: MaglevError, endpoint: Endpoint): string {
  const { message, code } = error;
  if (code === "deadline-exceeded" && isUnreached(error)) {
    const { timeoutMs, timeoutFlag } = endpoint;
    const remedy = timeoutFlag === undefined ? "" : `; ${timeoutFlag} waits longer`;
    return `no answer within ${formatDuration(timeoutMs)}: ${hung(message, endpoint)}${remedy}`;
  }
  if (code === "permission-denied" || code === "unauthenticated") return refused(message, endpoint);
  if (code === "resource-exhausted") return tooLarge(message);
  if (code === "unimplemented") return `the server does not support this command: ${message}`;
  if (isUnreached(error)) return connectionProblem(message, endpoint);
  return message.replace(/^Response message parsing error: /, "");
}

function tooLarge(message: string): string {
  const [, size, most] = /^Received message larger than max \((\d+) vs (\d+)\)/.exec(message) ?? [];
  return size === undefined
    ? message
    : `cannot read the answer: need at most ${most} bytes, have ${size}`;
}

/** The error as a line; it names the server where that may matter. */
export function failureLine(error: MaglevError, endpoint: Endpoint, several: boolean): string {
  const named = several || isUnreached(error) || error.code === "unimplemented";
  return `${named ? `${endpoint.server}: ` : ""}${explain(error, endpoint)}`;
}

function hung(message: string, { tls }: Endpoint): string {
  if (message.includes("stream has not begun")) return "the stream of events did not begin";
  // The library's text while it has no connection.
  if (!message.includes("Waiting for LB pick")) return "connected, but the server does not answer";
  return tls ? "no TLS connection was established" : "no connection was established";
}

/** The server's message names the required role; the flag to pass is added here. */
function refused(message: string, { token }: Endpoint): string {
  if (message.includes("present a token")) return `${message} (--token-file)`;
  if (message.includes("present a client certificate")) {
    return `${message} (--tls-cert and --tls-key)`;
  }
  return token && message.startsWith("unknown token") ? `${message} (--token-file)` : message;
}

function connectionProblem(message: string, { server, tls, answered }: Endpoint): string {
  const last = /Last error: (?:Error: )?(.*?)(?: \(\d{4}-\d\d-\d\dT[^)]*\))?\.? ?Resolution note:/s
    .exec(message)?.[1] ?? message;
  if (message.startsWith("Name resolution failed")) {
    // The default server; a system made by debootstrap has no such file.
    const cure = message.includes("dns:localhost:")
      ? "; add localhost to /etc/hosts, or use 127.0.0.1"
      : "";
    return `cannot be reached: this name has no address${cure}`;
  }
  if (
    DROPPED.test(message) || message === "the stream ended" || SOCKET_ENDED.test(message)
  ) {
    return "the connection ended";
  }
  if (BROKEN_OFF.test(message)) {
    return `the call was aborted (${message}); is it maglevd's gRPC port?`;
  }
  if (answered === true && /EPIPE|ECONNRESET|hang up/.test(last)) return "the connection ended";
  const socket = server.startsWith("unix:");
  if (last.includes("ECONNREFUSED")) {
    return `connection refused: ${
      socket ? "no process listens on it" : "no process listens there; is maglevd running?"
    }`;
  }
  if (last.includes("ENOENT")) return "no such socket; is maglevd running?";
  if (last.includes("EACCES")) return "permission denied: this user may not use the socket";
  if (/ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/.test(last)) return `cannot be reached: ${last}`;
  if (
    tls &&
    /corrupt message|wrong version number|ECONNRESET|EPIPE|hang up|Failed to connect/.test(last)
  ) {
    return `TLS failed: ${last}; does the server speak TLS? --tls=false connects without it`;
  }
  if (tls) return `TLS failed: ${last}${tlsRemedy(last)}`;
  if (/EPIPE|ECONNRESET|Protocol error|hang up|Failed to connect/.test(last)) {
    return `it does not speak gRPC (${last}); is it maglevd's gRPC port? ` +
      "add --tls if it speaks TLS";
  }
  return `cannot be reached: ${last}`;
}

function tlsRemedy(last: string): string {
  if (/altnames|NotValidForName/.test(last)) return " (--tls-server-name expects another name)";
  return /verify|self.signed|issuer/i.test(last)
    ? " (--tls-ca names the authority of its certificate)"
    : "";
}
