/**
 * PURE. Verdicts: what a finished probe says, and how an error of the operating system becomes
 * one. The question behind the table is whose fault an error is: a refused connection speaks
 * about the server, a full descriptor table speaks about us and must accuse nobody.
 */
import type { Layer, ResultCode } from "../health/state.ts";

/** What one probe found; the scheduler adds how long it took, unless the probe knows better. */
export interface Verdict {
  readonly ok: boolean;
  readonly layer: Layer;
  readonly code: ResultCode;
  /** For people; empty when the code says all. Printable characters only. */
  readonly detail: string;
  /** True when the prober itself failed, so that the probe says nothing about the server. */
  readonly ours: boolean;
  /** How long it took in milliseconds, when that was measured nearer to the wire. */
  readonly durationMs?: number;
  /**
   * First end of validity (Unix time in milliseconds) among the certificates the server showed, if
   * any, and the name of the one it is of.
   */
  readonly certificateExpiryMs?: number;
  readonly certificateName?: string;
}

/** How far a probe had come when something happened to it. */
export type Stage = "connect" | "answer";

/** A TCP connection was made; all a plain TCP probe asks for. */
export const CONNECTED: Verdict = { ok: true, layer: "L4", code: "L4OK", detail: "", ours: false };

/** `code` of the error of a connection that is not tried for that reason. */
export const SCOPED_CODE = "MAGLEV_SCOPED";

/**
 * What a probe of `fe80::1%eth0` from a source address ends with, but for ICMP: node:net of Deno
 * 2.9.6 knows no zones, and Deno.connect no sources. The kernel chooses a fitting one by itself.
 */
export const SCOPED: Verdict = failed(
  "L4CON",
  "an address with a zone (%) can be probed from a source address by ICMP only",
);

/** Time was up before there was a connection. */
export const CONNECT_TIMED_OUT: Verdict = failed("L4TOUT", "no connection within the timeout");

/** A TLS handshake was completed; all that a TCP probe with `ssl` asks for. */
export const SECURED: Verdict = { ok: true, layer: "L6", code: "L6OK", detail: "", ours: false };

/** Time was up after the connection, before the end of the TLS handshake. */
export const HANDSHAKE_TIMED_OUT: Verdict = failed(
  "L6TOUT",
  "no complete TLS handshake within the timeout",
);

/** Time was up after the connection, before the whole answer. */
export const ANSWER_TIMED_OUT: Verdict = failed("L7TOUT", "no complete answer within the timeout");

/** An accepted HTTP answer. */
export function answered(status: number): Verdict {
  return { ok: true, layer: "L7", code: "L7OK", detail: `status ${status}`, ours: false };
}

/** A failure; the layer follows from the code. */
export function failed(code: ResultCode, detail: string): Verdict {
  return { ok: false, layer: code.slice(0, 2) as Layer, code, detail, ours: false };
}

/** A failure of the prober itself, said of the stage in which it happened. */
export function ourFault(stage: Stage, detail: string): Verdict {
  const code = stage === "connect" ? "L4CON" : "L7RSP";
  return { ok: false, layer: stage === "connect" ? "L4" : "L7", code, detail, ours: true };
}

/** What the server, or the network on the way to it, did. Linux errno names. */
const THEIR_FAULT: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  ECONNABORTED: "connection aborted",
  EPIPE: "connection closed by the server",
  EHOSTUNREACH: "no route to host",
  EHOSTDOWN: "host is down",
  ENETUNREACH: "network unreachable",
  ENETDOWN: "network is down",
  EACCES: "forbidden by a local route or firewall",
  EPERM: "forbidden by the local firewall",
  EINVAL: "not an address that can be connected to",
  // Lasting, and of this server alone: to call it void would leave it unknown for ever.
  EADDRNOTAVAIL: "this host has no address of the family, or no local port is free",
};

/** What we lack, for a while and for all servers alike: nothing was asked of this one. */
const OUR_FAULT: Readonly<Record<string, string>> = {
  EMFILE: "out of file descriptors: this process may open no more (raise LimitNOFILE)",
  ENFILE: "out of file descriptors: the whole system has no more",
  ENOBUFS: "out of kernel buffers",
  ENOMEM: "out of kernel memory",
};

/** The verdict for an error thrown while connecting or talking. */
export function verdictOf(error: unknown, stage: Stage): Verdict {
  const code = errorCode(error);
  const ours = OUR_FAULT[code];
  if (ours !== undefined) return ourFault(stage, ours);
  if (error instanceof Error && error.name === "NotCapable") {
    return failed("L4CON", `not permitted to connect: ${printable(error.message)}`);
  }
  if (code === "ETIMEDOUT") {
    return stage === "connect" ? failed("L4TOUT", "connection timed out") : ANSWER_TIMED_OUT;
  }
  const text = THEIR_FAULT[code] ?? printable(error instanceof Error ? error.message : `${error}`);
  return stage === "connect"
    ? failed("L4CON", text)
    : failed("L7RSP", `${text} before the answer was complete`);
}

/**
 * The verdict for an error thrown while connecting from `source`, a configured address (undefined:
 * none was configured). Deno's node:net gives EINVAL for EADDRNOTAVAIL, so it is the system call
 * that tells: an address that cannot be bound to is not on this host. That is nothing to keep
 * quiet about, and the server is out of reach as configured: a failure, not a void probe.
 */
export function connectVerdict(error: unknown, source: string | undefined): Verdict {
  const code = errorCode(error);
  if (code === SCOPED_CODE) return SCOPED;
  if (source !== undefined && (code === "EADDRNOTAVAIL" || OUR_FAULT[code] === undefined)) {
    if (code === "EADDRINUSE") {
      return ourFault("connect", `no local port is free at source address ${source}`);
    }
    if (textField(error, "syscall") === "bind") {
      return failed("L4CON", `source address ${source} is not on this host`);
    }
    if (code === "EINVAL" || code === "EADDRNOTAVAIL") {
      return failed("L4CON", `cannot be connected to from source address ${source}`);
    }
  }
  return verdictOf(error, "connect");
}

/** The errno name of an error: Deno and Node both put it into `code`. Empty when there is none. */
export function errorCode(error: unknown): string {
  return textField(error, "code");
}

function textField(error: unknown, name: "code" | "syscall"): string {
  if (typeof error !== "object" || error === null || !(name in error)) return "";
  const value = (error as { readonly [name: string]: unknown })[name];
  return typeof value === "string" ? value : "";
}

/** `text` on one line, without control characters, at most 200 characters of it. */
export function printable(text: string): string {
  return text.slice(0, 200).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
}
